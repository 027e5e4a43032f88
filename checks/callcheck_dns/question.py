"""One DNS question and its answer (RFC 1035), by dnspython. Importing this is slow: the probe does it when it runs."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from callcheck.api import Failure

_FAILURES = {
    dns.rcode.NXDOMAIN: Failure.name_missing,
    dns.rcode.REFUSED: Failure.resolver_refused,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a resolver said: IPv4 addresses, or in `failure` why there are none. A `truncated` one has to be asked for
    again over TCP (RFC 2181, section 9)."""

    addresses: tuple[str, ...]
    failure: Failure | None
    truncated: bool = False


class Question:
    """Asks for the IPv4 addresses of `name`; `transaction_id` is random, 0..65535."""

    def __init__(self, name: str, transaction_id: int) -> None:
        self._query = dns.message.make_query(name, dns.rdatatype.A, id=transaction_id)
        self.payload = self._query.to_wire()
        # Over TCP and TLS each message stands behind its length (RFC 1035, section 4.2.2; RFC 7858, section 3.3).
        self.framed = len(self.payload).to_bytes(2, "big") + self.payload

    def read(self, datagram: bytes) -> Reply | Failure:
        """The reply; `Failure.malformed` for what is no DNS message, `Failure.not_ours` for the answer to another
        question (identifier and question must both be ours: RFC 5452, section 9.1). Never raises."""
        try:
            message = dns.message.from_wire(datagram)
        except (dns.exception.DNSException, ValueError):
            return Failure.malformed
        if not self._query.is_response(message):
            return Failure.not_ours
        return _reply(message)


def messages(buffer: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages at the beginning of a framed stream, and what is left of it."""
    found: list[bytes] = []
    while len(buffer) >= 2 and len(buffer) >= (end := 2 + int.from_bytes(buffer[:2], "big")):
        found.append(buffer[2:end])
        buffer = buffer[end:]
    return found, buffer


def _reply(message: dns.message.Message) -> Reply:
    code = message.rcode()
    if code != dns.rcode.NOERROR:
        return Reply((), _FAILURES.get(code, Failure.resolver_failed))
    addresses = tuple(rdata.to_text() for rrset in message.answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset)
    if addresses:
        return Reply(addresses, None)
    # A reply that was cut short for want of room does not say that there is no address (RFC 2181, section 9).
    truncated = bool(message.flags & dns.flags.TC)
    return Reply((), Failure.other if truncated else Failure.name_empty, truncated)
