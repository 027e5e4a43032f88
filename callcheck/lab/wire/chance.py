"""Chance as a function of a key and a number, so that no decision depends on how other packets interleave."""

import math
from hashlib import blake2b

_SHARE = 2.0**-64


def key(*parts: object) -> bytes:
    """A source of chance: everything that tells it from others, such as seed, wire, direction and purpose."""
    return ":".join(map(str, parts)).encode()


def uniform(source: bytes, number: int) -> float:
    """A number in [0, 1) that depends on its arguments alone."""
    digest = blake2b(b"%s:%d" % (source, number), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53


def normal(source: bytes, number: int) -> float:
    """A standard normal number that depends on its arguments alone (Box-Muller)."""
    digest = blake2b(b"%s:%d" % (source, number), digest_size=16).digest()
    radius = math.sqrt(-2.0 * math.log((int.from_bytes(digest[:8], "big") + 1) * _SHARE))
    return radius * math.cos(2.0 * math.pi * int.from_bytes(digest[8:], "big") * _SHARE)
