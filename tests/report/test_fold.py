"""The fold: pure, total over readers, and the same for a run and its replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.engine.events import Event, JournalError, Kind, decode_lines, encode_line
from callcheck.model import Evidence, Numbered, Observation, Report, Verdict
from callcheck.report.fold import fold
from callcheck.words import Claim, Failure
from tests.report.made import HUGE, a_run, header, judge_nothing, numbered, read_all, verdict

SEEN: dict[str, Any] = {"op": "stun.ask", "form": "cookie", "data": {"rtt_ms": 38.25}}


def folded(events: Iterable[Event], **readers: Any) -> Report:
    return fold(events, readers, judge_nothing, "en")


def test_observations_keep_their_number_time_and_check() -> None:
    report = folded(a_run(("check_started", "stun", {}), ("observed", "stun", SEEN)), stun=read_all)
    (kept,) = report.observations
    assert (kept.seq, kept.t_us, kept.check, kept.op, kept.form, kept.data) == (
        2,
        2000,
        "stun",
        "stun.ask",
        "cookie",
        {"rtt_ms": 38.25},
    )


def test_evidence_stands_in_the_order_of_the_plan_not_of_arrival() -> None:
    events = a_run(("observed", "stun", SEEN), ("observed", "relay", SEEN), ("observed", "link", SEEN))
    report = folded(events, link=read_all, relay=read_all, stun=read_all)
    assert [item.seqs for item in report.evidence] == [(3,), (2,), (1,)]


def test_a_reader_sees_only_what_its_own_check_emitted() -> None:
    given_to: list[Numbered[Observation]] = []

    def reader(observations: Sequence[Numbered[Observation]]) -> list[Evidence]:
        given_to.extend(observations)
        return []

    folded(a_run(("observed", "stun", SEEN), ("observed", "relay", SEEN)), stun=reader, relay=read_all)
    assert [(one.seq, one.value) for one in given_to] == [
        (1, Observation(op="stun.ask", form="cookie", data={"rtt_ms": 38.25}))
    ]


def _raises(observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
    raise KeyError("first\nsecond")


def _raises_late(observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
    yield Evidence(claim=Claim.route_exists)
    raise KeyError("late")


def _no_evidence(observations: Sequence[Numbered[Observation]]) -> Iterable[Any]:
    return ["no evidence"]


def _too_strong(observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
    return [Evidence(claim=Claim.route_exists, strength=4)]


def _of_another(observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
    return [Evidence(claim=Claim.route_exists, strength=1, seqs=(0,))]


@pytest.mark.parametrize("reader", [_raises, _raises_late, _no_evidence, _too_strong, _of_another])
def test_a_broken_reader_costs_the_evidence_of_its_check_alone(reader: Any) -> None:
    events = a_run(("observed", "stun", SEEN), ("observed", "relay", SEEN))
    report = folded(events, stun=reader, relay=read_all)
    assert [item.group for item in report.evidence] == ["stun.ask"]
    assert [item.seqs for item in report.evidence] == [(2,)]
    (problem,) = report.problems
    assert problem.startswith("stun: not_readable: ")
    assert "\n" not in problem
    assert len(report.observations) == 2


def test_a_check_that_is_not_installed_keeps_its_observations_and_is_named() -> None:
    report = folded(a_run(("observed", "stun", SEEN)))
    assert len(report.observations) == 1
    assert report.problems == ("stun: not_installed",)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"outcome": "completed", "note": ""}, None),
        ({"outcome": "timed_out", "note": ""}, "stun: timed_out"),
        ({"outcome": "crashed", "note": "ValueError: x"}, "stun: crashed: ValueError: x"),
        ({"outcome": "over_budget"}, "stun: over_budget"),
        ({"outcome": "interrupted", "note": "", "bytes": 12}, "stun: interrupted"),
    ],
)
def test_a_check_that_did_not_complete_is_a_problem(data: dict[str, Any], line: str | None) -> None:
    report = folded(a_run(("check_started", "stun", {}), ("check_finished", "stun", data)), stun=read_all)
    assert report.problems == ((line,) if line else ())


def test_a_check_that_never_ended_was_interrupted() -> None:
    report = folded(a_run(("check_started", "stun", {}), complete=None), stun=read_all)
    assert report.problems == ("stun: interrupted",)


def test_problems_with_plugins_come_from_the_header() -> None:
    events = numbered([("run_started", "", header() | {"problems": ["check 'x' of y: ImportError"]})])
    assert folded(events).problems == ("check 'x' of y: ImportError",)


@pytest.mark.parametrize(("ending", "complete"), [(None, False), (False, False), (True, True)])
def test_a_run_is_complete_only_when_it_says_so(ending: bool | None, complete: bool) -> None:
    assert folded(a_run(complete=ending)).run.complete is complete


def test_the_duration_reaches_to_the_last_event() -> None:
    assert folded(a_run(("progress", "stun", {"fraction": 0.5, "note": ""}))).run.duration_s == 0.002


def test_verdicts_come_from_the_judge_with_sentences_in_the_language_asked_for() -> None:
    def judge(evidence: Sequence[Evidence], depth: str, instrument: object) -> Sequence[Verdict]:
        assert [item.seqs for item in evidence] == [(1,)]
        assert depth == "quick"
        return (verdict(),)

    events = a_run(("observed", "stun", SEEN))
    english, russian = (fold(events, {"stun": read_all}, judge, language) for language in ("en", "ru"))
    assert english.verdicts[0].sentence.startswith("Telegram calls do not get through")
    assert russian.verdicts[0].sentence.startswith("Звонки в Telegram не проходят")


@pytest.mark.parametrize(
    ("strengths", "tunnel"), [((3,), True), ((-3,), False), ((0,), None), ((), None), ((1, -3), False)]
)
def test_the_tunnel_is_what_the_firmest_evidence_says(strengths: tuple[int, ...], tunnel: bool | None) -> None:
    def reader(observations: Sequence[Numbered[Observation]]) -> list[Evidence]:
        return [Evidence(claim=Claim.tunnel_in_use, strength=strength) for strength in strengths]

    assert folded(a_run(("observed", "link", SEEN)), link=reader).network.tunnel is tunnel


@pytest.mark.parametrize(
    ("pairs", "nat"),
    [
        ([("198.51.100.4", "192.168.1.5")], True),
        ([("198.51.100.4", "198.51.100.4")], False),
        ([("198.51.100.4", "198.51.100.4"), ("198.51.100.9", "198.51.100.4")], True),
        ([("198.51.100.4", None)], None),
        ([(None, "198.51.100.4")], None),
        ([], None),
    ],
)
def test_address_translation_shows_where_both_addresses_are_known(
    pairs: list[tuple[str | None, str | None]], nat: bool | None
) -> None:
    answers: list[tuple[Kind, str, dict[str, Any]]] = [
        ("observed", "stun", {"op": "stun.ask", "data": {"reflexive_address": outer, "local_address": inner}})
        for outer, inner in pairs
    ]
    assert folded(a_run(*answers), stun=read_all).network.nat is nat


def test_addresses_of_other_operations_say_nothing_about_translation() -> None:
    data = {"reflexive_address": "198.51.100.4", "local_address": "192.168.1.5"}
    assert folded(a_run(("observed", "stun", {"op": "link.ping", "data": data})), stun=read_all).network.nat is None


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "does not begin with run_started"),
        (numbered([("check_started", "stun", {})]), "does not begin with run_started"),
        (numbered([("run_started", "", header() | {"schema": "callcheck-journal/9"})]), "callcheck-journal/9"),
        (numbered([("run_started", "", header() | {"depth": "abyss"})]), "abyss"),
        (numbered([("run_started", "", header()), ("run_started", "", header())]), "second run"),
        (a_run(("observed", "stun", {"op": 7})), "event 1"),
        (a_run(("check_finished", "stun", {"outcome": "exploded"})), "exploded"),
        ([*a_run(complete=None), Event(seq=-1, t_us=0, kind="progress")], "stands after"),
        (
            [
                *a_run(complete=None),
                *(Event(seq=1, t_us=0, kind="observed", check="stun", data=SEEN) for _ in range(2)),
            ],
            "same number",
        ),
        ([*a_run(complete=None), Event(seq=9, t_us=HUGE, kind="progress")], "event 9 stands at an impossible time"),
        ([*a_run(complete=None), Event(seq=9, t_us=-HUGE, kind="progress")], "event 9 stands at an impossible time"),
    ],
)
def test_what_is_not_one_run_is_refused_with_a_reason(events: list[Event], words: str) -> None:
    with pytest.raises(JournalError, match=words):
        folded(events)


@pytest.mark.parametrize(
    "data", [{}, {"sent_us": [HUGE], "part": ["stream"], "round": {}}, {"arm": None, "events": "clock_set"}]
)
def test_a_flow_that_cannot_be_read_costs_nothing_but_itself(data: dict[str, Any]) -> None:
    report = folded(a_run(("observed", "stun", {"op": "flow.second", "form": "loop", "data": data})), stun=read_all)
    assert (report.quality, report.instrument.valid) == ((), None)
    assert (len(report.evidence), report.observations[0].data, report.problems) == (1, data, ())


_checks = st.sampled_from(["link", "relay", "stun", "foreign"])
_live_values = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text(max_size=5), st.none())
_live_data = st.dictionaries(
    st.text(max_size=6), st.one_of(_live_values, st.tuples(_live_values, _live_values)), max_size=3
)
_observations = st.fixed_dictionaries(
    {"op": st.sampled_from(["stun.ask", "link.ping"]), "data": _live_data},
    optional={"failure": st.sampled_from(Failure).map(str)},
)
_middle = st.lists(
    st.one_of(
        st.tuples(st.just("observed"), _checks, _observations),
        st.tuples(st.just("check_started"), _checks, st.just({})),
        st.tuples(st.just("progress"), _checks, st.just({"fraction": 0.5, "note": ""})),
        st.tuples(
            st.just("check_finished"),
            _checks,
            st.fixed_dictionaries({"outcome": st.sampled_from(["completed", "crashed"]), "note": st.text(max_size=9)}),
        ),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(middle=_middle, complete=st.sampled_from([None, True, False]))
def test_a_replayed_journal_folds_to_the_same_report(middle: list[Any], complete: bool | None) -> None:
    live = a_run(*middle, complete=complete)
    replayed = list(decode_lines(b"".join(map(encode_line, live))))
    readers = {"link": read_all, "relay": _raises_late, "stun": read_all}
    assert fold(replayed, readers, judge_nothing, "en") == fold(live, readers, judge_nothing, "en")
