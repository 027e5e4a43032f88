"""A line for every claim: numbers with their units, never a word that came with the facts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence
from callcheck.verdict import explain
from callcheck.verdict.figures import figures
from callcheck.words import Claim
from tests.report.made import facts
from tests.verdict.readable import FULL_FACTS, LANGUAGES, assert_readable, claim


@pytest.mark.parametrize("claim_name", Claim)
@pytest.mark.parametrize("strength", [-3, 0, 3])
def test_a_claim_never_names_the_provider(claim_name: Claim, strength: int) -> None:
    for language, name in (("en", "provider"), ("ru", "провайдер")):
        text = explain.claim_text(claim(claim_name, strength=strength, facts=FULL_FACTS), language)
        assert name not in text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("strength", [-3, -1, 0, 1, 3])
@pytest.mark.parametrize("claim_name", Claim)
@pytest.mark.parametrize("known", [FULL_FACTS, {}, {"sent": 20, "received": 17, "asked": 5, "answered": 0}])
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
            "Роутер ответил на пробные пакеты: 20 из 20, обычно через 2 мс.",
        ),
        (
            claim(Claim.gateway_healthy, facts={"sent": 20, "received": 17, "loss_ratio": 0.155}, strength=-3),
            "Your router answered only 17 of 20 test packets: 16 % were lost inside your home network.",
            "Роутер ответил лишь на часть пробных пакетов: 17 из 20; 16 % потеряно внутри домашней сети.",
        ),
        (
            claim(
                Claim.stream_carries,
                facts={"sent": 750, "received": 748, "loss_ratio": 0.00267, "seconds": 5.2},
                strength=3,
            ),
            "A call-like stream to Telegram: 748 of 750 packets came through in 5.2 s (0.3 % lost).",
            "Поток, похожий на звонок в Telegram: за 5,2 с дошло пакетов: 748 из 750 (потеряно 0,3 %).",
        ),
        (
            claim(Claim.controls_answer, facts={"asked": 6, "answered": 6, "networks": 1}, strength=3),
            "Neutral servers for comparison: 6 of 6 answered, in 1 network.",
            "Нейтральные серверы, взятые для сравнения: ответили 6 из 6, в 1 сети.",
        ),
        (
            claim(Claim.controls_answer, facts={"asked": 30, "answered": 25, "networks": 21}, strength=3),
            "Neutral servers for comparison: 25 of 30 answered, in 21 networks.",
            "Нейтральные серверы, взятые для сравнения: ответили 25 из 30, в 21 сети.",
        ),
        (
            claim(Claim.names_present, facts={"names": 4, "missing": 4, "elsewhere": 3}, strength=-3),
            "The name server (DNS) does not know 4 of 4 names of Telegram; another name server knows 3 of them.",
            "Сервер имён (DNS) не знает части имён Telegram: 4 из 4; другой сервер имён знает из них: 3.",
        ),
        (
            claim(Claim.path_open, facts={"last_hop_call": 0, "last_hop_control": 8}, strength=-3),
            "Test packets to Telegram stop earlier on their way than those to other places.",
            "Пробные пакеты к Telegram останавливаются раньше, чем пакеты к другим адресам.",
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


@pytest.mark.parametrize("value", [True, "20", None, -1, float("nan"), float("inf"), 10**12, [20], {"a": 1}])
def test_what_is_no_sane_number_is_not_shown(value: Any) -> None:
    assert figures({"sent": value, "rtt_ms": value, "loss_ratio": value, "networks": value}, "en") == {}
