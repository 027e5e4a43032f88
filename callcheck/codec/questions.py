"""The probe forms: what a call's first packet to each kind of endpoint looks like, and what counts as its answer.

Randomness is an argument: `random(count)` gives that many bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from callcheck.codec import Malformed

Random = Callable[[int], bytes]
# The sender's address and port as the other side saw them; None where an answer does not tell.
Seen = tuple[str, int] | None


def _tells_nothing(_datagram: bytes) -> Seen:
    return None


class Question(msgspec.Struct, frozen=True):
    """The bytes to send, what says whether a datagram answers them, and what such an answer tells of our address."""

    payload: bytes
    answers: Callable[[bytes], bool]
    reflexive: Callable[[bytes], Seen] = _tells_nothing


def hello(random: Random) -> Question:
    """The hello byte for byte as tgcalls sends it, query id included; the answer repeats the tag (facts 3.3 b)."""
    from callcheck.codec import reflector  # noqa: PLC0415 - who reads a saved run needs only the names of the forms

    tag = reflector.peer_tag(random(11), 0, _not_zero(random(4)))

    def answers(datagram: bytes) -> bool:
        heard = reflector.decode(datagram)
        return isinstance(heard, reflector.SelfInfo) and heard.peer_tag == tag

    def self_info(datagram: bytes) -> Seen:
        heard = reflector.decode(datagram)
        return (heard.address, heard.port) if isinstance(heard, reflector.SelfInfo) else None

    return Question(reflector.hello(tag), answers, self_info)


def _not_zero(client_tag: bytes) -> bytes:
    return client_tag if any(client_tag) else b"\x01" + client_tag[1:]


def _stun(transaction_id: bytes, kinds: tuple[str, ...], *, cookie: bool = True, is_allocate: bool = False) -> Question:
    from callcheck.codec import stun  # noqa: PLC0415 - as in `hello`

    def answers(datagram: bytes) -> bool:
        heard = stun.decode(datagram)
        return isinstance(heard, stun.Message) and heard.transaction_id == transaction_id and heard.kind in kinds

    def mapped(datagram: bytes) -> Seen:
        heard = stun.decode(datagram)
        return stun.reflexive_address(heard) if isinstance(heard, stun.Message) else None

    if is_allocate:
        return Question(stun.allocate_request(transaction_id), answers, mapped)
    return Question(stun.binding_request(transaction_id, cookie=cookie), answers, mapped)


def binding(random: Random) -> Question:
    """A Binding with the magic cookie (RFC 8489)."""
    return _stun(random(12), ("success",))


def classic(random: Random) -> Question:
    """A Binding without the cookie (RFC 3489), which a rule that looks for the cookie lets pass."""
    from callcheck.codec.attribute_values import MAGIC_COOKIE  # noqa: PLC0415 - as in `hello`

    transaction_id = random(16)
    if transaction_id.startswith(MAGIC_COOKIE):  # it would be read as the other form
        transaction_id = bytes([transaction_id[0] ^ 1]) + transaction_id[1:]
    return _stun(transaction_id, ("success",), cookie=False)


def allocate(random: Random) -> Question:
    """Refused for want of credentials is an answer: 401, as in the capture of 2022-03-23."""
    return _stun(random(12), ("success", "error"), is_allocate=True)


def dtls_hello(random: Random) -> Question:
    """A DTLS ClientHello; whatever a DTLS server says first is its answer."""
    from callcheck.codec import dtls  # noqa: PLC0415 - OpenSSL takes 0.1 s to load, and most runs of a command need it not

    del random  # OpenSSL draws its own
    return Question(dtls.client_hello(), lambda datagram: not isinstance(dtls.decode(datagram), Malformed))


# By protocol of the target, those that apps try first before others: the forms to ask in, in the catalogue's names.
FORMS: dict[str, dict[str, Callable[[Random], Question]]] = {
    "reflector": {"hello": hello},
    "turn": {"binding": binding, "allocate": allocate, "classic": classic},
    "whatsapp_relay": {"dtls": dtls_hello, "stun": binding, "classic": classic},
}

# Forms that carry STUN's magic cookie, and forms by which a call is known best: a rule may punish whoever sends those.
COOKIE_FORMS = frozenset({"binding", "allocate", "stun"})
TRIGGER_FORMS = frozenset({"hello", "dtls"})
