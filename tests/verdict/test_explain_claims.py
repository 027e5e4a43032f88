"""A line for every claim: numbers with their units, never a word that came with the facts."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence
from callcheck.quality.call import Heard, Word
from callcheck.verdict import explain
from callcheck.verdict.figures import figures
from callcheck.words import Claim
from tests.report.made import HUGE, facts, quality
from tests.verdict.readable import FULL_FACTS, LANGUAGES, assert_readable, claim

CUT_OFF: dict[str, Any] = {"flows": 8, "died": 5, "renewed": 2}


@pytest.mark.parametrize("claim_name", Claim)
@pytest.mark.parametrize("strength", [-3, 0, 3])
def test_a_claim_never_names_the_provider(claim_name: Claim, strength: int) -> None:
    for language, name in (("en", "provider"), ("ru", "провайдер")):
        text = explain.claim_text(claim(claim_name, strength=strength, facts=FULL_FACTS), language)
        assert name not in text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("strength", [-3, -1, 0, 1, 3])
@pytest.mark.parametrize("claim_name", Claim)
@pytest.mark.parametrize(
    "known",
    [
        FULL_FACTS,
        {},
        {"sent": 20, "received": 17, "asked": 5, "answered": 0},
        {name: value for name, value in FULL_FACTS.items() if not name.startswith("packets")},
        {"died": 3, "flows": 4},
    ],
)
def test_every_claim_has_a_line(claim_name: Claim, strength: int, language: str, known: dict[str, Any]) -> None:
    assert_readable(explain.claim_text(claim(claim_name, strength=strength, facts=known), language), language)


@pytest.mark.parametrize("claim_name", Claim)
def test_support_denial_and_doubt_read_differently(claim_name: Claim) -> None:
    for language, known in itertools.product(LANGUAGES, (FULL_FACTS, {})):
        texts = {explain.claim_text(claim(claim_name, strength=sign, facts=known), language) for sign in (-1, 0, 1)}
        assert len(texts) == 3


@pytest.mark.parametrize(
    ("evidence", "english", "russian"),
    [
        (
            claim(Claim.gateway_healthy, facts={"sent": 20, "received": 20, "rtt_ms": 2.04}, strength=2),
            "Your router answered 20 of 20 test packets, usually after 2 ms.",
            "Роутер ответил на 20 из 20 пробных пакетов, обычно через 2 мс.",
        ),
        (
            claim(Claim.gateway_healthy, facts={"sent": 20, "received": 17, "loss_ratio": 0.155}, strength=-3),
            "Your router answered only 17 of 20 test packets: 16 % were lost inside your home network.",
            "Роутер ответил лишь на 17 из 20 пробных пакетов: 16 % потеряно внутри домашней сети.",
        ),
        (
            claim(
                Claim.stream_carries,
                facts={"sent": 750, "received": 748, "loss_ratio": 0.00267, "seconds": 5.2},
                strength=3,
            ),
            "A call-like stream to Telegram: 748 of 750 packets came through in 5.2 s (0.3 % lost).",
            "Поток, похожий на звонок в Telegram: из 750 пакетов за 5,2 с дошло 748 (потеряно 0,3 %).",
        ),
        (
            claim(Claim.controls_answer, facts={"asked": 6, "answered": 6, "networks": 1}, strength=3),
            "Neutral servers for comparison: 6 of 6 answered, in 1 network.",
            "Нейтральные серверы, взятые для сравнения: ответ пришёл от 6 из 6, в 1 сети.",
        ),
        (
            claim(Claim.controls_answer, facts={"asked": 30, "answered": 25, "networks": 21}, strength=3),
            "Neutral servers for comparison: 25 of 30 answered, in 21 networks.",
            "Нейтральные серверы, взятые для сравнения: ответ пришёл от 25 из 30, в 21 сети.",
        ),
        (
            claim(Claim.names_present, facts={"names": 4, "missing": 4, "elsewhere": 3}, strength=-3),
            "The name server (DNS) does not know 4 of 4 names of Telegram; another name server knows 3 of them.",
            "Сервер имён (DNS) не знает 4 из 4 имён Telegram; другой сервер имён знает из них: 3.",
        ),
        (
            claim(Claim.stream_cut_off, facts=CUT_OFF | {"packets_low": 12, "packets_high": 24}, strength=3),
            "Call-like flows to Telegram fall silent after 12 to 24 packets (5 of 8 did);"
            " new starts from another port that got through again: 2.",
            "Потоки, похожие на звонок, к Telegram замолкают после 12–24 пакетов (так вышло с 5 из 8);"
            " новых попыток с другого порта, которые снова прошли: 2.",
        ),
        (
            claim(Claim.stream_cut_off, facts=CUT_OFF | {"seconds_low": 4.96, "seconds_high": 5.04}, strength=2),
            "Call-like flows to Telegram fall silent after 5 s (5 of 8 did);"
            " new starts from another port that got through again: 2.",
            "Потоки, похожие на звонок, к Telegram замолкают через 5 с (так вышло с 5 из 8);"
            " новых попыток с другого порта, которые снова прошли: 2.",
        ),
        (
            claim(
                Claim.stream_cut_off, facts=CUT_OFF | {"packets_low": 12, "packets_high": 12, "renewed": 0}, strength=1
            ),
            "Call-like flows to Telegram fall silent after 12 packets (5 of 8 did).",
            "Потоки, похожие на звонок, к Telegram замолкают после 12 пакетов (так вышло с 5 из 8).",
        ),
        (
            claim(Claim.stream_cut_off, facts=CUT_OFF | {"unit": "unknown", "earliest_s": 4.1}, strength=1),
            "Call-like flows to Telegram: 5 of 8 came through at first and then fell silent.",
            "Потоки, похожие на звонок, к Telegram сначала проходили, а потом замолчали (так вышло с 5 из 8).",
        ),
        (
            claim(Claim.stream_cut_off, facts={"flows": 8, "died": 0}, strength=-2),
            "Call-like flows to Telegram go on to the end: 8 of 8.",
            "Потоки, похожие на звонок, к Telegram идут до конца: 8 из 8.",
        ),
        (
            claim(Claim.stream_loses_more, facts={"loss_ratio": 0.304, "controls_loss_ratio": 0.0021}, strength=3),
            "The stream to Telegram loses more than the same stream to neutral servers in the same seconds:"
            " 30 % against 0.2 %.",
            "В потоке к Telegram теряется больше, чем в таком же потоке к нейтральным серверам в те же секунды:"
            " 30 % против 0,2 %.",
        ),
        (
            claim(
                Claim.stream_rate_limited,
                facts={"limit_low_kbps": 58.4, "limit_high_kbps": 66.2, "controls_limited": 0},
                strength=3,
            ),
            "What gets through to Telegram is held to a fixed speed: 58 to 66 kbit/s, however much is sent.",
            "Данные к Telegram проходят лишь с одной и той же скоростью, 58–66 кбит/с, сколько ни отправляй.",
        ),
        (
            claim(Claim.stream_rate_limited, facts={"offered_kbps": 300.8}, strength=-2),
            "No speed limit up to 301 kbit/s was seen on the way to Telegram.",
            "Ограничения скорости до 301 кбит/с на пути к Telegram не видно.",
        ),
        (
            claim(Claim.loss_independent, facts={"loss_ratio": 0.3, "mean_run": 1.4}, strength=3),
            "Packets to Telegram are lost one by one, as if each were thrown away by chance (30 %).",
            "Пакеты к Telegram теряются поодиночке, словно каждый выбрасывают наугад (30 %).",
        ),
        (
            claim(Claim.loss_independent, facts={"loss_ratio": 0.3, "mean_run": 4.13}, strength=-2),
            "Packets to Telegram are lost in runs (4.1 in a row on average),"
            " as full queues and weak radio links do it.",
            "Пакеты к Telegram теряются по нескольку подряд (в среднем по 4,1), как бывает при переполненных очередях и"
            " слабом радиосигнале.",
        ),
        (
            claim(Claim.path_open, facts={"last_hop_call": 0, "last_hop_control": 8}, strength=-3),
            "Test packets to Telegram stop earlier on their way than those to other places.",
            "Пробные пакеты к Telegram проходят по пути меньше, чем пакеты к другим адресам.",
        ),
    ],
)
def test_lines_read_as_a_person_would_say_them(evidence: Evidence, english: str, russian: str) -> None:
    assert explain.claim_text(evidence, "en") == english
    assert explain.claim_text(evidence, "ru") == russian


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(Claim), strength=st.integers(-3, 3), known=facts, service=st.text(max_size=8))
def test_no_word_of_the_facts_gets_into_a_line(name: Claim, strength: int, known: dict[str, Any], service: str) -> None:
    for language in LANGUAGES:
        with_words = explain.claim_text(claim(name, strength=strength, facts=known, service=service), language)
        numbers = {key: value for key, value in known.items() if isinstance(value, int | float)}
        assert with_words == explain.claim_text(
            claim(name, strength=strength, facts=numbers, service=service), language
        )
        assert with_words.isprintable()


@pytest.mark.parametrize(
    "value", [True, "20", None, -1, float("nan"), float("inf"), 10**12, HUGE, -HUGE, [20], {"a": 1}]
)
def test_what_is_no_sane_number_is_not_shown(value: Any) -> None:
    assert figures(dict.fromkeys(FULL_FACTS, value), "en") == {}


@pytest.mark.parametrize(
    ("low", "high", "english", "russian"),
    [
        (12, 24, "12 to 24", "12–24"),
        (0.51, 1.26, "0.5 to 1.3", "0,5–1,3"),
        (9.94, 9.96, "9.9 to 10", "9,9–10"),
        (58.2, 58.4, "58", "58"),
        (0, 0, "0", "0"),
        (24, 12, None, None),
        (12, None, None, None),
        (None, 24, None, None),
        (-1, 24, None, None),
    ],
)
@pytest.mark.parametrize("name", ["packets", "seconds"])
def test_a_range_is_one_figure_where_its_ends_read_alike_and_none_where_it_is_no_range(
    name: str, low: float | None, high: float | None, english: str | None, russian: str | None
) -> None:
    for language, shown in (("en", english), ("ru", russian)):
        found = figures({f"{name}_low": low, f"{name}_high": high}, language)
        assert found == ({} if shown is None else {f"{name}_between": shown})


def test_a_new_start_is_told_only_where_there_was_one() -> None:
    for renewed, told in ((0, False), (None, False), (1, True)):
        known = FULL_FACTS | {"renewed": renewed}
        for facts_told in (known, {key: value for key, value in known.items() if not key.startswith("packets")}):
            line = explain.claim_text(claim(Claim.stream_cut_off, strength=3, facts=facts_told), "en")
            assert ("another port" in line) == told


# --- how it would sound

WORDS: tuple[Word, ...] = get_args(Word)
HEARD: tuple[Heard, ...] = get_args(Heard)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_score_has_a_sentence_and_no_two_words_sound_alike(language: str) -> None:
    said: dict[str, str] = {}
    for word, heard in itertools.product(WORDS, HEARD):
        sentence = explain.quality_text(quality(word=word, heard=heard), language)
        assert_readable(sentence, language)
        assert said.setdefault(sentence, word) == word
    assert len(said) == 1 + 2 * (len(WORDS) - 1), "clear sounds one way, every other word by gaps or by lag"


def test_a_score_is_told_with_its_bounds_and_says_nobodys_name() -> None:
    assert explain.quality_text(quality(mos=3.34, mos_low=2.0, mos_high=3.96), "en") == (
        "A call over Telegram: syllables drop out now and then, but one can talk"
        " (estimated score 3.3 on a scale from 1 to 4.5; it may lie between 2 and 4)."
    )
    assert explain.quality_text(quality(mos=3.34, mos_low=2.0, mos_high=3.96, heard="lag"), "ru") == (
        "Звонок через Telegram: задержка заметна, иногда перебиваешь друг друга"
        " (оценка качества 3,3 по шкале от 1 до 4,5; возможна от 2 до 4)."
    )


def test_a_score_without_doubt_has_no_bounds() -> None:
    certain = explain.quality_text(quality(mos=1.02, mos_low=1.0, mos_high=1.04), "en")
    assert certain.endswith("(estimated score 1 on a scale from 1 to 4.5).")


@pytest.mark.parametrize(
    "changes",
    [
        {"word": "splendid"},
        {"word": ""},
        {"mos": 4.6},
        {"mos": 0.9},
        {"mos_low": -1e300},
        {"mos_high": 1e300},
        {"mos_low": float("nan")},
        {"mos": float("inf")},
    ],
)
def test_a_score_that_the_model_cannot_give_is_not_told(changes: dict[str, Any]) -> None:
    assert explain.quality_text(quality(**changes), "en") == ""


@settings(max_examples=100, deadline=None)
@given(service=st.text(max_size=30), heard=st.text(max_size=9), word=st.text(max_size=9) | st.sampled_from(WORDS))
def test_no_word_of_a_foreign_score_gets_into_a_sentence(service: str, heard: str, word: str) -> None:
    for language in LANGUAGES:
        sentence = explain.quality_text(quality(service=service, heard=heard, word=word), language)
        assert sentence.isprintable()
        assert bool(sentence) == (word in WORDS)
        shown = explain.service_name(service)
        assert sentence == explain.quality_text(quality(service=shown, heard=heard, word=word), language)
