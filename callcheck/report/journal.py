"""The journal read as a whole: its header, what was observed, how each check ended (DESIGN 5.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol, TypeVar

import msgspec

from callcheck.engine.events import JOURNAL_SCHEMA, CheckOutcome, Event, JournalError
from callcheck.locale import N_
from callcheck.model import Json, SavedObservation, Tool
from callcheck.report import versions
from callcheck.report.limits import LAST_PORT, LONGEST_US, beyond
from callcheck.words import Depth

T = TypeVar("T")


class _Decode(Protocol):
    def __call__(self, data: dict[str, Json], shape: type[T], /) -> T: ...


__all__ = ["LONGEST_US", "Ending", "Header", "Journal", "read", "read_saved"]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `run_started`. `plan` is stages of check names; `started_utc` is ISO 8601 in UTC;
    `problems` are lines about plugins that could not be used."""

    schema: str
    run_id: str
    started_utc: str
    depth: Depth
    tool: Tool
    catalogue_as_of: str = ""
    plan: tuple[tuple[str, ...], ...] = ()
    problems: tuple[str, ...] = ()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `check_finished`."""

    outcome: CheckOutcome
    note: str = ""


class _RunEnding(msgspec.Struct, frozen=True, kw_only=True):
    complete: bool


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """`checks` holds every check that is planned, started or observed something, in the order of the plan, then of
    appearance. `observations` are those that count: where a check ran again as the run was continued, only the newest
    of its passes that came to its end, or all of them where none did."""

    header: Header
    checks: tuple[str, ...]
    started: frozenset[str]
    observations: tuple[SavedObservation, ...]
    endings: Mapping[str, Ending]
    complete: bool
    duration_us: int


def read(events: Iterable[Event]) -> Journal:
    """Read a run's events, live or replayed: by way of JSON, so that both read the same. Raises JournalError where they
    are not one run of this schema."""
    return _read(events, _by_way_of_json)


def read_saved(events: Iterable[Event]) -> Journal:
    """As `read`, of events that were decoded from JSON: theirs are JSON values already."""
    return _read(events, msgspec.convert)


def _read(events: Iterable[Event], decode: _Decode) -> Journal:
    taken = list(events)
    if not taken or taken[0].kind != "run_started":
        raise JournalError(N_("the journal does not begin with run_started"))
    header = _header(taken[0], decode)
    _check_order(taken)
    endings = {event.check: _data(event, Ending, decode) for event in taken if event.kind == "check_finished"}
    observed = tuple(_that_count(taken, decode))
    run_endings = [_data(event, _RunEnding, decode) for event in taken if event.kind == "run_finished"]
    started = [event.check for event in taken if event.kind == "check_started"]
    planned = [name for stage in header.plan for name in stage]
    heard = [observation.check for observation in observed]
    return Journal(
        header=header,
        checks=tuple(dict.fromkeys([*planned, *started, *heard])),
        started=frozenset(started),
        observations=observed,
        endings=endings,
        complete=bool(run_endings) and run_endings[-1].complete,
        duration_us=max(0, *(event.t_us for event in taken)),
    )


def _header(event: Event, decode: _Decode) -> Header:
    if (reason := versions.why_not(event.data.get("schema"), JOURNAL_SCHEMA)) is not None:
        raise JournalError(reason[0], **reason[1])
    header = _data(event, Header, decode)
    if any(map(beyond, header.tool.plugins)):
        raise JournalError(N_("the journal's header names a plugin of a kind that there is not"))
    return header


def _check_order(events: list[Event]) -> None:
    """Numbers never fall, and no two observations share one: evidence points at observations by number."""
    for event in events:
        if abs(event.t_us) > LONGEST_US:
            raise JournalError(N_("event {number} stands at an impossible time"), number=event.seq)
    if events[0].seq < 0:
        raise JournalError(N_("event {number} has an impossible number"), number=events[0].seq)
    for earlier, later in pairwise(events):
        if later.seq < earlier.seq:
            text = N_("event {number} stands after event {earlier}")
            raise JournalError(text, number=later.seq, earlier=earlier.seq)
        if later.kind == "run_started":
            raise JournalError(N_("event {number} starts a second run"), number=later.seq)
    observed = [event.seq for event in events if event.kind == "observed"]
    if len(set(observed)) < len(observed):
        raise JournalError(N_("two observations have the same number"))


def _that_count(events: Iterable[Event], decode: _Decode) -> Iterator[SavedObservation]:
    """The observations, without those of a pass whose place another one took."""
    passes: Counter[str] = Counter()
    whole: dict[str, int] = {}
    seen: list[tuple[SavedObservation, int]] = []
    for event in events:
        if event.kind == "check_started" and event.data.get("again") is True:
            passes[event.check] += 1
        elif event.kind == "check_finished" and event.data.get("outcome") == "completed":
            whole[event.check] = passes[event.check]
        elif event.kind == "observed":
            seen.append((_observation(event, decode), passes[event.check]))
    return (one for one, number in seen if whole.get(one.check, number) == number)


def _observation(event: Event, decode: _Decode) -> SavedObservation:
    own = {"seq": event.seq, "t_us": event.t_us, "check": event.check}
    observation = _data(event, SavedObservation, decode, own)
    # Numbers and times were looked at already; a run has thousands of targets.
    if observation.target is not None and not 0 <= observation.target.port <= LAST_PORT:
        raise JournalError(N_("event {number} names a port that there is not"), number=event.seq)
    return observation


def _data(event: Event, shape: type[T], decode: _Decode, own: Mapping[str, Json] = MappingProxyType({})) -> T:
    """The event's data, and with it what the event says of its `own`."""
    try:
        return decode({**event.data, **own}, shape)
    except (msgspec.MsgspecError, TypeError) as error:
        text = N_("event {number} ({kind}) cannot be read ({detail})")
        raise JournalError(text, number=event.seq, kind=event.kind, detail=error) from None


def _by_way_of_json(data: dict[str, Json], shape: type[T]) -> T:
    return msgspec.json.decode(msgspec.json.encode(data), type=shape)
