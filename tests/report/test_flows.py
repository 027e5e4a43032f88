"""Seconds of flows: those that can be reckoned with, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from callcheck.model import Observation
from callcheck.report.flows import FLOW_OP, flow_second
from callcheck.report.journal import LONGEST_US

SECOND: dict[str, Any] = {
    "arm": "a",
    "second": 0,
    "first_number": 0,
    "ip_bytes": 60,
    "scheduled_us": [0, 40_000],
    "sent_us": [10, 40_010],
    "received_us": [None, 60_000],
}


def second_of(**changes: Any) -> object:
    return flow_second(Observation(op=FLOW_OP, data=SECOND | changes))


@pytest.mark.parametrize("name", ["scheduled_us", "sent_us", "received_us"])
def test_times_that_no_run_has_make_a_second_unreadable(name: str) -> None:
    for sign in (1, -1):
        assert second_of(**{name: [0, sign * LONGEST_US]}) is not None
        assert second_of(**{name: [0, sign * (LONGEST_US + 1)]}) is None
        assert second_of(**{name: [0, sign * 10**40]}) is None


def test_what_is_something_else_is_no_second() -> None:
    assert second_of() is not None
    assert second_of(sent_us=[True, 1]) is None
    assert flow_second(Observation(op="flow.plan", data=SECOND)) is None
