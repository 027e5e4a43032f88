"""TLS between a connection and its responder, on bytes alone: asyncio knows nothing of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from callcheck.lab.servers.responder import Address, Setting, StreamFactory, StreamReply, StreamResponder

_READ_BYTES: Final = 65536


class TlsResponder:
    """Answers handshakes itself, and lets the inner responder see and say plain bytes.

    What is no TLS, or ends TLS, ends the connection; the alert that OpenSSL has for it is sent before.
    """

    def __init__(self, context: ssl.SSLContext, inner: StreamResponder) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._inner = inner
        self._is_open = False

    def received(self, data: bytes) -> StreamReply:
        self._incoming.write(data)
        try:
            if not self._is_open:
                self._tls.do_handshake()
                self._is_open = True
            plain, is_ended = self._plain()
            reply = self._inner.received(plain) if plain or not data else StreamReply()
            if reply.data:
                self._tls.write(reply.data)
            if reply.more is not None:
                return StreamReply(self._outgoing.read(), reply.close, self._encrypted(reply.more, close=reply.close))
            if reply.close or is_ended:
                self._say_goodbye()
        except ssl.SSLWantReadError:
            return StreamReply(self._outgoing.read())
        except ssl.SSLError:
            return StreamReply(self._outgoing.read(), close=True)
        return StreamReply(self._outgoing.read(), close=reply.close or is_ended)

    def _plain(self) -> tuple[bytes, bool]:
        """What the peer has said so far, and whether it has said goodbye."""
        plain = bytearray()
        try:
            while piece := self._tls.read(_READ_BYTES):
                plain += piece
        except ssl.SSLWantReadError:
            return bytes(plain), False
        return bytes(plain), True

    def _encrypted(self, pieces: Iterator[bytes], *, close: bool) -> Iterator[bytes]:
        # Writing into memory never waits, and nothing that arrives is read meanwhile.
        for piece in pieces:
            self._tls.write(piece)
            yield self._outgoing.read()
        if close:
            self._say_goodbye()
            yield self._outgoing.read()

    def _say_goodbye(self) -> None:
        with suppress(ssl.SSLError):  # it would wait for the peer's goodbye, which nobody needs
            self._tls.unwrap()


def behind_tls(make_responder: StreamFactory, context: ssl.SSLContext) -> StreamFactory:
    """The same kind of responder, spoken to in TLS."""

    def make(setting: Setting, peer: Address) -> TlsResponder:
        return TlsResponder(context, make_responder(setting, peer))

    return make
