"""Saved files: what is ours is read, everything else is refused in one line."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.engine.events import Event, encode_line
from callcheck.model import Evidence, Report
from callcheck.report import journal, saved
from callcheck.report.refold import journal_of
from callcheck.report.saved import SavedError, load, load_run
from callcheck.words import Claim
from tests.report.made import a_report, a_run, header, numbered, observed, verdict

REPORT = a_report(
    verdicts=(verdict(supporting=(0,)),),
    evidence=(Evidence(claim=Claim.route_exists, strength=3, seqs=(2,)),),
    observations=(observed(),),
)
REPORT_BYTES = msgspec.json.encode(REPORT)
EVENTS = a_run(("observed", "stun", {"op": "stun.ask"}))
JOURNAL_BYTES = b"".join(map(encode_line, EVENTS))


@pytest.mark.parametrize(
    "data",
    [
        REPORT_BYTES,
        msgspec.json.format(REPORT_BYTES, indent=2) + b"\n",
        b"\xef\xbb\xbf" + REPORT_BYTES,
        b"\n " + REPORT_BYTES,
    ],
)
def test_a_saved_report_comes_back_as_it_was(data: bytes) -> None:
    assert load(data) == REPORT


@pytest.mark.parametrize(
    "data", [JOURNAL_BYTES, JOURNAL_BYTES.rstrip(), b"\n" + JOURNAL_BYTES, JOURNAL_BYTES.replace(b"\n", b"\r\n")]
)
def test_a_saved_journal_comes_back_as_it_was(data: bytes) -> None:
    assert load(data) == EVENTS


def test_a_journal_that_is_read_at_once_is_the_same_run() -> None:
    assert load_run(JOURNAL_BYTES) == journal.read(EVENTS)
    assert load_run(REPORT_BYTES) == REPORT
    with pytest.raises(SavedError, match="starts a second run"):
        load_run(JOURNAL_BYTES + JOURNAL_BYTES.replace(b'"seq":', b'"seq":9'))


def test_a_journal_of_one_event_is_a_journal() -> None:
    events = numbered([("run_started", "", header())])
    assert load(encode_line(events[0])) == events


def test_a_journal_whose_last_line_was_cut_short_is_still_a_run() -> None:
    assert load(JOURNAL_BYTES[:-10]) == EVENTS[:-1]


def damaged(**changes: object) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(REPORT) | changes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text"),
        (b"\xff\xfe{", "not text"),
        (b"hello there\n", "no callcheck report or journal"),
        (b"[1, 2]", "no callcheck report or journal"),
        (b'"text"', "no callcheck report or journal"),
        (b'{"test_keys": []}', "no callcheck report or journal"),
        (b'{"schema": 5}', "no callcheck report or journal"),
        (damaged(schema="callcheck-report/2"), "callcheck-report/2.*callcheck-report/1"),
        (damaged(schema="ooni"), "says it is ooni"),
        (
            encode_line(numbered([("run_started", "", header() | {"schema": "callcheck-journal/2"})])[0]),
            "callcheck-journal/2",
        ),
        (REPORT_BYTES[:-20], "cut short or damaged"),
        (msgspec.json.format(REPORT_BYTES, indent=2)[:200], "cut short or damaged"),
        (JOURNAL_BYTES[:30], "cut short or damaged"),
        (JOURNAL_BYTES.partition(b"\n")[2], "does not begin with run_started"),
        (JOURNAL_BYTES.replace(b'"op"', b'"oops"'), "event 1"),
        (encode_line(EVENTS[0]) + b"garbage\n" + encode_line(EVENTS[1]), "line 2"),
        (damaged(verdicts=[{"service": "x"}]), "missing required field"),
        (damaged(evidence=[]), "rests on evidence that is not there"),
        (damaged(verdicts=[msgspec.to_builtins(verdict(confidence=1.5))]), "Verdict"),
        (damaged(verdicts=[msgspec.to_builtins(verdict(causes={"selective": -1.0}))]), "Verdict"),
        (
            damaged(evidence=[msgspec.to_builtins(Evidence(claim=Claim.route_exists, strength=9))]),
            "Evidence.strength is beyond",
        ),
        (damaged(observations=[msgspec.to_builtins(observed(seq=seq)) for seq in (3, 3)]), "not in order"),
        (damaged(observations=[msgspec.to_builtins(observed(seq=-1))]), "SavedObservation.seq is beyond"),
        (damaged(observations=[msgspec.to_builtins(observed(t_us=10**17))]), "SavedObservation.t_us is beyond"),
        (damaged(observations=[msgspec.to_builtins(observed(t_us=-(10**15) - 1))]), "SavedObservation.t_us is beyond"),
        (b"[" * 200_000, "no callcheck report or journal"),
        (b'{"schema":"callcheck-report/1","tool":' + b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_not_ours_or_not_whole_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(SavedError, match=words):
        load(data)


@given(
    st.lists(
        st.tuples(
            st.integers(-3, 3) | st.integers(),
            st.sampled_from((0, -1, 10**15, 10**15 + 1, -(10**15), -(10**15) - 1)) | st.integers(),
        ),
        max_size=3,
    )
)
def test_what_is_read_as_a_report_can_be_judged_again(places: list[tuple[int, int]]) -> None:
    observations = tuple(observed(seq=seq, t_us=t_us) for seq, t_us in places)
    report = msgspec.structs.replace(REPORT, observations=observations)
    try:
        read = load(msgspec.json.encode(msgspec.to_builtins(report)))
    except (SavedError, OverflowError):  # JSON here holds no number beyond 64 bits
        return
    assert isinstance(read, Report)
    assert journal.read(journal_of(read)).observations == observations


def test_a_file_beyond_the_limit_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MAX_BYTES", len(REPORT_BYTES) - 1)
    with pytest.raises(SavedError, match="larger than"):
        load(REPORT_BYTES)


def test_the_reason_cannot_act_on_a_terminal() -> None:
    with pytest.raises(SavedError) as refused:
        load(damaged(schema="x\x1b[31m\x9b\u202e\nnext"))
    assert str(refused.value).isprintable()


_pieces = st.sampled_from([REPORT_BYTES, JOURNAL_BYTES, b"", b"\n", b"{", b"}", b"null", b'{"seq":1}'])


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=60),
        st.lists(_pieces, max_size=4).map(b"".join),
        st.builds(
            lambda at, junk: REPORT_BYTES[:at] + junk + REPORT_BYTES[at:],
            st.integers(0, len(REPORT_BYTES)),
            st.binary(max_size=3),
        ),
        st.builds(lambda text, at: text[:at], st.sampled_from([REPORT_BYTES, JOURNAL_BYTES]), st.integers(0, 900)),
    )
)
def test_any_bytes_are_read_or_refused_in_one_printable_line(data: bytes) -> None:
    try:
        loaded = load(data)
    except SavedError as refused:
        reason = str(refused)
        assert reason
        assert reason.isprintable()
        assert len(reason) <= 300
    else:
        assert isinstance(loaded, Report) or all(isinstance(event, Event) for event in loaded)
