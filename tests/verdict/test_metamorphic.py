"""What must not change a verdict, and which way it may change: relations between verdicts on two sets of evidence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence
from callcheck.verdict.judge import ACCUSE_AT, judge
from callcheck.words import Claim
from tests.verdict.made import (
    ACCUSED,
    CUT,
    GATEWAY,
    NO_TUNNEL,
    ON_TIME,
    ROUTE,
    STATED,
    THINNED,
    about,
    accused,
    calls,
    instead,
    of_calls,
    relays,
    stream,
    suspected,
    text,
    without,
)

# A shift of chances far below any limit, which says nothing about anybody.
SLIGHT = 0.05
# What a block is given where everything is silent and nothing tells the reasons apart.
ONE_OF_MANY = 0.2
_CONTROLS = frozenset({Claim.controls_answer, Claim.controls_carry, Claim.web_abroad})
_strength = st.integers(-3, 3)
_loss = st.sampled_from([0.0, 0.01, 0.05, 0.3, 0.6, 1.0])
_where = st.sampled_from(["home", "provider", "unknown"])


def _some(*items: st.SearchStrategy[Evidence]) -> st.SearchStrategy[tuple[Evidence, ...]]:
    """Any of them, in their order."""
    return st.tuples(*(st.none() | item for item in items)).map(lambda drawn: tuple(filter(None, drawn)))


def _of_service(service: str) -> st.SearchStrategy[tuple[Evidence, ...]]:
    return _some(
        st.builds(text, _strength, st.just(service)),
        st.builds(relays, _strength, st.just(service)),
        st.builds(stream, _strength, _loss, st.just(service)),
        st.builds(lambda strength: of_calls(Claim.stream_loses_more, strength, service), _strength),
        st.builds(lambda strength: of_calls(Claim.stream_cut_off, strength, service, unit="packets"), _strength),
        st.builds(lambda strength: of_calls(Claim.path_loses_evenly, strength, service), _strength),
        st.builds(
            lambda strength, where: about(Claim.path_open, strength, service, "calls", where=where), _strength, _where
        ),
        st.builds(
            lambda strength: about(Claim.call_forms_alike, strength, service, "calls", mechanism="stun_signature"),
            _strength,
        ),
    )


_network = _some(
    st.builds(lambda strength: about(Claim.controls_answer, strength, networks=4, rtt_ms=40), st.just(3) | _strength),
    st.builds(lambda strength, loss: about(Claim.controls_carry, strength, loss_ratio=loss), st.just(3), st.just(0.0)),
    st.builds(lambda strength: about(Claim.domestic_answers, strength), _strength),
    st.builds(lambda strength: about(Claim.cookie_ignored, strength), _strength),
    st.builds(lambda strength: about(Claim.tcp_passes, strength), _strength),
    st.builds(lambda strength: about(Claim.web_abroad, strength), _strength),
)
_cases = st.sampled_from(list(ACCUSED.values()))
_any = st.builds(lambda *parts: (ROUTE, GATEWAY, NO_TUNNEL, *sum(parts, ())), _network, _of_service("telegram"))
_evidence = _cases | _any | st.builds(lambda some, other: (*some, *other), _any, _of_service("whatsapp"))


def chances(evidence: Sequence[Evidence]) -> dict[tuple[str, str], dict[str, float]]:
    found = judge(evidence, "standard", ON_TIME, STATED)
    return {(one.service, one.function): {str(cause): chance for cause, chance in one.causes.items()} for one in found}


# --- the same trouble for everybody


def lossy_for_all(evidence: Sequence[Evidence], loss: float) -> tuple[Evidence, ...]:
    """The evidence of the same hosts over a line that loses this much more."""

    def harmed(item: Evidence) -> Evidence:
        if item.claim not in {Claim.controls_carry, Claim.stream_carries} or item.strength == 0:
            return item
        own = float(item.facts.get("loss_ratio", 0.0))
        facts = item.facts | {"loss_ratio": 1 - (1 - own) * (1 - loss)}
        return msgspec.structs.replace(item, strength=min(item.strength, -3 if loss > 0.25 else -2), facts=facts)

    return tuple(harmed(item) for item in evidence)


_ANSWERS = frozenset({Claim.controls_answer, Claim.domestic_answers, Claim.text_answers, Claim.relays_answer})
_CARRIES = frozenset({Claim.controls_carry, Claim.stream_carries})
_UNTOLD = frozenset(
    {
        *(Claim.stream_loses_more, Claim.stream_cut_off, Claim.path_loses_evenly, Claim.call_forms_alike),
        Claim.path_open,
    }
)


def silent_for_all(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence of the same hosts where none of them answers any more: what compares them can tell nothing."""

    def harmed(item: Evidence) -> Evidence:
        if item.claim in _ANSWERS:
            return msgspec.structs.replace(item, strength=-3, facts={"networks": 0})
        if item.claim in _CARRIES:
            return msgspec.structs.replace(item, strength=-3, facts={"loss_ratio": 1.0})
        return msgspec.structs.replace(item, strength=0) if item.claim in _UNTOLD else item

    return tuple(harmed(item) for item in evidence)


@settings(max_examples=20)
@given(_evidence, st.sampled_from([0.1, 0.2, 0.4, 0.8]))
def test_the_same_loss_for_everybody_makes_nobody_more_suspect(evidence: tuple[Evidence, ...], loss: float) -> None:
    if Claim.controls_carry not in {item.claim for item in evidence}:
        return
    before, after = chances(evidence), chances(lossy_for_all(evidence, loss))
    for key, causes in after.items():
        assert causes.get("selective", 0.0) <= before[key].get("selective", 0.0) + SLIGHT


@settings(max_examples=20)
@given(_evidence)
def test_silence_of_everybody_makes_nobody_more_suspect(evidence: tuple[Evidence, ...]) -> None:
    if Claim.controls_answer not in {item.claim for item in evidence}:
        return
    silent = silent_for_all(evidence)
    assert not accused(silent) - accused(evidence)
    before, after = chances(evidence), chances(silent)
    for key, causes in after.items():
        assert causes.get("selective", 0.0) <= max(before[key].get("selective", 0.0), ONE_OF_MANY)


# --- more loss of the subject alone


_STEPS = ((-1, 0.05), (-1, 0.3), (-2, 0.3), (-3, 0.3), (-3, 0.6), (-3, 0.95))


# How much loss says is open where flows end, so that what else loses packets gains a little by it.
@pytest.mark.parametrize(("evidence", "slack"), [(THINNED, 0.0001), (CUT, 0.001)], ids=["thinned", "cut off"])
def test_more_loss_beside_a_second_contrast_makes_nobody_less_suspect(
    evidence: tuple[Evidence, ...], slack: float
) -> None:
    suspicions = [suspected(calls(instead(stream(*step, sent=1200), of=evidence))) for step in _STEPS]
    assert all(more >= less - slack for less, more in itertools.pairwise(suspicions)), suspicions
    assert suspicions[-1] >= ACCUSE_AT


# --- names and order


@settings(max_examples=20)
@given(_evidence.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_evidence_changes_nothing(pair: tuple[tuple[Evidence, ...], list[Evidence]]) -> None:
    before, after = chances(pair[0]), chances(pair[1])
    assert before.keys() == after.keys()
    assert all(after[key] == pytest.approx(causes, abs=0.0002) for key, causes in before.items())


@settings(max_examples=20)
@given(_evidence)
def test_services_are_judged_alike_whatever_they_are_called(evidence: tuple[Evidence, ...]) -> None:
    called = {"telegram": "whatsapp", "whatsapp": "telegram", "": ""}
    swapped = [msgspec.structs.replace(item, service=called[item.service]) for item in evidence]
    after = chances(swapped)
    assert {(called[service], function): causes for (service, function), causes in after.items()} == chances(evidence)


@settings(max_examples=20)
@given(_evidence, st.text(max_size=9), st.integers(0, 99))
def test_names_of_neutral_hosts_change_nothing(evidence: tuple[Evidence, ...], name: str, number: int) -> None:
    renamed = [
        msgspec.structs.replace(item, facts=item.facts | {"hosts_named": name, "seen": number}) for item in evidence
    ]
    assert chances(renamed) == chances(evidence)


# --- what is missing


@settings(max_examples=20)
@given(_evidence)
def test_without_neutral_hosts_nobody_is_accused(evidence: tuple[Evidence, ...]) -> None:
    assert not accused([item for item in evidence if item.claim not in _CONTROLS])


@settings(max_examples=20)
@given(_evidence, st.sampled_from(sorted(_CONTROLS)))
def test_fewer_neutral_hosts_create_no_accusation(evidence: tuple[Evidence, ...], claim: Claim) -> None:
    assert not accused(without(claim, evidence)) - accused(evidence)


@settings(max_examples=20)
@given(_evidence, st.sampled_from([claim for claim in Claim if claim != Claim.relays_answer]))
def test_what_could_not_be_told_changes_no_chance(evidence: tuple[Evidence, ...], claim: Claim) -> None:
    """Evidence of strength 0, of the network and of the service, where nothing else is known of the claim."""
    if claim in {item.claim for item in evidence}:
        return
    services = {item.service for item in evidence} - {""}
    untold = [about(claim, 0), *(about(claim, 0, one, name) for one in services for name in ("messaging", "calls"))]
    assert chances([*evidence, *untold]) == chances(evidence)
