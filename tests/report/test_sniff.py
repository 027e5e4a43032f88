"""The ends of a file tell what it is; nothing in them is believed further than that."""

from __future__ import annotations

import json

import msgspec
import pytest

from callcheck.engine.events import encode_line
from callcheck.engine.plugins import load_checks
from callcheck.report.sniff import sniff
from callcheck.session import report_of
from tests.journals.golden import all_golden

_END = 8192


def _ends(data: bytes) -> tuple[bytes, bytes]:
    return data[:_END], data[-_END:]


def _journal(family: str) -> bytes:
    return b"".join(map(encode_line, all_golden()[family].events()))


def test_a_whole_journal_is_known_by_its_first_and_last_lines() -> None:
    found = sniff(*_ends(_journal("cutoff-packets")))
    assert found is not None
    assert (found.kind, found.depth, found.is_complete) == ("journal", "standard", True)
    assert found.started_utc.startswith("20")
    assert ("telegram", "calls", "fails") in found.outcomes


def test_a_journal_that_breaks_off_is_unfinished() -> None:
    data = _journal("cutoff-packets")
    without_end = data.rstrip().rpartition(b"\n")[0]
    other_end = without_end + b'\n{"seq":9999,"t_us":0,"kind":"observed","data":{"complete":true}}\n'
    for cut in (data[: len(data) // 2], without_end, other_end):
        found = sniff(*_ends(cut))
        assert found is not None
        assert not found.is_complete


def test_a_run_that_was_stopped_is_unfinished() -> None:
    data = _journal("cutoff-packets").replace(b'"complete":true', b'"complete":false')
    found = sniff(*_ends(data))
    assert found is not None
    assert not found.is_complete


@pytest.mark.parametrize("indent", [None, 2])
def test_a_report_is_known_however_it_is_laid_out(indent: int | None) -> None:
    report = report_of(all_golden()["cutoff-packets"].events(), load_checks()[0], "en")
    data = json.dumps(msgspec.to_builtins(report), indent=indent).encode()
    found = sniff(*_ends(data))
    assert found is not None
    assert (found.kind, found.depth, found.is_complete) == ("report", "standard", True)
    # Either all verdicts were within the first kilobytes, or none is told.
    assert len(found.outcomes) in {0, len(report.verdicts)}


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"[]", b"{}", b'{"schema":"other/1"}', b'{"schema":7}', b"hello\n", b"\xff" * 99]
)
def test_strangers_are_no_runs(data: bytes) -> None:
    assert sniff(data, data) is None


def test_only_words_of_ours_get_through() -> None:
    data = (
        b'{"kind":"run_started","data":{"schema":"callcheck-journal/1","started_utc":"\\u001b[2J","depth":"abyss"}}\n'
        b'{"kind":"judged","data":{"verdicts":[{"service":"[red]x","function":"calls","outcome":"fails"},'
        b'{"service":"telegram","function":"calls","outcome":"explodes"}]}}\n'
    )
    found = sniff(data, data)
    assert found is not None
    assert (found.started_utc, found.depth, found.outcomes) == ("", None, ())
