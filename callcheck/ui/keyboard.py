"""Keys that work whichever of the two keyboard layouts is switched on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from textual.binding import BindingsMap

from callcheck.locale import translator

_LATIN: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_CYRILLIC: Final = "йцукенгшщзхъфывапролджэячсмитьбюё"
_SAME_KEY: Final = dict(zip(_LATIN, _CYRILLIC, strict=True))


def both(key: str) -> str:
    """The key of a Latin letter, and of the Cyrillic letter that stands on it, as Textual wants several keys."""
    return f"{key},{_SAME_KEY[key]}"


def spoken(bindings: BindingsMap, language: str) -> BindingsMap:
    """The bindings with their descriptions in `language`."""
    _ = translator(language)
    return BindingsMap(
        replace(one, description=_(one.description) if one.description else "")
        for some in bindings.key_to_bindings.values()
        for one in some
    )
