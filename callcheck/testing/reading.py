"""What `read` must keep to: pure, total on any part of a check's own observations, and honest about its sources."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from callcheck.api import Check, Claim, Evidence, Numbered, Observation

_STRONGEST = 3
_SUBSETS = 40
# Long runs are read in fewer parts: so many observations are read anew in all, but two parts of each kind at least.
_READ_ANEW = 6_000

Observations = Sequence[Numbered[Observation]]


def reading_problems(check: Check[Any], observations: Observations, chance: random.Random) -> Iterator[str]:
    """One line for each way in which `check.read` breaks its contract over these observations and parts of them."""
    try:
        kept = msgspec.json.encode([entry.value for entry in observations])
        replayed = msgspec.json.decode(kept, type=list[Observation])
    except (TypeError, msgspec.MsgspecError) as error:
        yield f"an observation is no JSON ({error})"
        return
    try:
        yield from _repeat_problems(check, observations, replayed)
        if msgspec.json.encode([entry.value for entry in observations]) != kept:
            yield "read changes the observations"
        for part in _parts(observations, chance):
            yield from _evidence_problems(check.read(part), part)
    except Exception as error:  # a plugin may raise anything; that is the finding
        yield f"read raises {type(error).__name__}: {error}"


def _repeat_problems(check: Check[Any], observations: Observations, replayed: Sequence[Observation]) -> Iterator[str]:
    first = list(check.read(observations))
    if list(check.read(observations)) != first:
        yield "read gives different evidence for the same observations"
    again = [Numbered(entry.seq, value) for entry, value in zip(observations, replayed, strict=True)]
    if list(check.read(again)) != first:
        yield "read gives different evidence after a replay from JSON"
    if any(evidence.strength for evidence in check.read(())):
        yield "read claims something without observations"


def _parts(observations: Observations, chance: random.Random) -> Iterator[Observations]:
    """All of them; all but one; a random half: at most _SUBSETS of either kind."""
    yield tuple(observations)
    subsets = min(len(observations), _SUBSETS, max(2, _READ_ANEW // max(1, len(observations))))
    for left_out in chance.sample(range(len(observations)), subsets):
        yield tuple(entry for number, entry in enumerate(observations) if number != left_out)
    for _ in range(subsets):
        yield tuple(entry for entry in observations if chance.random() < 0.5)


def _evidence_problems(all_evidence: Iterable[Evidence], observations: Observations) -> Iterator[str]:
    seqs = {entry.seq for entry in observations}
    for evidence in all_evidence:
        if not isinstance(evidence, Evidence) or evidence.claim not in set(Claim):
            yield "read gives something that is no evidence for a known claim"
            continue
        if not -_STRONGEST <= evidence.strength <= _STRONGEST:
            yield f"{evidence.claim}: strength {evidence.strength} is outside -3..3"
        if not set(evidence.seqs) <= seqs:
            yield f"{evidence.claim}: rests on observations that it was not given"
        if evidence.strength and not evidence.seqs:
            yield f"{evidence.claim}: names no observation that it rests on"
        if not evidence.group:
            yield f"{evidence.claim}: has no group"
        if not _is_json(evidence):
            yield f"{evidence.claim}: its facts are no JSON"


def _is_json(evidence: Evidence) -> bool:
    try:
        msgspec.json.encode(evidence)
    except (TypeError, msgspec.MsgspecError):
        return False
    return True
