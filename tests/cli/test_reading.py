"""Commands that read a file: what they leave alone."""

from __future__ import annotations

import gc
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from callcheck.cli import main

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, sys
from callcheck.cli import main
code = main({arguments!r})
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""
ONLY_TO_MEASURE = {"asyncio", "ssl", "cryptography", "callcheck.engine.run", "callcheck.codec.stun"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("saved") / "run.ndjson"
    file.write_bytes(gzip.decompress((ROOT / "tests" / "journals" / "cutoff-packets.ndjson.gz").read_bytes()))
    return file


def test_a_report_is_written_without_what_only_measuring_needs(saved: Path) -> None:
    script = SCRIPT.format(arguments=["report", str(saved)])
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, env={**os.environ})
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert not ONLY_TO_MEASURE & set(loaded)
    assert not [name for name in loaded if name.startswith("callcheck_") and name.endswith(".probe")]


def test_cycles_are_looked_for_again_once_a_report_is_written(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(saved), "--out", str(tmp_path / "page.txt")]) == 0
    assert gc.isenabled()
    assert main(["report", str(tmp_path / "nothing.json")]) == 64
    assert gc.isenabled()
    assert "nothing.json" in capsys.readouterr().err
