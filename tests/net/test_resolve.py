"""The system's resolver, played by a function: what it finds, what it lacks, and how long it is waited for."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from callcheck.net.resolve import resolve
from callcheck.words import Failure

Entries = list[tuple[Any, ...]]
Answer = Callable[[str], Entries]
# A resolver that hangs is waited for only this long, since no answer can come before the test lets it go.
SHORT_S = 0.02


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[tuple[object, ...]]]:
    """Puts a function of the name in the resolver's place; the list takes what is asked."""

    def play(answer: Answer) -> list[tuple[object, ...]]:
        asked: list[tuple[object, ...]] = []

        def getaddrinfo(host: str, *rest: object) -> Entries:
            asked.append((host, *rest))
            return answer(host)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return play


Play = Callable[[Answer], list[tuple[object, ...]]]


def found(*addresses: str) -> Entries:
    """What getaddrinfo gives for them."""
    return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 0)) for address in addresses]


def raising(error: Exception) -> Answer:
    def answer(_host: str) -> Entries:
        raise error

    return answer


@contextmanager
def hanging(*addresses: str) -> Iterator[Answer]:
    """A resolver that answers only when the block ends; after it, its threads are gone."""
    release = threading.Event()

    def wait(_host: str) -> Entries:
        release.wait()
        return found(*addresses)

    before = set(threading.enumerate())
    try:
        yield wait
    finally:
        release.set()
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            assert not thread.is_alive()


def test_addresses_keep_the_resolvers_order_and_come_once_each(resolver: Play) -> None:
    asked = resolver(lambda _host: found("203.0.113.9", "203.0.113.1", "203.0.113.9", "203.0.113.5", "203.0.113.1"))
    assert asyncio.run(resolve("example.org")) == ("203.0.113.9", "203.0.113.1", "203.0.113.5")
    assert asked == [("example.org", None, socket.AF_INET, socket.SOCK_DGRAM)]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Failure.name_missing),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), Failure.resolver_timeout),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), Failure.resolver_failed),
        (UnicodeEncodeError("idna", "x", 0, 1, "label too long"), Failure.other),
        (PermissionError(1, "Operation not permitted"), Failure.permission),
    ],
    ids=str,
)
def test_what_the_resolver_lacks_or_refuses_has_a_name(resolver: Play, error: Exception, name: Failure) -> None:
    resolver(raising(error))
    assert asyncio.run(resolve("missing.example.org")) is name


def test_a_resolver_that_hangs_is_given_up_and_its_answer_after_the_run_is_lost_quietly(resolver: Play) -> None:
    with hanging("203.0.113.1") as answer:
        asked = resolver(answer)
        assert asyncio.run(resolve("slow.example.org", timeout_s=SHORT_S)) is Failure.resolver_timeout
        assert len(asked) == 1


def test_an_answer_that_comes_after_its_time_harms_nothing_in_a_run_that_goes_on(resolver: Play) -> None:
    troubles: list[dict[str, Any]] = []

    async def late_then_in_time() -> tuple[object, object]:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, trouble: troubles.append(trouble))
        with hanging("203.0.113.1") as answer:
            resolver(answer)
            late = await resolve("slow.example.org", timeout_s=SHORT_S)
        resolver(lambda _host: found("203.0.113.2"))
        return late, await resolve("quick.example.org")

    assert asyncio.run(late_then_in_time()) == (Failure.resolver_timeout, ("203.0.113.2",))
    assert not troubles


def test_one_name_that_hangs_does_not_hold_up_another(resolver: Play) -> None:
    release = threading.Event()

    def answer(host: str) -> Entries:
        if host == "slow.example.org":
            release.wait()
            return found("203.0.113.1")
        return found("203.0.113.2")

    async def both() -> tuple[object, object]:
        slow = asyncio.create_task(resolve("slow.example.org", timeout_s=60))
        try:
            return await resolve("quick.example.org", timeout_s=60), slow.done()
        finally:
            release.set()
            assert await slow == ("203.0.113.1",)

    resolver(answer)
    assert asyncio.run(both()) == (("203.0.113.2",), False)
