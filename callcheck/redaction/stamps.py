"""The times of a flow's packets for a redacted report: where they were due, and how long the answers took, coarse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Annotated, Final

import msgspec

from callcheck.model import Json
from callcheck.redaction.allowlist import LARGEST_STAMP_US, STAMP_STEP_US
from callcheck.redaction.coarse import on_grid

_US_PER_S: Final = 1_000_000
_LARGEST_RATE_PPS: Final = 250.0
_SMALLEST_RATE_PPS: Final = 0.1
# Delays are told in steps of 5 ms, and from 100 ms on with two significant digits.
_FINE_US, _FINE_TO_US = 5_000, 100_000
_MIDDLE_US, _MIDDLE_TO_US = 10_000, 1_000_000


@lru_cache(maxsize=16)
def _dithers(step_us: int) -> tuple[int, ...]:
    """By a random byte, what is added to a delay before it is cut to its step. It is three steps wide: with one, ten
    packets would often enough have the same delays in two exports, and tell that these are of one run."""
    return tuple((0, -step_us, step_us)[byte % 3] + (2 * (byte // 3) + 1) * step_us // 172 for byte in range(256))


_FINE_DITHERS: Final = _dithers(_FINE_US)
_MIDDLE_DITHERS: Final = _dithers(_MIDDLE_US)


_Time = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_STAMP_US)]


class _Times(msgspec.Struct, frozen=True):
    """Of a second of a flow."""

    scheduled_us: list[_Time]
    sent_us: list[_Time]
    received_us: list[_Time | None]


def coarse_stamps(data: Mapping[str, Json], dither_us: int, random: Random) -> dict[str, Json]:
    """`scheduled_us`, `sent_us` and `received_us` of one second of a flow; {} where they are not in step.

    The first packet is told to 0.1 s of the run, the others follow at the flow's rate, to 0.1 packets a second: the
    same for every run, without how late this machine was. An answer comes after its delay, at random at most two steps
    off: steps of 5 ms, of 10 ms from 100 ms on, of 100 ms from 1 s on. When an answer was read, and when the flow
    began, is not told at all.
    """
    try:
        times = msgspec.convert(data, _Times)
    except msgspec.ValidationError:
        return {}
    due, sent, received = times.scheduled_us, times.sent_us, times.received_us
    if not 0 < len(due) == len(sent) == len(received):
        return {}
    begin_us = on_grid(due[0], STAMP_STEP_US, dither_us)
    nominal = _nominal(begin_us, len(due), _rate_pps(due))
    answers = _answers(nominal, sent, received, random.randbytes(len(due)))
    if nominal[-1] > LARGEST_STAMP_US or max(filter(None, answers), default=0) > LARGEST_STAMP_US:
        return {}
    return {"scheduled_us": nominal, "sent_us": nominal, "received_us": answers}


def _rate_pps(due_us: Sequence[int]) -> float:
    """To 0.1 a second. Of a single packet there is none, and any will do."""
    lasted_us = due_us[-1] - due_us[0]
    rate_pps = round((len(due_us) - 1) * _US_PER_S / lasted_us, 1) if lasted_us > 0 else _SMALLEST_RATE_PPS
    return min(max(rate_pps, _SMALLEST_RATE_PPS), _LARGEST_RATE_PPS)


# The flows of one round have their seconds in common.
@lru_cache(maxsize=256)
def _nominal(begin_us: int, packets: int, rate_pps: float) -> list[int]:
    return [begin_us + round(number * _US_PER_S / rate_pps) for number in range(packets)]


def _answers(
    nominal_us: Sequence[int], sent_us: Sequence[int], received_us: Sequence[int | None], chance: bytes
) -> list[int | None]:
    # A deep run has tens of thousands of packets, so that what `_delay_us` does with most of them is written out here.
    return [
        None
        if came is None
        else due + (delay + _FINE_DITHERS[byte]) // _FINE_US * _FINE_US
        if _FINE_US < (delay := came - left) < _FINE_TO_US - 2 * _FINE_US and delay % _FINE_US
        else due + (delay + _MIDDLE_DITHERS[byte]) // _MIDDLE_US * _MIDDLE_US
        if _FINE_TO_US + _MIDDLE_US < delay < _MIDDLE_TO_US - 2 * _MIDDLE_US and delay % _MIDDLE_US
        else due + _delay_us(max(0, delay), byte)
        for due, left, came, byte in zip(nominal_us, sent_us, received_us, chance, strict=True)
    ]


def _delay_us(delay_us: int, byte: int) -> int:
    """A delay on the steps stays; another goes to one of the four around it, and is right on average."""
    step_us = _step_us(delay_us)
    if delay_us % step_us == 0:
        return delay_us
    kept_us = max(0, (delay_us + _dithers(step_us)[byte]) // step_us * step_us)
    # Beyond a limit the steps are larger.
    return kept_us // _step_us(kept_us) * _step_us(kept_us)


@lru_cache(maxsize=4096)
def _step_us(delay_us: int) -> int:
    return _FINE_US if delay_us < _FINE_TO_US else int(10 ** (len(str(delay_us)) - 2))
