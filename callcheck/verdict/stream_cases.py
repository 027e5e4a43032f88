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
    loses_evenly,
    loses_more,
    path,
    stream,
)
from callcheck.words import Mechanism, Outcome

POOR_LOSS = 0.03
HOPELESS_LOSS = 0.5
_CERTAIN = 3
# What a call takes with its headers, at the rates of today's codecs (facts/calls-on-the-wire.md 2.3, 3.3).
CALL_KBPS = 60


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


def held_to_a_speed(found: Findings, service: str) -> Finding | None:
    """What comes through keeps one speed, at several rates, and less than a call needs: suspicion and no more, as a
    relay may well allow a stranger no more than that."""
    limit = limited(service)
    if found.strength(limit) < _CERTAIN or not _is_policed(found, service) or not _comparable(found):
        return None
    if found.number(limit, "limit_high_kbps") >= CALL_KBPS:
        return None
    return Finding(
        outcome="degraded",
        causes={"selective": 0.7, "service_outage": 0.2},
        mechanism="policing",
        supporting=(limit, loses_more(service), stream(service), CONTROLS_CARRY),
        against=(loses_evenly(service),) if found.strength(loses_evenly(service)) > 0 else (),
        would_change=("another_network", "deeper_run"),
    )


def singled_out(found: Findings, service: str) -> Finding | None:
    """More loss than elsewhere: suspicion, and more only with the second contrast of DESIGN 2.2, the same loss before a
    router that packets to other places reach."""
    more, limit, evenly = loses_more(service), limited(service), loses_evenly(service)
    if not found.says(more) or not _comparable(found):
        return None
    policed = _is_policed(found, service)
    random_drop = found.says(independent(service)) and not policed
    stands_before_a_hop = found.strength(evenly) <= -_CERTAIN and found.strength(stream(service)) < 0
    fits, speaks_against = _sides(found, says=(limit, independent(service)), denies=(stream(service), evenly))
    suspected = 0.93 if stands_before_a_hop else 0.7 if policed or random_drop else 0.5
    return Finding(
        outcome=_outcome(found, service),
        causes={"selective": suspected, "service_outage": 0.15, "congestion": 0.1}
        if not stands_before_a_hop
        else {"selective": suspected, "congestion": 0.04},
        mechanism="policing" if policed else "random_drop" if random_drop else "unknown",
        supporting=(more, *fits, CONTROLS_CARRY),
        against=speaks_against,
        would_change=("another_network", "deeper_run"),
    )


def _is_policed(found: Findings, service: str) -> bool:
    return found.says(limited(service)) and found.number(limited(service), "controls_limited") == 0


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
