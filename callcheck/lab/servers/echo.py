"""An endpoint that gives every datagram back as it came, but for empty ones, which asyncio does not send."""

from __future__ import annotations

from collections.abc import Iterable

from callcheck.lab.servers.responder import Address, Datagram, Setting


class Echo:
    """Returns the bytes to their sender."""

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        return (Datagram(data, source),)


def datagram_responder(_setting: Setting) -> Echo:
    """One echo needs nothing to know."""
    return Echo()
