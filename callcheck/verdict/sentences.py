"""What a table of sentences holds: plain ones, and ones whose words depend on a number in them."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from callcheck.locale import plural, translator


class Counted(msgspec.Struct, frozen=True):
    """A sentence in two forms: `one` where the figure `by` is one, `many` otherwise; other languages have more forms
    (gettext's plural rules). Both hold the same placeholders."""

    one: str
    many: str
    by: str


Sentence = str | Counted
Choice = tuple[Sentence, ...]
# For each claim: when it holds, when it does not, when nobody can tell. In each the first sentence whose numbers are
# all there is taken, so that the last one has none.
Sentences = tuple[Choice, Choice, Choice]


def n_(one: str, many: str, by: str) -> Counted:
    """Mark both forms of a sentence for translation; `by` is the placeholder whose number chooses between them."""
    return Counted(one, many, by)


def in_language(sentence: Sentence, counts: Mapping[str, int], language: str) -> str:
    """The sentence in `language`, its placeholders left open, in the form that belongs to the number in `counts`."""
    if isinstance(sentence, str):
        return translator(language)(sentence)
    return plural(language)(sentence.one, sentence.many, counts[sentence.by])


def first_said(choice: Choice, shown: Mapping[str, str], counts: Mapping[str, int], language: str) -> str:
    """The first sentence of the choice whose placeholders are all shown, filled in. Raises StopIteration where none is:
    every choice of a table ends with a sentence that needs no number."""
    sentence = next(one for one in choice if placeholders(one) <= shown.keys())
    return in_language(sentence, counts, language).format_map(shown)


@lru_cache(maxsize=512)
def placeholders(sentence: Sentence) -> frozenset[str]:
    """The names of what is filled in."""
    text = sentence if isinstance(sentence, str) else sentence.many
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
