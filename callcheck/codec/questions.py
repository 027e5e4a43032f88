"""The probe forms: what a call's first packet to each kind of endpoint looks like, and what counts as its answer.

Randomness is an argument: `random(count)` gives that many bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from callcheck.codec import Malformed, reflector, stun

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Question:
    """The bytes to send, and what says whether a datagram answers them."""

    payload: bytes
    answers: Callable[[bytes], bool]


def _hello(random: Random) -> Question:
    """The hello byte for byte as tgcalls sends it, query id included; the answer repeats the tag."""
    tag = reflector.peer_tag(random(11), 0, _not_zero(random(4)))

    def answers(datagram: bytes) -> bool:
        heard = reflector.decode(datagram)
        return isinstance(heard, reflector.SelfInfo) and heard.peer_tag == tag

    return Question(reflector.hello(tag), answers)


def _not_zero(client_tag: bytes) -> bytes:
    return client_tag if any(client_tag) else b"\x01" + client_tag[1:]


def _stun(random: Random, make: Callable[[bytes], bytes], kinds: tuple[str, ...]) -> Question:
    transaction_id = random(12)

    def answers(datagram: bytes) -> bool:
        heard = stun.decode(datagram)
        return isinstance(heard, stun.Message) and heard.transaction_id == transaction_id and heard.kind in kinds

    return Question(make(transaction_id), answers)


def _binding(random: Random) -> Question:
    return _stun(random, stun.binding_request, ("success",))


def _allocate(random: Random) -> Question:
    """Refused for want of credentials is an answer: 401, as in the capture of 2022-03-23."""
    return _stun(random, stun.allocate_request, ("success", "error"))


def _dtls(random: Random) -> Question:
    from callcheck.codec import dtls  # noqa: PLC0415 - OpenSSL takes 0.1 s to load, and most runs of a command need it not

    del random  # OpenSSL draws its own
    return Question(dtls.client_hello(), lambda datagram: not isinstance(dtls.decode(datagram), Malformed))


# By protocol of the target, those that apps try first before others: the forms to ask in, in the catalogue's names.
FORMS: dict[str, dict[str, Callable[[Random], Question]]] = {
    "reflector": {"hello": _hello},
    "turn": {"binding": _binding, "allocate": _allocate},
    "whatsapp_relay": {"dtls": _dtls, "stun": _binding},
}
