"""Files of earlier versions and of later ones: the first are read, and of the second it is said that they are newer."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callcheck import __version__, session
from callcheck.engine import plugins
from callcheck.model import Report
from callcheck.report.problems import split_problem
from callcheck.report.refold import journal_of
from callcheck.report.saved import SavedError, load, load_run
from tests.report.made import a_report

EARLIER = Path(__file__).parent / "earlier"
JOURNALS = sorted(path.name for path in EARLIER.glob("*.ndjson.gz"))
REPORTS = sorted(path.name for path in EARLIER.glob("*.json.gz"))
NEWER = f"{int(__version__.partition('.')[0]) + 1}.0.0"


@cache
def content(name: str) -> bytes:
    return gzip.decompress((EARLIER / name).read_bytes())


def read_today(run: Any) -> Report:
    return session.report_of(run, plugins.load_checks()[0], "en")


def unreadable(report: Report) -> list[str]:
    """Checks whose observations today's readers cannot read."""
    split = (split_problem(line) for line in report.problems)
    return [one[0] for one in split if one is not None and one[1] in {"not_readable", "not_installed"}]


def calls(report: Report) -> dict[str, str]:
    return {one.service: one.outcome for one in report.verdicts if one.function == "calls"}


def test_there_are_files_of_earlier_versions() -> None:
    assert len(JOURNALS) >= 6
    assert len(REPORTS) >= 5


@pytest.mark.parametrize("name", JOURNALS)
def test_a_journal_of_an_earlier_version_is_read_and_judged(name: str) -> None:
    report = read_today(load_run(content(name)))
    assert report.run.complete
    assert report.observations
    assert unreadable(report) == []
    assert calls(report) == {"telegram": "fails", "whatsapp": "works"}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_an_earlier_version_is_read(name: str) -> None:
    report = load(content(name))
    assert isinstance(report, Report)
    assert report.evidence
    assert calls(report)["telegram"] == "fails"
    assert report.run.redacted == json.loads(content(name))["run"].get("redacted", False)


@pytest.mark.parametrize("name", [name for name in REPORTS if ".full." in name])
def test_a_full_report_of_an_earlier_version_is_judged_again(name: str) -> None:
    saved = load(content(name))
    assert isinstance(saved, Report)
    again = read_today(journal_of(saved))
    assert unreadable(again) == []
    assert calls(again)["telegram"] == "fails"


def test_the_first_files_lack_what_has_a_default_today() -> None:
    first = json.loads(content("5265312.full.json.gz"))
    assert "redacted" not in first["run"]
    assert "events" not in first["instrument"]
    seconds = [one["data"] for one in first["observations"] if one["op"] == "flow.second"]
    assert seconds
    assert not any("taken_us" in second for second in seconds)


def changed(**changes: Any) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(a_report()) | changes)


TOOL = {"name": "callcheck", "version": NEWER}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(schema="callcheck-report/2"), "callcheck-report/2, which a newer callcheck wrote.*update callcheck"),
        (changed(schema="callcheck-report/2", run=[1]), "update callcheck"),
        (changed(tool=TOOL, evidence=[{"claim": "a_claim_of_tomorrow"}]), f"callcheck {NEWER}.*update callcheck"),
        (
            b'{"seq":0,"t_us":0,"kind":"run_started","data":{"schema":"callcheck-journal/12"}}\n{"what":"ever"}\n',
            "callcheck-journal/12, which a newer callcheck wrote.*update callcheck",
        ),
        (
            content(JOURNALS[-1]).replace(f'"version":"{__version__}"'.encode(), f'"version":"{NEWER}"'.encode())
            + b'{"seq":9999,"t_us":1,"kind":"slept","data":{}}\n\n',
            f"callcheck {NEWER}.*update callcheck",
        ),
    ],
)
def test_a_file_from_the_future_says_that_callcheck_must_be_updated(data: bytes, words: str) -> None:
    with pytest.raises(SavedError, match=words):
        load(data)


def test_a_damaged_file_of_this_version_is_not_called_newer() -> None:
    with pytest.raises(SavedError, match="damaged") as refused:
        load(changed(evidence=[{"claim": "no_such_claim"}]))
    assert "update" not in str(refused.value)


@pytest.mark.parametrize("schema", ["callcheck-report/0", "callcheck-report/01", "callcheck-journal/2", "ooni/2"])
def test_another_schema_is_named(schema: str) -> None:
    with pytest.raises(SavedError, match=f"says it is {schema}, and this callcheck reads callcheck-report/1"):
        load(changed(schema=schema))


def test_what_a_newer_minor_version_added_is_left_alone() -> None:
    plain = msgspec.to_builtins(a_report())
    added = plain | {"weather": {"sun": True}, "run": plain["run"] | {"mood": 5}, "tool": plain["tool"] | TOOL}
    read = load(msgspec.json.encode(added))
    assert isinstance(read, Report)
    assert msgspec.structs.replace(read, tool=a_report().tool) == a_report()
