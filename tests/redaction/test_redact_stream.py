"""Redaction of what the stream of a call brought: scores, flows second by second, facts and what befell the machine."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence, FlowSecond, Instrument, Quality, Run, Verdict
from callcheck.quality.call import Assumption, Heard, Word
from callcheck.redaction.coarse import on_grid
from callcheck.redaction.redact import redact
from callcheck.report.flows import flow_second
from callcheck.report.fold import fold
from callcheck.verdict.judge import judge
from callcheck.words import Claim, FlowEvent
from callcheck_stream.read import read
from tests.report.flow_made import a_flow, a_run_of
from tests.report.made import HOSTILE_SHAPES, HUGE, RELAY, TOOL, a_report, observed, quality

EVENTS: tuple[FlowEvent, ...] = get_args(FlowEvent)


def kept_quality(**changes: Any) -> tuple[Quality, ...]:
    return redact(a_report(quality=(quality(**changes),))).quality


def kept_data(data: dict[str, Any]) -> dict[str, Any]:
    (kept,) = redact(a_report(observations=(observed(op="flow.second", data=data),))).observations
    return kept.data


# --- how it would sound


def test_a_score_stays_and_is_coarser() -> None:
    (kept,) = kept_quality()
    beside = {
        "mos": (3.3, 3.4),
        "mos_low": (2.9, 3.0),
        "mos_high": (3.6, 3.7),
        "loss_ratio": (0.041, 0.042),
        "late_ratio": (0.003, 0.004),
        "delay_ms": (180.0, 190.0),
        "seconds": (30.0, 31.0),
    }
    assert all(getattr(kept, name) in points for name, points in beside.items())
    assert kept == quality(**{name: getattr(kept, name) for name in beside})


def test_every_word_that_a_score_may_have_survives() -> None:
    for word, heard in itertools.product(get_args(Word), get_args(Heard)):
        (kept,) = kept_quality(word=word, heard=heard, assumptions=get_args(Assumption))
        assert (kept.word, kept.heard, kept.assumptions) == (word, heard, get_args(Assumption))


@pytest.mark.parametrize(
    "changes",
    [
        {"word": "ivan"},
        {"word": ""},
        {"heard": "ivan_petrov"},
        {"assumptions": ("no_echo", "ivan")},
        {"assumptions": ("192.0.2.77",)},
        {"mos": -1.0},
        {"mos_high": float("nan")},
        {"mos_low": float("inf")},
        {"delay_ms": 1e12},
        {"loss_ratio": -0.1},
        {"packets": HUGE},
        {"packets": -1},
    ],
)
def test_a_score_with_a_word_or_number_that_callcheck_does_not_write_is_left_out(changes: dict[str, Any]) -> None:
    assert kept_quality(**changes) == ()


def test_a_score_of_an_unknown_service_is_anothers() -> None:
    assert [one.service for one in kept_quality(service="ivans_pbx")] == ["other"]


# --- flows


def test_every_field_of_a_second_but_two_survives_and_nothing_else_does() -> None:
    full = FlowSecond(
        arm="91.108.13.2/a",
        second=3,
        first_number=60,
        ip_bytes=188,
        scheduled_us=(3_000_000, 3_050_000),
        sent_us=(3_000_012, 3_050_499),
        received_us=(3_038_777, None),
        taken_us=(3_038_999, None),
        opened_us=12,
        sent_before=61,
        unsent=(61,),
        reordered=1,
        late=2,
        duplicates=3,
        unnumbered=4,
        icmp_errors=5,
        answer_bytes=6,
        far_received=60,
        events=EVENTS,
    )
    every = msgspec.to_builtins(full)
    assert every.keys() == set(FlowSecond.__struct_fields__)
    kept = kept_data({**every, "part": "revival", "round": 2, "note": "at Ivan's", "reflexive_port": 4711})
    builtins = {name: value for name, value in every.items() if name not in {"taken_us", "opened_us"}}
    coarser = {
        "arm": "arm1",
        "scheduled_us": [3_000_000, 3_050_000],
        "sent_us": [3_000_000, 3_050_000],
        "received_us": [kept["received_us"][0], None],
        "unsent": [61],
        "events": list(EVENTS),
    }
    assert kept["received_us"][0] in range(3_030_000, 3_046_000, 5_000)
    assert kept == {**builtins, **coarser, "part": "revival", "round": 2}
    assert flow_second(observed(op="flow.second", data=kept)) is not None


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"events": ["clock_set", "192.0.2.77", 7, None, ["suspended"]]}, {"events": ["clock_set"]}),
        ({"events": "clock_set"}, {}),
        ({"unsent": [1, "192.0.2.77", 3_232_235_777, True, -1, HUGE, 2]}, {"unsent": [1, 2]}),
        ({"unsent": 3}, {"unsent": 3}),
        ({"sent_us": [HUGE, -1, "x", 1_499, True]}, {}),
        ({"sent_us": [0], "scheduled_us": [0], "received_us": [0, 0]}, {}),
        ({"sent_us": [True], "scheduled_us": [0], "received_us": [0]}, {}),
        ({"sent_us": [0], "scheduled_us": [0], "received_us": [HUGE]}, {}),
        ({"opened_us": "192.0.2.77"}, {}),
        ({"part": "ivan", "round": HUGE, "unit": ["packets"]}, {}),
        ({"part": ["stream"], "round": [1]}, {}),
        ({"arm": 3_232_235_777}, {}),
        ({"far_received": "ivan", "received": [1]}, {}),
    ],
)
def test_of_a_flow_only_values_of_the_right_kind_survive(data: dict[str, Any], kept: dict[str, Any]) -> None:
    assert kept_data(data) == kept


@pytest.mark.parametrize(("t_us", "kept_us"), [(HUGE, 0), (-HUGE, 0), (-1, 0), (240_000_000, 240_000_000)])
def test_a_time_that_no_run_has_is_not_told(t_us: int, kept_us: int) -> None:
    (kept,) = redact(a_report(observations=(observed(t_us=t_us),))).observations
    assert kept.t_us == kept_us


@settings(deadline=None)
@given(value=st.integers(), step=st.sampled_from([1, 5_000, 100_000]), data=st.data())
def test_a_time_goes_to_a_point_beside_it_and_stays_there(value: int, step: int, data: Any) -> None:
    kept = on_grid(value, step, data.draw(st.integers(0, step - 1)))
    assert kept % step == 0
    assert abs(kept - value) < step
    assert on_grid(kept, step, data.draw(st.integers(0, step - 1))) == kept


# --- the instrument and the run


def test_what_befell_the_machine_is_told() -> None:
    instrument = Instrument(send_lateness_p99_ms=0.44, valid=False, events=("clock_set", "suspended"))
    kept = redact(a_report(instrument=instrument)).instrument
    assert kept.send_lateness_p99_ms in {0.4, 0.5}
    assert (kept.valid, kept.events) == (False, ("clock_set", "suspended"))


@pytest.mark.parametrize("number", [3_232_235_777.0, -3_232_235_777.0, 1e300, float("inf"), float("nan")])
def test_a_number_that_no_run_comes_near_is_not_told(number: float) -> None:
    instrument = Instrument(send_lateness_p99_ms=number, valid=True)
    run = Run(id="x", started_utc="", duration_s=number, depth="deep", complete=True)
    kept = redact(a_report(instrument=instrument, run=run))
    assert kept.instrument == Instrument(send_lateness_p99_ms=None, valid=True)
    assert kept.run.duration_s == 0.0


# --- facts, as the stream check itself writes them


def _control_at(last: int) -> Any:
    return msgspec.structs.replace(RELAY, service="", role="control", address=f"198.51.100.{last}", network=f"n{last}")


def _cut_off_run() -> list[Any]:
    """Two relays whose flows die after 12 packets and revive on a new port, beside three whole controls."""
    made: list[Any] = []
    for target in (RELAY, msgspec.structs.replace(RELAY, address="91.108.17.3")):
        for rate_pps, start_s, seconds in ((18.0, 0.0, 30), (2.5, 3.0, 27), (1.5, 6.0, 24)):
            delays = [30.0] * 12 + [None] * (round(rate_pps * seconds) - 12)
            name = f"{target.address}-{rate_pps}"
            made += a_flow(delays, rate_pps=rate_pps, start_s=start_s, arm=name, target=target, **_ONE_PORT)
        revived: dict[str, Any] = {
            "said": {"part": "revival", "round": 0},
            "arm": f"{target.address}-new",
            "target": target,
        }
        made += a_flow([30.0] * 12, rate_pps=3.0, start_s=20.0, **_ONE_PORT, **revived)
    for last in (1, 2, 3):
        made += a_flow([20.0] * 540, rate_pps=18.0, arm=f"c{last}", target=_control_at(last), **_ONE_PORT)
    return made


def _thinned_run() -> list[Any]:
    """A fifth of each flow's packets lost one by one, twins apart, a ladder without loss; a far end that counts."""
    chance = Random(7)
    gone = [None if chance.random() < 0.2 else 30.0 for _ in range(600)]
    counted: dict[str, Any] = {"far_received": 550, "reordered": 1, "late": 1, "duplicates": 2, "icmp_errors": 1}
    made = a_flow(gone, arm="call", **counted)
    made += a_flow(gone, arm="single", said={"part": "single", "round": 1})
    made += a_flow(gone, arm="twins", said={"part": "twins", "round": 1})
    made += a_flow([30.0] * 400, rate_pps=100.0, arm="ladder", said={"part": "ladder", "round": 3})
    for last in range(1, 6):
        made += a_flow([20.0] * 600, arm=f"c{last}", target=_control_at(last))
    return made


def in_short(one: Verdict) -> tuple[str, ...]:
    return (one.service, one.function, one.outcome, one.cause, one.mechanism, one.where)


_ONE_PORT: dict[str, Any] = {"opened_us": 0}


@pytest.mark.parametrize("seconds", [_cut_off_run(), _thinned_run()], ids=["cut off", "thinned"])
def test_every_fact_of_the_stream_survives_and_the_judge_says_the_same(seconds: list[Any]) -> None:
    report = fold(a_run_of(seconds), {"stun": read}, judge, "en")
    report = msgspec.structs.replace(report, tool=TOOL)
    assert len(report.evidence) >= 4
    kept = redact(report)
    for before, after in zip(report.evidence, kept.evidence, strict=True):
        assert (after.claim, after.strength, after.seqs) == (before.claim, before.strength, before.seqs)
        assert after.facts.keys() == before.facts.keys()
    judged = judge(kept.evidence, report.run.depth, kept.instrument)
    assert [in_short(one) for one in judged] == [in_short(one) for one in report.verdicts]
    assert [one.service for one in kept.quality] == ["telegram"]


def test_the_two_runs_hold_every_claim_of_the_stream() -> None:
    claims = {
        item.claim
        for seconds in (_cut_off_run(), _thinned_run())
        for item in fold(a_run_of(seconds), {"stun": read}, judge, "en").evidence
    }
    assert claims == {claim for claim in Claim if claim.startswith(("stream_", "controls_carry", "loss_"))}


@settings(max_examples=150, deadline=None)
@given(
    shape=st.sampled_from(HOSTILE_SHAPES),
    key=st.sampled_from([*FlowSecond.__struct_fields__, "part", "round", "unit", "direction", "mean_run", "renewed"]),
    wrapped=st.sampled_from([lambda text: text, lambda text: [text], lambda text: [[text]], lambda text: {text: text}]),
)
def test_no_field_of_the_stream_carries_an_address_or_a_name(shape: str, key: str, wrapped: Any) -> None:
    data = {key: wrapped(shape)}
    report = a_report(
        observations=(observed(op="flow.second", form=shape, data=data),),
        evidence=(Evidence(service="telegram", claim=Claim.stream_cut_off, facts=data, group=f"stream:{shape}"),),
    )
    assert shape not in msgspec.json.encode(redact(report)).decode()
