"""What starting up loads, and that a bare checkout works with nothing installed but the libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"textual", "aioquic", "dns", "OpenSSL", "rich", "callcheck.lab"}
PROBE = """
import json, sys
from callcheck.cli import main
code = main({arguments!r})
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    script = PROBE.format(arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--version"], ["checks"], ["targets"], ["run", "--only", "link"]])
def test_headless_start_up_loads_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded(*arguments) & HEAVY


def test_the_lab_is_loaded_only_by_its_own_commands() -> None:
    assert "callcheck.lab.play" in loaded("lab", "list")
