"""What a rule does to a packet that it hits, as a function of the packet. Stalls are kept by the rule itself."""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Final, NamedTuple

from callcheck.lab.wire import chance
from callcheck.lab.wire.forge import Injected, dns_answer, resets
from callcheck.lab.wire.frames import Packet
from callcheck.lab.wire.memory import Memory
from callcheck.lab.wire.spec_rule import Action


class Ruling(NamedTuple):
    """What becomes of a packet: whether it passes, how much later, and the frames to send at once besides."""

    passes: bool
    delay_ns: int
    injected: tuple[Injected, ...]


PASSES: Final = Ruling(True, 0, ())
DROPS: Final = Ruling(False, 0, ())
_BYTE_NS: Final = 8_000_000  # one byte at 1 kbit/s

Act = Callable[[Packet, bytes, int, int], Ruling | None]
"""Takes a packet, its frame, its number in its direction of the wire and the time; None does not hit this packet."""


def act_of(action: Action, sources: tuple[bytes, bytes], idle_ns: int) -> Act:
    """`sources` of chance are for packets on the way down and up. An action that does nothing lets packets pass."""
    if action.drop is not None:
        return partial(_drop, action.drop, sources)
    if action.police_kbps is not None:
        return Policer(action.police_kbps, action.burst_bytes, action.per, idle_ns)
    if action.forge is not None:
        return partial(_forge, ip_address(action.forge).packed, action.race)
    return _reset if action.rst else partial(_always, _fixed_ruling(action))


class _Bucket:
    """The tokens that were there at a time, in bytes."""

    __slots__ = ("at_ns", "tokens")

    def __init__(self, tokens: float, at_ns: int) -> None:
        self.tokens = tokens
        self.at_ns = at_ns


class Policer:
    """Token buckets that start full: a packet for which there are not enough tokens is dropped and takes none."""

    def __init__(self, kbps: float, burst_bytes: int, per: str, idle_ns: int) -> None:
        self._bytes_per_ns = kbps / _BYTE_NS
        self._burst_bytes = burst_bytes
        self._per = per
        # A bucket of many flows may only be forgotten once it would be full again; a flow's goes with the flow.
        refill_ns = int(burst_bytes / self._bytes_per_ns)
        self._buckets: Memory[_Bucket] = Memory(idle_ns if per == "flow" else max(idle_ns, refill_ns))

    def __call__(self, packet: Packet, _frame: bytes, _number: int, now_ns: int) -> Ruling | None:
        key = self._owner(packet)
        bucket = self._buckets.get(key, now_ns)
        if bucket is None:
            bucket = _Bucket(self._burst_bytes, now_ns)
            self._buckets.put(key, bucket, now_ns)
        earned = max(0, now_ns - bucket.at_ns) * self._bytes_per_ns
        bucket.tokens = min(self._burst_bytes, bucket.tokens + earned)
        bucket.at_ns = now_ns
        if bucket.tokens < packet.ip_bytes:
            return DROPS
        bucket.tokens -= packet.ip_bytes
        return None

    def _owner(self, packet: Packet) -> object:
        match self._per:
            case "destination":
                return packet.remote_address
            case "client":
                return packet.near_address
            case "rule":
                return None
            case _:
                return packet[:6]


def _drop(
    share: float, sources: tuple[bytes, bytes], packet: Packet, _frame: bytes, number: int, _now: int
) -> Ruling | None:
    return DROPS if share >= 1 or chance.uniform(sources[packet.is_up], number) < share else None


def _reset(packet: Packet, frame: bytes, _number: int, _now_ns: int) -> Ruling | None:
    frames = resets(packet, frame)
    return None if frames is None else Ruling(False, 0, frames)


def _forge(address: bytes, is_race: bool, packet: Packet, frame: bytes, _number: int, _now_ns: int) -> Ruling | None:
    answer = dns_answer(packet, frame, address)
    return None if answer is None else Ruling(is_race, 0, ((False, answer),))


def _fixed_ruling(action: Action) -> Ruling:
    if action.delay_ms is not None:
        return Ruling(True, max(1, round(action.delay_ms * 1e6)), ())
    return DROPS if action.stall else PASSES


def _always(ruling: Ruling, _packet: Packet, _frame: bytes, _number: int, _now_ns: int) -> Ruling:
    return ruling
