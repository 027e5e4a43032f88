"""A run that went on behind another router is no run over one line."""

from __future__ import annotations

import pytest

from callcheck.model import Observation, Target
from callcheck.report.instrument import instrument_of
from tests.report.flow_made import a_flow


def asked(address: str, protocol: str = "icmp") -> Observation:
    return Observation(op="link.ping", target=Target(role="gateway", address=address, protocol=protocol))


FLOW = a_flow([30.0] * 100)


def test_another_router_makes_the_instrument_invalid() -> None:
    found = instrument_of([asked("192.168.1.1"), *FLOW, asked("192.168.43.1")])
    assert (found.events, found.valid) == (("route_changed",), False)
    assert instrument_of([asked("192.168.1.1"), asked("10.0.0.1")]).events == ("route_changed",)


@pytest.mark.parametrize("other", [asked("192.168.1.1"), asked("192.168.1.9", "dns"), Observation(op="link.ping")])
def test_the_same_router_or_another_resolver_does_not(other: Observation) -> None:
    found = instrument_of([asked("192.168.1.1"), *FLOW, other])
    assert (found.events, found.valid) == ((), True)
