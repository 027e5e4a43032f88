"""What befalls a machine while flows run: from two made-up looks, and one real."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callcheck.flow.surroundings import CLOCK_STEP_NS, SLEPT_NS, Surroundings, Watch, events_between, look_from

BEFORE = Surroundings(7_000_000_000, 5_000, ("192.0.2.7", ""), ("wlan0", "192.0.2.1"))
HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize(
    ("after", "events"),
    [
        (BEFORE, []),
        (replace(BEFORE, realtime_ahead_ns=7_000_000_000 + CLOCK_STEP_NS), []),  # NTP slews so much at most
        (replace(BEFORE, realtime_ahead_ns=7_000_000_001 + CLOCK_STEP_NS), ["clock_set"]),
        (replace(BEFORE, realtime_ahead_ns=0), ["clock_set"]),
        (replace(BEFORE, boottime_ahead_ns=5_000 + SLEPT_NS), []),
        (
            replace(BEFORE, boottime_ahead_ns=5_000 + HOUR_NS, realtime_ahead_ns=7_000_000_000 + HOUR_NS),
            ["suspended"],
        ),
        (replace(BEFORE, boottime_ahead_ns=5_000 + HOUR_NS), ["suspended", "clock_set"]),
        (replace(BEFORE, sources=("198.51.100.4", "")), ["address_changed"]),
        (replace(BEFORE, sources=("192.0.2.7", "192.0.2.7")), ["address_changed"]),
        (replace(BEFORE, way=("rmnet0", "")), ["route_changed"]),
    ],
)
def test_two_looks_tell_what_happened_between(after: Surroundings, events: list[str]) -> None:
    assert list(events_between(BEFORE, after)) == events


def test_a_watch_tells_each_event_once() -> None:
    looks = iter([BEFORE, replace(BEFORE, way=("", "")), replace(BEFORE, way=("", ""))])
    watch = Watch(lambda: next(looks))
    assert watch.events() == ("route_changed",)
    assert watch.events() == ()


def test_a_look_from_this_machine_knows_the_way_to_itself_and_sends_nothing() -> None:
    look = look_from(["127.0.0.1", "::1", "127.0.0.1"])
    assert look().sources == ("127.0.0.1", "::1")
    assert list(events_between(look(), look())) == []
