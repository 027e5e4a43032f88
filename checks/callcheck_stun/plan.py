"""How much is asked at each depth, and in which rhythm."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callcheck.api import Depth


@dataclass(frozen=True, slots=True)
class Plan:
    """Questions a target by form, each on a source port of its own. One address is asked every `spacing_s` at most,
    whatever its ports; no question begins that could not wait `timeout_s` before `ends_s` (since the start)."""

    cookie: int
    classic: int
    hello: int
    by_tcp: int
    spacing_s: float
    timeout_s: float
    ends_s: float


# Politeness allows ten questions a second; another check may ask the same host beside this one.
_PLANS: dict[Depth, Plan] = {
    "quick": Plan(cookie=3, classic=2, hello=3, by_tcp=1, spacing_s=0.11, timeout_s=1.5, ends_s=3.2),
    "standard": Plan(cookie=5, classic=3, hello=3, by_tcp=2, spacing_s=0.2, timeout_s=1.5, ends_s=7.5),
    "deep": Plan(cookie=8, classic=5, hello=4, by_tcp=3, spacing_s=0.25, timeout_s=1.5, ends_s=11.3),
}


def plan_for(depth: Depth, *, asks: int, timeout_s: float) -> Plan:
    """The depth's plan; `asks` above 0 sets how many questions with the cookie a host gets."""
    plan = replace(_PLANS[depth], timeout_s=timeout_s)
    return replace(plan, cookie=asks, classic=min(asks, plan.classic)) if asks > 0 else plan
