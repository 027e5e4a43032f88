"""What the judge sees in the flows of a call: a cut-off, a speed limit, more loss than elsewhere."""

from __future__ import annotations

from callcheck.verdict.findings import Finding, Findings, Key
from callcheck.words import Claim, Mechanism, Outcome

CONTROLS_CARRY = Key(Claim.controls_carry)

TUNNEL = Key(Claim.tunnel_in_use)
POOR_LOSS = 0.03
HOPELESS_LOSS = 0.5
_CERTAIN = 3


def stream(service: str) -> Key:
    return Key(Claim.stream_carries, service, "calls")


def cut_off_at(service: str) -> Key:
    return Key(Claim.stream_cut_off, service, "calls")


def limited(service: str) -> Key:
    return Key(Claim.stream_rate_limited, service, "calls")


def loses_more(service: str) -> Key:
    return Key(Claim.stream_loses_more, service, "calls")


def independent(service: str) -> Key:
    return Key(Claim.loss_independent, service, "calls")


def cut_off(found: Findings, service: str) -> Finding | None:
    """Flows die after one number of packets or seconds at several rates and endpoints, new ports revive them, and the
    controls beside them live: a signature that no queue makes (DESIGN 2.2). A relay's own limit could look like it."""
    key = cut_off_at(service)
    if not found.says(key) or not found.says(CONTROLS_CARRY) or found.strength(TUNNEL) > 0:
        return None
    by_unit: dict[str, Mechanism] = {"packets": "cutoff_packets", "seconds": "cutoff_time"}
    is_certain = found.strength(key) == _CERTAIN
    return Finding(
        outcome=_outcome(found, service),
        causes={"selective": 0.93 if is_certain else 0.75, "service_outage": 0.05},
        mechanism=by_unit.get(found.word(key, "unit"), "unknown"),
        supporting=(key, stream(service), CONTROLS_CARRY, loses_more(service)),
        would_change=("another_network", "deeper_run"),
    )


def singled_out(found: Findings, service: str) -> Finding | None:
    """More loss than elsewhere, or a speed limit on it: suspicion, and never more without a second contrast."""
    more, limit = loses_more(service), limited(service)
    if not found.says(more) or found.strength(CONTROLS_CARRY) <= 0:
        return None
    policed = found.says(limit) and found.number(limit, "controls_limited") == 0
    random_drop = found.says(independent(service)) and not policed
    return Finding(
        outcome=_outcome(found, service),
        causes={"selective": 0.7 if policed or random_drop else 0.5, "service_outage": 0.15, "congestion": 0.1},
        mechanism="policing" if policed else "random_drop" if random_drop else "unknown",
        supporting=(more, limit, independent(service), stream(service), CONTROLS_CARRY),
        would_change=("another_network", "deeper_run"),
    )


def _outcome(found: Findings, service: str) -> Outcome:
    loss = found.number(stream(service), "loss_ratio")
    return "fails" if loss > HOPELESS_LOSS else "degraded" if loss > POOR_LOSS else "unknown"
