"""One wire without its devices: frames go in with their arrival time, and come out with the time they are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from callcheck.lab.wire.frames import ETHERNET_BYTES, Packet, parse
from callcheck.lab.wire.impair import Impairment
from callcheck.lab.wire.neighbours import is_link_local_talk
from callcheck.lab.wire.rules import RuleBook
from callcheck.lab.wire.spec import Wire

NOBODY: Final[Mapping[bytes, str]] = {}


class Departure(NamedTuple):
    """A frame that leaves the wire: when, towards which side, and its bytes."""

    due_ns: int
    is_up: bool
    frame: bytes


@dataclass(slots=True)
class Way:
    """One direction: its impairment, what came into it, and whether frames must be read for it.

    `plain_delay_ns` is for whoever moves many frames: where it is set, an IPv4 frame leaves so much later and needs no
    more than to be counted here.
    """

    impairment: Impairment
    needs_packets: bool
    packets: int = 0
    bytes: int = 0

    @property
    def plain_delay_ns(self) -> int | None:
        return None if self.needs_packets else self.impairment.plain_delay_ns


class Line:
    """Both directions of one wire. Never raises on any frame.

    `watched` are names of servers by their packed addresses; packets to them are counted.
    """

    def __init__(
        self, name: str, wire: Wire, *, seed: int, start_ns: int, watched: Mapping[bytes, str] = NOBODY
    ) -> None:
        self.name = name
        self._book = RuleBook(wire.rules, seed=seed, wire=name, start_ns=start_ns) if wire.rules else None
        self._watched = watched
        self._visits = dict.fromkeys(watched.values(), 0)
        reads_all = bool(wire.rules or watched)
        up = Impairment(wire.up, seed=seed, wire=name, direction="up", start_ns=start_ns)
        down = Impairment(wire.down, seed=seed, wire=name, direction="down", start_ns=start_ns)
        self.up = Way(up, reads_all or up.needs_packets)
        self.down = Way(down, reads_all or down.needs_packets)

    def departures(self, frame: bytes, *, is_up: bool, arrival_ns: int) -> Sequence[Departure]:
        """What leaves because this frame came, times in ns of the arrivals' clock: nothing if it is lost here.

        Frames by which neighbours find each other pass at once: a lost ARP answer would look like a fault that nobody
        asked for.
        """
        if is_link_local_talk(frame):
            return (Departure(arrival_ns, is_up, frame),)
        way = self.up if is_up else self.down
        number = way.packets
        size_bytes = len(frame) - ETHERNET_BYTES
        way.packets += 1
        way.bytes += size_bytes
        packet = parse(frame, is_up=is_up) if way.needs_packets else None
        if packet is None or self._book is None:
            if packet is not None and self._watched:
                self._watch(packet)
            due = way.impairment.due(arrival_ns, size_bytes, number, packet)
            return [Departure(due_ns, is_up, frame) for due_ns in due]
        return self._judged(packet, frame, number, arrival_ns)

    def log(self) -> dict[str, object]:
        return {
            "up": _way_log(self.up),
            "down": _way_log(self.down),
            "rules": [rule.log() for rule in self._book.rules] if self._book else [],
            "visits": self._visits,
        }

    def _judged(self, packet: Packet, frame: bytes, number: int, arrival_ns: int) -> Sequence[Departure]:
        """The departures of a packet that the wire's middlebox looks at first."""
        assert self._book is not None
        if self._watched:
            self._watch(packet)
        way = self.up if packet.is_up else self.down
        ruling = self._book.judge(packet, frame, number, arrival_ns)
        departures = [Departure(arrival_ns, is_up, forged) for is_up, forged in ruling.injected]
        if ruling.passes:
            due = way.impairment.due(arrival_ns, len(frame) - ETHERNET_BYTES, number, packet, ruling.delay_ns)
            departures += [Departure(due_ns, packet.is_up, frame) for due_ns in due]
        return departures

    def _watch(self, packet: Packet) -> None:
        name = self._watched.get(packet.remote_address) if packet.is_up else None
        if name is not None:
            self._visits[name] += 1


def _way_log(way: Way) -> dict[str, object]:
    entries = way.impairment.counts()
    return {
        "packets": way.packets,
        "bytes": way.bytes,
        "lost": sum(entry["lost"] for entry in entries),
        "queue_drops": sum(entry["queue_drops"] + entry["policed"] for entry in entries),
        "entries": entries,
    }
