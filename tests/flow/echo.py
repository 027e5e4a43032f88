"""A UDP echo in a thread that treats packets by their number, never by chance or by time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from callcheck.api import Target
from tests.flow.codecs import GREETING, NUMBER, WELCOME

_STOP = b"STOP"

Receive = Callable[[bytes, tuple[str, int]], Iterable[tuple[bytes, tuple[str, int]]]]


@dataclass(frozen=True, slots=True)
class Script:
    """`held` maps a number to the number upon whose arrival its answer is released."""

    lost: frozenset[int] = frozenset()
    doubled: frozenset[int] = frozenset()
    held: Mapping[int, int] = field(default_factory=dict)
    unheard_greetings: int = 0


class UdpThread:
    """A UDP socket served by a thread while the `with` block runs; `receive` says what to send for a datagram."""

    def __init__(self, receive: Receive, *, ip: str = "127.0.0.1") -> None:
        self._receive = receive
        self._socket = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, 0))
        self.address, self.port = self._socket.getsockname()[:2]
        self._thread = threading.Thread(target=self._serve)

    @property
    def target(self) -> Target:
        return Target(address=self.address, port=self.port)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(self._socket.family, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(_STOP, (self.address, self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            payload, sender = self._socket.recvfrom(2048)
            if payload == _STOP:
                return
            for answer, receiver in self._receive(payload, sender):
                self._socket.sendto(answer, receiver)


class Echo(UdpThread):
    """Sends numbered packets back as its script says. `sources` are their source ports, by number."""

    def __init__(self, script: Script = Script(), *, ip: str = "127.0.0.1") -> None:
        super().__init__(self._scripted, ip=ip)
        self._script = script
        self.sources: dict[int, int] = {}
        self.greetings = 0
        self._waiting: list[tuple[int, bytes, tuple[str, int]]] = []

    def _scripted(self, payload: bytes, sender: tuple[str, int]) -> Iterator[tuple[bytes, tuple[str, int]]]:
        if payload == GREETING:
            self.greetings += 1
            if self.greetings > self._script.unheard_greetings:
                yield WELCOME, sender
        elif payload[:1] == NUMBER:
            yield from self._answers(int.from_bytes(payload[1:5], "big"), payload, sender)

    def _answers(self, number: int, payload: bytes, sender: tuple[str, int]) -> Iterator[tuple[bytes, tuple[str, int]]]:
        self.sources[number] = sender[1]
        if number in self._script.held:
            self._waiting.append((self._script.held[number], payload, sender))
        elif number not in self._script.lost:
            yield from [(payload, sender)] * (2 if number in self._script.doubled else 1)
        yield from [(answer, receiver) for until, answer, receiver in self._waiting if until == number]
        self._waiting = [item for item in self._waiting if item[0] != number]
