"""Makes foreign text safe to show: it may be read, it may not act (DESIGN 8)."""

from __future__ import annotations

import re
import unicodedata

_TYPOGRAPHY = frozenset("«»–—…№°·")
_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")
_NOT_PLAIN_JSON = re.compile(r"[^\x20-\x7e\n]")


def printable(text: str) -> str:
    """The text with every character escaped that could act on a terminal, hide, reorder or take another width.

    Latin (ASCII), Cyrillic and a little typography stay; all else becomes `\\x1b` or `\\u202e`. Total and idempotent.
    """
    return _NOT_PLAIN.sub(lambda found: _shown(found.group()), text)


def escape_json(text: str) -> str:
    """JSON text in which no character acts on a terminal; it means the same JSON."""
    return _NOT_PLAIN_JSON.sub(lambda found: _json_shown(found.group()), text)


def _shown(character: str) -> str:
    return character if _is_harmless(character) else _escaped(character)


def _json_shown(character: str) -> str:
    return _json_escaped(character) if _acts(character) else character


def _is_harmless(character: str) -> bool:
    is_cyrillic = "\u0400" <= character <= "\u04ff" and unicodedata.category(character)[0] == "L"
    return is_cyrillic or character in _TYPOGRAPHY


def _acts(character: str) -> bool:
    """Controls, format characters (text direction), surrogates, private and unassigned ones, line separators."""
    return unicodedata.category(character)[0] == "C" or character in "\u2028\u2029"


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
