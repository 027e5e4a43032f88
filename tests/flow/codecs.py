"""Flow codecs for loopback tests; they live in a module so that the flow process can unpickle them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

NUMBER = b"N"
GREETING = b"G"
WELCOME = b"W"


@dataclass(slots=True)
class Numbers:
    """The number in clear; the far end sends the datagram back."""

    legs: int = 1
    packets_per_port: int = 0
    payload_bytes: int = 160
    far_received: int | None = None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        payload = NUMBER + number.to_bytes(4, "big")
        return 0, payload.ljust(self.payload_bytes, b".")

    def received(self, leg: int, datagram: bytes) -> int | None:
        return int.from_bytes(datagram[1:5], "big") if datagram[:1] == NUMBER else None

    @property
    def ready(self) -> bool:
        return True


@dataclass(slots=True)
class Greeted(Numbers):
    """Says hello first, and is ready when the far end has answered."""

    welcomed: bool = False

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:
        return [(0, GREETING)]

    def received(self, leg: int, datagram: bytes) -> int | None:
        if datagram == WELCOME:
            self.welcomed = True
            return None
        return int.from_bytes(datagram[1:5], "big") if datagram[:1] == NUMBER else None

    @property
    def ready(self) -> bool:
        return self.welcomed


@dataclass(slots=True)
class Dies(Numbers):
    """Ends its process at packet 3, as a crash of the interpreter would."""

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        if number == 3:
            sys.stderr.write("first line\nthe worker fell over\n\n")
            sys.stderr.flush()
            os._exit(7)
        return 0, NUMBER + number.to_bytes(4, "big")


@dataclass(slots=True)
class Stalls(Numbers):
    """Keeps its process from running for longer than a flow may stand still."""

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        if number == 1:
            time.sleep(1.2)
        return 0, NUMBER + number.to_bytes(4, "big")


@dataclass(slots=True)
class Counting(Numbers):
    """Stands for a far end that says how many packets it has had: here the highest number that came back, and one."""

    def received(self, leg: int, datagram: bytes) -> int | None:
        number = int.from_bytes(datagram[1:5], "big")
        self.far_received = max(number + 1, self.far_received or 0)
        return number
