"""Who may use the TURN server: long-term credentials (RFC 8489 section 9.2), checked in coturn's order."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callcheck.lab.servers import stun_wire as wire
from callcheck.lab.servers import turn_wire as turn
from callcheck.lab.servers.responder import Address, Setting
from callcheck.lab.servers.stun_answers import PASSWORD, REALM, USER
from callcheck.lab.servers.stun_wire import Attribute, StunMessage
from callcheck.lab.servers.turn_allocations import Allocation

_NONCE_PERIOD_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer to be. `is_signed` where the asker has shown that it knows the key, and coturn signs."""

    code: int
    reason: str
    attributes: tuple[Attribute, ...] = ()
    is_signed: bool = True


class Access:
    """Checks requests, and remembers nothing: a nonce holds for one client's address, for one to two hours."""

    def __init__(self, setting: Setting) -> None:
        self._secret = setting.random.randbytes(32)
        self._monotonic_s = setting.monotonic_s
        self.key: Final = turn.long_term_key(USER, REALM, PASSWORD)

    def refusal(
        self, message: bytes, request: StunMessage, client: Address, allocation: Allocation | None
    ) -> Refusal | None:
        """Why the request is not let in; None for one with the right credentials. `request` is the message, parsed."""
        shown = before_integrity(request)
        if shown is None:
            return self._challenge(401, "Unauthorized", client)
        # Of an attribute that stands there twice the first counts.
        given = dict(reversed(shown))
        misfit = _misfit(given, allocation)
        if misfit is not None:
            return misfit
        if not self._is_fresh(given[wire.NONCE], client):
            return self._challenge(438, "Stale nonce", client)
        if given[turn.USERNAME] != USER.encode() or not turn.integrity_fits(message, self.key):
            return self._challenge(401, "Unauthorized", client)
        return None

    def _challenge(self, code: int, reason: str, client: Address) -> Refusal:
        nonce = self._nonce(client, self._period())
        return Refusal(code, reason, ((wire.NONCE, nonce), (wire.REALM, REALM.encode())), is_signed=False)

    def _is_fresh(self, nonce: bytes, client: Address) -> bool:
        period = self._period()
        return any(hmac.compare_digest(nonce, self._nonce(client, one)) for one in (period, period - 1))

    def _period(self) -> int:
        return int(self._monotonic_s() // _NONCE_PERIOD_S)

    def _nonce(self, client: Address, period: int) -> bytes:
        """16 hex digits, as coturn's."""
        made_for = f"{client[0]} {client[1]} {period}".encode()
        return hmac.digest(self._secret, made_for, "sha256")[:8].hex().encode()


def _misfit(given: Mapping[int, bytes], allocation: Allocation | None) -> Refusal | None:
    """What can be said against the credentials before they are checked: incomplete, or not those of the allocation."""
    if not {turn.USERNAME, wire.REALM, wire.NONCE} <= given.keys():
        return Refusal(400, "Bad Request", is_signed=False)
    if given[wire.REALM] != REALM.encode():
        return Refusal(437 if allocation is None else 441, "Wrong realm", is_signed=False)
    if allocation is not None and given[turn.USERNAME] != allocation.user:
        return Refusal(441, "Wrong Credentials", is_signed=False)
    return None


def before_integrity(request: StunMessage) -> tuple[Attribute, ...] | None:
    """The attributes that MESSAGE-INTEGRITY vouches for; what follows it is ignored (RFC 8489 section 14.5)."""
    for index, (kind, _) in enumerate(request.attributes):
        if kind == turn.MESSAGE_INTEGRITY:
            return request.attributes[:index]
    return None
