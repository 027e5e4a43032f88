"""Fits the judge's calibration on scored runs (DESIGN 7). Pure.

How often firm predictions err is counted: over the runs whose cause is known, each sign is held against the prediction
of the likeliest hypothesis of that cause. Then the leak and the sharpness are chosen under which the right causes are
given the largest chances. Families weigh alike, however many runs they have, and so do causes: the lab's mix of
scenarios is nobody's prior. What "likely" means is stated, not fitted: how many routers answer no ping is nothing that
a lab can tell.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, cast

import msgspec

from callcheck.lab.score.lines import Answer
from callcheck.model import Evidence, Instrument
from callcheck.verdict.calibration import Calibration
from callcheck.verdict.findings import Findings
from callcheck.verdict.hypotheses import HYPOTHESES
from callcheck.verdict.hypothesis import Chance
from callcheck.verdict.judge import causes_of, kept_shares
from callcheck.verdict.posterior import Seen, seen_of, weighed
from callcheck.verdict.signs import Sign
from callcheck.words import Function

FOLDS: Final = 5
# Which hypothesis is the likeliest depends on the calibration, so the counting is done anew with what it gave.
_TURNS: Final = 3
_LARGEST_ERROR: Final = 0.4
_LEAKS: Final = (0.02, 0.05, 0.1)
_SHARPNESS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_LEAST_CHANCE: Final = 0.001
_STRENGTHS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Case:
    """One function of one service in one run, and the causes that are right."""

    family: str
    function: Function
    seen: Seen
    kept: Mapping[str, float]
    causes: tuple[str, ...]


def case_of(family: str, evidence: Sequence[Evidence], instrument: Instrument, answer: Answer) -> Case | None:
    """What one answer teaches; None where there is no truth or no verdict."""
    if answer.truth is None or answer.said is None or answer.function not in HYPOTHESES:
        return None
    found, function = Findings(evidence), cast("Function", answer.function)
    causes = answer.truth.cause if not answer.is_early else (*answer.truth.cause, "unknown")
    kept = kept_shares(found, answer.service, function, instrument)
    return Case(family, function, seen_of(found, answer.service, function), kept, causes)


def fold_of(family: str) -> int:
    """Which part of the corpus a family belongs to, the same everywhere: a family is never in two."""
    return hashlib.sha256(family.encode()).digest()[0] % FOLDS


def fitted(cases: Sequence[Case], start: Calibration, made_from: str) -> Calibration:
    """The calibration that these cases ask for; `start` where there are none. Those of which nothing can be told, as
    "unknown" is right too, teach nothing."""
    told = [case for case in cases if "unknown" not in case.causes]
    if not told:
        return start
    families = len({case.family for case in told})
    told, weights = _merged(told, _weights(told))
    current = start
    for _ in range(_TURNS):
        current = _counted(told, weights, current, families)
    best = min(
        (
            msgspec.structs.replace(current, leak=leak, sharpness=sharpness)
            for leak, sharpness in product(_LEAKS, _SHARPNESS)
        ),
        key=lambda one: surprise(told, weights, one),
    )
    return msgspec.structs.replace(best, made_from=made_from)


def _merged(cases: Sequence[Case], weights: Sequence[float]) -> tuple[list[Case], list[float]]:
    """Cases that look the same to the judge once, with the weight of all of them. Most runs look like another."""
    alike: dict[object, tuple[Case, float]] = {}
    for case, weight in zip(cases, weights, strict=True):
        look = (case.function, case.causes, *case.kept.values(), *(tuple(one.items()) for one in _parts(case.seen)))
        alike[look] = (case, weight + (alike[look][1] if look in alike else 0.0))
    return [case for case, _ in alike.values()], [weight for _, weight in alike.values()]


def _parts(seen: Seen) -> tuple[Mapping[Sign, int], Mapping[Sign, int]]:
    """Which signs share a group matters to the weighing, and not what it is called."""
    order = {group: number for number, group in enumerate(dict.fromkeys(seen.groups.values()))}
    return seen.levels, {sign: order[group] for sign, group in seen.groups.items()}


def surprise(cases: Sequence[Case], weights: Sequence[float], calibration: Calibration) -> float:
    """The mean of -log of the chance given to what is right, in nats."""
    total = math.fsum(
        -weight * math.log(max(_LEAST_CHANCE, _chance(case, calibration)))
        for case, weight in zip(cases, weights, strict=True)
    )
    return total / math.fsum(weights)


def _chance(case: Case, calibration: Calibration) -> float:
    causes = causes_of(weighed(case.seen, HYPOTHESES[case.function], calibration), case.kept)
    return math.fsum(chance for cause, chance in causes.items() if cause in case.causes)


def _weights(cases: Iterable[Case]) -> list[float]:
    """Every cause weighs the same in all, and every family the same within its cause."""
    cases = list(cases)
    runs = Counter((case.causes[0], case.family) for case in cases)
    families: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        families[case.causes[0]].add(case.family)
    return [1 / (runs[case.causes[0], case.family] * len(families[case.causes[0]])) for case in cases]


def _counted(cases: Sequence[Case], weights: Sequence[float], calibration: Calibration, families: int) -> Calibration:
    right: dict[int, float] = defaultdict(float)
    wrong: dict[int, float] = defaultdict(float)
    for case, weight in zip(cases, weights, strict=True):
        for strength, agrees in _agreements(case, calibration):
            (right if agrees else wrong)[strength] += weight
    errors = [_with_half_more(wrong[strength], right[strength], families) for strength in _STRENGTHS]
    bounded = [min(_LARGEST_ERROR, error) for error in errors]
    # A firmer sign never errs more often.
    falling = (bounded[0], min(bounded[:2]), min(bounded))
    return msgspec.structs.replace(calibration, errors=falling)


def _agreements(case: Case, calibration: Calibration) -> Iterable[tuple[int, bool]]:
    """The strength of each sign that counted and was predicted for sure, and whether it said what was predicted."""
    hypotheses = HYPOTHESES[case.function]
    seen = weighed(case.seen, hypotheses, calibration)
    rivals = [one for one in hypotheses if one.cause in case.causes and one.name in seen.chances]
    if not rivals:
        return
    likeliest = max(rivals, key=lambda one: seen.chances[one.name])
    for sign, level in seen.levels.items():
        chance = likeliest.predicts.get(sign)
        if chance in {Chance.yes, Chance.no}:
            yield abs(level), (chance is Chance.yes) == (level > 0)


def _with_half_more(wrong: float, right: float, families: int) -> float:
    """The share of errors, with half a family more of either kind (Jeffreys' prior): what no family of the lab shows
    may still happen in the next."""
    share = wrong / (wrong + right) if wrong + right else 0.5
    return (share * families + 0.5) / (families + 1)


def likelihood_ratios(calibration: Calibration) -> Mapping[str, tuple[float, ...]]:
    """For each kind of prediction, how much more likely a sign of strength 3, 2, 1, -1, -2, -3 is made by it than by a
    hypothesis that predicts nothing: what a reader with another prior can use."""
    return {
        chance.value: tuple(round(math.exp(calibration.weight(level, chance)), 3) for level in (3, 2, 1, -1, -2, -3))
        for chance in Chance
    }
