"""What is shown of a run is a fold of its events: total, and the same however they come."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.engine.events import Event
from callcheck.ui.state import RunShown, folded
from tests.journals.golden import all_golden
from tests.ui.driving import events_of

HEADER = {
    "depth": "standard",
    "started_utc": "2026-11-22T10:00:00Z",
    "plan": [["near"], ["far", "other"], ["long"]],
    "stage_seconds": [4, 20, 40],
}


def _run(*events: tuple[str, str, dict[str, Any]]) -> RunShown:
    numbered = [
        Event(seq=number, t_us=1_000_000 * number, kind=kind, check=check, data=data)  # type: ignore[arg-type]  # literals
        for number, (kind, check, data) in enumerate([("run_started", "", HEADER), *events])
    ]
    return folded(numbered)


def test_checks_wait_run_and_end() -> None:
    shown = _run(
        ("check_started", "near", {}),
        ("progress", "near", {"fraction": 0.5, "note": "half"}),
        ("check_started", "far", {"first_look": True}),
    )
    assert (shown.checks["near"].phase, shown.checks["near"].fraction, shown.checks["near"].note) == (
        "running",
        0.5,
        "half",
    )
    assert shown.checks["far"].first_look
    assert shown.checks["long"].phase == "waiting"


def test_a_first_look_that_is_over_leaves_the_check_waiting_for_its_turn() -> None:
    shown = _run(("check_started", "far", {"first_look": True}), ("check_finished", "far", {"outcome": "completed"}))
    assert shown.checks["far"].phase == "waiting"


@pytest.mark.parametrize(
    ("outcome", "phase"),
    [("completed", "done"), ("skipped", "left_out"), ("crashed", "failed"), ("timed_out", "failed"), ("new", "failed")],
)
def test_how_a_check_ended(outcome: str, phase: str) -> None:
    shown = _run(("check_started", "near", {}), ("check_finished", "near", {"outcome": outcome, "note": "why"}))
    assert (shown.checks["near"].phase, shown.checks["near"].note) == (phase, "why")


def test_time_left_shrinks_as_checks_end_and_is_nothing_in_the_end() -> None:
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("check_started", "near", {}),
        ("check_finished", "near", {"outcome": "completed"}),
        ("check_finished", "far", {"outcome": "completed"}),
        ("check_finished", "other", {"outcome": "skipped"}),
        ("check_started", "long", {}),
        ("progress", "long", {"fraction": 0.75}),
        ("run_finished", "", {"complete": True}),
    ]
    left = [_run(*steps[:count]).seconds_left() for count in range(len(steps) + 1)]
    assert left == sorted(left, reverse=True)
    assert left[0] > left[-2] > 0 == left[-1]
    assert _run(*steps).share_done() == 1.0


def test_complete_says_whether_the_run_came_to_its_end() -> None:
    assert _run().complete is None
    assert _run(("run_finished", "", {"complete": True})).complete is True
    assert _run(("run_finished", "", {"complete": False})).complete is False


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_keys = st.sampled_from(
    [
        "depth",
        "plan",
        "stage_seconds",
        "tool",
        "op",
        "data",
        "fraction",
        "outcome",
        "verdicts",
        "target",
        "complete",
        "first_look",
    ]
)
_kinds = st.sampled_from(
    ["run_started", "check_started", "progress", "observed", "check_finished", "judged", "run_finished"]
)


@given(st.lists(st.tuples(_kinds, st.text(max_size=5), st.dictionaries(_keys, _json, max_size=4)), max_size=12))
def test_no_event_whatever_it_holds_can_stop_the_fold(made: list[Any]) -> None:
    shown = folded(
        Event(seq=n, t_us=n, kind=kind, check=check, data=data) for n, (kind, check, data) in enumerate(made)
    )
    assert shown.events == len(made)
    assert 0 <= shown.share_done() <= 1


@pytest.mark.parametrize("family", ["clean-wired", "policing", "offline", "cutoff-packets"])
def test_a_replay_from_text_shows_what_the_run_showed(family: str) -> None:
    events = events_of(family)
    again = [msgspec.json.decode(msgspec.json.encode(event), type=Event) for event in events]
    assert folded(again) == folded(events)


@pytest.mark.parametrize("golden", all_golden().values(), ids=lambda one: one.family)
def test_every_golden_journal_ends_with_all_its_checks_settled(golden: Any) -> None:
    shown = folded(golden.events())
    assert shown.is_over
    assert {one.phase for one in shown.checks.values()} <= {"done", "left_out", "failed"}


def test_a_run_that_goes_on_deeper_has_what_remains_before_it() -> None:
    went_on = {**HEADER, "remaining": [["near"], ["long"]], "earlier_us": 5_000_000}
    events: list[tuple[int, str, str, dict[str, Any]]] = [
        (0, "run_started", "", went_on),
        *((at, "check_started", name, {}) for at, name in enumerate(("near", "far", "other", "long"), start=1)),
        *((5, "check_finished", name, {"outcome": "completed"}) for name in ("near", "far", "other", "long")),
    ]
    more: list[tuple[int, str, str, dict[str, Any]]] = [
        (6, "check_started", "near", {"again": True}),
        (7, "check_finished", "near", {"outcome": "completed"}),
        (8, "check_started", "long", {}),
        (9, "check_finished", "long", {"outcome": "completed"}),
    ]
    left = [_timed(events + more[:count]).seconds_left() for count in range(len(more) + 1)]
    assert left[0] == pytest.approx(0.55 * 44)
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


def _timed(events: list[tuple[int, str, str, dict[str, Any]]]) -> RunShown:
    return folded(
        Event(seq=number, t_us=at_s * 1_000_000, kind=kind, check=check, data=data)  # type: ignore[arg-type]  # as above
        for number, (at_s, kind, check, data) in enumerate(events)
    )
