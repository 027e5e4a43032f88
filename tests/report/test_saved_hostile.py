"""Files that somebody made to break a reader, or that broke on their way: one clear sentence, or a report."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck import session
from callcheck.engine.events import encode_line
from callcheck.model import Evidence, Report
from callcheck.redaction.redact import redact
from callcheck.report import saved
from callcheck.report.canonical import as_json
from callcheck.report.once import says_twice
from callcheck.report.saved import SavedError, load, load_run
from callcheck.words import Claim
from tests.report.made import a_report, a_run, observed, quality, verdict

REPORT = as_json(
    a_report(
        verdicts=(verdict(supporting=(0,)),),
        quality=(quality(),),
        evidence=(Evidence(claim=Claim.route_exists, strength=3, seqs=(2,)),),
        observations=(observed(data={"a": 1}),),
    )
)
EVENTS = a_run(("check_started", "stun", {}), ("observed", "stun", {"op": "stun.ask", "data": {"a": 1}}))
JOURNAL = b"".join(map(encode_line, EVENTS))


def refused(data: bytes) -> SavedError:
    with pytest.raises(SavedError) as caught:
        load_run(data)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) <= 400
    assert caught.value.sentence(lambda text: f"«{text}»") == f"«{said}»"
    return caught.value


def is_readable(data: bytes) -> bool:
    try:
        load_run(data)
    except SavedError:
        return False
    return True


def shown(data: bytes) -> Report:
    """What the file says, in every form: none of them may raise."""
    found = load_run(data)
    report = found if isinstance(found, Report) else session.report_of(found, {}, "en")
    assert load(as_json(report)) == report
    assert load(as_json(redact(report)))
    return report


def test_a_report_cut_off_anywhere_is_refused() -> None:
    whole = load(REPORT)
    for length in range(len(REPORT)):
        if REPORT[:length] == REPORT.rstrip():
            assert load(REPORT[:length]) == whole
        else:
            assert "damaged" in str(refused(REPORT[:length])) or length == 0


def test_a_journal_cut_off_anywhere_is_the_run_until_then_or_refused() -> None:
    first = len(encode_line(EVENTS[0]))
    for length in range(len(JOURNAL) + 1):
        if length < first - 1:
            assert "damaged" in str(refused(JOURNAL[:length])) or length == 0
        else:
            events = load(JOURNAL[:length])
            assert isinstance(events, list)
            assert events == EVENTS[: len(events)]
            assert len(events) >= JOURNAL[:length].count(b"\n")


def put(where: bytes, there: bytes, instead: bytes) -> bytes:
    assert where.count(there) >= 1
    return where.replace(there, instead, 1)


JUNK = [
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1" * 5000,
    b'"\\ud800"',
    b'"a\\udc00b"',
    b'"\xed\xa0\x80"',
    b"01",
    b"'a'",
    b"[" * 100_000,
    b"[" * 990 + b"]" * 990,
    b'{"a":' * 990 + b"1" + b"}" * 990,
    b'{"b": 1, "b": 2}',
    b'{"b": 1, "\\u0062": 2}',
    b'[{"x": [{"": 0, "": 0}]}]',
]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("text", [put(REPORT, b'"a": 1', b'"a": ?'), put(JOURNAL, b'"a":1', b'"a":?')])
def test_values_that_no_run_writes_are_refused(text: bytes, junk: bytes) -> None:
    refused(text.replace(b"?", junk))


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63, 2**64, 0.1, 1e308, -0.0])
def test_numbers_of_any_length_are_shown_where_they_mean_nothing(number: float) -> None:
    for text in (put(REPORT, b'"a": 1', b'"a": ?'), put(JOURNAL, b'"a":1', b'"a":?')):
        (one,) = shown(text.replace(b"?", json.dumps(number).encode())).observations
        assert one.data == {"a": number}


@pytest.mark.parametrize(
    "data",
    [
        put(REPORT, b'"verdicts":', b'"verdicts": [], "verdicts":'),
        put(REPORT, b'"depth": "quick"', b'"depth": "deep", "depth": "quick"'),
        put(REPORT, b'"depth": "quick"', b'"\\u0064epth": "deep", "depth": "quick"'),
        put(REPORT, b'"depth": "quick"', b'"new": {"a": 1, "a": 2}, "depth": "quick"'),
        put(JOURNAL, b'"depth":"quick"', b'"depth":"deep","depth":"quick"'),
        put(JOURNAL, b'"kind":"observed"', b'"kind":"progress","kind":"observed"'),
        put(JOURNAL, b'"op":"stun.ask"', b'"op":"stun.tell", "op":"stun.ask"'),
    ],
)
def test_what_is_said_twice_is_refused(data: bytes) -> None:
    assert "twice" in str(refused(data))


def test_what_is_written_by_another_hand_but_once_is_read() -> None:
    assert load(json.dumps(json.loads(REPORT), indent=7).encode()) == load(REPORT)
    spaced = b"\r\n".join(json.dumps(json.loads(line)).encode() for line in JOURNAL.splitlines())
    assert load(spaced) == EVENTS


@pytest.mark.parametrize(
    ("text", "is_twice"),
    [
        (b'{"a": {"a": 1}, "b": {"a": 2}}', False),
        (b'{"a": ":", ":": "a"}', False),
        (b'{"\\"a": 1, "a": 2}', False),
        (b'{"": 1, "": 1}', True),
        (b'[{"a": 1}, {"a": 1}]', False),
        (b'[{"a": 1, "b": {}, "a": 1}]', True),
        (b'{"a": 1e999, "b": ' + b"9" * 9999 + b"}", False),
    ],
)
def test_only_one_name_in_one_object_is_twice(text: bytes, is_twice: bool) -> None:
    assert says_twice(text) == is_twice


EVIL = "\x1b]0;pwned\x07[red]<b>\u202e"


@pytest.mark.parametrize("part", ["name", "distribution", "version"])
def test_names_of_plugins_are_text_and_nothing_more(part: str) -> None:
    plugin = {"name": "p", "kind": "check", "distribution": "d", "version": "1"} | {part: EVIL}
    tool = {"name": EVIL, "version": EVIL, "plugins": [plugin]}
    report = json.loads(REPORT) | {"tool": tool}
    text = as_json(shown(json.dumps(report).encode()))
    first = json.loads(JOURNAL.splitlines()[0])
    first["data"] |= {"tool": tool, "problems": [EVIL], "plan": [[EVIL]], "run_id": EVIL, "started_utc": EVIL}
    text += as_json(shown(json.dumps(first).encode() + b"\n" + JOURNAL.partition(b"\n")[2]))
    assert not [character for character in text.decode() if ord(character) < 32 and character != "\n"]
    assert "\u202e" not in text.decode()


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "1960-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "0000-00-00",
        "now",
        "9" * 99,
    ],
)
def test_any_word_may_stand_for_a_time(moment: str) -> None:
    shown(REPORT.replace(b"2026-11-21T10:42:31Z", moment.encode()))
    shown(JOURNAL.replace(b"2026-11-21T10:42:31Z", moment.encode()))


def events_with(**changes: Any) -> bytes:
    return b"".join(encode_line(msgspec.structs.replace(event, **changes)) for event in EVENTS)


def test_a_journal_makes_no_report_that_could_not_be_read_back() -> None:
    assert shown(events_with(t_us=-5)).run.duration_s == 0
    assert "number" in str(refused(events_with(seq=-5)))
    assert "port" in str(refused(put(JOURNAL, b'"data":{"a":1}', b'"target":{"port":70000}')))
    plugin = b'"plugins":[{"name":"p","kind":"virus","distribution":"d","version":"1"}]'
    assert "plugin" in str(refused(put(JOURNAL, b'"plugins":[]', plugin)))


@pytest.mark.parametrize("depth", range(sys.getrecursionlimit() // 2 - 80, sys.getrecursionlimit() + 5, 9))
def test_what_is_read_can_be_written_again_however_deep_it_is_nested(depth: int) -> None:
    for text in (put(REPORT, b'"a": 1', b'"a": ?'), put(JOURNAL, b'"a":1', b'"a":?')):
        data = text.replace(b"?", b"[" * depth + b"]" * depth)
        if is_readable(data):
            shown(data)
        else:
            assert "nested too deeply" in str(refused(data))


def test_a_file_of_more_values_than_any_run_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    load(JOURNAL)
    monkeypatch.setattr(saved, "MAX_VALUES", 20)
    monkeypatch.setattr(msgspec.json, "decode", lambda *_, **__: pytest.fail("decoded"))
    assert "more than any run" in str(refused(JOURNAL))


def mutations(text: bytes) -> st.SearchStrategy[bytes]:
    pieces = st.sampled_from(
        [b"", b"null", b"-1", b"[]", b"{}", b'"x"', b"1e400", b"true", b",", b'"a":0,', b"\xff", b"\\"]
    )
    places = st.integers(0, len(text))
    return st.builds(lambda at, width, piece: text[:at] + piece + text[at + width :], places, st.integers(0, 9), pieces)


@given(data=mutations(REPORT) | mutations(JOURNAL))
def test_a_damaged_file_is_refused_in_a_sentence_or_shown(data: bytes) -> None:
    if is_readable(data):
        shown(data)
    else:
        refused(data)
