"""What a STUN and TURN server without a known user answers, in the attributes and the order that coturn uses."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.lab.servers import stun_wire as wire
from callcheck.lab.servers.responder import Address
from callcheck.lab.servers.stun_wire import Attribute, StunMessage

# The comprehension-required attributes of RFC 3489, 5245, 5780, 8489 and 8656.
_UNDERSTOOD: Final = frozenset({*range(0x0001, 0x0007), *range(0x0008, 0x001F), 0x0020, 0x0022, *range(0x0024, 0x0028)})


@dataclass(frozen=True, slots=True)
class StunManner:
    """How one server speaks. `other_address` is None where it has no second address to show."""

    software: bytes
    realm: bytes
    fingerprint: bool
    answers_classic: bool
    other_address: Address | None


REALM: Final = "lab"
USER: Final = "callcheck"
PASSWORD: Final = "lab"  # noqa: S105 - public by intent: it opens nothing outside the lab
"""The only user of the lab's TURN servers; the real coturn is started with the same one."""

# Seen on coturn 4.6.1 without --fingerprint and RFC 5780: 80 bytes with the cookie, 84 without it.
COTURN: Final = StunManner(
    software=b"Coturn-4.6.1 'Gorst'",
    realm=REALM.encode(),
    fingerprint=False,
    answers_classic=True,
    other_address=None,
)


def answer_stun(
    request: StunMessage,
    *,
    source: Address,
    local: Address,
    manner: StunManner,
    nonce: bytes,
    extra: Sequence[Attribute] = (),
) -> bytes | None:
    """The answer, or None where the server says nothing.

    Seen on coturn 4.6.1 with long-term credentials: a Binding succeeds or is refused with 420; every other
    request with a cookie gets 401 before anything else in it is looked at; without a cookie only Binding is
    answered. `nonce` is 16 hex digits; `extra` goes into a success with a cookie.
    """
    if not request.is_request:
        return None
    if not request.has_cookie and (request.message_type != wire.BINDING or not manner.answers_classic):
        return None
    if request.message_type != wire.BINDING:
        return _refusal(request, manner, _unauthorized(manner, nonce))
    if unknown := not_understood(request):
        listed = b"".join(struct.pack(">H", attribute_type) for attribute_type in unknown)
        return _refusal(
            request,
            manner,
            [(wire.ERROR_CODE, wire.error_value(420, "Unknown Attribute")), (wire.UNKNOWN_ATTRIBUTES, listed)],
        )
    if not request.has_cookie:
        return _classic_success(request, source, local, manner)
    return _success(request, source, local, manner, extra)


def not_understood(request: StunMessage) -> list[int]:
    """The comprehension-required attributes that no RFC above names."""
    return [
        attribute_type
        for attribute_type, _ in request.attributes
        if attribute_type < 0x8000 and attribute_type not in _UNDERSTOOD
    ]


def refuse(request: StunMessage, manner: StunManner, code: int, reason: str) -> bytes:
    """An error answer without attributes of its own."""
    return _refusal(request, manner, [(wire.ERROR_CODE, wire.error_value(code, reason))])


def _unauthorized(manner: StunManner, nonce: bytes) -> list[Attribute]:
    return [
        (wire.ERROR_CODE, wire.error_value(401, "Unauthorized")),
        (wire.NONCE, nonce),
        (wire.REALM, manner.realm),
    ]


def _refusal(request: StunMessage, manner: StunManner, attributes: list[Attribute]) -> bytes:
    software = manner.software if request.has_cookie else _classic_text(manner.software)
    return wire.encode_stun(
        request.message_type | wire.ERROR,
        request.identity,
        [*attributes, (wire.SOFTWARE, software)],
        fingerprint=manner.fingerprint and request.has_cookie,
    )


def _success(
    request: StunMessage, source: Address, local: Address, manner: StunManner, extra: Sequence[Attribute]
) -> bytes:
    attributes: list[Attribute] = [
        (wire.XOR_MAPPED_ADDRESS, wire.xor_address_value(source, request.identity)),
        (wire.MAPPED_ADDRESS, wire.address_value(source)),
        (wire.RESPONSE_ORIGIN, wire.address_value(local)),
    ]
    if manner.other_address is not None:
        attributes.append((wire.OTHER_ADDRESS, wire.address_value(manner.other_address)))
    attributes += [*extra, (wire.SOFTWARE, manner.software)]
    return wire.encode_stun(wire.BINDING | wire.SUCCESS, request.identity, attributes, fingerprint=manner.fingerprint)


def _classic_success(request: StunMessage, source: Address, local: Address, manner: StunManner) -> bytes:
    attributes: list[Attribute] = [
        (wire.MAPPED_ADDRESS, wire.address_value(source)),
        (wire.SOURCE_ADDRESS, wire.address_value(local)),
        (wire.CHANGED_ADDRESS, wire.address_value(manner.other_address or local)),
        (wire.SOFTWARE, _classic_text(manner.software)),
    ]
    return wire.encode_stun(wire.BINDING | wire.SUCCESS, request.identity, attributes, fingerprint=False)


def _classic_text(text: bytes) -> bytes:
    """Values of the classic form are whole words (RFC 3489 section 11.2); coturn ends them with one to four zeros."""
    return text + bytes(4 - len(text) % 4)
