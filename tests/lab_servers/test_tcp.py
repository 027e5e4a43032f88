"""The plumbing of one TCP connection: long answers, slow readers, faults, by a loop and a peer of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from callcheck.lab.servers.faults import Fault, Outlet, Timer
from callcheck.lab.servers.responder import Address, StreamReply, StreamResponder
from callcheck.lab.servers.tcp import TcpConnection

PIECES = [b"3", b"2", b"1"]


class _Peer(asyncio.Transport):
    """The far end: what it was told, and whether it still listens and speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bytes] = []
        self.is_read_from = True
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.told.append(bytes(data))

    def close(self) -> None:
        self._is_closing = True

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        self.is_read_from = False

    def resume_reading(self) -> None:
        self.is_read_from = True


class _Later:
    """Timers that run out when told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def time(self) -> float:
        return 0.0

    def call_later(self, _delay: float, callback: Callable[[], None], /) -> Timer:
        self.waiting.append(callback)
        return self

    def cancel(self) -> None:
        self.waiting.clear()


class _Talker:
    """Answers `long` with a head and three pieces, `last` likewise and ends, and repeats everything else."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def received(self, data: bytes) -> StreamReply:
        self.heard.append(data)
        if data in {b"long", b"last"}:
            return StreamReply(b"head", close=data == b"last", more=iter(PIECES))
        return StreamReply(data, close=data == b"bye")


class _Call:
    """A connection, its two ends, and its clock."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.talker, self.peer, self.later = _Talker(), _Peer(), _Later()

        def make_responder(_peer: Address) -> StreamResponder:
            return self.talker

        self.connection = TcpConnection(make_responder, Outlet(fault, Random(7), self.later), set())
        self.connection.connection_made(self.peer)

    def hear(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.data_received(piece)


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_long_answer_leaves_piece_by_piece_and_what_comes_meanwhile_is_heard_after_it() -> None:
    async def run() -> None:
        call = _Call()
        call.hear(b"long", b"ne", b"xt")
        assert call.peer.told == [b"head"]
        assert not call.peer.is_read_from
        await _turns(1)
        assert call.peer.told == [b"head", b"3"]
        await _turns(9)
        assert call.peer.told == [b"head", b"3", b"2", b"1", b"next"]
        assert call.talker.heard == [b"long", b"next"]
        assert call.peer.is_read_from

    asyncio.run(run())


def test_no_piece_is_made_for_a_peer_that_does_not_read() -> None:
    async def run() -> None:
        call = _Call()
        call.hear(b"long")
        await _turns(1)
        call.connection.pause_writing()
        await _turns(9)
        told = len(call.peer.told)
        assert told <= 3
        call.connection.resume_writing()
        assert not call.peer.is_read_from
        await _turns(9)
        assert call.peer.told[told:] == [b"3", b"2", b"1"][told - 1 :]

    asyncio.run(run())


def test_a_connection_that_the_responder_ends_is_closed_behind_its_last_piece() -> None:
    async def run() -> None:
        call = _Call()
        call.hear(b"last", b"unheard")
        await _turns(3)
        assert not call.peer.is_closing()
        await _turns(9)
        assert call.peer.told == [b"head", b"3", b"2", b"1"]
        assert call.peer.is_closing()
        assert call.talker.heard == [b"last"]

    asyncio.run(run())


def test_a_connection_that_is_lost_makes_no_more_pieces() -> None:
    async def run() -> None:
        call = _Call()
        call.hear(b"long")
        call.connection.connection_lost(None)
        await _turns(9)
        assert call.peer.told == [b"head"]

    asyncio.run(run())


@pytest.mark.parametrize(("request_", "told"), [(b"bye", [b"bye"]), (b"last", [b"head", b"3", b"2", b"1"])])
def test_a_slow_server_closes_only_when_its_held_answer_has_left(request_: bytes, told: list[bytes]) -> None:
    async def run() -> None:
        call = _Call("slow")
        call.hear(request_, b"unheard")
        await _turns(9)
        assert call.peer.told == []
        assert not call.peer.is_closing()
        call.later.waiting.pop()()
        await _turns(9)
        assert call.peer.told == told
        assert call.peer.is_closing()

    asyncio.run(run())


def test_garbage_takes_the_place_of_a_whole_long_answer() -> None:
    async def run() -> None:
        call = _Call("garbage")
        call.hear(b"long")
        await _turns(9)
        assert 1 <= len(call.peer.told[0]) <= 512
        assert not any(piece in call.peer.told for piece in (b"head", *PIECES))
        assert call.talker.heard == [b"long", b""]
        assert call.peer.is_read_from

    asyncio.run(run())
