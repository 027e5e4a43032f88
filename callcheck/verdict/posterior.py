"""How likely each hypothesis is, given the signs. Pure (facts/inference.md 3.7).

log P(h | signs) = log prior + the sum over groups of the weight of one sign each: signs of one group share a source of
failure, and the one that tells the hypotheses apart best speaks for it. What is missing weighs nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from callcheck.verdict.calibration import Calibration
from callcheck.verdict.findings import Findings
from callcheck.verdict.hypotheses import LEAKS
from callcheck.verdict.hypothesis import Hypothesis
from callcheck.verdict.signs import Sign, group_of, levels_of
from callcheck.words import Function


class Seen(msgspec.Struct, frozen=True):
    """The signs of which anything is known: their levels (-3..3), and the group of each."""

    levels: Mapping[Sign, int]
    groups: Mapping[Sign, str]


class Weighed(msgspec.Struct, frozen=True):
    """The chance of each hypothesis, the leaks among them, and the signs that counted: their levels, and what each adds
    to the log odds of a hypothesis."""

    chances: Mapping[str, float]
    levels: Mapping[Sign, int]
    weights: Mapping[str, Mapping[Sign, float]]

    @property
    def ranking(self) -> list[str]:
        return sorted(self.chances, key=lambda name: -self.chances[name])


def seen_of(found: Findings, service: str, function: Function) -> Seen:
    levels = levels_of(found, service, function)
    return Seen(levels, {sign: group_of(found, service, function, sign) for sign in levels})


def weighed(seen: Seen, hypotheses: Sequence[Hypothesis], calibration: Calibration) -> Weighed:
    """`hypotheses` with the leaks among them, weighed by all that is seen of the service and the network. What nobody
    looked for is not among the chances: it is no part of the verdict, and said beside it."""
    levels = seen.levels
    everything = (*(one for one in hypotheses if not one.tells or one.tells & levels.keys()), *LEAKS)
    weights = {
        one.name: {sign: calibration.weight(level, one.predicts.get(sign)) for sign, level in levels.items()}
        for one in everything
    }
    counted = _one_a_group(seen, weights)
    scores = {
        one.name: math.log(calibration.leak if one in LEAKS else one.prior)
        + calibration.sharpness * math.fsum(weights[one.name][sign] for sign in counted)
        for one in everything
    }
    return Weighed(
        _normalised(scores),
        {sign: levels[sign] for sign in counted},
        {name: {sign: some[sign] for sign in counted} for name, some in weights.items()},
    )


def _one_a_group(seen: Seen, weights: Mapping[str, Mapping[Sign, float]]) -> list[Sign]:
    groups: dict[str, list[Sign]] = defaultdict(list)
    for sign, group in seen.groups.items():
        groups[group].append(sign)
    chosen = {max(signs, key=lambda sign: _spread(sign, weights)) for signs in groups.values()}
    return [sign for sign in seen.levels if sign in chosen]


def _spread(sign: Sign, weights: Mapping[str, Mapping[Sign, float]]) -> float:
    values = [some[sign] for some in weights.values()]
    return max(values) - min(values)


def _normalised(scores: Mapping[str, float]) -> dict[str, float]:
    largest = max(scores.values())
    shares = {name: math.exp(score - largest) for name, score in scores.items()}
    total = math.fsum(shares.values())
    return {name: share / total for name, share in shares.items()}
