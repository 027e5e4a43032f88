"""The glossary: the terms that occur, once each, in the order of the alphabet, in words that need no glossary."""

from __future__ import annotations

import gettext
import re

import pytest

from callcheck import locale
from callcheck.verdict.glossary import _ENTRIES, _pattern, glossary
from tests.verdict.readable import LANGUAGES, assert_readable


def said(language: str) -> list[str]:
    """All that the catalogue says in this language."""
    catalogue: dict[object, str] = vars(gettext.translation("callcheck", locale.FOLDER, [language]))["_catalog"]
    return [text for name, text in catalogue.items() if name and text]


EVERYTHING = {language: said(language) for language in LANGUAGES}
OWN = {
    language: {
        text
        for one in _ENTRIES
        for text in (locale.translator(language)(one.term), locale.translator(language)(one.meaning))
    }
    for language in LANGUAGES
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_occurs_in_sentences_of_its_language(language: str) -> None:
    sentences = [text for text in EVERYTHING[language] if text not in OWN[language] and " " in text]
    for entry in _ENTRIES:
        assert any(_pattern(entry, language).search(text) for text in sentences), entry.term


def test_both_languages_have_the_same_terms_none_twice() -> None:
    english, russian = (glossary(EVERYTHING[language], language) for language in LANGUAGES)
    assert len(english) == len(russian) == len(_ENTRIES)
    for found in (english, russian):
        assert len({term for term, _ in found}) == len({meaning for _, meaning in found}) == len(_ENTRIES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_stand_in_the_order_of_the_alphabet(language: str) -> None:
    terms = [term.casefold() for term, _ in glossary(EVERYTHING[language], language)]
    assert terms == sorted(terms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_meaning_is_readable_and_needs_no_other_meaning(language: str) -> None:
    for term, meaning in glossary(EVERYTHING[language], language):
        assert_readable(meaning, language)
        assert meaning[-1] not in ".;:"
        assert glossary([meaning], language) == [], term


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_term_explains_itself_under_its_own_name(language: str) -> None:
    for term, meaning in glossary(EVERYTHING[language], language):
        assert (term, meaning) in glossary([term], language)


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("Your router answered 1 of 1 test packet.", "en", ["packet", "router"]),
        ("Telegram call servers (relays): 7 of 7 answered.", "en", ["call server (relay)"]),
        ("only scraps; words are lost, things must be repeated", "en", []),
        ("support, transport and report", "en", []),
        ("Роутер ответил на 20 из 20 пробных пакетов.", "ru", ["пакет", "роутер"]),
        ("замечены на узле 2; прошли до узла 3", "ru", ["узел"]),
        ("Серверы звонков Telegram отвечают.", "ru", ["сервер звонков"]),
        ("внутри сети вашего провайдера", "ru", ["провайдер"]),
        ("Сохраните этот отчёт.", "ru", []),
        ("", "ru", []),
    ],
)
def test_only_what_occurs_is_explained(text: str, language: str, terms: list[str]) -> None:
    assert [term for term, _ in glossary([text], language)] == terms


def test_texts_are_read_together_and_a_term_is_told_once() -> None:
    assert [term for term, _ in glossary(["a packet", "packets", "UDP"], "en")] == ["packet", "UDP"]
    assert glossary([], "en") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_meaning_is_long(language: str) -> None:
    for _, meaning in glossary(EVERYTHING[language], language):
        assert len(re.findall(r"\w+", meaning)) <= 25
