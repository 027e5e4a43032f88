"""Files are listed and read without trusting any of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from callcheck.submit import files


def test_a_listing_holds_folders_by_name_and_files_by_age(tmp_path: Path) -> None:
    for number, name in enumerate(("old.json", "new.ndjson", "text.txt", ".hidden.json", "PACKED.JSON.GZ")):
        (tmp_path / name).write_text("{}")
        os.utime(tmp_path / name, (number, number))
    for name in ("b", "a", ".git", "folder.json"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken.json").symlink_to(tmp_path / "nowhere")
    found = files.listed(tmp_path)
    assert [path.name for path in found.files] == ["new.ndjson", "old.json"]
    assert [path.name for path in found.folders] == ["a", "b", "folder.json"]


def test_only_the_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b"first" + b"x" * 1_000_000 + b"last")
    head, tail = files.ends(path)
    assert (head[:5], tail[-4:]) == (b"first", b"last")
    assert len(head) + len(tail) < 20_000
    assert files.content(path, 5) == b"first"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert files.listed(tmp_path).files == ()
    for read in (files.ends, lambda path: files.content(path, 5)):
        with pytest.raises(OSError, match="no ordinary file"):
            read(tmp_path / "pipe.json")
