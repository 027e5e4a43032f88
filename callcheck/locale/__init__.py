"""The two languages that callcheck speaks: gettext catalogues, and how to choose between them.

Sentences are marked where they stand: `_("...")` with `_ = translator(language)` (or the call in one piece),
`n_("one", "many", count)` with `n_ = plural(language)`, `N_("...")` in tables that are translated later.
`python -m callcheck.locale` brings the catalogues up to date.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

Language = Literal["en", "ru"]
Translate = Callable[[str], str]
TranslatePlural = Callable[[str, str, int], str]

LANGUAGES: tuple[Language, ...] = ("en", "ru")
DOMAIN = "callcheck"
FOLDER = Path(__file__).parent


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a sentence in a table for translation; returns it unchanged."""
    return message


def translator(language: str) -> Translate:
    """A function from an English sentence to `language`; English for a language that callcheck does not speak."""
    translate = _catalogue(language).gettext
    # gettext keeps the catalogue's own header under the empty text.
    return lambda message: translate(message) if message else ""


def plural(language: str) -> TranslatePlural:
    """A function of (singular, plural, count) to the form that `language` uses for that count."""
    return _catalogue(language).ngettext


def language_from(environ: Mapping[str, str]) -> Language:
    """The language that the environment asks for, by gettext's rules; English where it asks for another.

    LANGUAGE is a list in order of preference and counts only beside a locale other than C; then LC_ALL, LC_MESSAGES
    and LANG, the first that is set.
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    if _code(locale) in {"", "c", "posix"}:
        return "en"
    for wish in [*environ.get("LANGUAGE", "").split(":"), locale]:
        for language in LANGUAGES:
            if _code(wish) == language:
                return language
    return "en"


def _code(locale: str) -> str:
    """The language of a locale name such as `ru_RU.UTF-8@latin`."""
    return locale.partition(".")[0].partition("@")[0].partition("_")[0].partition("-")[0].lower()


@lru_cache(maxsize=len(LANGUAGES) + 1)
def _catalogue(language: str) -> gettext.NullTranslations:
    chosen = language if language in LANGUAGES else "en"
    return gettext.translation(DOMAIN, FOLDER, [chosen])
