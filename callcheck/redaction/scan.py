"""The last look at the bytes of an export, whatever form they have: nothing that leads to a person may stand in them.

What is shaped like an address, a device, a host that is not the catalogue's, an e-mail or a home folder is found by its
shape, also backwards, in hexadecimal, in Base64 and behind escapes. What this run knew and must not tell, its
`secrets` (see `own`), is looked for by value, in every form of `disguises`: shapes alone cannot tell four bytes or a
large number from an address. It cannot find what is encrypted, compressed, spread over several fields or written as a
picture, a secret of fewer than four characters, and an IPv6 address XORed with the transaction id of a STUN question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from callcheck.redaction.disguises import Disguises, disguises, unwrapped
from callcheck.redaction.shapes import shapes, shapes_in_base64
from callcheck.report.saved import MAX_BYTES

# A number alone in its line, as the times of packets are, and a field with a number.
_NUMBER: Final = re.compile(rb'\s*(?:"([a-z][a-z0-9_]{0,23})": ?)?(-?\d+(?:\.\d+)?(?:e-?\d+)?|null|true|false),?')
_SEPARATORS: Final = re.compile(r"0x|\\x|[^0-9a-z]+")
_SPACE: Final = re.compile(r"\s+")
_GRAM: Final = 4
# Longer lines on average than any form for readers has: JSON in one line.
_LONG_LINE: Final = 400
# Long enough to be looked for across line ends, where words run together.
_LONG_FORM: Final = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not leave. `kind` may be logged; `value` is for the eyes of the person alone."""

    kind: str
    value: str = field(repr=False)


def scan(data: bytes, secrets: Collection[str] = ()) -> tuple[Finding, ...]:
    """Everything in these bytes that must not leave, each once; none for a safe export.

    `secrets` are this run's own addresses and names. Bytes that are no UTF-8, that hold a NUL or are too many to look
    through are a finding, too.
    """
    if len(data) > MAX_BYTES:
        return (Finding("too_large", ""),)
    try:
        text, numbers = _condensed(data)
    except UnicodeDecodeError:
        return (Finding("no_text", ""),)
    if b"\0" in data:
        return (Finding("no_text", ""),)
    looked_for = {secret: disguises(secret) for secret in secrets if len(secret) >= _GRAM}
    found: dict[tuple[str, str], None] = {}
    for secret, forms in looked_for.items():
        if not numbers.isdisjoint(forms.plain):
            found["secret", secret] = None
    for view in unwrapped(text):
        found |= dict.fromkeys((*shapes(view), *shapes_in_base64(view)))
        found |= dict.fromkeys(("secret", secret) for secret in _told(view, looked_for))
    return tuple(Finding(kind, value) for kind, value in found)


def _condensed(data: bytes) -> tuple[str, set[str]]:
    """Each line once, in order, and apart from it the numbers that stand alone: most of a large report are times of
    packets. Raises UnicodeDecodeError."""
    rest, arrays = _without_arrays(data)
    numbers = dict.fromkeys(number for array in arrays for number in array.translate(None, b" \n\r").split(b","))
    if rest.count(b"\n") * _LONG_LINE < len(rest):
        rest = rest.replace(b",", b",\n")
    lines: list[bytes] = []
    for line in dict.fromkeys(rest.split(b"\n")):
        match = _NUMBER.fullmatch(line)
        if match is None:
            lines.append(line)
        else:
            numbers |= dict.fromkeys(filter(None, match.groups()))
    return b"\n".join(lines).decode(), {number.decode() for number in numbers}


def _without_arrays(data: bytes) -> tuple[bytes, dict[bytes, None]]:
    """The text without its lists of numbers, and each of these once."""
    arrays: dict[bytes, None] = {}
    kept: list[bytes] = []
    for part in data.split(b"["):
        array, end, rest = part.partition(b"]")
        if end and not array.translate(None, b"0123456789, \n\rnul"):
            arrays[array] = None
            kept.append(rest)
        else:
            kept.append(part)
    return b"[".join(kept), arrays


def _told(view: str, looked_for: dict[str, Disguises]) -> Iterator[str]:
    """Secrets that the text holds in one of their forms."""
    if not looked_for:
        return
    lower = view.lower()
    plain, joined = _Grams(lower), _Grams(_SPACE.sub("", lower))
    packed, coded = _Grams(_SEPARATORS.sub("", lower)), _Grams(view)
    for secret, forms in looked_for.items():
        if (
            any(map(plain.holds_word, forms.plain))
            or joined.holds_any(form for form in forms.plain if len(form) > _LONG_FORM and not form.isdigit())
            or packed.holds_any(forms.packed)
            or coded.holds_any(forms.coded)
        ):
            yield secret


class _Grams:
    """A text, with the beginnings of all that stands in it: most of what is looked for is not there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._grams = {text[place : place + _GRAM] for place in range(len(text))}

    def holds_any(self, forms: Iterable[str]) -> bool:
        return any(form[:_GRAM] in self._grams and form in self._text for form in forms)

    def holds_word(self, form: str) -> bool:
        """Whether it stands there, and not within a longer word or number."""
        if form[:_GRAM] not in self._grams:
            return False
        at = self._text.find(form)
        while at >= 0:
            beside = self._text[at - 1 : at] + self._text[at + len(form) : at + len(form) + 1]
            if not (beside.isascii() and any(map(str.isalnum, beside))):
                return True
            at = self._text.find(form, at + 1)
        return False
