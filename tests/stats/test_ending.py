"""How a series goes on that came through at first."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.ending import Course, course_of, ending_of
from tests.stats.made import bucket, gilbert, ticks_us


@pytest.mark.parametrize("cut", [12, 25, 125, 500, 690])
@pytest.mark.parametrize("loss_before", [0.0, 0.1])
def test_the_last_packet_before_death_is_named(cut: int, loss_before: float) -> None:
    lost = gilbert(Random(1), cut - 1, loss_before) if loss_before else [False] * (cut - 1)
    ending = ending_of([*lost, False, *[True] * (750 - cut)])
    assert ending is not None
    assert (ending.last_passed_index, ending.silent_packets) == (cut - 1, 750 - cut)
    assert ending.chance < 0.01


def test_a_last_packet_that_came_through_is_no_ending() -> None:
    ending = ending_of([True, False])
    assert ending is not None
    assert (ending.last_passed_index, ending.silent_packets, ending.chance) == (1, 0, 1.0)


@pytest.mark.parametrize("lost", [[], [True], [True] * 50])
def test_what_never_came_through_has_no_ending(lost: list[bool]) -> None:
    assert ending_of(lost) is None


@pytest.mark.parametrize(
    ("loss_ratio", "mean_run"),
    [(0.02, None), (0.3, None), (0.9, None), (0.98, None), (0.05, 3.0), (0.1, 10.0), (0.5, 25.0)],
)
def test_series_that_end_in_ordinary_losses_seldom_seem_to_have_died(loss_ratio: float, mean_run: float | None) -> None:
    random, runs = Random(21), 100
    endings = [ending_of(gilbert(random, 300, loss_ratio, mean_run)) for _ in range(runs)]
    # At a level of 1 % six or more of 100 have a chance of 1 in 1 800.
    assert sum(ending is not None and ending.chance <= 0.01 for ending in endings) < 6


def test_a_silence_like_earlier_ones_is_no_death() -> None:
    stalls = [False] * 100 + [True] * 60
    ending = ending_of(stalls * 4)
    assert ending is not None
    assert ending.chance > 0.05


_SILENCE = [True] * 400
_COURSES = {
    "nothing sent": ([], Course.EVEN),
    "one packet": ([False], Course.EVEN),
    "no loss": ([False] * 750, Course.EVEN),
    "nothing came": ([True] * 750, Course.NEVER_PASSED),
    "even loss": (gilbert(Random(31), 400, 0.3), Course.EVEN),
    "even bursts": (gilbert(Random(32), 400, 0.1, 5.0), Course.EVEN),
    "death at packet 12": ([False] * 12 + _SILENCE, Course.DEATH),
    "death at packet 25": ([False] * 25 + _SILENCE, Course.DEATH),
    "death after loss": ([*gilbert(Random(33), 200, 0.1), False, *_SILENCE], Course.DEATH),
    "silence of one second": ([False] * 300 + [True] * 25, Course.SILENT_END),
    "policer": (bucket(ticks_us(1500, 50), 188, rate_bps=64_000, depth_bytes=8000), Course.STEADY_LOSS),
    "dropping 60 %": ([False] * 200 + gilbert(Random(34), 250, 0.6), Course.STEADY_LOSS),
    "dropping 90 %": ([False] * 200 + gilbert(Random(35), 250, 0.9), Course.STEADY_LOSS),
    "dropping 98 %": ([False] * 200 + gilbert(Random(40), 550, 0.98), Course.STEADY_LOSS),
    "a stall": ([False] * 300 + [True] * 150 + [False] * 300, Course.STALL),
    "a stall amid loss": (gilbert(Random(37), 300, 0.05) + [True] * 100 + gilbert(Random(38), 350, 0.05), Course.STALL),
}


@pytest.mark.parametrize(("lost", "course"), _COURSES.values(), ids=_COURSES.keys())
def test_death_steady_loss_and_stalls_are_told_apart(lost: list[bool], course: Course) -> None:
    assert course_of(lost, Random(2)) is course


@given(st.lists(st.booleans(), max_size=60))
@settings(max_examples=30, deadline=None)
def test_every_series_has_a_course_and_a_chance(lost: list[bool]) -> None:
    ending, course = ending_of(lost), course_of(lost, Random(1))
    assert (course is Course.NEVER_PASSED) == (bool(lost) and all(lost))
    if ending is not None:
        assert ending.last_passed_index + 1 + ending.silent_packets == len(lost)
        assert not lost[ending.last_passed_index]
        assert 0 < ending.chance <= 1


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_a_longer_silence_is_less_likely(before: list[bool], silent: int) -> None:
    shorter = ending_of([*before, False, *[True] * silent])
    longer = ending_of([*before, False, *[True] * (silent + 1)])
    assert shorter is not None
    assert longer is not None
    assert longer.chance <= shorter.chance + 1e-12
