"""A DTLS 1.2 server that is nobody's messenger: OpenSSL itself, asked for a cookie first (RFC 6347 section 4.2.1)."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from callcheck.lab.servers.dtls_wire import ClientHello, hello_cookie, parse_client_hello
from callcheck.lab.servers.responder import Address, Datagram, Setting

_IDLE_S: Final = 60.0
_MOST_SESSIONS: Final = 64
_READ_BYTES: Final = 65536
_VALID: Final = timedelta(days=1)
_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callcheck lab dtls")])


@dataclass(slots=True)
class _Session:
    """One client's handshake or connection, begun by the ClientHello with this random."""

    connection: SSL.Connection
    client_random: bytes
    seen_s: float


class DtlsServer:
    """Completes handshakes, with a certificate that it signed itself, and listens to what follows without answering.

    A ClientHello without its cookie gets a HelloVerifyRequest (48 bytes) and leaves no trace. Sessions are bounded,
    and the one that was silent longest goes first. A lost flight is sent again when the client speaks again after
    OpenSSL's own time (1 s, then doubled), so that no timer runs here.
    """

    def __init__(self, setting: Setting) -> None:
        self._monotonic_s = setting.monotonic_s
        self._cookie_secret = setting.random.randbytes(32)
        self._sessions: OrderedDict[Address, _Session] = OrderedDict()
        self._context = _context()
        self._context.set_cookie_generate_callback(self._expected_cookie)
        self._context.set_cookie_verify_callback(
            lambda connection, cookie: hmac.compare_digest(cookie, self._expected_cookie(connection))
        )

    @property
    def session_count(self) -> int:
        """Clients that came back with their cookie; never more than 64."""
        return len(self._sessions)

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        self._forget_idle_sessions()
        hello = parse_client_hello(data)
        session = self._sessions.get(source)
        if hello is not None and (session is None or session.client_random != hello.client_random):
            flights = self._greet(data, hello, source)
        elif session is not None and data:
            flights = self._continue(session, data, source)
        else:
            return ()
        return tuple(Datagram(flight, source) for flight in flights)

    def _greet(self, datagram: bytes, hello: ClientHello, source: Address) -> Iterator[bytes]:
        """Ask for the cookie, or begin a session with the client that has it."""
        connection = SSL.Connection(self._context, None)
        connection.set_app_data((source, hello.client_random))
        connection.set_accept_state()
        connection.bio_write(datagram)
        # WantReadError stands for "no cookie yet", every other error for a hello that OpenSSL does not like.
        with suppress(SSL.Error):
            connection.DTLSv1_listen()
            self._sessions[source] = _Session(connection, hello.client_random, self._monotonic_s())
            self._sessions.move_to_end(source)
            if len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
            connection.do_handshake()
        return _flights(connection)

    def _continue(self, session: _Session, datagram: bytes, source: Address) -> Iterator[bytes]:
        session.seen_s = self._monotonic_s()
        self._sessions.move_to_end(source)
        connection = session.connection
        try:
            if connection.DTLSv1_get_timeout() == 0:
                connection.DTLSv1_handle_timeout()
            connection.bio_write(datagram)
            while connection.recv(_READ_BYTES):
                pass
        except SSL.WantReadError:
            pass
        except SSL.Error:
            # A goodbye or a fatal alert.
            del self._sessions[source]
        return _flights(connection)

    def _expected_cookie(self, connection: SSL.Connection) -> bytes:
        source, client_random = connection.get_app_data()
        return hello_cookie(self._cookie_secret, source, client_random)

    def _forget_idle_sessions(self) -> None:
        oldest_allowed_s = self._monotonic_s() - _IDLE_S
        while self._sessions and next(iter(self._sessions.values())).seen_s < oldest_allowed_s:
            self._sessions.popitem(last=False)


def _flights(connection: SSL.Connection) -> Iterator[bytes]:
    """What OpenSSL wants sent; a flight with this certificate fits into one datagram."""
    with suppress(SSL.WantReadError):
        while flight := connection.bio_read(_READ_BYTES):
            yield flight


def _context() -> SSL.Context:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .sign(key, hashes.SHA256())
    )
    context = SSL.Context(SSL.DTLS_SERVER_METHOD)
    context.use_privatekey(key)
    context.use_certificate(certificate)
    return context


def datagram_responder(setting: Setting) -> DtlsServer:
    """DTLS on one port."""
    return DtlsServer(setting)
