"""What the judge sees in the flows of a call: a cut-off, a speed limit, more loss than elsewhere."""

from __future__ import annotations

from callcheck.verdict.findings import Finding, Findings, Key
from callcheck.verdict.keys import (
    CONTROLS,
    CONTROLS_CARRY,
    TUNNEL,
    cut_off_at,
    independent,
    limited,
    loses_more,
    path,
    stream,
)
from callcheck.words import Mechanism, Outcome

POOR_LOSS = 0.03
HOPELESS_LOSS = 0.5
_CERTAIN = 3


def cut_off(found: Findings, service: str) -> Finding | None:
    """Flows die after one number of packets or seconds at several rates and endpoints, new ports revive them, and the
    controls beside them live: a signature that no queue makes (DESIGN 2.2). A relay's own limit could look like it."""
    key = cut_off_at(service)
    if not found.says(key) or not _comparable(found):
        return None
    by_unit: dict[str, Mechanism] = {"packets": "cutoff_packets", "seconds": "cutoff_time"}
    is_certain = found.strength(key) == _CERTAIN
    fits, speaks_against = _sides(found, says=(loses_more(service),), denies=(stream(service),))
    route = path(service, "calls")
    return Finding(
        outcome="fails" if _loss(found, service) > HOPELESS_LOSS else "degraded",
        causes={"selective": 0.93 if is_certain else 0.75, "service_outage": 0.05},
        mechanism=by_unit.get(found.word(key, "unit"), "unknown"),
        where=found.where(route),
        supporting=(key, *fits, CONTROLS_CARRY, *((route,) if found.denies(route) else ())),
        against=speaks_against,
        would_change=("another_network", "deeper_run"),
    )


def singled_out(found: Findings, service: str) -> Finding | None:
    """More loss than elsewhere, or a speed limit on it: suspicion, and never more without a second contrast."""
    more, limit = loses_more(service), limited(service)
    if not found.says(more) or not _comparable(found):
        return None
    policed = found.says(limit) and found.number(limit, "controls_limited") == 0
    random_drop = found.says(independent(service)) and not policed
    fits, speaks_against = _sides(found, says=(limit, independent(service)), denies=(stream(service),))
    return Finding(
        outcome=_outcome(found, service),
        causes={"selective": 0.7 if policed or random_drop else 0.5, "service_outage": 0.15, "congestion": 0.1},
        mechanism="policing" if policed else "random_drop" if random_drop else "unknown",
        supporting=(more, *fits, CONTROLS_CARRY),
        against=speaks_against,
        would_change=("another_network", "deeper_run"),
    )


def _comparable(found: Findings) -> bool:
    """Whether neutral hosts answered and bore the same stream, over the person's own line."""
    return found.says(CONTROLS_CARRY) and not found.denies(CONTROLS) and found.strength(TUNNEL) <= 0


def _sides(
    found: Findings, *, says: tuple[Key, ...], denies: tuple[Key, ...]
) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """What fits the suspicion, where `says` should be said and `denies` denied, and what speaks against it."""
    expected = [(key, 1) for key in says] + [(key, -1) for key in denies]
    fits = tuple(key for key, sign in expected if sign * found.strength(key) > 0)
    return fits, tuple(key for key, sign in expected if sign * found.strength(key) < 0)


def _outcome(found: Findings, service: str) -> Outcome:
    loss = _loss(found, service)
    return "fails" if loss > HOPELESS_LOSS else "degraded" if loss > POOR_LOSS else "unknown"


def _loss(found: Findings, service: str) -> float:
    return found.number(stream(service), "loss_ratio")
