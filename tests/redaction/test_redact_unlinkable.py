"""Two exports of one run share no exact value of it, and say the same of it."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Instrument, SavedObservation, Verdict
from callcheck.redaction import coarse
from callcheck.redaction.alike import differ_by_rounding
from callcheck.redaction.allowlist import facts
from callcheck.redaction.redact import redact
from callcheck.report.flows import flow_second
from tests.report.made import a_report, observed

shares = st.floats(0, 1, exclude_max=True)
# --- the rounding


def significant(number: float) -> int:
    """Significant decimal digits."""
    return len(f"{abs(number):.9e}".partition("e")[0].replace(".", "").strip("0"))


@given(value=st.floats(-1e6, 1e6), digits=st.integers(0, 3), share=shares, other=shares)
def test_a_measure_goes_to_a_point_beside_it_and_stays_there(
    value: float, digits: int, share: float, other: float
) -> None:
    kept = coarse.figure(value, digits, share)
    assert abs(kept - value) <= max(10**-digits, 0.1 * abs(value)) * 1.0001
    assert coarse.figure(kept, digits, other) == kept
    assert significant(kept) <= 2


@given(value=st.floats(-1, 1), share=shares, other=shares)
def test_a_ratio_goes_to_a_point_beside_it_and_stays_there(value: float, share: float, other: float) -> None:
    kept = coarse.ratio(value, share)
    assert abs(kept - value) <= 0.0101
    assert coarse.ratio(kept, other) == kept
    if 0.004 <= value <= 0.996:
        assert 0 < kept < 1


@given(
    one=st.floats(-10_000, 10_000),
    two=st.floats(-10_000, 10_000),
    share=shares,
    rounding=st.sampled_from(
        [
            lambda value, share: coarse.figure(value, 0, share),
            lambda value, share: coarse.figure(value, 1, share),
            lambda value, share: coarse.ratio(value / 10_000, share),
            lambda value, share: coarse.count(round(value), share),
            lambda value, share: coarse.whole(round(value), share),
        ]
    ),
)
def test_with_one_chance_the_order_of_values_stays(one: float, two: float, share: float, rounding: Any) -> None:
    low, high = sorted((one, two))
    assert rounding(low, share) <= rounding(high, share)


@pytest.mark.parametrize("value", [0.0123, 0.0047, 0.123, 0.954, 38.46, 1.44, 187.4, 3984, 0.0004])
def test_rounding_is_right_on_average(value: float) -> None:
    share = Random(1)
    rounded = coarse.ratio if value < 1 else lambda one, chance: coarse.figure(one, 0, chance)
    found = [rounded(value, share.random()) for _ in range(20_000)]
    step = max(found) - min(found)
    assert abs(sum(found) / len(found) - value) <= 4 * step / 2 / math.sqrt(len(found)) + 1e-9


@given(sent=st.integers(1, 100_000), data=st.data(), share=shares, other=shares)
def test_of_many_packets_what_was_lost_stays_lost(sent: int, data: Any, share: float, other: float) -> None:
    received = data.draw(st.integers(0, sent))
    kept = facts({"sent": sent, "received": received}, share)
    assert 0 <= kept["received"] <= kept["sent"]
    assert (kept["received"] == 0, kept["received"] == kept["sent"]) == (received == 0, received == sent)
    assert abs(kept["received"] / kept["sent"] - received / sent) <= 0.06
    assert facts(kept, other) == kept


def test_differences_may_be_below_0_and_nothing_else() -> None:
    kept = facts({"more_low_ratio": -0.1562, "more_high_ratio": 0.0602, "loss_ratio": -0.1, "rtt_ms": -1.0})
    assert kept == {"more_low_ratio": -0.16, "more_high_ratio": 0.06}


# --- flows


def a_second(**changes: Any) -> SavedObservation:
    data: dict[str, Any] = {
        "arm": "a",
        "second": 2,
        "first_number": 36,
        "ip_bytes": 188,
        "scheduled_us": [6_867_208 + round(n * 1e6 / 18) for n in range(18)],
    }
    data["sent_us"] = [due + 137 + 11 * n for n, due in enumerate(data["scheduled_us"])]
    data["received_us"] = [sent + 41_234 + 77 * n for n, sent in enumerate(data["sent_us"])]
    return observed(op="flow.second", data=data | changes)


def test_the_times_of_packets_are_those_of_every_run_of_that_rate() -> None:
    (one,) = redact(a_report(observations=(a_second(),))).observations
    second = flow_second(one)
    assert second is not None
    offsets = [at - second.scheduled_us[0] for at in second.scheduled_us]
    assert offsets == [round(n * 1e6 / 18) for n in range(18)]
    assert second.scheduled_us == second.sent_us
    assert second.scheduled_us[0] in {6_800_000, 6_900_000}
    assert (second.taken_us, second.opened_us) == ((), None)


@settings(deadline=None)
@given(
    delay_us=st.integers(0, 5_000_000),
    lost=st.sets(st.integers(0, 17)),
)
def test_delays_stay_within_two_steps_and_losses_where_they_were(delay_us: int, lost: set[int]) -> None:
    sent = a_second().data["sent_us"]
    came = [None if number in lost else at + delay_us for number, at in enumerate(sent)]
    (one,) = redact(a_report(observations=(a_second(received_us=came),))).observations
    for kept, left, before in zip(one.data["received_us"], one.data["sent_us"], came, strict=True):
        assert (kept is None) is (before is None)
        if kept is not None:
            assert abs(kept - left - delay_us) <= max(10_000, 0.2 * delay_us)
            assert (kept - left) % 5_000 == 0


def test_the_delays_are_right_on_average() -> None:
    observations = tuple(msgspec.structs.replace(a_second(), seq=seq) for seq in range(500))
    kept = redact(a_report(observations=observations), random=Random(3)).observations
    delays = [c - s for one in kept for c, s in zip(one.data["received_us"], one.data["sent_us"], strict=True)]
    before = [c - s for c, s in zip(a_second().data["received_us"], a_second().data["sent_us"], strict=True)]
    assert abs(sum(delays) / len(delays) - sum(before) / len(before)) < 100


# --- the rest


def test_another_loss_makes_another_run() -> None:
    came = [*a_second().data["received_us"]]
    came[4] = None
    one, other = (
        redact(a_report(observations=(second,)), new_id=str) for second in (a_second(), a_second(received_us=came))
    )
    assert differ_by_rounding(one, redact(one, new_id=str))
    assert not differ_by_rounding(one, other)


def test_what_no_check_of_ours_writes_is_left_out() -> None:
    kept = redact(
        a_report(
            observations=(
                observed(op="relay.ivan"),
                observed(seq=3, form="ivan"),
                observed(seq=3_232_235_777),
            ),
            verdicts=(),
            instrument=Instrument(send_lateness_p99_ms=None, valid=None),
        )
    ).observations
    assert [(one.seq, one.form) for one in kept] == [(3, "")]


def test_a_verdict_points_at_evidence_that_is_there() -> None:
    made = Verdict(
        service="telegram",
        function="calls",
        outcome="fails",
        cause="selective",
        mechanism="address",
        where="provider",
        confidence=0.9614,
        causes={"selective": 0.9614, "unknown": 0.0386},
        supporting=(3_232_235_777,),
        against=(-1,),
    )
    (kept,) = redact(a_report(verdicts=(made,))).verdicts
    assert (kept.supporting, kept.against) == ((), ())
    assert kept.confidence == kept.causes["selective"] in {0.961, 0.962}
