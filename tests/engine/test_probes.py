"""What a check loads only to measure is loaded before the clock starts: later it would hold packets up."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from callcheck import __version__, session
from callcheck.engine.events import Event
from callcheck.engine.plugins import load_checks
from callcheck.model import Tool

CHECK = """
import sys
from callcheck.api import CheckInfo, Observation

class Check:
    info = CheckInfo(name="own", version="1", title="own", max_seconds=5, max_bytes=100, discloses="")
    params = dict

    async def run(self, ctx, params):
        ctx.emit(Observation(op="own.seen", data={"loaded": "%(name)s.probe" in sys.modules}))
        from %(name)s import probe

    def read(self, observations):
        return []
"""


def journal_of(folder: Path, name: str, probe: str, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text(CHECK % {"name": name}, encoding="utf-8")
    (package / "probe.py").write_text(probe, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    check = __import__(name).Check()
    tool = Tool(name="callcheck", version=__version__, plugins=())
    request = session.Request(depth="standard", only=("own",))
    prepared = session.Prepared(request, (("own",),), {"own": check}, (), (), tool, None, (("own",),))
    return asyncio.run(session.measure(prepared))


def seen(events: list[Event]) -> tuple[object, object]:
    (observed,) = (event.data["data"] for event in events if event.kind == "observed")
    (finished,) = (event.data["outcome"] for event in events if event.kind == "check_finished")
    return observed["loaded"], finished


def test_a_probe_is_loaded_before_its_check_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(journal_of(tmp_path, "probed_check", "", monkeypatch)) == (True, "completed")


def test_a_probe_that_cannot_be_loaded_costs_its_own_check_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seen(journal_of(tmp_path, "broken_check", "raise OSError", monkeypatch)) == (False, "crashed")


def test_every_check_of_ours_has_its_probe_where_it_is_looked_for() -> None:
    checks, problems = load_checks()
    assert not problems
    session._load_probes(checks.values())
    assert not [name for name in checks if f"callcheck_{name}.probe" not in sys.modules]
