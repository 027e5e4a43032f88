"""A run that goes on at a greater depth: one journal of the whole, and nothing measured twice for nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest

from callcheck import __version__, session
from callcheck.api import Budget, CheckInfo, Claim, Context, Evidence, Numbered, Observation, Target
from callcheck.engine.events import Event, JournalError
from callcheck.model import Tool
from callcheck.report import journal
from callcheck.report.earlier import Earlier, EarlierError, earlier_run
from callcheck.words import Depth
from tests.engine.test_run import NoParams, check
from tests.report.made import a_run, header, numbered

STARTED = dt.datetime(2026, 11, 21, 10, 42, 31, tzinfo=dt.UTC)
SOON = STARTED + dt.timedelta(minutes=2)
RELAY = Target(service="telegram", function="calls", address="192.0.2.1", port=596, protocol="reflector")
DONE = {"outcome": "completed"}


# --- the engine and the session, with two checks


class Sees:
    """A check's body that notes what it is told of the run so far, and says at which depth it runs."""

    def __init__(self) -> None:
        self.earlier: list[Sequence[Numbered[Observation]]] = []
        self.answered: list[Sequence[Target]] = []

    async def __call__(self, ctx: Context) -> None:
        self.earlier.append(ctx.earlier())
        self.answered.append(ctx.answered())
        ctx.emit(Observation(op=f"test.{ctx.depth}", target=RELAY))


class Reads:
    """A check that says of each observation what it is; `info` and `body` are those of another."""

    def __init__(self, info: CheckInfo, body: Any) -> None:
        self.info = info
        self._body = body

    @property
    def params(self) -> type[NoParams]:
        return NoParams

    async def run(self, ctx: Context, params: NoParams) -> None:
        await self._body(ctx)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        for one in observations:
            yield Evidence(
                claim=Claim.route_exists, facts={"op": one.value.op}, strength=1, group=str(one.seq), seqs=(one.seq,)
            )


class Checks:
    """link runs again and adds up; relay does more at deep; hoster does not."""

    def __init__(self) -> None:
        self.bodies = {name: Sees() for name in ("link", "relay", "hoster")}
        extra: dict[str, dict[str, Any]] = {
            "link": {"again": True, "adds_up": True},
            "relay": {"needs": ("link",), "at_depth": {"deep": Budget(9, 9000)}, "first_look": True},
            "hoster": {"needs": ("link",)},
        }
        self.by_name: dict[str, Any] = {}
        for name, body in self.bodies.items():
            info = dataclasses.replace(check(name, body).info, **extra[name])
            self.by_name[name] = Reads(info, body)

    def prepared(self, request: session.Request) -> session.Prepared:
        infos = {name: one.info for name, one in self.by_name.items()}
        earlier = session.earlier_of(request)
        plan, whole = session.plans(infos, request, earlier)
        tool = Tool(name="callcheck", version=__version__, plugins=())
        return session.Prepared(request, plan, self.by_name, (), (), tool, earlier, whole)

    def run(self, request: session.Request) -> list[Event]:
        return asyncio.run(session.measure(self.prepared(request)))


@pytest.fixture(scope="module")
def went_on() -> tuple[list[Event], list[Event], Checks]:
    """The journal of a standard run, that of the whole once it was continued at deep, and the checks."""
    first = Checks().run(session.Request(depth="standard"))
    checks = Checks()
    return first, checks.run(session.Request(depth="deep", continued=tuple(first))), checks


def starts(events: Iterable[Event]) -> list[tuple[str, dict[str, Any]]]:
    return [(event.check, dict(event.data)) for event in events if event.kind == "check_started"]


def test_the_journal_is_one_of_the_whole(went_on: tuple[list[Event], list[Event], Checks]) -> None:
    first, whole, _ = went_on
    assert [event.seq for event in whole] == list(range(len(whole)))
    assert [event.kind for event in whole].count("run_started") == 1
    assert [event.kind for event in whole if event.kind == "run_finished"] == [whole[-1].kind]
    kept = [(event.t_us, event.kind, event.check, event.data) for event in first[1:-1]]
    assert [(event.t_us, event.kind, event.check, event.data) for event in whole[1 : len(first) - 1]] == kept
    times = [event.t_us for event in whole]
    assert times == sorted(times)
    same = ("run_id", "started_utc")
    assert [whole[0].data[key] for key in same] == [first[0].data[key] for key in same]
    assert whole[0].data["depth"] == "deep"
    assert whole[0].data["plan"] == [["link"], ["hoster", "relay"]]
    assert whole[0].data["remaining"] == [["link"], ["relay"]]
    assert whole[0].data["stage_seconds"] == [5, 9]
    assert "remaining" not in first[0].data


def test_only_what_is_left_runs_without_a_first_look_and_says_that_it_runs_again(
    went_on: tuple[list[Event], list[Event], Checks],
) -> None:
    first, whole, checks = went_on
    assert ("relay", {"first_look": True}) in starts(first)
    assert starts(whole[len(first) - 1 :]) == [("link", {}), ("relay", {"again": True})]
    assert checks.bodies["hoster"].earlier == []


def test_a_check_is_told_what_it_observed_before_and_who_answered(
    went_on: tuple[list[Event], list[Event], Checks],
) -> None:
    _, whole, checks = went_on
    (told,) = checks.bodies["relay"].earlier
    assert [one.value.op for one in told] == ["test.quick", "test.standard"]
    for one in told:
        assert msgspec.convert(whole[one.seq].data, Observation) == one.value
    assert checks.bodies["link"].answered == [(RELAY,)]
    assert checks.bodies["relay"].answered == [(RELAY,)]


def test_a_run_that_is_not_continued_has_nothing_earlier() -> None:
    checks = Checks()
    checks.run(session.Request(depth="standard"))
    assert checks.bodies["link"].earlier == [()]


def test_the_report_has_the_newest_pass_of_each_check_and_both_of_one_that_adds_up(
    went_on: tuple[list[Event], list[Event], Checks],
) -> None:
    _, whole, checks = went_on
    report = session.report_of(whole, checks.by_name, "en")
    seen = [(one.check, one.op) for one in report.observations]
    assert sorted(seen) == [
        ("hoster", "test.standard"),
        ("link", "test.deep"),
        ("link", "test.standard"),
        ("relay", "test.deep"),
    ]
    ops = {one.seq: one.op for one in report.observations}
    assert all(item.facts["op"] == ops[item.seqs[0]] for item in report.evidence)
    assert len(report.evidence) == 4
    assert (report.run.depth, report.run.complete) == ("deep", True)


def test_what_was_known_is_judged_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Checks().run(session.Request(depth="standard"))
    seen: list[int] = []
    report_of = session.report_of

    def watched(events: list[Event], *rest: Any) -> Any:
        seen.append(len(events))
        return report_of(events, *rest)

    monkeypatch.setattr(session, "report_of", watched)
    Checks().run(session.Request(depth="deep", continued=tuple(first)))
    assert seen[0] == len(first) - 1


def test_whoever_asks_for_certain_checks_gets_those_and_what_ran_before_stays_in_the_plan() -> None:
    first = Checks().run(session.Request(depth="standard"))
    prepared = Checks().prepared(session.Request(depth="deep", only=("hoster",), continued=tuple(first)))
    assert prepared.plan == (("hoster",),)
    assert prepared.whole == (("link",), ("hoster", "relay"))


def test_a_run_can_be_continued_twice() -> None:
    first = Checks().run(session.Request(depth="quick"))
    second = Checks().run(session.Request(depth="standard", continued=tuple(first)))
    third = Checks().run(session.Request(depth="deep", continued=tuple(second)))
    assert starts(third) == [
        *((name, {}) for name in ("link", "hoster", "relay")),
        ("link", {}),
        ("link", {}),
        ("relay", {"again": True}),
    ]


# --- which observations count


def passes(*middle: tuple[str, str, dict[str, Any]]) -> list[str]:
    events = numbered([("run_started", "", header()), *middle])  # type: ignore[list-item]  # kinds are literals
    return [one.op for one in journal.read(events).observations]


def one_pass(op: str, start: dict[str, Any], outcome: str = "completed") -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("check_started", "relay", start),
        ("observed", "relay", {"op": op}),
        ("check_finished", "relay", {"outcome": outcome}),
    ]


AGAIN = {"again": True}


@pytest.mark.parametrize(
    ("runs", "counted"),
    [
        ([*one_pass("a", {"first_look": True}), *one_pass("b", {})], ["a", "b"]),
        ([*one_pass("a", {"first_look": True}), *one_pass("b", {}), *one_pass("c", AGAIN)], ["c"]),
        ([*one_pass("a", {}), *one_pass("b", AGAIN, "timed_out")], ["a"]),
        ([*one_pass("a", {}), *one_pass("b", AGAIN)[:2]], ["a"]),
        ([*one_pass("a", {}, "crashed"), *one_pass("b", AGAIN)], ["b"]),
        ([*one_pass("a", {}, "interrupted"), *one_pass("b", AGAIN, "interrupted")], ["a", "b"]),
        ([*one_pass("a", {}), *one_pass("b", AGAIN), *one_pass("c", AGAIN, "crashed")], ["b"]),
        ([*one_pass("a", {}), *one_pass("b", {}, "timed_out")], ["a", "b"]),
    ],
)
def test_the_newest_pass_that_came_to_its_end_takes_the_place_of_the_others(
    runs: list[tuple[str, str, dict[str, Any]]], counted: list[str]
) -> None:
    assert passes(*runs) == counted


def test_an_observation_that_cannot_be_read_is_refused_also_where_it_does_not_count() -> None:
    bad = ("observed", "relay", {"op": 7})
    with pytest.raises(JournalError):
        passes(("check_started", "relay", {}), bad, ("check_finished", "relay", DONE), *one_pass("b", AGAIN))


# --- which run may be continued


def run_of(*middle: Any, depth: Depth = "standard", **changes: Any) -> list[Event]:
    events = a_run(*middle)
    data = {**header(depth=depth), "tool": {"name": "callcheck", "version": "9", "plugins": []}, **changes}
    return [msgspec.structs.replace(events[0], data=data), *events[1:]]


def continued(events: list[Event], depth: Depth = "deep", now: dt.datetime = SOON) -> Earlier:
    return earlier_run(events, depth=depth, version="9", now_utc=now)


@pytest.mark.parametrize(
    ("events", "depth", "now", "words", "is_usage"),
    [
        (run_of(), "standard", SOON, "at depth standard already", True),
        (run_of(depth="deep"), "deep", SOON, "at depth deep already", True),
        (run_of(), "quick", SOON, "greater --depth", True),
        (run_of(tool={"name": "callcheck", "version": "8"}), "deep", SOON, "of callcheck 8", False),
        (run_of(), "deep", STARTED + dt.timedelta(minutes=61), "more than an hour ago", False),
        (run_of(), "deep", STARTED - dt.timedelta(minutes=2), "in the future", False),
        (run_of(started_utc="yesterday"), "deep", SOON, "when it began", False),
        (run_of(started_utc="2026-11-21T10:42:31"), "deep", SOON, "when it began", False),
    ],
)
def test_a_run_that_cannot_be_continued_is_refused_in_one_line(
    events: list[Event], depth: Depth, now: dt.datetime, words: str, is_usage: bool
) -> None:
    with pytest.raises(EarlierError) as caught:
        continued(events, depth, now)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.is_usage is is_usage
    assert caught.value.template.format(**caught.value.values) == str(caught.value)


def test_what_is_no_journal_is_refused_as_elsewhere() -> None:
    with pytest.raises(JournalError):
        continued([])


def test_run_time_goes_on_by_the_wall_clock_and_never_back() -> None:
    earlier = continued(run_of())
    assert earlier.elapsed_us(SOON) == 120_000_000
    assert earlier.elapsed_us(STARTED - dt.timedelta(seconds=5)) == earlier.last_us == 1000


def test_completed_is_what_ended_last_in_full_and_a_first_look_is_not_enough() -> None:
    runs = [
        ("check_started", "stun", {"first_look": True}),
        ("check_finished", "stun", DONE),
        ("check_started", "relay", {}),
        ("check_finished", "relay", {"outcome": "timed_out"}),
        ("check_started", "link", {}),
        ("check_finished", "link", DONE),
        ("check_started", "path", {}),
    ]
    assert continued(run_of(*runs)).completed == {"link"}
    quick = continued(run_of(*runs, depth="quick"))
    assert quick.completed == {"link", "stun"}
    assert ("stun", {}) in starts(quick.events), "at quick nobody waits for a second look"


def test_a_run_that_was_cut_short_has_looked_as_at_quick() -> None:
    skipped = ("check_finished", "stream", {"outcome": "skipped", "note": "captive_portal"})
    assert continued(run_of(skipped)).depth == "quick"
    assert continued(run_of()).depth == "standard"


def test_a_killed_run_can_be_continued() -> None:
    killed = [event for event in run_of(("check_started", "link", {})) if event.kind != "run_finished"]
    assert [event.kind for event in continued(killed).events] == ["check_started"]
