"""Finds what is shaped like an address, a device or a person in text that is about to leave (DESIGN 8)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator

_IPV4 = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_HEX_AND_COLONS = re.compile(r"[0-9A-Fa-f:.]{3,}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}")
_MAC_DOTTED = re.compile(r"[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}")
_MAIL = re.compile(r"[\w.+%-]{0,64}[\w+%-]@\w[\w.-]{0,255}")


def leaks(text: str, allowed: Collection[str]) -> list[str]:
    """Everything shaped like an IPv4, IPv6 or MAC address or an e-mail, in order, that is not in `allowed`.

    It errs on the side of finding: a version of four numbers is an address to it.
    """
    found = sorted([*_ipv4(text), *_ipv6(text), *_by_shape(text)])
    return list(dict.fromkeys(shape for _, shape in found if shape not in allowed))


def _ipv4(text: str) -> Iterator[tuple[int, str]]:
    """Numbers with leading zeros too: parsers refuse them, people read them."""
    for match in _IPV4.finditer(text):
        if all(int(part) < 256 for part in match.group().split(".")):
            yield match.start(), match.group()


def _ipv6(text: str) -> Iterator[tuple[int, str]]:
    for match in _HEX_AND_COLONS.finditer(text):
        run = match.group()
        if run.count(":") < 2:
            continue
        address = next(filter(_is_ipv6, _trimmed(run)), None)
        if address is not None:
            yield match.start(), address


def _trimmed(run: str) -> Iterator[str]:
    """The run without what may stick to an address: punctuation of the sentence, hex letters of a word before it."""
    yield from (run, run.rstrip(":."), run.lstrip(":."), run.strip(":."))
    first, _, rest = run.rstrip(":.").partition(":")
    yield from (f"{first[-length:]}:{rest}" for length in range(4, 0, -1))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return text.strip(":") != ""


def _by_shape(text: str) -> Iterator[tuple[int, str]]:
    for pattern in (_MAC, _MAC_DOTTED, _MAIL):
        for match in pattern.finditer(text):
            yield match.start(), match.group()
