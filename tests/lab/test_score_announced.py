"""When a verdict stood: the points of a journal at which it is judged, and what holds from there to the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.engine.events import Event, Kind
from callcheck.lab.score.announced import announced, points
from callcheck.model import Verdict
from tests.report.made import a_run, numbered, verdict

SEEN: tuple[Kind, str, dict[str, Any]] = ("observed", "link", {"op": "link.ping"})
ENDED: tuple[Kind, str, dict[str, Any]] = ("check_finished", "link", {"outcome": "completed"})
JUDGED: tuple[Kind, str, dict[str, Any]] = ("judged", "", {"verdicts": []})
CALLS = ("telegram", "calls")


def counted(script: Mapping[int, Sequence[Verdict]]) -> Any:
    """A judge that knows only how many observations there are."""
    return lambda events: script.get(sum(event.kind == "observed" for event in events), ())


def said(cause: str, **changes: Any) -> Verdict:
    return verdict(cause=cause, **changes)


def test_a_run_is_judged_where_a_check_ended_or_a_verdict_was_told_but_once_for_the_same_observations() -> None:
    events = a_run(ENDED, SEEN, ENDED, JUDGED, SEEN, JUDGED, SEEN)
    assert list(points(events)) == [(3, 0.003), (6, 0.006), (8, 0.008)]


def test_a_check_still_running_counts_with_what_it_has_seen() -> None:
    events = a_run(SEEN, ENDED, ("observed", "stream", {"op": "flow.second"}), JUDGED)
    assert list(points(events)) == [(2, 0.002), (4, 0.004)]


def test_nothing_is_judged_where_nothing_was_observed() -> None:
    assert list(points(a_run(ENDED, JUDGED))) == []
    assert announced(a_run(ENDED), counted({0: [said("selective")]})) == {}


@pytest.mark.parametrize(
    ("causes", "at_s"),
    [
        (["unknown", "selective", "selective", "selective"], 0.004),
        (["selective", "selective", "selective", "selective"], 0.002),
        (["selective", "unknown", "selective", "selective"], 0.006),
        (["selective", "congestion", "selective", "selective"], 0.006),
        (["selective", None, "selective", "selective"], 0.006),
        (["none", "none", "none", "selective"], 0.008),
        (["selective", "selective", "selective", "unknown"], None),
        (["selective", "selective", "selective", None], None),
    ],
)
def test_a_verdict_is_announced_where_it_begins_to_stand_until_the_end(
    causes: list[str | None], at_s: float | None
) -> None:
    script = {number: [said(cause)] if cause else [] for number, cause in enumerate(causes, start=1)}
    events = a_run(*([SEEN, ENDED] * 4))
    assert announced(events, counted(script)).get(CALLS) == at_s


def test_each_function_has_its_own_moment_and_another_outcome_is_the_same_verdict() -> None:
    script = {
        1: [said("selective", outcome="degraded")],
        2: [said("selective", outcome="fails"), said("none", service="whatsapp")],
    }
    found = announced(a_run(SEEN, ENDED, SEEN, ENDED), counted(script))
    assert found == {CALLS: 0.002, ("whatsapp", "calls"): 0.004}


_causes = st.sampled_from(["unknown", "selective", "none", None])


@given(st.lists(_causes, min_size=1, max_size=8))
def test_the_moment_is_that_of_the_last_change(causes: list[str | None]) -> None:
    """Against the definition, read backwards."""
    events: list[Event] = numbered([("run_started", "", {}), *([SEEN, ENDED] * len(causes))])
    script = {number: [said(cause)] if cause else [] for number, cause in enumerate(causes, start=1)}
    last, expected = causes[-1], None
    for number in range(len(causes), 0, -1):
        if last in (None, "unknown") or causes[number - 1] != last:
            break
        expected = 2 * number * 0.001
    assert announced(events, counted(script)).get(CALLS) == pytest.approx(expected)
