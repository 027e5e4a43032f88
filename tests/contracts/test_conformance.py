"""Every check in pyproject.toml keeps the rules for checks; and the suite that says so finds those that do not."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import tomllib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from callcheck.api import Check, CheckInfo, Claim, Context, Datagram, Evidence, Failure, Numbered, Observation, Target
from callcheck.catalog import load
from callcheck.testing import FakeContext, StalledError, conformance, run_virtual
from tests.checks.stand_ins import populate

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
ENTRY_POINTS: dict[str, str] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"][
    "callcheck.checks"
]
TARGET = Target(role="control", address="192.0.2.7", port=3478, protocol="stun")


def answering(ctx: FakeContext) -> None:
    """Everything answers as the lab's stand-ins do, and is known to."""
    populate(ctx)
    ctx.answered_targets = list(ctx.targets())


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_each_check_keeps_its_contract_in_every_network(name: str) -> None:
    module, _, attribute = ENTRY_POINTS[name].partition(":")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        pytest.skip(f"{module} is not in this tree")
    check = getattr(importlib.import_module(module), attribute)
    assert check.info.name == name
    assert conformance(check, load.shipped(), worlds={"answering": answering}) == []


@dataclass(frozen=True)
class Params:
    wait_s: float = 0.5


def info(**changes: Any) -> CheckInfo:
    fields: dict[str, Any] = {
        "name": "sample",
        "version": "1",
        "title": "a sample",
        "max_seconds": 3,
        "max_bytes": 10_000,
        "discloses": "Nothing.",
    }
    return CheckInfo(**(fields | changes))


class Sample:
    """A check without fault; each faulty one below changes one thing."""

    info: ClassVar[CheckInfo] = info()

    @property
    def params(self) -> type[Any]:
        return Params

    async def run(self, ctx: Context, params: Any) -> None:
        for target in ctx.targets():
            sock = await ctx.udp(target)
            if isinstance(sock, Failure):
                ctx.emit(Observation(op="sample.ask", target=target, failure=sock))
                continue
            async with self.closing(sock):
                sock.send(b"hello")
                answer = await sock.receive(timeout_s=params.wait_s)
            ctx.emit(self.observed(target, None if answer else Failure.timeout))

    @asynccontextmanager
    async def closing(self, sock: Datagram) -> AsyncIterator[None]:
        try:
            yield
        finally:
            sock.close()

    def observed(self, target: Target, failure: Failure | None) -> Observation:
        return Observation(op="sample.ask", target=target, failure=failure, data={"number": 1})

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        if observations:
            yield self.evidence(observations)

    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        seqs = tuple(one.seq for one in observations)
        return Evidence(claim=Claim.controls_answer, strength=1, group="controls", seqs=seqs)


class Unnamed(Sample):
    info = info(name="no name", title=" ", max_bytes=0)


class NeedsItself(Sample):
    info = info(needs=("sample",))


@dataclass
class Loose:
    wait_s: float = 0.5


@dataclass(frozen=True)
class Required:
    wait_s: float


class LooseParams(Sample):
    @property
    def params(self) -> type[Any]:
        return Loose


class RequiredParams(Sample):
    @property
    def params(self) -> type[Any]:
        return Required


class Raising(Sample):
    def observed(self, target: Target, failure: Failure | None) -> Observation:
        if failure is Failure.timeout:
            raise KeyError("silence")
        return super().observed(target, failure)


class Slow(Sample):
    async def run(self, ctx: Context, params: Any) -> None:
        await ctx.sleep(30)


class Stubborn(Sample):
    async def run(self, ctx: Context, params: Any) -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await ctx.sleep(30)


class Spendthrift(Sample):
    info = info(max_bytes=20)


class Leaky(Sample):
    @asynccontextmanager
    async def closing(self, sock: Datagram) -> AsyncIterator[None]:
        yield


class LeakyWhenCancelled(Sample):
    @asynccontextmanager
    async def closing(self, sock: Datagram) -> AsyncIterator[None]:
        yield
        sock.close()


class LeavesATask(Sample):
    async def run(self, ctx: Context, params: Any) -> None:
        self.kept = asyncio.create_task(ctx.sleep(9))


class NoJson(Sample):
    def observed(self, target: Target, failure: Failure | None) -> Observation:
        return Observation(op="sample.ask", data={"what": object()})


class RemembersTuples(Sample):
    def observed(self, target: Target, failure: Failure | None) -> Observation:
        return Observation(op="sample.ask", data={"pair": (1, 2)})

    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        is_pair = isinstance(observations[0].value.data["pair"], tuple)
        return Evidence(claim=Claim.controls_answer, strength=int(is_pair), group="controls", seqs=(0,))


class Impure(Sample):
    calls = 0

    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        self.calls += 1
        return Evidence(claim=Claim.controls_answer, facts={"calls": self.calls}, group="controls")


class Meddling(Sample):
    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        observations[0].value.data["read"] = True
        return super().evidence(observations)


class Prejudiced(Sample):
    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        yield Evidence(claim=Claim.controls_answer, strength=-3, group="controls")


class Partial(Sample):
    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        assert len(observations) == 2, "both"
        return super().evidence(observations)


class Repeating(Sample):
    async def run(self, ctx: Context, params: Any) -> None:
        for one in ctx.earlier():
            ctx.emit(one.value)
            raise KeyError(one.seq)
        await super().run(ctx, params)


class Miscounting(Sample):
    info = info(adds_up=True)

    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        assert len(observations) <= 2, "all"
        return super().evidence(observations)


class Exaggerating(Sample):
    def evidence(self, observations: Sequence[Numbered[Observation]]) -> Evidence:
        return Evidence(claim=Claim.controls_answer, strength=4, group="", seqs=(99,))


@pytest.mark.parametrize(
    ("check", "finding"),
    [
        (Unnamed(), "info: the name 'no name' is no identifier"),
        (Unnamed(), "info: title is empty"),
        (Unnamed(), "info: max_bytes must be above 0"),
        (NeedsItself(), "info: needs must hold names of other checks"),
        (LooseParams(), "params: the dataclass is not frozen"),
        (RequiredParams(), "params: every field needs a default"),
        (Raising(), "silent network: raises KeyError"),
        (Slow(), "silent network: does not end within 3 s"),
        (Stubborn(), "silent network: goes on after it was cancelled"),
        (Spendthrift(), "silent network: moves more than 20 bytes"),
        (Leaky(), "garbage network: leaves a socket open"),
        (LeakyWhenCancelled(), "silent network: when cancelled, leaves a socket open"),
        (LeavesATask(), "silent network: leaves a task running"),
        (NoJson(), "silent network: an observation is no JSON"),
        (RemembersTuples(), "silent network: read gives different evidence after a replay from JSON"),
        (Impure(), "silent network: read gives different evidence for the same observations"),
        (Meddling(), "silent network: read changes the observations"),
        (Prejudiced(), "silent network: read claims something without observations"),
        (Prejudiced(), "silent network: controls_answer: names no observation that it rests on"),
        (Partial(), "silent network: read raises AssertionError: both"),
        (Repeating(), "silent network: continued: raises KeyError: 0"),
        (Miscounting(), "silent network: continued: read raises AssertionError: all"),
        (Exaggerating(), "silent network: controls_answer: strength 4 is outside -3..3"),
        (Exaggerating(), "silent network: controls_answer: rests on observations that it was not given"),
        (Exaggerating(), "silent network: controls_answer: has no group"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Sample) else "",
)
def test_the_suite_names_each_fault(check: Check[Any], finding: str) -> None:
    problems = conformance(check, [TARGET, Target(address="192.0.2.8", port=9)])
    assert any(problem.startswith(finding) for problem in problems), problems


def test_the_suite_finds_nothing_in_a_check_without_fault() -> None:
    assert conformance(Sample(), [TARGET]) == []


def test_virtual_time_moves_only_by_waiting() -> None:
    async def nap() -> tuple[int, int]:
        ctx = FakeContext()
        before_us = ctx.now_us()
        async with asyncio.timeout(4000):
            await asyncio.gather(ctx.sleep(3600), ctx.sleep(1800))
        return before_us, ctx.now_us()

    assert run_virtual(nap()) == (0, 3_600_000_000)


async def _wait_for_nothing() -> None:
    await asyncio.Event().wait()


async def _turn_in_a_circle() -> None:
    while True:
        await FakeContext().sleep(0)


async def _sleep_for_ever() -> None:
    while True:
        await FakeContext().sleep(60)


@pytest.mark.parametrize("stuck", [_wait_for_nothing, _turn_in_a_circle, _sleep_for_ever])
def test_a_run_that_cannot_end_is_ended(stuck: Any) -> None:
    with pytest.raises(StalledError):
        run_virtual(stuck())
