"""Numbers in sentences: the words beside them agree with every count, and figures are written as the language does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from callcheck.report.printable import printable
from callcheck.verdict import claims_text, compare_text
from callcheck.verdict.figures import count, counts, decimal, figures
from callcheck.verdict.sentences import Counted, Sentence, first_said, in_language, n_, placeholders
from callcheck.words import Claim
from tests.verdict.readable import FULL_FACTS, LANGUAGES, claim

COUNTS = range(126)
SENTENCES: list[Sentence] = [
    *(one for choices in claims_text._SENTENCES.values() for choice in choices for one in choice),
    *(one for one in compare_text._CAVEATS.values() if isinstance(one, Counted)),
]


def filled(sentence: Sentence, number: int, language: str) -> str:
    """The sentence with this number at every place."""
    shown = dict.fromkeys(placeholders(sentence), str(number))
    shown |= {"service": "Telegram"} | figures({"networks": number}, language)
    return in_language(sentence, dict.fromkeys(placeholders(sentence), number), language).format_map(shown)


def rendered(language: str) -> Iterator[tuple[int, str]]:
    for sentence in SENTENCES:
        if placeholders(sentence) - {"service"}:
            yield from ((number, filled(sentence, number, language)) for number in COUNTS)


# --- English

_NO_PLURAL = {"ms", "s", "was", "is", "does", "as", "address"}
_AFTER_ONE = re.compile(r"(?<![\d.,])1 ([a-z]+)(?: ([a-z]+))?")
_SINGULAR = re.compile(r"(\d+) (?:test |web )?(?:packet|name|question|server|site|address|connection|time|hour|day)\b")


def test_english_has_no_plural_after_one_and_no_singular_after_another_number() -> None:
    for number, text in rendered("en"):
        if number == 1:
            for words in _AFTER_ONE.findall(text):
                assert not [one for one in words if one.endswith("s") and one not in _NO_PLURAL], text
        else:
            assert not [found for found in _SINGULAR.findall(text) if found != "1"], text


@pytest.mark.parametrize("wrong", ["gives addresses for 1 names of", "1 of 1 test packets", "1 different addresses"])
def test_the_check_of_english_sees_what_it_looks_for(wrong: str) -> None:
    (words,) = [match for match in _AFTER_ONE.findall(wrong) if match[0] != "of"]
    assert any(one.endswith("s") for one in words)


# --- Russian

# By the first letters of a noun: after 1, 2 and 5; then in the genitive ("из", "после") after 1 and after the rest.
_NOUNS = {
    "пакет": (("пакет", "пакета", "пакетов"), ("пакета", "пакетов")),
    "им": (("имя", "имени", "имён"), ("имени", "имён")),
    "вопрос": (("вопрос", "вопроса", "вопросов"), ("вопроса", "вопросов")),
    "сервер": (("сервер", "сервера", "серверов"), ("сервера", "серверов")),
    "адрес": (("адрес", "адреса", "адресов"), ("адреса", "адресов")),
    "соединен": (("соединение", "соединения", "соединений"), ("соединения", "соединений")),
    "сайт": (("сайт", "сайта", "сайтов"), ("сайта", "сайтов")),
    "час": (("час", "часа", "часов"), ("часа", "часов")),
    "д": (("день", "дня", "дней"), ("дня", "дней")),
    "раз": (("раз", "раза", "раз"), ("раза", "раз")),
    "сет": (("сеть", "сети", "сетей"), ("сети", "сетях")),
}
_GENITIVE = {"из", "после", "для", "от", "в"}
_NEUTRAL = {
    "из",
    "с",
    "мс",
    "кбит",
    "кБ",
    "против",
    "потеряно",
    "другие",
    "пакеты",
    "в",
    "к",
    "от",
    "случаях",
    "а",
    "и",
    "на",
    "пришёл",
}
_BESIDE = re.compile(r"(?:\b([а-яё]+) )?(\d+) (?:(пробн[а-яё]+) )?(?=([а-яёБ]+))")


def form_of(number: int) -> int:
    """gettext's rule for Russian: 1, 21 · 2 to 4, 22 · the rest."""
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else 2


def fault_beside(before: str, number: int, adjective: str, word: str) -> str:
    """What is wrong with the word after a number, "" for nothing."""
    noun = next((forms for forms in _NOUNS.values() if word in {*forms[0], *forms[1]}), None)
    if noun is None:
        return "" if word in _NEUTRAL else f"unknown word {word!r} after a number"
    form = form_of(number)
    right = noun[1][min(form, 1)] if before in _GENITIVE else noun[0][form]
    if word != right or (adjective and adjective != ("пробных" if form else "пробного")):
        return f"{before} {number} {adjective} {word}, not {right}"
    return ""


def test_russian_nouns_agree_with_the_number_before_them() -> None:
    seen = set()
    for _, text in rendered("ru"):
        for before, number, adjective, word in _BESIDE.findall(text):
            seen.add(word)
            assert fault_beside(before, int(number), adjective, word) == "", text
    assert {"пакета", "пакетов", "имени", "имён", "дня", "часов", "раза", "сетях"} <= seen


@pytest.mark.parametrize(
    ("before", "number", "adjective", "word", "is_right"),
    [
        ("из", 1, "", "пакета", True),
        ("из", 1, "", "пакет", False),
        ("из", 21, "", "имени", True),
        ("из", 22, "", "имени", False),
        ("отправлено", 3, "", "пакета", True),
        ("отправлено", 11, "", "пакет", False),
        ("из", 5, "пробного", "пакетов", False),
        ("", 5, "", "кошек", False),
    ],
)
def test_the_check_of_russian_sees_what_it_looks_for(
    before: str, number: int, adjective: str, word: str, is_right: bool
) -> None:
    assert (fault_beside(before, number, adjective, word) == "") == is_right


def test_no_russian_verb_stands_in_a_number_that_the_figure_beside_it_may_not_have() -> None:
    plural_verb = re.compile(r"\b(?:ответили|прошли|открылись|получили|дошли|отвечают|были) \d")
    for number, text in rendered("ru"):
        assert number != 1 or not plural_verb.search(text), text


# --- the tables


def test_both_forms_hold_the_same_figures_and_the_one_that_chooses_is_a_count() -> None:
    known = counts(FULL_FACTS).keys() | {"hours"}
    counted = [one for one in SENTENCES if isinstance(one, Counted)]
    assert counted
    for one in counted:
        assert placeholders(one.one) == placeholders(one.many)
        assert one.one != one.many
        assert one.by in placeholders(one.many) & known


def test_the_first_sentence_whose_figures_are_known_is_said() -> None:
    choice = (n_("{sent} packet, {lost} lost", "{sent} packets, {lost} lost", "sent"), "{sent} of them", "nothing")
    assert first_said(choice, {"sent": "1", "lost": "0"}, {"sent": 1}, "en") == "1 packet, 0 lost"
    assert first_said(choice, {"sent": "2", "lost": "0"}, {"sent": 2}, "en") == "2 packets, 0 lost"
    assert first_said(choice, {"sent": "2"}, {"sent": 2}, "en") == "2 of them"
    assert first_said(choice, {}, {}, "en") == "nothing"


def test_a_range_counts_as_its_upper_end_and_every_count_has_its_figure() -> None:
    assert counts({"packets_low": 11, "packets_high": 21})["packets_between"] == 21
    shown = figures(FULL_FACTS, "en")
    for name, number in counts(FULL_FACTS).items():
        assert name.endswith(("_between", "_between_kb", "_between_kbps")) or shown[name] == count(number, "en")


# --- figures


@pytest.mark.parametrize(
    ("value", "english", "russian"),
    [
        (0.04, "0", "0"),
        (0.25, "0.2", "0,2"),
        (9.94, "9.9", "9,9"),
        (9.95, "10", "10"),
        (999.6, "1000", "1000"),
        (9999.4, "9999", "9999"),
        (10_000, "10,000", "10 000"),
        (41_234.5, "41,234", "41 234"),
        (1_234_567, "1,234,567", "1 234 567"),
    ],
)
def test_figures_are_written_as_the_language_does(value: float, english: str, russian: str) -> None:
    assert decimal(value, "en") == english
    assert decimal(value, "ru") == russian


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_holds_a_character_that_a_terminal_report_would_escape(language: str) -> None:
    large = {name: 12_345 if isinstance(value, int) else value for name, value in FULL_FACTS.items()}
    for name in Claim:
        for strength in (-3, 0, 3):
            text = claims_text.claim_text(claim(name, strength=strength, facts=large), language)
            assert printable(text) == text
