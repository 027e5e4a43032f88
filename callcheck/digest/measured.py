"""What the packets of a call met, side by side: services and neutral hosts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import median

from callcheck.digest.course import CONTROLS, Call, Moment
from callcheck.digest.model import Measured
from callcheck.locale import N_, translator
from callcheck.quality.loss import loss_bounds
from callcheck.verdict.names import service_name

_CALL_PART = "stream"


def measured_of(call: Call, language: str) -> tuple[Measured, ...]:
    """A row for each side of the rounds that were played like a call; doubled packets and rising speeds are none."""
    rows = (_row(side, list(_moments(call, side)), language) for side in call.sides())
    return tuple(filter(None, rows))


def _moments(call: Call, side: str) -> Iterator[Moment]:
    return chain.from_iterable(one.moments(side) for one in call.rounds if one.part == _CALL_PART)


def _row(side: str, moments: Sequence[Moment], language: str) -> Measured | None:
    sent = sum(moment.sent for moment in moments)
    if not sent:
        return None
    received = sum(moment.received for moment in moments)
    bounds = loss_bounds(*_packets(moments))
    delays = sorted(moment.delay_ms for moment in moments if moment.delay_ms is not None)
    return Measured(
        service=side,
        name=translator(language)(N_("neutral servers")) if side == CONTROLS else service_name(side),
        sent=sent,
        received=received,
        loss_ratio=1 - received / sent,
        loss_low_ratio=bounds.low,
        loss_high_ratio=bounds.high,
        delay_low_ms=delays[0] if delays else None,
        delay_ms=median(delays) if delays else None,
        delay_high_ms=delays[-1] if delays else None,
    )


def _packets(moments: Sequence[Moment]) -> tuple[list[int], list[bool]]:
    """The second in which each packet left, in microseconds, and whether it is gone: losses come in bursts, so that
    packets of one second are worth less than their number."""
    sent_us: list[int] = []
    gone: list[bool] = []
    for second, moment in enumerate(moments):
        sent_us += [second * 1_000_000] * moment.sent
        gone += [True] * (moment.sent - moment.received) + [False] * moment.received
    return sent_us, gone
