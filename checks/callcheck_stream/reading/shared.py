"""What several claims need: who is informative, who stands for the line, and blocks of the same seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from callcheck.stats.paired import Block, fold_blocks
from callcheck_stream.series import Series

if TYPE_CHECKING:
    from callcheck_stream.plan import Part

T = TypeVar("T")

FEWEST_CONTROLS = 2
# A saved run is read again with the same result.
SEED: Final = 20_260_821
_ROUNDS_FOR_SURE: Final = 2
# The parts in which each arm has what a call has: the ladder's rates are nobody else's.
CALL_PARTS: frozenset[Part] = frozenset({"stream", "single", "twins"})
US_PER_S: Final = 1_000_000


def informative(streams: Sequence[Series]) -> list[Series]:
    """Flows whose silence would mean something: the form is confirmed for the kind, or answered in this run.

    That a host answers a short question does not say that it answers a padded one, so a flow that brought nothing at
    all counts only where another of its kind, asked in the same form, brought something.
    """
    answering = {stream.asked_for for stream in streams if stream.received}
    return [
        stream
        for stream in streams
        if stream.asked_for in answering or stream.target.answers.get(stream.form) == "confirmed"
    ]


def subjects_of(streams: Iterable[Series], service: str) -> list[Series]:
    return [stream for stream in streams if stream.target.role == "subject" and stream.target.service == service]


def controls_of(streams: Iterable[Series]) -> list[Series]:
    return [stream for stream in streams if stream.target.role == "control"]


def by_endpoint(streams: Iterable[Series]) -> Mapping[str, list[Series]]:
    found: dict[str, list[Series]] = defaultdict(list)
    for stream in streams:
        found[stream.target.endpoint].append(stream)
    return found


def by_round(streams: Iterable[Series]) -> Mapping[int, list[Series]]:
    found: dict[int, list[Series]] = defaultdict(list)
    for stream in streams:
        found[stream.round].append(stream)
    return found


def compared_by_round(
    compare: Callable[[Sequence[Series], Sequence[Series]], T | None],
    streams: Iterable[Series],
    controls: Iterable[Series],
) -> list[T]:
    """What `compare` makes of the flows of each round and the controls beside them, in the order of the rounds; without
    those that cannot be compared."""
    beside = by_round(controls)
    found = (compare(own, beside.get(number, [])) for number, own in sorted(by_round(streams).items()))
    return [one for one in found if one is not None]


def strength_over(rounds_held: int, *, is_small: bool) -> int:
    """How firmly a difference is claimed that so many rounds showed; denied where every round says it `is_small`."""
    if rounds_held:
        return 3 if rounds_held >= _ROUNDS_FOR_SURE else 2
    return -2 if is_small else 0


def blocks_of(streams: Sequence[Series], *, origin_us: int, seconds: int) -> tuple[Block, ...]:
    """The packets of some flows in blocks of a second from `origin_us`."""
    return fold_blocks(((stream.sent_us, stream.lost) for stream in streams), origin_us=origin_us, blocks=seconds)


def disturbed_seconds(streams: Iterable[Series], origin_us: int) -> frozenset[int]:
    """The seconds from `origin_us` on in which some flow stood still: what all arms send in a burst after that meets
    queues and limits that no call would meet, so that nothing is compared in them."""
    return frozenset((at_us - origin_us) // US_PER_S for stream in streams for at_us in stream.disturbed_us)


def span_of(streams: Sequence[Series]) -> tuple[int, int]:
    """When the first packet of these flows left, and how many whole seconds lie between it and the last one."""
    times = [at_us for stream in streams for at_us in stream.sent_us]
    if not times:
        return 0, 0
    first_us = min(times)
    return first_us, (max(times) - first_us) // US_PER_S


def seqs_of(streams: Iterable[Series]) -> tuple[int, ...]:
    return tuple(sorted(seq for stream in streams for seq in stream.seqs))
