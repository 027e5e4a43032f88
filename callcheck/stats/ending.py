"""How a series that came through goes on: evenly, into silence, into steady loss, or through a stall that recovers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import Final

import msgspec

from callcheck.stats.change import best_split, change_point
from callcheck.stats.loss import steps_of

_CLEAR_CHANGE: Final = 10.0  # log likelihood ratio; a split off of a few packets cannot reach it


class Ending(msgspec.Struct, frozen=True):
    """The silence at the end of a series.

    `last_passed_index` is the last packet that came through; `silent_packets` behind it were all lost. `chance` is the
    probability that a series with the loss that was seen before ends in so long a silence or a longer one.
    """

    last_passed_index: int
    silent_packets: int
    chance: float


class Course(StrEnum):
    """What became of a series. `EVEN`: one chain of losses, however bursty, explains it from end to end. `SILENT_END`:
    it ends in silence, but too short a one to tell death from a stall."""

    EVEN = "even"
    NEVER_PASSED = "never_passed"
    DEATH = "death"
    SILENT_END = "silent_end"
    STEADY_LOSS = "steady_loss"
    STALL = "stall"


# Two seconds of a flow of 25 packets/s: shorter stalls are ordinary on radio links.
LEAST_SILENT_PACKETS: Final = 50


class _Chain(msgspec.Struct, frozen=True):
    """Steps seen of a Gilbert chain. With uniform priors, the chances of its future integrate over all chains that
    could have made them; where no run was seen one may still be long, so that a stall is not called death lightly."""

    into_loss: int
    stayed_received: int
    out_of_loss: int
    stayed_lost: int

    @classmethod
    def of(cls, flags: Sequence[bool]) -> _Chain:
        return cls(*steps_of(flags))

    @property
    def begins(self) -> float:
        """The chance that a loss follows a packet that came through."""
        return (self.into_loss + 1) / (self.into_loss + self.stayed_received + 2)

    def log_lasts(self, packets: int) -> float:
        """Log of the chance that a run which began has at least `packets` losses: a ratio of two beta functions."""
        lost, all_steps = self.stayed_lost + 1, self.stayed_lost + self.out_of_loss + 2
        more = packets - 1
        return math.lgamma(lost + more) - math.lgamma(lost) - math.lgamma(all_steps + more) + math.lgamma(all_steps)


def ending_of(lost: Sequence[bool]) -> Ending | None:
    """The silence at the end; None where no packet came through. `chance` is 1 where the last packet came through.

    If the loss clearly changed before the last packet that came through, the chance is that of the loss since then,
    where that is larger: silence is less of a surprise to a flow that lost much of late.
    """
    flags = [bool(is_lost) for is_lost in lost]
    if False not in flags:
        return None
    silent = flags[::-1].index(False)
    last_passed = len(flags) - 1 - silent
    if not silent:
        return Ending(last_passed, 0, 1.0)
    before = flags[: last_passed + 1]
    gain, split = best_split(before)
    chances = [_chance_of_silence(before[begin:], silent) for begin in ({0, split} if gain >= _CLEAR_CHANGE else {0})]
    return Ending(last_passed, silent, max(chances))


def _chance_of_silence(before: Sequence[bool], silent: int) -> float:
    """That a series like `before`, and as much longer as the silence is, ends in so many losses or more."""
    chain = _Chain.of(before)
    passed_share = before.count(False) / len(before)
    # The silence may have begun behind any packet, each with the chance that it lasts from there to the end.
    lasting = math.fsum(math.exp(chain.log_lasts(packets)) for packets in range(silent, silent + len(before)))
    return min(1.0, passed_share * chain.begins * lasting)


def course_of(
    lost: Sequence[bool], random: Random, *, alpha: float = 0.01, least_silent_packets: int = LEAST_SILENT_PACKETS
) -> Course:
    """Which course the series takes, each told from the even one at the level `alpha`.

    Death is silence to the end; a stall is a silence that ends; steady loss is a higher loss ratio from some packet on,
    with a stall taken out first.
    """
    flags = [bool(is_lost) for is_lost in lost]
    ending = ending_of(flags)
    if ending is None:
        return Course.NEVER_PASSED if flags else Course.EVEN
    if ending.chance <= alpha and ending.silent_packets >= least_silent_packets:
        return Course.DEATH
    rest = _without_stall(flags[: ending.last_passed_index + 1], alpha) + flags[ending.last_passed_index + 1 :]
    change = change_point(rest, random)
    if change is not None and change.p <= alpha and change.loss_after_ratio > change.loss_before_ratio:
        return Course.SILENT_END if change.loss_after_ratio == 1 else Course.STEADY_LOSS
    return Course.EVEN if len(rest) == len(flags) else Course.STALL


def _without_stall(flags: list[bool], alpha: float) -> list[bool]:
    """The series without its longest run of losses, if the rest makes a run of that length somewhere unlikely."""
    begin, packets = _longest_run(flags)
    rest = [*flags[:begin], *flags[begin + packets :]]
    if not packets or False not in rest:
        return flags
    chain = _Chain.of(rest)
    chance = rest.count(False) * chain.begins * math.exp(chain.log_lasts(packets))
    return rest if chance <= alpha else flags


def _longest_run(flags: Sequence[bool]) -> tuple[int, int]:
    """Index and length of the longest run of losses."""
    longest, begin, length = 0, 0, 0
    for index, is_lost in enumerate(flags, start=1):
        length = length + 1 if is_lost else 0
        if length > longest:
            longest, begin = length, index - length
    return begin, longest
