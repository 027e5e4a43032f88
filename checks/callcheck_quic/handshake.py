"""One QUIC handshake over a datagram socket of the context: aioquic's connection without its own sockets.

The only module that imports aioquic, which takes some 0.2 s and does not exist for every system.
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, replace
from typing import Any, Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import HandshakeCompleted
from aioquic.quic.logger import QuicLogger
from aioquic.quic.packet import QuicProtocolVersion

from callcheck.api import Context, Datagram, Failure, IcmpError, Target

_PEER: Final = ("peer", 443)  # aioquic asks where a datagram came from; the socket has one peer only
_ALPN: Final = ["h3"]
_MOST_INITIALS: Final = 5
_MOST_DATAGRAMS: Final = 10
# Half a second until the first repetition (twice this), so that several hellos side by side stay polite.
_INITIAL_RTT_S: Final = 0.25
_SHORTEST_WAIT_S: Final = 0.001
# What aioquic's connection says to a certificate that does not hold: alerts 42 to 46 and 48 (RFC 8446 section 6).
_TLS_ALERT: Final = 0x100
_CERTIFICATE_ALERTS: Final = frozenset({42, 43, 44, 45, 46, 48})
_NO_ERROR: Final = 0

# aioquic writes of each certificate that does not hold; without a handler that would go to stderr.
logging.getLogger("quic").addHandler(logging.NullHandler())


@dataclass(slots=True)
class Shaken:
    """What one hello brought. `rtt_ms` is from the first Initial to the first packet of the server's that could be
    read, None where there was none. `error_code` is what the server closed with (RFC 9000 section 20)."""

    failure: Failure | None = Failure.timeout
    rtt_ms: float | None = None
    initials: int = 0
    retried: bool = False
    handshake: bool = False
    error_code: int | None = None


async def shake_hands(ctx: Context, target: Target, name: str, *, limit_s: float, to_the_end: bool) -> Shaken:
    """Say hello to `target` with `name` in clear, and wait for any answer, or for the handshake's end.

    A Retry, a refusal inside QUIC (`Failure.error_answer`) and a certificate that does not hold
    (`Failure.tls_invalid`, looked at only `to_the_end`) are answers. At most 5 Initials leave within `limit_s`.
    """
    sock = await ctx.udp(target)
    if isinstance(sock, Failure):
        return Shaken(sock)
    attempt = _Attempt(ctx, sock, name, to_the_end=to_the_end)
    try:
        await attempt.run(limit_s)
        return attempt.shaken
    finally:
        sock.close()


def _configuration(name: str, logger: QuicLogger, *, verify: bool) -> QuicConfiguration:
    configuration = QuicConfiguration(
        alpn_protocols=_ALPN,
        server_name=name,
        quic_logger=logger,
        initial_rtt=_INITIAL_RTT_S,
        supported_versions=[QuicProtocolVersion.VERSION_1],
        verify_mode=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE,
    )
    # As `ssl.create_default_context` does: the system's store, or what SSL_CERT_FILE and SSL_CERT_DIR name.
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        configuration.load_verify_locations(paths.cafile, paths.capath)
    return configuration


class _Connection(QuicConnection):
    """Remembers why it was closed from this side, None while it was not."""

    closed_with: int | None = None

    def close(
        self, error_code: int = _NO_ERROR, frame_type: int | None = None, reason_phrase: str = "", **_more: Any
    ) -> None:
        """The reason stays here: it may hold all names of a certificate, and then fits into no packet."""
        del reason_phrase
        if self.closed_with is None:
            self.closed_with = error_code
        super().close(error_code=error_code, frame_type=frame_type)


class _Attempt:
    """Drives one connection; time, datagrams and their number are ours, everything else is aioquic's."""

    def __init__(self, ctx: Context, sock: Datagram, name: str, *, to_the_end: bool) -> None:
        self.shaken = Shaken()
        self._ctx = ctx
        self._sock = sock
        self._to_the_end = to_the_end
        self._logger = QuicLogger()
        self._quic = _Connection(configuration=_configuration(name, self._logger, verify=to_the_end))
        self._seen = 0
        self._sent = 0
        self._first_us: int | None = None
        self._over = False

    async def run(self, limit_s: float) -> None:
        deadline_us = self._ctx.now_us() + int(limit_s * 1e6)
        self._quic.connect(_PEER, now=self._now_s())
        self._send()
        while not self._over and self._ctx.now_us() < deadline_us:
            await self._step(deadline_us)
        if self.shaken.rtt_ms is not None:
            self._part()

    async def _step(self, deadline_us: int) -> None:
        timer_s = self._quic.get_timer()
        next_us = deadline_us if timer_s is None else min(deadline_us, int(timer_s * 1e6))
        wait_s = max((next_us - self._ctx.now_us()) / 1e6, _SHORTEST_WAIT_S)
        heard = await self._sock.receive(timeout_s=wait_s)
        if isinstance(heard, IcmpError):
            self.shaken.failure = heard.failure
            self._over = True
        elif heard is not None:
            self._hear(heard.payload, heard.received_us)
        elif timer_s is not None and self._now_s() >= timer_s:
            self._quic.handle_timer(self._now_s())
        if not self._over:
            self._send()

    def _hear(self, payload: bytes, received_us: int) -> None:
        try:
            self._quic.receive_datagram(payload, _PEER, now=self._now_s())
        except Exception:  # a slip of the library over hostile bytes is no more than a bad answer
            self.shaken.failure = Failure.malformed
            self._over = True
            return
        # What cannot be decrypted leaves no trace, so that garbage is no answer.
        for name, data in self._news():
            if name == "transport:packet_received":
                self._answered(received_us, data)
                self._closed(data)
        if self._quic.closed_with is not None:
            alert = self._quic.closed_with - _TLS_ALERT
            self.shaken.failure = Failure.tls_invalid if alert in _CERTIFICATE_ALERTS else Failure.tls_failed
            self._over = True
        while (event := self._quic.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                # Without a look at the certificate it says no more than any other answer.
                self.shaken.handshake = self._to_the_end
                self._over = True

    def _news(self) -> list[tuple[str, dict[str, Any]]]:
        traces = self._logger.to_dict()["traces"]
        events = [event for trace in traces for event in trace["events"]]
        news, self._seen = events[self._seen :], len(events)
        return [(event["name"], event["data"]) for event in news]

    def _answered(self, received_us: int, data: dict[str, Any]) -> None:
        if self.shaken.rtt_ms is None and self._first_us is not None:
            # Stamps of the kernel and readings of ours may differ by a little.
            self.shaken.rtt_ms = round(max(received_us - self._first_us, 0) / 1000, 3)
        self.shaken.failure = None
        if data["header"]["packet_type"] == "retry":
            self.shaken.retried = True
        # A Retry answers the hello, but says nothing of the name in it: servers send it unread.
        elif not self._to_the_end:
            self._over = True

    def _closed(self, data: dict[str, Any]) -> None:
        for frame in data.get("frames", ()):
            if frame.get("frame_type") == "connection_close":
                self._over = True
                if frame["error_code"] != _NO_ERROR:
                    self.shaken.failure = Failure.error_answer
                    self.shaken.error_code = frame["error_code"]

    def _send(self) -> None:
        for datagram, peer in self._quic.datagrams_to_send(now=self._now_s()):
            is_initial = datagram[0] & 0xF0 == 0xC0
            spent = self.shaken.initials >= _MOST_INITIALS if is_initial else False
            if peer != _PEER or spent or self._sent >= _MOST_DATAGRAMS:
                continue
            sent_us = self._sock.send(datagram)
            if isinstance(sent_us, Failure):
                self.shaken.failure = sent_us
                self._over = True
                return
            self._sent += 1
            self.shaken.initials += is_initial
            self._first_us = sent_us if self._first_us is None else self._first_us

    def _part(self) -> None:
        """Say goodbye, so that the server does not go on repeating itself."""
        told = replace(self.shaken)
        self._quic.close()
        self._send()
        self.shaken = told

    def _now_s(self) -> float:
        return self._ctx.now_us() / 1e6
