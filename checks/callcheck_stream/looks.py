"""When a round has seen enough: looks at fixed times, for gross effects; more time where losses come in runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final

import msgspec

from callcheck.stats.intervals import Counted, newcombe
from callcheck.stats.looks import alpha_spent
from callcheck.stats.loss import fit_gilbert_all
from callcheck.stats.paired import Block, fold_blocks, sign_flip_p

# Seconds of a round at which to look for a gross effect.
LOOKS_S: Final = (10, 20, 30)
# What no congestion does to one of two flows that share every tick: only so much ends a round early.
GROSS_DIFFERENCE_RATIO: Final = 0.5
_ALPHA: Final = 0.01
# A new port needs so long to show whether it revives a flow that died.
_REVIVAL_S: Final = 4
# facts/inference.md 3.4: 30 s tell 2 from 10 % of loss for runs of up to four packets.
_LONG_RUN_PACKETS: Final = 3.0
_FEWEST_LOSSES: Final = 10
_MOST_LOSS_RATIO: Final = 0.5

_SPENT: Final = dict(zip(LOOKS_S, alpha_spent([second / LOOKS_S[-1] for second in LOOKS_S], _ALPHA), strict=True))

TimedLoss = tuple[Sequence[int], Sequence[bool]]
"""When the packets of one flow left, in microseconds, and which of them were lost."""


class Seen(msgspec.Struct, frozen=True):
    """A round so far: the flows of each service and of the controls since `origin_us`; for how many seconds a flow on a
    new port has been running (None: no flow has died)."""

    origin_us: int
    services: Mapping[str, Sequence[TimedLoss]]
    controls: Sequence[TimedLoss]
    revival_s: int | None


def is_time_to_look(second: int, usual_s: float) -> bool:
    """Whether `is_enough` may end a round at this second, unless it is at its longest."""
    return second in _SPENT or second >= usual_s


def is_enough(second: int, usual_s: float, longest_s: float, seen: Seen, random: Random) -> bool:
    """Whether a round that takes `usual_s`, and `longest_s` where losses come in runs, ends after `second` seconds."""
    if second >= longest_s:
        return True
    if second >= usual_s:
        return not _has_long_runs(seen)
    return second in _SPENT and _is_settled(second, seen, random)


def _is_settled(second: int, seen: Seen, random: Random) -> bool:
    """Every service is grossly worse than the controls, and a death was followed long enough."""
    if seen.revival_s is not None and seen.revival_s < _REVIVAL_S:
        return False
    controls = _blocks(seen.controls, seen.origin_us, second)
    services = [_blocks(flows, seen.origin_us, second) for flows in seen.services.values()]
    return bool(services) and all(_is_gross(service, controls, _SPENT[second], random) for service in services)


def _is_gross(service: Sequence[Block], controls: Sequence[Block], alpha: float, random: Random) -> bool:
    mine, others = _counted(service), _counted(controls)
    if not others.total or mine.ratio - others.ratio < GROSS_DIFFERENCE_RATIO:
        return False
    if mine.count == mine.total:
        return newcombe(mine, others, 1 - 2 * alpha).low > GROSS_DIFFERENCE_RATIO
    pairs = [(a.ratio - b.ratio) for a, b in zip(service, controls, strict=True) if a.sent and b.sent]
    return sign_flip_p(pairs, random) <= alpha


def _has_long_runs(seen: Seen) -> bool:
    for flows in (*seen.services.values(), seen.controls):
        series = [lost for _, lost in flows]
        fit = fit_gilbert_all(series)
        losses = sum(map(sum, series))
        if fit and losses >= _FEWEST_LOSSES and fit.mean_run > _LONG_RUN_PACKETS and fit.loss_ratio < _MOST_LOSS_RATIO:
            return True
    return False


def _blocks(flows: Iterable[TimedLoss], origin_us: int, blocks: int) -> tuple[Block, ...]:
    return fold_blocks(flows, origin_us=origin_us, blocks=blocks)


def _counted(blocks: Iterable[Block]) -> Counted:
    found = list(blocks)
    return Counted(sum(block.lost for block in found), sum(block.sent for block in found))
