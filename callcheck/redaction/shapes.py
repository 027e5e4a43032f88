"""What is shaped like an address, a device, a person or a place on this computer, in a text in lower case."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from callcheck.redaction.known import is_known
from callcheck.redaction.leaks import leaks

# A word with a dot or colon in it: addresses and host names, which may be known. A port may stand behind.
_DOTTED: Final = re.compile(r"[0-9a-z_][0-9a-z_-]*(?:[.:][0-9a-z_-]+)+")
_PORT: Final = re.compile(r":[0-9]{1,5}$")
# Of top-level domains those of countries, and those that people and devices have.
_TLD: Final = (
    "[a-z]{2}|com|net|org|info|biz|name|pro|mobi|xyz|online|site|top|club|app|dev|cloud|shop|live|tech|store|space|"
    "icu|vip|work|host|website|pw|local|localdomain|lan|home|internal|intranet|corp|private|arpa|onion|i2p|box|"
    "router|gateway|test|invalid|example|xn--[a-z0-9-]+|moscow|tatar|edu|gov|mil|int"
)
_HOST: Final = re.compile(rf"(?<![0-9a-z_.-])(?:[a-z0-9_][a-z0-9_-]*\.)+(?:{_TLD})(?![0-9a-z_-]|\.[0-9a-z])")
_RUSSIAN_HOST: Final = re.compile(r"(?:[\w-]+\.)+(?:рф|рус|москва|дети|онлайн|сайт|бел|укр)\b")
_BARE_MAC: Final = re.compile(r"(?<![0-9a-z_.-])(?=[0-9a-f]*[a-f])[0-9a-f]{12}(?![0-9a-z_]|[.-][0-9a-z])")
_PATH: Final = re.compile(
    r"/(?:home|users|root)/+[^\s/\"'<>,)]+|[a-z]:\\+(?:users|documents and settings)\\+[^\s\\\"']+"
)
_PSEUDO: Final = re.compile(r"::(?:before|after|marker|placeholder|selection|first-l|backdrop|cue|details|-)")
_HEX: Final = re.compile(r"(?<![0-9a-z])(?:[0-9a-f]{2}[ :,._-]?|\\x[0-9a-f]{2}|0x[0-9a-f]{2}[ ,]*){7,}")
_BASE64: Final = re.compile(r"[0-9A-Za-z+/_-]{10,}")
# Bytes at the ends that are not of the text, as where it was cut out of a longer one.
_MOST_BESIDE: Final = 2
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{7,}")


def shapes(text: str) -> Iterator[tuple[str, str]]:
    """Kind and value of each; forwards, backwards, and in what the text holds in hexadecimal."""
    lower = text.lower()
    unknown = without_known(lower)
    yield from _in(unknown)
    yield from ((f"{kind}_reversed", found[::-1]) for kind, found in _addresses(unknown[::-1]))
    for found in _HEX.finditer(unknown):
        digits = re.sub(r"\\x|0x|[^0-9a-f]", "", found.group())
        for place in (0, 1):
            pairs = digits[place : place + (len(digits) - place) // 2 * 2]
            for order in (bytes.fromhex(pairs), bytes.fromhex(pairs)[::-1]):
                yield from _in_bytes(order, "hex")


def shapes_in_base64(text: str) -> Iterator[tuple[str, str]]:
    """As `shapes`, in what the text holds in Base64; capital letters count."""
    for word in set(_BASE64.findall(text)):
        standard = word.replace("-", "+").replace("_", "/")
        for place in range(4):
            part = standard[place:]
            try:
                raw = base64.b64decode(part[: len(part) // 4 * 4] + _rest(part))
            except (binascii.Error, ValueError):
                continue
            yield from _in_bytes(raw, "base64")


def without_known(lower: str) -> str:
    """The text without endpoints of the catalogue and words of our own."""
    return _PSEUDO.sub(" ", _DOTTED.sub(_unknown, lower))


def _unknown(found: re.Match[str]) -> str:
    word = found.group()
    return " " if is_known(word) or is_known(_PORT.sub("", word)) else word


def _in(lower: str) -> Iterator[tuple[str, str]]:
    yield from _addresses(lower)
    for kind, pattern in (
        ("host", _HOST),
        ("host", _RUSSIAN_HOST),
        ("device", _BARE_MAC),
        ("path", _PATH),
    ):
        yield from ((kind, found.group()) for found in pattern.finditer(lower))


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    yield from (("mail" if "@" in found else "address", found) for found in leaks(text, ()))


def _in_bytes(raw: bytes, how: str) -> Iterator[tuple[str, str]]:
    """What is no text as a whole may hold an address and no more: of random bytes, as the run's number is made of, some
    look like a short name or e-mail."""
    for printable in _PRINTABLE.findall(raw):
        text = without_known(printable.decode().lower())
        is_text = len(printable) >= len(raw) - _MOST_BESIDE
        yield from ((f"{kind}_{how}", found) for kind, found in _in(text) if is_text or kind == "address")


def _rest(part: str) -> str:
    """The last, shorter group, made whole."""
    rest = part[len(part) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""
