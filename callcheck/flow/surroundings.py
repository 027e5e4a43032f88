"""What befalls the machine while flows run: its clock is set, it sleeps, it gets another address or default route."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from callcheck.flow.sockets import family_of, realtime_ahead_ns
from callcheck.net.link import link_state
from callcheck.words import FlowEvent

# NTP slews a clock by 0.5 ms a second at most (adjtimex); a step beyond this between two looks was set by somebody.
CLOCK_STEP_NS = 5_000_000
# The monotonic clock stands still while a machine sleeps, CLOCK_BOOTTIME goes on.
SLEPT_NS = 200_000_000
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One look. Clocks are in nanoseconds ahead of the monotonic clock; `sources` are the local addresses from which
    each target is reached, "" where none is; `way` is the default route's interface and gateway."""

    realtime_ahead_ns: int
    boottime_ahead_ns: int
    sources: tuple[str, ...]
    way: tuple[str, str]


def events_between(earlier: Surroundings, later: Surroundings) -> Iterator[FlowEvent]:
    """What happened between two looks that are about a second apart."""
    slept_ns = later.boottime_ahead_ns - earlier.boottime_ahead_ns
    if slept_ns > SLEPT_NS:
        yield "suspended"
    else:
        slept_ns = 0  # the two clocks cannot be read at one instant
    # The time of day goes on while a machine sleeps, too.
    if abs(later.realtime_ahead_ns - earlier.realtime_ahead_ns - slept_ns) > CLOCK_STEP_NS:
        yield "clock_set"
    if later.sources != earlier.sources:
        yield "address_changed"
    if later.way != earlier.way:
        yield "route_changed"


class Watch:
    """Compares each look with the one before."""

    def __init__(self, look: Callable[[], Surroundings]) -> None:
        self._look = look
        self._last = look()

    def events(self) -> tuple[FlowEvent, ...]:
        """What happened since the last call."""
        earlier, self._last = self._last, self._look()
        return tuple(events_between(earlier, self._last))


def look_from(addresses: Iterable[str]) -> Callable[[], Surroundings]:
    """A way to look from this machine towards IP addresses. No packet is sent."""
    wanted = tuple(dict.fromkeys(addresses))

    def look() -> Surroundings:
        link = link_state()
        return Surroundings(
            realtime_ahead_ns=realtime_ahead_ns(),
            boottime_ahead_ns=_boottime_ahead_ns(),
            sources=tuple(_source(address) for address in wanted),
            way=(link.interface, link.gateway),
        )

    return look


def _boottime_ahead_ns() -> int:
    if _BOOT_CLOCK is None:
        return 0
    return time.clock_gettime_ns(_BOOT_CLOCK) - time.monotonic_ns()


def _source(address: str) -> str:
    """The local address that the system would send from; connecting a UDP socket asks it and sends nothing."""
    family, _ = family_of(address)
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
            return str(sock.getsockname()[0])
    except OSError:
        return ""
