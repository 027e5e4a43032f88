"""From what the system says to the closed list of failure names."""

from __future__ import annotations

import errno
import socket
import ssl

from callcheck.words import Failure

_BY_ERRNO = {
    errno.ECONNREFUSED: Failure.refused,
    errno.ECONNRESET: Failure.reset,
    errno.ECONNABORTED: Failure.reset,
    errno.EPIPE: Failure.reset,
    errno.EHOSTUNREACH: Failure.host_unreachable,
    errno.EHOSTDOWN: Failure.host_unreachable,
    errno.ENETUNREACH: Failure.network_unreachable,
    errno.ENETDOWN: Failure.network_unreachable,
    errno.EACCES: Failure.permission,
    errno.EPERM: Failure.permission,
    errno.EADDRNOTAVAIL: Failure.address_not_available,
    errno.ETIMEDOUT: Failure.timeout,
    errno.EAFNOSUPPORT: Failure.unsupported,
    errno.EPROTONOSUPPORT: Failure.unsupported,
}

# EAI_NODATA is glibc's; the socket module does not name it everywhere.
_BY_RESOLVER_CODE = {
    socket.EAI_NONAME: Failure.name_missing,
    getattr(socket, "EAI_NODATA", -5): Failure.name_empty,
    getattr(socket, "EAI_ADDRFAMILY", -9): Failure.name_empty,
    socket.EAI_AGAIN: Failure.resolver_timeout,
    socket.EAI_FAIL: Failure.resolver_failed,
}

# The first that fits, from the particular to the general.
_BY_KIND: tuple[tuple[type[BaseException], Failure], ...] = (
    (TimeoutError, Failure.timeout),
    (ssl.SSLCertVerificationError, Failure.tls_invalid),
    (ssl.SSLEOFError, Failure.eof),
    (ssl.SSLZeroReturnError, Failure.eof),
    (ssl.SSLError, Failure.tls_failed),
)


def _ended_early(error: BaseException) -> bool:
    """Whether a stream ended in the midst of a TLS handshake: asyncio says so by a reset without a number."""
    return isinstance(error, ConnectionResetError) and error.errno is None


def failure_of(error: BaseException) -> Failure:
    """The name for an error of the system, of TLS or of the resolver."""
    if isinstance(error, socket.gaierror):
        return _BY_RESOLVER_CODE.get(error.errno or 0, Failure.resolver_failed)
    if _ended_early(error):
        return Failure.eof
    for kind, failure in _BY_KIND:
        if isinstance(error, kind):
            return failure
    return _BY_ERRNO.get(error.errno or 0, Failure.other) if isinstance(error, OSError) else Failure.other
