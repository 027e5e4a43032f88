"""Whatever callcheck kept is gone after a wipe, and what it did not make is untouched."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcheck.submit import consent, runs, settings, wiping
from callcheck.submit.settings import Settings


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCHECK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("CALLCHECK_DATA_DIR", str(tmp_path / "data"))


def _keep_everything() -> Path:
    consent.accept()
    settings.save(Settings(theme="light", keeps_runs=True))
    kept = runs.new_path()
    kept.write_text("{}\n")
    return kept


def test_nothing_of_ours_is_left_nor_an_empty_folder(tmp_path: Path) -> None:
    _keep_everything()
    assert wiping.wipe_all() == wiping.Wiped(True, ())
    assert list(tmp_path.rglob("*")) == []
    assert wiping.wipe_all() == wiping.Wiped(False, ())


def test_strangers_files_stay_and_are_named(tmp_path: Path) -> None:
    kept = _keep_everything()
    strangers = [tmp_path / "config" / "mine.json", kept.parent / "mine.ndjson"]
    for path in strangers:
        path.write_text("mine")
    wiped = wiping.wipe_all()
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(strangers)
    assert wiped.left == (kept.parent / "mine.ndjson",)
    assert "mine.ndjson" in wiping.left_text(wiped, "en")
    assert str(kept.parent) in wiping.left_text(wiped, "en")


def test_what_cannot_be_removed_saves_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _keep_everything()

    def refused() -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(runs, "wipe", refused)
    with pytest.raises(PermissionError):
        wiping.wipe_all()
    assert not (tmp_path / "config").exists()
    assert len(runs.kept()) == 1


def test_taking_the_consent_back_keeps_the_settings() -> None:
    _keep_everything()
    assert consent.wipe()
    assert not consent.is_given()
    assert settings.load().theme == "light"


def test_kept_runs_are_those_with_a_name_of_ours_the_newest_first() -> None:
    folder = runs.new_path().parent
    for name in ("2026-11-21-100000-ab12.ndjson", "2026-11-22-100000-ab12.ndjson", "other.ndjson", "x"):
        (folder / name).write_text("")
    assert [path.name for path in runs.kept()] == ["2026-11-22-100000-ab12.ndjson", "2026-11-21-100000-ab12.ndjson"]


@pytest.mark.parametrize("data", [b"", b"{", b'{"theme": 7}', b"\xff"])
def test_damaged_settings_are_the_defaults(data: bytes) -> None:
    settings.save(Settings(theme="light"))
    assert settings.load().theme == "light"
    settings.path().write_bytes(data)
    assert settings.load() == Settings()
