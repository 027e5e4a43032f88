"""How losses lie in a series: runs, gaps, and a Gilbert chain fitted to them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

import msgspec

_FEWEST_LOSSES_FOR_GAPS: Final = 3


class GilbertFit(msgspec.Struct, frozen=True):
    """A chain of two states, received and lost (facts/inference.md 1.4). All ratios lie between 0 and 1.

    `loss_ratio` is counted. `mean_run` is the mean number of losses in a row, `burst_ratio` that number over what
    independent loss of the same ratio would give (McGowan 2005; 1 = independent, above 1 = bursty, below = regular).
    `design_effect` says how many packets are worth as much as one independent packet, for an estimate of the loss.
    """

    loss_after_received: float
    received_after_loss: float
    loss_ratio: float
    mean_run: float
    burst_ratio: float
    design_effect: float


class Steps(NamedTuple):
    """How often a series went from each state of a Gilbert chain to each."""

    into_loss: int
    stayed_received: int
    out_of_loss: int
    stayed_lost: int


def steps_of(lost: Sequence[bool]) -> Steps:
    """From each packet to the next."""
    flags = bytes(map(bool, lost))
    into_loss, out_of_loss = flags.count(b"\0\1"), flags.count(b"\1\0")
    before = flags[:-1]
    return Steps(into_loss, before.count(0) - into_loss, out_of_loss, before.count(1) - out_of_loss)


def loss_runs(lost: Sequence[bool]) -> tuple[int, ...]:
    """Lengths of the runs of losses, in order."""
    return tuple(sum(1 for _ in run) for is_lost, run in groupby(lost) if is_lost)


def gap_variation(lost: Sequence[bool]) -> float | None:
    """Coefficient of variation of the distances in packets from loss to loss; about sqrt(1 - loss ratio) where loss is
    independent. None with fewer than three losses."""
    at = [index for index, is_lost in enumerate(lost) if is_lost]
    if len(at) < _FEWEST_LOSSES_FOR_GAPS:
        return None
    gaps = [after - before for before, after in pairwise(at)]
    return statistics.pstdev(gaps) / statistics.fmean(gaps)


def fit_gilbert(lost: Sequence[bool]) -> GilbertFit | None:
    """The chain of one flow; None where it has no loss or nothing but loss."""
    return fit_gilbert_all([lost])


def fit_gilbert_all(series: Sequence[Sequence[bool]]) -> GilbertFit | None:
    """One chain for several flows; the end of a flow is no neighbour of the beginning of the next."""
    packets = sum(len(lost) for lost in series)
    losses = sum(sum(lost) for lost in series)
    if losses in {0, packets}:
        return None
    counted = [steps_of(lost) for lost in series]
    loss_after_received = _share(sum(one.into_loss for one in counted), sum(one.stayed_received for one in counted))
    received_after_loss = _share(sum(one.out_of_loss for one in counted), sum(one.stayed_lost for one in counted))
    # A state that nothing follows tells nothing about what follows it: its neighbours are taken to be independent.
    if loss_after_received is None:
        loss_after_received = 1 - received_after_loss if received_after_loss is not None else losses / packets
    if received_after_loss is None:
        received_after_loss = 1 - loss_after_received
    # A flow is worth no less than one independent packet, which also keeps a chain that never changes finite.
    packets_per_flow = packets / sum(1 for lost in series if lost)
    leaving = max(loss_after_received + received_after_loss, 1 / packets_per_flow)
    return GilbertFit(
        loss_after_received=loss_after_received,
        received_after_loss=received_after_loss,
        loss_ratio=losses / packets,
        mean_run=1 / received_after_loss if received_after_loss else losses / sum(len(loss_runs(s)) for s in series),
        burst_ratio=1 / leaving,
        design_effect=min(_design_effect(leaving), packets_per_flow),
    )


def design_effect_of(loss_ratio: float, mean_run: float) -> float:
    """(1 + rho) / (1 - rho) of a Gilbert chain with this loss ratio, below 1, and this mean number of losses in a row;
    1 where the runs are no longer than independent loss makes them (facts/inference.md 3.4)."""
    return _design_effect(1 / mean_run / (1 - loss_ratio))


def _design_effect(leaving: float) -> float:
    """`leaving` is the sum of both chances to change the state, 1 - rho; rho below 0 counts as 0."""
    rho = max(0.0, 1 - leaving)
    return (1 + rho) / (1 - rho)


def _share(hits: int, misses: int) -> float | None:
    return hits / (hits + misses) if hits + misses else None
