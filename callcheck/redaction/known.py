"""What may stand in an export though it is shaped like an address or the name of a host: the shipped catalogue's
endpoints, and words of our own."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from callcheck.catalog import load as catalog
from callcheck.model import Instrument, Network, Run, Tool
from callcheck.redaction.allowed_words import OPERATIONS

# Names that any HTML or JSON of ours may hold, and the name that a resolver is tried with.
_OURS: Final = frozenset({"w3.org", "www.w3.org", "example.com", "example.org", "readme.md"})
_FILE: Final = re.compile(r"callcheck[\w-]*\.(?:json|ndjson|txt|md|html|gz)")


# Fields of a report, as a form may name them.
_FIELDS: Final = frozenset(
    f"{room.__name__.lower()}.{field}" for room in (Instrument, Network, Run, Tool) for field in room.__struct_fields__
)


@cache
def known_words() -> frozenset[str]:
    """Addresses and hosts of the catalogue, and our own words, in lower case."""
    targets = catalog.shipped()
    named = {target.host for target in targets} | {target.address for target in targets}
    return frozenset(word.lower() for word in {*named, *OPERATIONS, *_FIELDS, *_OURS} if word)


def is_known(word: str) -> bool:
    """Whether a word of a text, in lower case, is one that may stand there."""
    return word in known_words() or _FILE.fullmatch(word) is not None
