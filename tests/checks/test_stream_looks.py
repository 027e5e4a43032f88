"""When a round ends: at once for a gross effect, later where losses come in runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck_stream.looks import LOOKS_S, Seen, TimedLoss, is_enough
from tests.stats.made import gilbert, ticks_us

_RATES_PPS = (18.0, 2.5, 1.5)
_STARTS_S = (0, 3, 6)
_USUAL_S, _LONGEST_S = 30.0, 42.0

# What is known of some flows after so many seconds.
Flows = Callable[[int], list[TimedLoss]]


def flow(seconds: int, lost: list[bool], index: int = 0) -> TimedLoss:
    times = [at_us + _STARTS_S[index] * 1_000_000 for at_us in ticks_us(len(lost), _RATES_PPS[index])]
    return [at_us for at_us in times if at_us < seconds * 1_000_000], [
        is_lost for at_us, is_lost in zip(times, lost, strict=True) if at_us < seconds * 1_000_000
    ]


def packets(index: int) -> int:
    return int(60 * _RATES_PPS[index])


def arm(seconds: int, *, cut_after: int | None = None) -> list[TimedLoss]:
    """Three flows, each cut off after so many packets."""
    return [
        flow(seconds, [cut_after is not None and number >= cut_after for number in range(packets(index))], index)
        for index in range(3)
    ]


def whole(seconds: int, random: Random, ratio: float, mean_run: float | None = None) -> list[TimedLoss]:
    return [flow(seconds, gilbert(random, packets(index), ratio, mean_run), index) for index in range(3)]


def ends_at(services: Mapping[str, Flows], controls: Flows, *, revival_from_s: int | None = None) -> int:
    """The second at which a round ends."""
    for second in range(1, round(_LONGEST_S) + 1):
        revival_s = max(0, second - revival_from_s) if revival_from_s is not None and second > revival_from_s else None
        seen = Seen(0, {name: flows(second) for name, flows in services.items()}, controls(second), revival_s)
        if is_enough(second, _USUAL_S, _LONGEST_S, seen, Random(0)):
            return second
    raise AssertionError("no round goes beyond its longest")


def live(seconds: int) -> list[TimedLoss]:
    return arm(seconds) * 4


def silent(seconds: int) -> list[TimedLoss]:
    return arm(seconds, cut_after=0)


def test_total_silence_beside_live_controls_ends_a_round_at_10_s() -> None:
    assert ends_at({"telegram": silent}, live) == 10


def test_silence_everywhere_or_without_controls_does_not_end_a_round_early() -> None:
    assert ends_at({"telegram": silent}, silent) == 30
    assert ends_at({"telegram": silent}, lambda _second: []) == 30


def test_every_service_must_be_grossly_worse() -> None:
    assert ends_at({"telegram": silent, "whatsapp": arm}, live) == 30
    assert ends_at({"telegram": silent, "whatsapp": silent}, live) == 10


@pytest.mark.parametrize(("revival_from_s", "expected"), [(3, 20), (16, 20)])
def test_a_cut_off_after_12_packets_ends_a_round_at_20_s(revival_from_s: int, expected: int) -> None:
    services: dict[str, Flows] = {"telegram": lambda second: arm(second, cut_after=12)}
    assert ends_at(services, live, revival_from_s=revival_from_s) == expected


@pytest.mark.parametrize("revival_from_s", [17, 18, 19])
def test_no_round_ends_before_a_new_port_was_tried_for_4_s(revival_from_s: int) -> None:
    """Once over the usual time, the silence of the dead flows is one long run, which is given more time still."""
    services: dict[str, Flows] = {"telegram": lambda second: arm(second, cut_after=12)}
    assert ends_at(services, live, revival_from_s=revival_from_s) >= 30


@pytest.mark.parametrize("ratio", [0.0, 0.02, 0.1, 0.3, 0.49])
def test_ordinary_loss_neither_ends_nor_extends_a_round(ratio: float) -> None:
    random = Random(round(ratio * 100))
    made = whole(60, random, ratio)
    controls = [one for _ in range(4) for one in whole(60, random, ratio)]
    assert ends_at({"telegram": lambda second: cut(made, second)}, lambda second: cut(controls, second)) == 30


@pytest.mark.parametrize("where", ["service", "controls"])
def test_losses_in_long_runs_extend_a_round_to_its_longest(where: str) -> None:
    bursty = whole(60, Random(4), 0.15, 8.0)
    clean = whole(60, Random(5), 0.0)
    service, controls = (bursty, clean) if where == "service" else (clean, bursty)
    assert ends_at({"telegram": lambda second: cut(service, second)}, lambda second: cut(controls, second)) == 42


def cut(flows: list[TimedLoss], seconds: int) -> list[TimedLoss]:
    found: list[TimedLoss] = []
    for times, lost in flows:
        known = sum(at_us < seconds * 1_000_000 for at_us in times)
        found.append((times[:known], lost[:known]))
    return found


def test_the_usual_length_is_kept_where_it_is_not_that_of_the_looks() -> None:
    def enough(second: int, usual_s: float) -> bool:
        return is_enough(second, usual_s, 90.0, Seen(0, {"telegram": arm(second)}, live(second), None), Random(0))

    assert next(second for second in range(1, 60) if enough(second, 15.0)) == 15
    assert next(second for second in range(1, 60) if enough(second, 45.5)) == 46


_TIMED_LOSS = st.lists(st.tuples(st.integers(0, 60_000_000), st.booleans()), max_size=60).map(
    lambda pairs: ([at_us for at_us, _ in sorted(pairs)], [lost for _, lost in sorted(pairs)])
)


@given(
    st.integers(1, 100),
    st.dictionaries(st.sampled_from(["telegram", "whatsapp"]), st.lists(_TIMED_LOSS, max_size=3), max_size=2),
    st.lists(_TIMED_LOSS, max_size=4),
    st.none() | st.integers(0, 60),
)
@settings(max_examples=100, deadline=None)
def test_no_round_ends_before_10_s_nor_goes_beyond_its_longest(
    second: int, services: dict[str, list[TimedLoss]], controls: list[TimedLoss], revival_s: int | None
) -> None:
    enough = is_enough(second, _USUAL_S, _LONGEST_S, Seen(0, services, controls, revival_s), Random(0))
    if second < LOOKS_S[0]:
        assert not enough
    if second >= _LONGEST_S:
        assert enough
