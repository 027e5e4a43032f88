"""Every error of the system, of TLS and of the resolver has its one name."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from callcheck.net.failures import failure_of
from callcheck.words import Failure

# glibc's numbers, which the socket module does not name everywhere.
EAI_NODATA = getattr(socket, "EAI_NODATA", -5)
EAI_ADDRFAMILY = getattr(socket, "EAI_ADDRFAMILY", -9)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (errno.ECONNREFUSED, Failure.refused),
        (errno.ECONNRESET, Failure.reset),
        (errno.ECONNABORTED, Failure.reset),
        (errno.EPIPE, Failure.reset),
        (errno.EHOSTUNREACH, Failure.host_unreachable),
        (errno.EHOSTDOWN, Failure.host_unreachable),
        (errno.ENETUNREACH, Failure.network_unreachable),
        (errno.ENETDOWN, Failure.network_unreachable),
        (errno.EACCES, Failure.permission),
        (errno.EPERM, Failure.permission),
        (errno.EADDRNOTAVAIL, Failure.address_not_available),
        (errno.ETIMEDOUT, Failure.timeout),
        (errno.EAFNOSUPPORT, Failure.unsupported),
        (errno.EPROTONOSUPPORT, Failure.unsupported),
        (errno.EMFILE, Failure.other),
        (errno.EIO, Failure.other),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else None,
)
def test_errors_of_the_system_are_named_by_their_number(code: int, name: Failure) -> None:
    assert failure_of(OSError(code, "as the system says it")) is name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (socket.EAI_NONAME, Failure.name_missing),
        (EAI_NODATA, Failure.name_empty),
        (EAI_ADDRFAMILY, Failure.name_empty),
        (socket.EAI_AGAIN, Failure.resolver_timeout),
        (socket.EAI_FAIL, Failure.resolver_failed),
        (socket.EAI_SERVICE, Failure.resolver_failed),
        (socket.EAI_SYSTEM, Failure.resolver_failed),
    ],
)
def test_errors_of_the_resolver_are_named_by_their_own_numbers(code: int, name: Failure) -> None:
    assert failure_of(socket.gaierror(code, "as the resolver says it")) is name


def test_a_number_of_the_resolver_is_never_read_as_one_of_the_system() -> None:
    assert failure_of(socket.gaierror(errno.EPERM, "1 is no code of the resolver's")) is Failure.resolver_failed
    assert failure_of(socket.gaierror()) is Failure.resolver_failed


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError(), Failure.timeout),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), Failure.tls_invalid),
        (ssl.SSLError(1, "wrong version number"), Failure.tls_failed),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), Failure.eof),
        (ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed"), Failure.eof),
        (ConnectionResetError(), Failure.eof),  # asyncio: the stream ended within a handshake
        (ConnectionResetError(104, "Connection reset by peer"), Failure.reset),
        (OSError("without a number"), Failure.other),
        (ValueError("no error of the system"), Failure.other),
        (UnicodeEncodeError("idna", "x", 0, 1, "label too long"), Failure.other),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_without_a_number_of_the_system_are_named_by_their_kind(error: Exception, name: Failure) -> None:
    assert failure_of(error) is name


def test_a_number_of_tls_is_never_read_as_one_of_the_system() -> None:
    assert failure_of(ssl.SSLError(errno.ECONNREFUSED, "a number of OpenSSL's")) is Failure.tls_failed
    assert failure_of(ssl.SSLCertVerificationError(errno.EPERM, "another")) is Failure.tls_invalid
