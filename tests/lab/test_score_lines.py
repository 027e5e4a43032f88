"""One report against the truth: what is right, what is an abstention, and who is accused falsely."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck import words
from callcheck.lab.scenario import Scenario, parse
from callcheck.lab.score.compare import compared, unanswered
from callcheck.lab.score.lines import Answer, Line, RunKey, Said
from callcheck.lab.truth import Truth
from callcheck.model import Verdict
from tests.report.made import a_report, verdict

WORKS = verdict(outcome="works", cause="none", mechanism="none", where="unknown", confidence=0.97)
UNSURE = verdict(outcome="unknown", cause="unknown", mechanism="unknown", where="unknown", confidence=0.4)


def a_scenario(*truths: str, name: str = "made", seed: int = 1) -> Scenario:
    """A scenario of these truths: TOML, without their service and function where those are Telegram's calls."""
    tables = [
        f"[[truth]]\n{truth}"
        if "service =" in truth
        else f'[[truth]]\nservice = "telegram"\nfunction = "calls"\n{truth}'
        for truth in truths
    ]
    return parse("\n".join([f'id = "{name}"', f"seed = {seed}", 'summary = "made by hand"', *tables]))


def a_truth(**changes: Any) -> Truth:
    made: dict[str, Any] = {"service": "telegram", "function": "calls", "outcome": ("works",), "cause": ("none",)}
    return Truth(**({"mechanism": (), "where": (), "depth": "quick"} | made | changes))


def an_answer(
    cause: Any = "none",
    said: Any = "none",
    *,
    outcome: Any = "works",
    said_outcome: Any = None,
    confidence: float = 0.95,
    is_early: bool = False,
    **changes: Any,
) -> Answer:
    """An answer to a truth with this cause (or these), in which `said` was said; None for no verdict."""
    causes = (cause,) if isinstance(cause, str) else tuple(cause)
    truth = a_truth(cause=causes, outcome=(outcome,), **changes)
    spoken = None if said is None else Said(said_outcome or outcome, said, "unknown", "provider", confidence)
    return Answer("telegram", "calls", truth, is_early, spoken)


def a_line(*answers: Answer, scenario: str = "made", seed: int = 1, **changes: Any) -> Line:
    """A line whose result is what its answers make it."""
    made: dict[str, Any] = {
        "key": RunKey(scenario, "d1", seed, "quick", "own", "0"),
        "family": scenario,
        "result": "right" if all(answer.standing == "right" for answer in answers) else "wrong",
        "seconds": 8.0,
        "answers": answers,
    }
    return Line(**(made | changes))


_RIGHT = ("right", "right", ())
_SELECTIVE = 'outcome = ["fails"]\ncause = ["selective"]'
_CLEAN = 'outcome = ["works"]\ncause = ["none"]'
_LATER = _SELECTIVE + '\ndepth = "standard"'


@pytest.mark.parametrize(
    ("truth", "said", "expected"),
    [
        (_SELECTIVE, verdict(), _RIGHT),
        (_CLEAN, WORKS, _RIGHT),
        ('outcome = ["works", "degraded"]\ncause = ["congestion", "selective"]', verdict(outcome="degraded"), _RIGHT),
        (_LATER, UNSURE, _RIGHT),
        (
            _SELECTIVE,
            UNSURE,
            (
                "wrong",
                "abstained",
                (
                    "telegram calls: outcome unknown, the truth is fails",
                    "telegram calls: cause unknown, the truth is selective",
                ),
            ),
        ),
        (
            _SELECTIVE,
            verdict(cause="unknown"),
            ("wrong", "abstained", ("telegram calls: cause unknown, the truth is selective",)),
        ),
        (
            _LATER,
            WORKS,
            (
                "wrong",
                "wrong",
                (
                    "telegram calls: outcome works, the truth is fails",
                    "telegram calls: cause none, the truth is selective",
                ),
            ),
        ),
        (
            'outcome = ["fails"]\ncause = ["service_outage", "unknown"]',
            verdict(),
            (
                "wrong",
                "wrong",
                (
                    "telegram calls: cause selective, the truth is service_outage or unknown",
                    "telegram calls: accused falsely",
                ),
            ),
        ),
        (_SELECTIVE, verdict(service="whatsapp", cause="none", outcome="works"), None),
    ],
)
def test_a_report_is_measured_against_the_truth(
    truth: str, said: Verdict, expected: tuple[str, str, tuple[str, ...]] | None
) -> None:
    found = compared(a_scenario(truth), a_report(verdicts=(said,)), "quick", 3.0)
    if expected is None:
        expected = ("wrong", "wrong", ("telegram calls: no verdict",))
    assert (found.result, found.answers[0].standing, found.notes) == expected
    assert found.seconds == 3.0


def test_a_function_without_a_truth_is_innocent_and_may_be_anything_but_selective() -> None:
    beside = [verdict(service="whatsapp", cause=cause, outcome="fails") for cause in ("offline", "selective")]
    results = [compared(a_scenario(_CLEAN), a_report(verdicts=(WORKS, one)), "quick", 3.0).result for one in beside]
    assert results == ["right", "wrong"]


@pytest.mark.parametrize(("depth", "cause"), [("quick", "none"), ("standard", "selective"), ("deep", "selective")])
def test_the_truth_that_counts_is_the_deepest_that_is_not_deeper_than_the_run(depth: words.Depth, cause: str) -> None:
    scenario = a_scenario(_LATER, _CLEAN)
    answer = compared(scenario, a_report(verdicts=(WORKS,)), depth, 3.0).answers[0]
    assert answer.truth is not None
    assert (answer.truth.cause, answer.is_early) == ((cause,), False)


def test_a_callcheck_without_a_report_leaves_every_truth_unanswered_and_accuses_nobody() -> None:
    found = unanswered(a_scenario(_CLEAN), "quick", 2.0, "no report, exit 70: boom")
    assert (found.result, found.notes) == ("wrong", ("no report, exit 70: boom",))
    line = a_line(*found.answers)
    assert (line.standing, line.could_accuse_falsely, line.accuses_falsely) == ("wrong", False, False)


_words = st.sampled_from(get_args(words.Cause))
_answers = st.builds(
    an_answer,
    st.lists(_words, min_size=1, max_size=3),
    st.none() | _words,
    outcome=st.sampled_from(get_args(words.Outcome)),
    said_outcome=st.sampled_from(get_args(words.Outcome)),
    is_early=st.booleans(),
)


@given(_answers)
def test_an_answer_is_right_exactly_if_there_is_a_verdict_that_misses_nothing(answer: Answer) -> None:
    is_right = answer.said is not None and not list(answer.misses()) and not answer.is_accused_falsely
    assert (answer.standing == "right") == is_right


@given(_answers)
def test_who_abstains_has_said_unknown_and_accuses_nobody(answer: Answer) -> None:
    if answer.standing == "abstained":
        assert answer.said is not None
        assert "unknown" in (answer.said.cause, answer.said.outcome)
        assert not answer.is_accused_falsely
