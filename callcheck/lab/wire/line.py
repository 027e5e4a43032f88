"""One wire without its devices: frames go in with their arrival time, and come out with the time they are due."""

from dataclasses import dataclass

from callcheck.lab.wire.frames import ETHERNET_BYTES, is_ip, parse
from callcheck.lab.wire.impair import Impairment
from callcheck.lab.wire.rules import RuleBook, Verdict
from callcheck.lab.wire.spec import Wire


@dataclass(slots=True)
class _Way:
    """One direction: its impairment, what came into it, and whether frames must be read for it."""

    impairment: Impairment
    needs_packets: bool
    packets: int = 0
    bytes: int = 0


class Line:
    """Both directions of one wire. Never raises on any frame."""

    def __init__(self, name: str, wire: Wire, *, seed: int, start_ns: int) -> None:
        self.name = name
        self._rules = RuleBook(wire.rules, seed=seed, wire=name)
        up = Impairment(wire.up, seed=seed, wire=name, direction="up", start_ns=start_ns)
        down = Impairment(wire.down, seed=seed, wire=name, direction="down", start_ns=start_ns)
        self._up = _Way(up, up.by_prefix or bool(wire.rules))
        self._down = _Way(down, down.by_prefix or bool(wire.rules))

    def due(self, frame: bytes, *, is_up: bool, arrival_ns: int) -> int | None:
        """When the frame leaves in ns of the arrivals' clock, or None if it is lost here.

        Frames that are not IP pass at once: a lost ARP answer would look like a fault that nobody asked for.
        """
        if not is_ip(frame):
            return arrival_ns
        way = self._up if is_up else self._down
        number = way.packets
        size_bytes = len(frame) - ETHERNET_BYTES
        way.packets += 1
        way.bytes += size_bytes
        remote_address = b""
        if way.needs_packets and (packet := parse(frame, is_up=is_up)):
            remote_address = packet.remote_address
            if self._rules.verdict(packet, number, arrival_ns) is Verdict.drops:
                return None
        return way.impairment.due(arrival_ns, size_bytes, number, remote_address)

    def log(self) -> dict[str, object]:
        return {
            "up": _way_log(self._up),
            "down": _way_log(self._down),
            "rules": [rule.log() for rule in self._rules.rules],
        }


def _way_log(way: _Way) -> dict[str, object]:
    entries = way.impairment.counts()
    return {
        "packets": way.packets,
        "bytes": way.bytes,
        "lost": sum(entry["lost"] for entry in entries),
        "queue_drops": sum(entry["queue_drops"] for entry in entries),
        "entries": entries,
    }
