"""Whether an entry concerns a packet at all: by its remote prefixes, and by the link of a bundle that it runs over."""

from collections.abc import Iterable

from callcheck.lab.wire import chance
from callcheck.lab.wire.frames import Packet, Prefixes
from callcheck.lab.wire.spec_entry import Bundle, Entry
from callcheck.lab.wire.strict import Network


class Concern:
    """The packets of one entry, by what does not change in a flow. What cannot be read is on no prefix and no link."""

    __slots__ = ("_bundle", "_prefixes", "_source")

    def __init__(self, entry: Entry, source: bytes) -> None:
        self._prefixes = Prefixes(entry.prefixes)
        self._bundle = entry.bundle
        self._source = source

    def holds(self, packet: Packet | None) -> bool:
        if not self._prefixes.holds(packet.remote_address if packet else b""):
            return False
        return self._bundle is None or (packet is not None and _is_on_first_link(self._bundle, self._source, packet))


def _is_on_first_link(bundle: Bundle, source: bytes, packet: Packet) -> bool:
    """Whether a bundle's hash sends a packet over its first link, which is the entry's own.

    Near and remote are the same ends in both directions, but each source hashes them in a way of its own, so the seed
    draws which flows are on the entry's link. Sources tell wires, directions and entries apart: two routers choose a
    flow's two ways on their own, and two bundles in a row are two hops with a choice each.
    """
    if bundle.by == "remote":
        flow_bytes = packet.remote_address
    else:
        numbers = (packet.protocol, packet.near_port, packet.remote_port)
        flow_bytes = b"".join([n.to_bytes(2, "big") for n in numbers]) + packet.near_address + packet.remote_address
    return int(chance.uniform(source, int.from_bytes(flow_bytes, "big")) * bundle.members) == 0


def covers(outer: Entry, inner: Entry) -> bool:
    """Whether every packet that `inner` concerns is one that `outer` concerns, whenever they are in force."""
    if outer.bundle is not None:
        return False
    if not outer.prefixes:
        return True
    return bool(inner.prefixes) and all(_lies_in(network, outer.prefixes) for network in inner.prefixes)


def _lies_in(network: Network, outers: Iterable[Network]) -> bool:
    return any(network.network_address in outer and network.prefixlen >= outer.prefixlen for outer in outers)
