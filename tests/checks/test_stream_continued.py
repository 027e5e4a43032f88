"""The stream of a run that is continued: what is still played, with which numbers, and how both passes read."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import pytest

from callcheck.api import Claim, Depth, FlowSecond, Numbered, Observation
from callcheck.report.quality import qualities_of
from callcheck.testing import run_check
from callcheck_stream import CHECK
from callcheck_stream.earlier import rounds_played, together
from callcheck_stream.plan import Round, rounds_left
from callcheck_stream.read import read
from tests.checks.stream_made import TELEGRAM, MadeContext
from tests.checks.stream_rules import Rule, clear, cut_after_packets, one_by_one, subjects_only

Observed = Sequence[Numbered[Observation]]


class GoingOn(MadeContext):
    """A run of which the first rounds were played before."""

    def __init__(self, rule: Rule, depth: Depth, earlier: Observed) -> None:
        super().__init__(TELEGRAM, rule, depth=depth)
        self._earlier = tuple(earlier)
        self.rounds = len(rounds_played(earlier))


def played(
    rule: Rule, depth: Depth, earlier: Observed = (), *, from_s: float = 0.0
) -> tuple[list[Numbered[Observation]], float]:
    """The observations of the whole, and how long this part of it took."""
    ctx = GoingOn(rule, depth, earlier)
    took_s = run_check(CHECK, ctx, from_s=from_s)
    return [*earlier, *ctx.observations], took_s


def rounds_of(observations: Observed) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for one in observations:
        if one.value.op == "flow.second":
            found.setdefault(one.value.data["round"], set()).add(one.value.data["part"])
    return found


# --- which rounds


@pytest.mark.parametrize(
    ("depth", "before", "left"),
    [
        ("standard", [], ["whole"]),
        ("standard", ["whole"], []),
        ("deep", [], ["whole", "twins", "whole", "ladder"]),
        ("deep", ["whole"], ["twins", "whole", "ladder"]),
        ("deep", ["whole", "twins"], ["whole", "ladder"]),
        ("deep", ["whole", "twins", "whole", "ladder"], []),
    ],
)
def test_only_the_rounds_that_were_not_played_are_left(depth: Depth, before: list[Round], left: list[Round]) -> None:
    assert rounds_left(depth, before) == left


def test_a_standard_run_that_goes_on_counts_as_the_first_round_of_a_deep_one() -> None:
    standard, _ = played(clear, "standard")
    whole, took_s = played(clear, "deep", standard, from_s=1000)
    assert rounds_of(whole) == {0: {"stream"}, 1: {"single", "twins"}, 2: {"stream"}, 3: {"ladder"}}
    plans = [one.value.data for one in whole if one.value.op == "flow.plan"]
    assert [(plan["depth"], plan["rounds"]) for plan in plans] == [("standard", 1), ("deep", 4)]
    assert took_s == pytest.approx(30 * 2 + 8 + 20, abs=0.5), "long ago: no pause before the first"


def test_the_pause_counts_from_the_end_of_the_earlier_round() -> None:
    standard, _ = played(clear, "standard")
    _, took_s = played(clear, "deep", standard, from_s=38)
    assert took_s == pytest.approx(12 + 30 * 2 + 8 + 20, abs=0.5)


def test_after_a_quick_run_all_rounds_are_played_and_numbered_on() -> None:
    quick, _ = played(clear, "quick")
    standard, _ = played(clear, "standard", quick, from_s=500)
    assert rounds_of(standard) == {0: {"stream"}, 1: {"stream"}}
    deep, _ = played(clear, "deep", quick, from_s=500)
    assert list(rounds_of(deep)) == [0, 1, 2, 3, 4]
    both, _ = played(clear, "deep", standard, from_s=1000)
    assert list(rounds_of(both)) == [0, 1, 2, 3, 4], "the standard round is the first of the deep ones"


def test_a_round_that_was_broken_off_is_played_again() -> None:
    standard, _ = played(clear, "standard")
    broken = [one for one in standard if one.value.data.get("second", 0) < 17]
    assert [one.kind for one in rounds_played(broken)] == [None]
    deep, _ = played(clear, "deep", broken, from_s=1000)
    assert list(rounds_of(deep)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("rule", [subjects_only(lambda _packet: None), subjects_only(cut_after_packets(12))])
def test_a_round_that_ended_early_for_a_gross_effect_is_whole(rule: Rule) -> None:
    standard, _ = played(rule, "standard")
    (one,) = rounds_played(standard)
    assert (one.kind, one.seconds in {10, 20}) == ("whole", True)


def test_where_nothing_was_played_nothing_is_left_out() -> None:
    none = [Numbered(0, Observation(op="flow.none"))]
    whole, _ = played(clear, "deep", none, from_s=100)
    assert list(rounds_of(whole)) == [0, 1, 2, 3]


def test_progress_runs_from_nothing_to_all_in_each_part() -> None:
    standard, _ = played(clear, "standard")
    ctx = GoingOn(clear, "deep", standard)
    run_check(CHECK, ctx, from_s=100)
    fractions = [fraction for fraction, _ in ctx.progress_calls]
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.05
    assert fractions[-1] == 1.0


# --- how both passes read


@pytest.mark.parametrize(
    "rule",
    [clear, subjects_only(one_by_one(Random(1), 0.2)), subjects_only(cut_after_packets(12))],
    ids=["clear", "random loss", "12 packets"],
)
def test_a_run_that_went_on_reads_as_one_that_was_deep_from_the_start(rule: Rule) -> None:
    standard, _ = played(rule, "standard")
    continued, _ = played(rule, "deep", standard, from_s=65)
    plain, _ = played(rule, "deep")

    def strengths(observations: Observed) -> dict[tuple[str, Claim], int]:
        return {(one.service, one.claim): one.strength for one in read(observations)}

    assert strengths(continued) == strengths(plain)
    assert strengths(plain)


def test_a_quick_round_is_left_out_where_a_longer_one_was_played() -> None:
    quick, _ = played(subjects_only(lambda _packet: None), "quick")
    standard, _ = played(clear, "standard", quick, from_s=65)
    assert together(quick) is quick
    assert next(one.value.data["round"] for one in together(standard) if one.value.op == "flow.second") == 1
    carries = {one.service: one for one in read(standard) if one.claim is Claim.stream_carries}
    assert carries["telegram"].facts["loss_ratio"] == 0
    assert carries["telegram"].strength == 3


def test_a_quick_round_stays_where_the_longer_one_was_broken_off_at_once() -> None:
    quick, _ = played(clear, "quick")
    standard, _ = played(clear, "standard", quick, from_s=65)
    broken = [one for one in standard if one.seq <= quick[-1].seq or one.value.data.get("second", 0) < 3]
    assert together(broken) is broken


def test_the_sound_is_that_of_the_longer_round() -> None:
    quick, _ = played(one_by_one(Random(3), 0.3), "quick")
    standard, _ = played(clear, "standard", quick, from_s=65)
    (before,) = qualities_of([one.value for one in quick])
    (after,) = qualities_of([one.value for one in standard])
    assert before.loss_ratio > 0.1
    assert (after.loss_ratio, after.seconds > 25) == (0.0, True)


def test_the_end_of_a_round_is_when_its_last_packet_left() -> None:
    standard, _ = played(clear, "standard")
    last_us = max(
        msgspec.convert(one.value.data, FlowSecond).sent_us[-1] for one in standard if one.value.op == "flow.second"
    )
    assert [one.ended_us for one in rounds_played(standard)] == [last_us]
