"""A control for "TCP lives": accepts, reads, says nothing, and closes when the peer does."""

from __future__ import annotations

from callcheck.lab.servers.responder import Address, Setting, StreamReply


class Listener:
    """Reads and forgets."""

    def received(self, _data: bytes) -> StreamReply:
        return StreamReply()


def stream_responder(_setting: Setting, _peer: Address) -> Listener:
    """One listener needs nothing to know."""
    return Listener()
