"""The stages of a direction's entries, joined to the paths that packets take through them."""

from collections.abc import Sequence

from callcheck.lab.wire import chance
from callcheck.lab.wire.concern import Concern, covers
from callcheck.lab.wire.delays import Jitter, Stall
from callcheck.lab.wire.limits import Policer, Queue
from callcheck.lab.wire.loss import GilbertElliott, Share
from callcheck.lab.wire.order import Reorder
from callcheck.lab.wire.spec_entry import ALWAYS, Entry

Counts = dict[str, int | float | bool]


class Stages:
    """What an entry has of each stage; absent where the entry does not speak of it."""

    __slots__ = (
        "chain",
        "concern",
        "delay_ns",
        "duplicate",
        "entry",
        "jitter",
        "loss",
        "policer",
        "queue",
        "reorder",
        "stall",
    )

    def __init__(self, entry: Entry, *, seed: int, wire: str, direction: str, number: int) -> None:
        source = chance.key(seed, wire, direction, number)
        self.entry = entry
        self.concern = Concern(entry, source + b":bundle")
        self.loss = Share(entry.loss, source + b":loss") if entry.loss else None
        self.chain = GilbertElliott(entry.ge, source + b":ge") if entry.ge else None
        self.policer = Policer(entry.police_kbps, entry.burst_kb) if entry.police_kbps else None
        self.queue = Queue(entry.rate_kbps, entry.queue_kb) if entry.rate_kbps else None
        self.stall = _stall(entry, chance.key(seed, wire, "stall", number)) if entry.stall_ms else None
        self.delay_ns = round(entry.delay_ms * 1e6)
        self.jitter = Jitter(entry.jitter_ms, source + b":jitter") if entry.jitter_ms else None
        self.reorder = Reorder(entry.reorder, entry.reorder_ms, source + b":reorder") if entry.reorder else None
        self.duplicate = Share(entry.duplicate, source + b":duplicate") if entry.duplicate else None

    def counts(self) -> Counts:
        """Plain JSON. A packet to which several things were done is in `hits` once for each."""
        happened = {
            "lost": sum(model.count for model in (self.loss, self.chain) if model),
            "policed": self.policer.dropped if self.policer else 0,
            "queue_drops": self.queue.dropped if self.queue else 0,
            "queued": self.queue.queued if self.queue else 0,
            "held": self.stall.held if self.stall else 0,
            "reordered": self.reorder.reordered if self.reorder else 0,
            "duplicated": self.duplicate.count if self.duplicate else 0,
        }
        # A rate is no fault that must be met: a line that is not full is as good as any.
        faults = (self.loss, self.chain, self.policer, self.stall, self.reorder, self.duplicate)
        return {
            "asks": any(fault is not None for fault in faults),
            "hits": sum(happened.values()),
            **happened,
            "loss": self.entry.loss,
            "max_wait_ms": self.queue.max_wait_ns / 1e6 if self.queue else 0.0,
        }


class Plan:
    """What a path does to a packet while the same of its entries are in force. Times in ns since the wires came up."""

    __slots__ = (
        "_chains",
        "_jitters",
        "_losses",
        "_policers",
        "_queues",
        "_stalls",
        "delay_ns",
        "duplicates",
        "reorders",
    )

    def __init__(self, stages: Sequence[Stages], in_force: Sequence[bool]) -> None:
        on = [stage for stage, is_on in zip(stages, in_force, strict=True) if is_on]
        self._losses = [stage.loss for stage in on if stage.loss]
        self._chains = [stage.chain for stage in on if stage.chain]
        self._policers = [stage.policer for stage in on if stage.policer]
        self._queues = _queues_in_order(stages, on)
        self._stalls = [stage.stall for stage in on if stage.stall]
        self._jitters = [stage.jitter for stage in on if stage.jitter]
        self.delay_ns = sum(stage.delay_ns for stage in on)
        self.reorders = [stage.reorder for stage in on if stage.reorder]
        self.duplicates = [stage.duplicate for stage in on if stage.duplicate]

    @property
    def is_plain(self) -> bool:
        faults = (self._losses, self._chains, self._policers, self._queues, self._stalls, self._jitters)
        return not any((*faults, self.reorders, self.duplicates))

    def leaves_ns(self, since_start_ns: int, size_bytes: int, number: int) -> int | None:
        """When a packet leaves if none is before it, or None if it is lost."""
        if self._loses(number):
            return None
        for policer in self._policers:
            if not policer.passes(since_start_ns, size_bytes):
                return None
        at_ns = self._left_queues_ns(since_start_ns, size_bytes)
        if at_ns is None:
            return None
        for stall in self._stalls:
            at_ns = stall.released_ns(at_ns)
        for jitter in self._jitters:
            at_ns += jitter.extra_ns(since_start_ns)
        return at_ns + self.delay_ns

    def _loses(self, number: int) -> bool:
        lost_by: Share | GilbertElliott | None = None
        for loss in self._losses:
            if loss.takes(number):
                lost_by = loss
                break
        for chain in self._chains:  # each goes on by a step, whoever loses the packet
            if chain.takes_next() and lost_by is None:
                lost_by = chain
        if lost_by is None:
            return False
        lost_by.count += 1
        return True

    def _left_queues_ns(self, since_start_ns: int, size_bytes: int) -> int | None:
        at_ns, left_ns = since_start_ns, [since_start_ns]
        for queue, is_on, before in self._queues:
            into_ns = left_ns[before]
            out_ns = queue.leaves_ns(into_ns, size_bytes) if is_on else queue.passed_ns(into_ns)
            if out_ns is None:
                return None
            left_ns.append(out_ns)
            at_ns += out_ns - into_ns
        return at_ns


class Path:
    """The stages that packets go through which concern the same entries. First in is first out."""

    __slots__ = ("_is_timed", "_plans", "_stages", "last_ns", "plain_delay_ns")

    def __init__(self, stages: Sequence[Stages]) -> None:
        self._stages = stages
        self._is_timed = any(stage.entry.when != ALWAYS for stage in stages)
        self._plans: dict[tuple[bool, ...], Plan] = {}
        plan = self.plan(0)
        self.plain_delay_ns = plan.delay_ns if plan.is_plain and not self._is_timed else None  # None: ask the plan
        self.last_ns = 0

    def plan(self, since_start_ns: int) -> Plan:
        in_force: tuple[bool, ...] = ()
        if self._is_timed:
            in_force = tuple([stage.entry.when.holds(since_start_ns) for stage in self._stages])
        plan = self._plans.get(in_force)
        if plan is None:
            plan = self._plans[in_force] = Plan(self._stages, in_force or [True] * len(self._stages))
        return plan


def _queues_in_order(stages: Sequence[Stages], on: Sequence[Stages]) -> list[tuple[Queue, bool, int]]:
    """The queues of a path, each with whether its rate is in force and the place of the one that feeds it, 0 for none.

    A queue is fed by the last one before it that takes all its packets, so that it sees them in the order of their
    times. Queues that share some packets only stand side by side, and what they add to a packet's time adds up.
    """

    def rank(stage: Stages) -> int:
        return sum(covers(other.entry, stage.entry) for other in stages)

    ordered = sorted((stage for stage in stages if stage.queue), key=rank)
    queues: list[tuple[Queue, bool, int]] = []
    for place, stage in enumerate(ordered):
        feeders = [n + 1 for n, other in enumerate(ordered[:place]) if covers(other.entry, stage.entry)]
        if stage.queue:
            queues.append((stage.queue, stage in on, max(feeders, default=0)))
    return queues


def _stall(entry: Entry, source: bytes) -> Stall:
    # The direction is no part of the source: a radio that is away is away in both.
    return Stall(entry.stall_ms, entry.stall_every_ms, round(chance.uniform(source, 0) * entry.stall_every_ms * 1e6))
