"""The size that all arms share, and the token that carries a packet's number unseen.

A numbered packet has 160 bytes of UDP payload, 188 at the IP layer: what 60 ms of speech at 20 kbit/s come to, the size
that irtt's and our own voice figures use (facts/inference.md 6 and 7), and a size that a Binding request reaches with
SOFTWARE.
"""

from __future__ import annotations

import hashlib

PAYLOAD_BYTES = 160
TOKEN_BYTES = 12
_NUMBER_BYTES = 4


def token(key: bytes, number: int) -> bytes:
    """12 bytes that look random, carry `number` (below 2**32), and that only a holder of `key` can make.

    `key` has 1 to 32 bytes.
    """
    proof = _proof(key, number)
    mask = _mask(key, proof)
    return bytes(a ^ b for a, b in zip(number.to_bytes(_NUMBER_BYTES, "big"), mask, strict=True)) + proof


def number_in(key: bytes, found: bytes) -> int | None:
    """The number that `token` put in; None for any bytes that it did not make."""
    if len(found) != TOKEN_BYTES:
        return None
    mask = _mask(key, found[_NUMBER_BYTES:])
    number = int.from_bytes(bytes(a ^ b for a, b in zip(found[:_NUMBER_BYTES], mask, strict=True)), "big")
    return number if _proof(key, number) == found[_NUMBER_BYTES:] else None


def filled(token_of_packet: bytes, random: bytes, total_bytes: int) -> bytes:
    """The token first, then bytes drawn from `random` up to `total_bytes`."""
    return token_of_packet + hashlib.shake_128(random).digest(total_bytes - len(token_of_packet))


def _proof(key: bytes, number: int) -> bytes:
    size = TOKEN_BYTES - _NUMBER_BYTES
    return hashlib.blake2s(number.to_bytes(_NUMBER_BYTES, "big"), key=key, digest_size=size).digest()


def _mask(key: bytes, proof: bytes) -> bytes:
    return hashlib.blake2s(proof, key=key, digest_size=_NUMBER_BYTES, person=b"mask").digest()
