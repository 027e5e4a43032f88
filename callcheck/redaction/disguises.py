"""The forms in which an address, a name or another text could leave unseen, and how a text is brought out of them."""

from __future__ import annotations

import base64
import html
import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

import msgspec

# RFC 8489 section 14.2: in a STUN answer an address stands XORed with it.
_COOKIE: Final = 0x2112A442
# RFC 4380 section 4: in a Teredo address the client's stands inverted.
_INVERTED: Final = 0xFFFFFFFF
_ESCAPED: Final = re.compile(r"\\+(?:u\{?([0-9A-Fa-f]{4,6})\}?|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2}))")
_BACKSLASHES: Final = re.compile(r"\\\\+")
_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_ROUNDS: Final = 4
# Of Base64 that stands within a longer one, what lies beside it changes up to so many characters.
_SHORTEST_BASE64: Final = 5


class Disguises(msgspec.Struct, frozen=True):
    """What to look for, for one secret. `plain` in a text in lower case, where it may not be a part of a longer word;
    `packed` in lower case without separators; `coded` as it stands."""

    plain: frozenset[str]
    packed: frozenset[str]
    coded: frozenset[str]


def disguises(secret: str) -> Disguises:
    """Every form of a secret that is looked for: an address also by its bytes, as a number, and as STUN, IPv6
    translation (RFC 6052), 6to4 and Teredo write it."""
    text = _CONTROLS.sub("", secret).lower()
    raw = secret.encode()
    plain = {text, text[::-1]}
    packed = {raw.hex(), raw.hex()[::-1], text.encode().hex(), raw[::-1].hex()}
    coded = {*_base64(raw), *_base64(text.encode()), *_base64(raw[::-1])}
    try:
        address = ipaddress.ip_address(secret)
    except ValueError:
        octets = re.fullmatch(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}", text)
        if octets:
            device = bytes.fromhex(re.sub(r"[^0-9a-f]", "", text))
            packed |= {device.hex(), device[::-1].hex(), device.hex()[::-1]}
            coded |= _base64(device)
        return Disguises(frozenset(plain), frozenset(packed), frozenset(coded))
    return _of_address(address, plain, packed, coded)


def _of_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, plain: set[str], packed: set[str], coded: set[str]
) -> Disguises:
    if isinstance(address, ipaddress.IPv4Address):
        parts = address.packed
        number = int(address)
        plain |= {
            sep.join(format(part, form) for part in parts) for form in ("#x", "#o", "03d") for sep in (".", " ", ":")
        }
        plain |= {sep.join(map(str, order)) for sep in "-_ ,:" for order in (parts, parts[::-1])}
        plain.add(".".join(map(str, parts[::-1])))
        plain |= {f"{high:x}:{low:x}" for high, low in (divmod(one, 1 << 16) for one in (number, number ^ _INVERTED))}
        numbers = {number, number ^ _COOKIE, number ^ _INVERTED}
        numbers |= {int.from_bytes(one.to_bytes(4, "big"), "little") for one in numbers}
        plain |= {str(one) for one in numbers}
        packed |= {f"{one:08x}" for one in numbers} | {f"{number:08x}"[::-1]}
    else:
        packed |= {address.packed.hex(), address.packed[::-1].hex(), address.packed.hex()[::-1]}
        # The last half names the device, whatever network it is in.
        packed.add(address.packed[8:].hex())
        plain |= {address.exploded, address.compressed, str(int(address)), address.exploded[::-1]}
    coded |= _base64(address.packed, shortest=6)
    return Disguises(frozenset(plain), frozenset(packed), frozenset(coded))


def _base64(raw: bytes, shortest: int = _SHORTEST_BASE64) -> set[str]:
    """At each of the three places that it may have among groups of three, without what its neighbours change."""
    found = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode()
        whole = (before + len(raw)) // 3 * 4
        inner = text[(0, 2, 3)[before] : whole]
        if not before:
            inner = text.rstrip("=") if len(text.rstrip("=")) < 8 else inner
        if len(inner) >= shortest:
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def unwrapped(text: str) -> Iterator[str]:
    """The text, and what its lines say once escapes of JSON, of a terminal, of HTML and of addresses of pages are
    undone, and characters that are not seen are left out: of each such form the lines that are new."""
    yield text
    lines = set(text.split("\n"))
    for _ in range(_ROUNDS):
        plainer = _plainer(text)
        if plainer == text:
            return
        text = plainer
        new = [line for line in text.split("\n") if line not in lines]
        lines.update(new)
        yield "\n".join(new)


def _plainer(text: str) -> str:
    text = _CONTROLS.sub("", text.replace("\t", " "))
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_SEEN)
    if "\\" in text:
        text = _BACKSLASHES.sub(r"\\", _ESCAPED.sub(_character, text)).replace("\\/", "/")
    if "&" in text:
        text = html.unescape(text)
    return unquote(text) if "%" in text else text


class _Seen(dict[int, str]):
    """By its code, what the eye takes a character for: nothing for what has no width, and digits of any script as our
    own. Asked for each character once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        hidden = unicodedata.category(character) in {"Cf", "Mn", "Me"}
        self[code] = seen = "" if hidden else character if digit is None else str(digit)
        return seen


_SEEN: Final = _Seen()


def _character(found: re.Match[str]) -> str:
    code = int(next(filter(None, found.groups())), 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
