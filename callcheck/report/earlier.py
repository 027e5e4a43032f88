"""The run that another one continues at a greater depth: whether it may be continued, and what of it is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, get_args

import msgspec

from callcheck.engine.events import Event
from callcheck.locale import N_
from callcheck.report import journal
from callcheck.report.journal import Header
from callcheck.words import Depth

# After that the network may be another, and what is compared with each other no longer belongs together.
_LONGEST_AGE: Final = dt.timedelta(hours=1)
# A clock that was set a little back between the two runs is no reason to refuse.
_MOST_AHEAD: Final = dt.timedelta(minutes=1)
_DEPTHS: Final[Sequence[Depth]] = get_args(Depth)
_FORGOTTEN: Final = frozenset({"run_started", "run_finished"})


class EarlierError(ValueError):
    """The run cannot be continued. `template` is a sentence in English that can be translated, `values` its gaps;
    `is_usage` where another depth, and not another file, would do."""

    def __init__(self, template: str, *, is_usage: bool = False, **values: str) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values
        self.is_usage = is_usage


class Earlier(msgspec.Struct, frozen=True):
    """`events` are the run's, without its first and last. `depth` is that at which all of its checks ran: quick, where
    it was cut short. `planned` and `completed` name checks. `last_us` is the run time of its last event."""

    header: Header
    events: tuple[Event, ...]
    depth: Depth
    planned: frozenset[str]
    completed: frozenset[str]
    last_us: int

    def elapsed_us(self, now_utc: dt.datetime) -> int:
        """Run time at this moment: by the wall clock, whose start is known to the second, and never back in time."""
        return max(round((now_utc - _started(self.header)).total_seconds() * 1e6), self.last_us)


def earlier_run(events: Iterable[Event], *, depth: Depth, version: str, now_utc: dt.datetime) -> Earlier:
    """The run of these events, to be continued now at `depth` by this `version`. Raises EarlierError, JournalError."""
    taken = list(events)
    header = journal.read(taken).header
    age = now_utc - _started(header)
    if header.tool.version != version:
        raise EarlierError(
            N_("the earlier run is of callcheck {version}, and this is another one; begin a new run"),
            version=header.tool.version,
        )
    if age > _LONGEST_AGE:
        raise EarlierError(
            N_("the earlier run began more than an hour ago, and the network may be another by now; begin a new run")
        )
    if age < -_MOST_AHEAD:
        raise EarlierError(
            N_("the earlier run began in the future, if this computer's clock is right; begin a new run")
        )
    if _DEPTHS.index(depth) <= _DEPTHS.index(header.depth):
        raise EarlierError(
            N_("the earlier run has looked at depth {earlier} already; continue it with a greater --depth than that"),
            is_usage=True,
            earlier=header.depth,
        )
    return Earlier(
        header=header,
        events=tuple(_kept(taken, header.depth)),
        depth="quick" if any(_outcome(event) == "skipped" for event in taken) else header.depth,
        planned=frozenset(name for stage in header.plan for name in stage),
        completed=frozenset(_completed(taken, header.depth)),
        last_us=max(event.t_us for event in taken),
    )


def _started(header: Header) -> dt.datetime:
    try:
        started = dt.datetime.fromisoformat(header.started_utc)
    except ValueError:
        started = None
    if started is None or started.tzinfo is None:
        raise EarlierError(N_("the earlier run does not say when it began; begin a new run"))
    return started


def _kept(events: Iterable[Event], depth: Depth) -> Iterator[Event]:
    for event in events:
        if event.kind == "check_started" and depth == "quick":
            # At quick the first look is all that there is: nobody shall wait for a second one.
            yield msgspec.structs.replace(event, data={k: v for k, v in event.data.items() if k != "first_look"})
        elif event.kind not in _FORGOTTEN:
            yield event


def _completed(events: Iterable[Event], depth: Depth) -> set[str]:
    """Checks whose last pass came to its end; the first look of a longer run is not yet what the run wants of them."""
    looking: set[str] = set()
    completed: set[str] = set()
    for event in events:
        if event.kind == "check_started":
            is_look = event.data.get("first_look") is True and depth != "quick"
            (looking.add if is_look else looking.discard)(event.check)
        elif event.kind == "check_finished":
            is_whole = _outcome(event) == "completed" and event.check not in looking
            (completed.add if is_whole else completed.discard)(event.check)
    return completed


def _outcome(event: Event) -> object:
    return event.data.get("outcome") if event.kind == "check_finished" else None
