"""What several claims need: who is informative, who stands for the line, and blocks of the same seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from callcheck.stats.paired import Block, fold_blocks
from callcheck_stream.series import Part, Series

FEWEST_CONTROLS = 2
# The parts in which each arm has what a call has: the ladder's rates are nobody else's.
CALL_PARTS: frozenset[Part] = frozenset({"stream", "single", "twins"})
_US_PER_S = 1_000_000


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


def blocks_of(streams: Sequence[Series], *, origin_us: int, seconds: int) -> tuple[Block, ...]:
    """The packets of some flows in blocks of a second from `origin_us`."""
    return fold_blocks(((stream.sent_us, stream.lost) for stream in streams), origin_us=origin_us, blocks=seconds)


def undisturbed(arms: Sequence[Sequence[Block]], streams: Iterable[Series], *, origin_us: int) -> list[list[Block]]:
    """The arms with nothing in the seconds in which some flow stood still: what all arms send in a burst after that
    meets queues and limits that no call would meet."""
    late = {(at_us - origin_us) // _US_PER_S for stream in streams for at_us in stream.disturbed_us}
    return [[Block(0, 0) if number in late else block for number, block in enumerate(arm)] for arm in arms]


def span_of(streams: Sequence[Series]) -> tuple[int, int]:
    """When the first packet of these flows left, and how many whole seconds lie between it and the last one."""
    times = [at_us for stream in streams for at_us in stream.sent_us]
    if not times:
        return 0, 0
    return min(times), (max(times) - min(times)) // _US_PER_S


def seqs_of(streams: Iterable[Series]) -> tuple[int, ...]:
    return tuple(sorted(seq for stream in streams for seq in stream.seqs))
