"""The near end, looked at once more as a run was continued: what it is now, and what it was when flows ran before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from callcheck.api import Claim, Evidence, Numbered, Observation

Seen = Sequence[Numbered[Observation]]

# What spoils a comparison spoils it for all that is read together, whenever it was seen: the sign of what is worse.
_WORSE: Mapping[Claim, int] = {
    Claim.tunnel_in_use: 1,
    Claim.tunnel_on_the_way: 1,
    Claim.filters_in_use: 1,
    Claim.device_busy: 1,
    Claim.gateway_healthy: -1,
    Claim.gateway_steady: -1,
}


def passes_of(observations: Seen) -> list[Seen]:
    """The observations of each pass, which begins with the way out."""
    begins = [place for place, one in enumerate(observations) if one.value.op == "link.route" and not one.value.form]
    return [observations[begin:end] for begin, end in pairwise([0, *begins[1:], len(observations)])]


def merged(passes: Iterable[Iterable[Evidence]]) -> list[Evidence]:
    """Each claim once: that of the last pass that makes it; where it spoils comparisons, the worst of all passes."""
    found: dict[tuple[str, str, Claim], Evidence] = {}
    for evidence in (one for claims in passes for one in claims):
        key = (evidence.service, evidence.function, evidence.claim)
        known, worse = found.get(key), _WORSE.get(evidence.claim, 0)
        if known is None or worse * evidence.strength >= worse * known.strength:
            found[key] = evidence
    return list(found.values())
