"""Several rates to one endpoint: does what comes through stop at a ceiling, or is the loss ratio the same at each?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from callcheck.stats.distributions import chi_square_above
from callcheck.stats.intervals import Counted, Interval
from callcheck.stats.loss import fit_gilbert

FEWEST_STEPS: Final = 3
FEWEST_SATURATED: Final = 2
_GRID: Final = 300
_LEAST_FIT: Final = 0.01
_MOST_CHANCE: Final = 0.001
_HALF_CHI_SQUARE_95: Final = 1.9207  # of one degree of freedom: how far a likelihood may fall within a 95 % interval


class LadderStep(msgspec.Struct, frozen=True):
    """One rate: what was offered, at the layer of the given packet sizes, and what of it was lost."""

    offered_bps: float
    counted: Counted


class Saturation(msgspec.Struct, frozen=True):
    """A ceiling on what comes through against a constant loss ratio.

    `log_likelihood_ratio` is how much better the ceiling explains the losses, `chance` how likely constant loss gives
    as much; `fit_p` is small where the ceiling does not explain them either. `base_loss_ratio` is lost below the
    ceiling. `saturated` is the number of rates above the whole interval.
    """

    rate_bps: Interval
    base_loss_ratio: float
    log_likelihood_ratio: float
    chance: float
    fit_p: float
    saturated: int

    @property
    def saturates(self) -> bool:
        """At two rates, at least, the same came through, and constant loss does not explain it."""
        return self.chance <= _MOST_CHANCE and self.fit_p >= _LEAST_FIT and self.saturated >= FEWEST_SATURATED


def ladder_step(sent_us: Sequence[int], packet_bytes: Sequence[int], lost: Sequence[bool]) -> LadderStep | None:
    """A flow as a step: from behind its first loss on, since a full bucket lets everything through until then. All of a
    flow without loss; None where that leaves fewer than two packets."""
    first = next((index for index, is_lost in enumerate(lost) if is_lost), 0)
    flags, sizes = lost[first:], packet_bytes[first:]
    seconds = (sent_us[-1] - sent_us[first]) / 1e6 if flags else 0.0
    if seconds <= 0:
        return None
    fit = fit_gilbert(flags[1:])
    effect = fit.design_effect if fit is not None else 1.0
    return LadderStep(sum(sizes[1:]) * 8 / seconds, Counted(sum(flags[1:]), len(flags) - 1, effect))


def saturation(steps: Sequence[LadderStep]) -> Saturation | None:
    """The likeliest ceiling r: the share min(1 - base, r / offered) comes through at each step. Constant loss is the
    case without a ceiling, so that twice the log ratio is chi-square with one degree of freedom.

    Packets count for 1 / design effect each. Loss that changes while the rates do can look like a ceiling (3 % of
    simulated ladders of four rates, each with another loss ratio between 1 and 40 %), so it takes controls and another
    round to believe one. None with fewer than three steps or where nothing came through.
    """
    if len(steps) < FEWEST_STEPS or all(step.counted.count == step.counted.total for step in steps):
        return None
    constant, _ = _best_base(steps, math.inf)
    grid = _grid(steps)
    fits = [_best_base(steps, rate_bps) for rate_bps in grid]
    likelihood, base = max(fits)
    likely = [rate for rate, (height, _) in zip(grid, fits, strict=True) if height >= likelihood - _HALF_CHI_SQUARE_95]
    perfect = sum(_log_likelihood(step.counted, 1 - step.counted.ratio) for step in steps)
    gain = max(0.0, likelihood - constant)
    return Saturation(
        rate_bps=Interval(min(likely), max(likely)),
        base_loss_ratio=base,
        log_likelihood_ratio=gain,
        chance=chi_square_above(2 * gain, 1),
        fit_p=chi_square_above(2 * (perfect - likelihood), len(steps) - 2),
        saturated=sum(step.offered_bps > max(likely) for step in steps),
    )


def _grid(steps: Sequence[LadderStep]) -> list[float]:
    """Ceilings from half of the least that came through to the most that was offered, equally far apart as ratios."""
    came_bps = [step.offered_bps * (1 - step.counted.ratio) for step in steps]
    low, high = min(rate for rate in came_bps if rate) / 2, max(step.offered_bps for step in steps)
    return [low * (high / low) ** (place / _GRID) for place in range(_GRID + 1)]


def _best_base(steps: Sequence[LadderStep], rate_bps: float) -> tuple[float, float]:
    """Largest log likelihood under a ceiling, and the base loss ratio that gives it.

    The largest lies where the base is the loss of all steps below some rate, or where it meets the ceiling of a step.
    """
    shares = [min(1.0, rate_bps / step.offered_bps) for step in steps]
    return max(
        (_height(steps, shares, base), base) for base in (*_base_ratios(steps), *(1 - share for share in shares))
    )


def _base_ratios(steps: Sequence[LadderStep]) -> Iterator[float]:
    losses = packets = 0.0
    for step in sorted(steps, key=lambda step: step.offered_bps):
        losses += step.counted.count / step.counted.design_effect
        packets += step.counted.total / step.counted.design_effect
        yield losses / packets


def _height(steps: Sequence[LadderStep], shares: Sequence[float], base: float) -> float:
    return sum(_log_likelihood(step.counted, min(1 - base, share)) for step, share in zip(steps, shares, strict=True))


def _log_likelihood(counted: Counted, passed_ratio: float) -> float:
    """Of independent losses, with every packet worth 1 / design effect."""
    passed = counted.total - counted.count
    return (_times_log(counted.count, 1 - passed_ratio) + _times_log(passed, passed_ratio)) / counted.design_effect


def _times_log(count: int, ratio: float) -> float:
    if not count:
        return 0.0
    return count * math.log(ratio) if ratio > 0 else -math.inf
