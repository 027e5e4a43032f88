"""A UDP echo in a thread that treats packets by their number, never by chance or by time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from callcheck.api import Target
from tests.flow.codecs import GREETING, NUMBER, WELCOME

_STOP = b"STOP"


@dataclass(frozen=True, slots=True)
class Script:
    """`held` maps a number to the number upon whose arrival its answer is released."""

    lost: frozenset[int] = frozenset()
    doubled: frozenset[int] = frozenset()
    held: Mapping[int, int] = field(default_factory=dict)
    unheard_greetings: int = 0


class Echo:
    """Runs while the `with` block does. `sources` are the source ports of the packets, by number."""

    def __init__(self, script: Script = Script(), *, ip: str = "127.0.0.1") -> None:
        self._script = script
        self._socket = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, 0))
        self.address, self.port = self._socket.getsockname()[:2]
        self.sources: dict[int, int] = {}
        self.greetings = 0
        self._waiting: list[tuple[int, bytes, tuple[str, int]]] = []
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
            if payload == GREETING:
                self._greet(sender)
            elif payload[:1] == NUMBER:
                self._answer(int.from_bytes(payload[1:5], "big"), payload, sender)

    def _greet(self, sender: tuple[str, int]) -> None:
        self.greetings += 1
        if self.greetings > self._script.unheard_greetings:
            self._socket.sendto(WELCOME, sender)

    def _answer(self, number: int, payload: bytes, sender: tuple[str, int]) -> None:
        self.sources[number] = sender[1]
        if number in self._script.held:
            self._waiting.append((self._script.held[number], payload, sender))
        elif number not in self._script.lost:
            for _ in range(2 if number in self._script.doubled else 1):
                self._socket.sendto(payload, sender)
        released = [item for item in self._waiting if item[0] == number]
        self._waiting = [item for item in self._waiting if item[0] != number]
        for _, answer, waiting in released:
            self._socket.sendto(answer, waiting)
