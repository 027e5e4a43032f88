"""Keys that work whichever of the two keyboard layouts is switched on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode

from callcheck.locale import translator

_LATIN: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_CYRILLIC: Final = "йцукенгшщзхъфывапролджэячсмитьбюё"
_SAME_KEY: Final = dict(zip(_LATIN, _CYRILLIC, strict=True))
_EVERYWHERE: Final = frozenset({"help", "leave"})


def both(key: str) -> str:
    """The key of a Latin letter, and of the Cyrillic letter that stands on it, as Textual wants several keys."""
    return f"{key},{_SAME_KEY[key]}"


def own_actions(node: object) -> set[str]:
    """The actions that the keys of this app's own classes stand for."""
    kinds = (kind for kind in type(node).__mro__ if kind.__module__.startswith("callcheck."))
    return {one.action for kind in kinds for one in vars(kind).get("BINDINGS", ()) if isinstance(one, Binding)}


def spoken(kind: type[DOMNode], language: str) -> BindingsMap:
    """The keys of a class with their descriptions in `language`; what every screen has comes last."""
    _ = translator(language)
    # Textual merges the keys of a class and its bases under this name, and has no public one for it.
    merged = kind._merged_bindings or BindingsMap()
    known = [one for some in merged.key_to_bindings.values() for one in some]
    known.sort(key=lambda one: one.action in _EVERYWHERE)
    return BindingsMap(replace(one, description=_(one.description) if one.description else "") for one in known)
