"""Fitting the judge on scored runs: what errors are counted, who weighs how much, and who judges whom."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import pytest
from scipy import stats

from callcheck.lab.score import calibrate, heldout, planned
from callcheck.lab.score.calibrate import FOLDS, Case, case_of, fitted, fold_of, likelihood_ratios, surprise
from callcheck.lab.score.heldout import Calibrated, Scored, calibrated
from callcheck.lab.score.lines import Answer, Said
from callcheck.model import Evidence
from callcheck.verdict.calibration import Calibration
from callcheck.verdict.judge import judge
from callcheck.verdict.posterior import Seen
from callcheck.verdict.signs import Sign
from tests.lab.test_score_lines import WORKS, a_line, a_scenario, a_truth, an_answer
from tests.report.made import a_report
from tests.verdict.made import ACCUSED, BLOCKED, CUT, LINE, ON_TIME, STATED, THINNED, relays, stream, text

WELL: Final = (*LINE, text(3), relays(3), stream(3, 0.0))


def a_case(family: str, level: int, cause: str = "none", **changes: Any) -> Case:
    """A run in which one sign says yes or no: of the stream, where nothing is wrong, or of the router's pauses. "none"
    predicts a yes for sure, and "local_link" a no."""
    sign = Sign.stream if cause == "none" else Sign.steady
    made: dict[str, Any] = {"family": family, "function": "calls", "kept": {}, "causes": (cause,)}
    return Case(**(made | {"seen": Seen({sign: level}, {sign: str(sign)})} | changes))


def families(count: int, level: int, cause: str = "none", *, named: str = "") -> list[Case]:
    return [a_case(f"{named}{cause}{number}", level, cause) for number in range(count)]


def of(evidence: Sequence[Evidence], cause: str, family: str, said: str = "none") -> Case:
    """What a run teaches whose evidence is this."""
    case = case_of(family, evidence, ON_TIME, an_answer(cause, said))
    assert case is not None
    return case


def real_cases() -> list[Case]:
    """Many runs of which several look alike, and no two families alike in number."""
    guilty = [of(some, "selective", f"g{n}") for n, some in enumerate(ACCUSED.values()) for _ in range(n + 1)]
    innocent = [of(WELL, "none", family) for family in ("w1", "w2", "w2", "w2")]
    contradicting = [of(CUT, "congestion", "c1"), of(BLOCKED, "service_outage", "c2"), of(WELL, "congestion", "c1")]
    return [*guilty, *innocent, *contradicting]


# --- counting errors


@pytest.mark.parametrize(("wrong", "right"), [(0, 4), (0, 20), (1, 3), (1, 19), (3, 7), (2, 28)])
def test_the_share_of_families_that_err_is_counted_with_half_a_family_more_of_either_kind(
    wrong: int, right: int
) -> None:
    """The mean under Jeffreys' prior, a beta distribution of a half and a half (oracle: scipy)."""
    found = fitted([*families(right, 3), *families(wrong, -3, named="wrong")], STATED, "made")
    jeffreys = float(stats.beta(wrong + 0.5, right + 0.5).mean())
    assert found.errors[2] == pytest.approx(jeffreys)


def test_what_no_run_shows_is_not_taken_for_certain_and_no_sign_is_worse_than_its_limit() -> None:
    assert fitted(families(4, 3), STATED, "made").errors == pytest.approx((0.4, 0.4, 0.1))
    assert fitted(families(9, -3), STATED, "made").errors == (0.4, 0.4, 0.4)


def test_each_strength_is_counted_by_itself_and_a_firmer_sign_never_errs_more_often() -> None:
    firm = [*families(10, 1), *families(10, 2, named="b"), *families(10, 3, named="c")]
    weak_err = [*firm, *families(5, -1, named="d")]
    errors = fitted(weak_err, STATED, "made").errors
    assert errors[0] == pytest.approx((5 / 15 * 35 + 0.5) / 36)
    assert errors[1] == errors[2] == pytest.approx(0.5 / 36)
    firm_err = [*firm, *families(5, -3, named="d")]
    errors = fitted(firm_err, STATED, "made").errors
    # Strength 3 errs more often than 2 and 1 do, which cannot be.
    assert errors[0] == errors[1] == errors[2] == pytest.approx(0.5 / 36)


def test_what_is_only_likely_is_stated_and_not_counted() -> None:
    """A router that answers no ping is nothing wrong, so that it is no error either."""
    answers = Seen({Sign.stream: 3, Sign.gateway: -3}, {Sign.stream: "stream", Sign.gateway: "gateway"})
    cases = [a_case(f"f{number}", 3, seen=answers) for number in range(4)]
    found = fitted(cases, STATED, "made")
    assert found.likely == STATED.likely
    assert found.errors[2] == pytest.approx(0.1)


def test_cases_that_contradict_the_hypotheses_make_errors_larger_and_the_judge_less_sure() -> None:
    agreeing = [of(some, "selective", name) for name, some in ACCUSED.items()] + [of(WELL, "none", "well")]
    contradicting = [of(some, "none", f"no {name}") for name, some in ACCUSED.items()]
    sure, unsure = fitted(agreeing, STATED, "sure"), fitted([*agreeing, *contradicting], STATED, "unsure")
    assert all(more > less for less, more in zip(sure.errors[1:], unsure.errors[1:], strict=True))
    assert sum(unsure.errors) > sum(sure.errors)
    assert unsure.sharpness <= sure.sharpness
    weights = [1.0] * len(agreeing)
    assert surprise(agreeing, weights, sure) < surprise(agreeing, weights, unsure)


# --- who weighs how much


def test_families_weigh_alike_however_many_runs_they_have() -> None:
    few = [*families(3, 3), a_case("wrong", -3)]
    many = [*families(3, 3), *(a_case("wrong", -3) for _ in range(50)), *(a_case("none0", 3) for _ in range(7))]
    assert fitted(many, STATED, "made").errors == pytest.approx(fitted(few, STATED, "made").errors)
    # A family that errs in half of its runs is half an error.
    half = [*families(3, 3), a_case("both", 3), a_case("both", -3)]
    assert fitted(half, STATED, "made").errors[2] == pytest.approx((0.5 + 0.5) / 5)


def test_causes_weigh_alike_however_many_families_they_have() -> None:
    """Of eight families of one cause none errs, of two of another one: a quarter, and not a tenth."""
    cases = [*families(8, 3), *families(1, -3, "local_link"), *families(1, 3, "local_link", named="wrong")]
    assert fitted(cases, STATED, "made").errors[2] == pytest.approx((0.25 * 10 + 0.5) / 11)


def test_runs_that_look_alike_are_weighed_once_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = real_cases()
    sizes: list[tuple[int, int]] = []
    merged_as_it_is = calibrate._merged

    def watched(some: Sequence[Case], weights: Sequence[float]) -> tuple[list[Case], list[float]]:
        found = merged_as_it_is(some, weights)
        sizes.append((len(some), len(found[0])))
        assert sum(found[1]) == pytest.approx(sum(weights))
        return found

    monkeypatch.setattr(calibrate, "_merged", watched)
    merged = fitted(cases, STATED, "made")
    monkeypatch.setattr(calibrate, "_merged", lambda some, weights: (list(some), list(weights)))
    unmerged = fitted(cases, STATED, "made")
    assert sizes[0][1] < sizes[0][0] == len(cases)
    assert merged.errors == pytest.approx(unmerged.errors)
    assert dataclasses.astuple(_Fit.of(merged))[1:] == dataclasses.astuple(_Fit.of(unmerged))[1:]


@dataclasses.dataclass(frozen=True, slots=True)
class _Fit:
    errors: tuple[float, ...]
    leak: float
    sharpness: float
    likely: float

    @classmethod
    def of(cls, one: Calibration) -> _Fit:
        return cls(one.errors, one.leak, one.sharpness, one.likely)


@pytest.mark.parametrize(
    "changes",
    [
        {"causes": ("congestion",)},
        {"kept": {"as it should be": 0.65}},
        {"seen": Seen({Sign.stream: 2}, {Sign.stream: "stream"})},
        {"function": "messaging"},
    ],
)
def test_runs_that_differ_in_anything_the_judge_looks_at_are_not_merged(changes: dict[str, Any]) -> None:
    one = a_case("a", 3, kept={"as it should be": 1.0})
    other = dataclasses.replace(one, **changes)
    assert len(calibrate._merged([one, other], [1.0, 1.0])[0]) == 2
    assert calibrate._merged([one, dataclasses.replace(one, family="b")], [1.0, 0.5])[1] == [1.5]


def test_which_signs_share_a_group_matters_and_not_what_it_is_called() -> None:
    levels = {Sign.stream: 3, Sign.relays: 3}
    shared, renamed, apart = (
        a_case("a", 3, seen=Seen(levels, dict(zip(levels, groups, strict=True))))
        for groups in (("one", "one"), ("two", "two"), ("one", "two"))
    )
    assert len(calibrate._merged([shared, renamed], [1.0, 1.0])[0]) == 1
    assert len(calibrate._merged([shared, apart], [1.0, 1.0])[0]) == 2


# --- what teaches nothing


def test_without_a_case_the_calibration_stays_as_it_was() -> None:
    assert fitted([], STATED, "made") is STATED
    assert fitted([a_case("a", 3, causes=("none", "unknown"))], STATED, "made") is STATED


@pytest.mark.parametrize(
    "answer",
    [
        Answer("telegram", "calls", None, False, Said("works", "none", "none", "unknown", 0.9)),
        Answer("telegram", "calls", a_truth(), False, None),
        Answer("telegram", "singing", a_truth(), False, Said("works", "none", "none", "unknown", 0.9)),
    ],
)
def test_an_answer_without_a_truth_or_a_verdict_is_no_case(answer: Answer) -> None:
    assert case_of("a", WELL, ON_TIME, answer) is None


def test_where_it_is_too_early_to_tell_the_unknown_is_right_too() -> None:
    case = case_of("a", WELL, ON_TIME, an_answer("selective", "unknown", is_early=True))
    assert case is not None
    assert case.causes == ("selective", "unknown")
    assert fitted([case], STATED, "made") is STATED


def test_what_was_made_says_of_what() -> None:
    assert fitted(families(2, 3), STATED, "two runs").made_from == "two runs"


def test_likelihood_ratios_are_those_of_the_weights() -> None:
    """Strength 2 errs once in twenty: 0.95 against even odds says 1.9, and 0.05 says 0.1."""
    ratios = likelihood_ratios(STATED)
    assert (ratios["yes"][1], ratios["yes"][4]) == (1.9, 0.1)
    assert ratios["no"] == ratios["yes"][::-1]


# --- nobody is judged by what was fitted on his own family


def test_a_family_is_in_one_fold_the_same_everywhere() -> None:
    folds = {family: fold_of(family) for family in ("cutoff-packets", "policing", "offline", "", "\N{SNOWMAN}")}
    assert all(fold in range(FOLDS) for fold in folds.values())
    # As SHA-256 has it, and not as this process hashes strings.
    firsts = {family: int.from_bytes(sha256(family.encode()).digest()[:1]) for family in folds}
    assert folds == {family: first % FOLDS for family, first in firsts.items()}
    assert {fold_of(f"family {number}") for number in range(60)} == set(range(FOLDS))


_TRUTHS = {
    "none": 'outcome = ["works"]\ncause = ["none"]',
    "selective": 'outcome = ["fails", "degraded"]\ncause = ["selective"]',
}


def scored(name: str, evidence: Sequence[Evidence], cause: str, **answer: Any) -> Scored:
    (run,) = planned([a_scenario(_TRUTHS[cause], name=name)], depth="quick", seeds=1, servers="own")
    known = dataclasses.replace(an_answer(cause, "unknown"), **answer)
    line = a_line(known, key=run.key, family=name, voids=("once",), result="wrong", notes=("then",))
    return Scored(line, run, a_report(evidence=tuple(evidence), instrument=ON_TIME, verdicts=(WORKS,)))


def corpus() -> list[Scored]:
    cases = itertools.cycle([(WELL, "none"), (BLOCKED, "selective"), (THINNED, "selective")])
    return [scored(f"family{number}", *next(cases)) for number in range(12)]


def test_each_run_is_judged_by_a_calibration_that_never_saw_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = corpus()
    everybody = {one.line.family for one in runs}
    saw: dict[str, set[str]] = {}
    judged_by: list[str] = []

    def watched_fit(cases: Sequence[Case], start: Calibration, made_from: str) -> Calibration:
        saw[made_from] = {case.family for case in cases}
        return fitted(cases, start, made_from)

    def watched_judge(evidence: Any, depth: Any, instrument: Any, calibration: Calibration) -> Any:
        judged_by.append(calibration.made_from)
        return judge(evidence, depth, instrument, calibration)

    monkeypatch.setattr(heldout, "fitted", watched_fit)
    monkeypatch.setattr(heldout, "judge", watched_judge)
    found = calibrated(runs, STATED, "made")
    assert len(saw) == FOLDS + 1
    assert saw[found.calibration.made_from] == everybody
    for one, name in zip(runs, judged_by, strict=True):
        assert one.line.family not in saw[name]
        assert saw[name] == {family for family in everybody if fold_of(family) != fold_of(one.line.family)}


def test_held_out_lines_are_judged_anew_and_keep_when_they_were_announced() -> None:
    runs = [*corpus(), scored("early", BLOCKED, "selective", announced_s=6.5)]
    found: Calibrated = calibrated(runs, STATED, "made")
    assert found.lines.keys() == {one.line.key for one in runs}
    early = found.lines[runs[-1].line.key]
    (answer,) = (one for one in early.answers if one.function == "calls")
    assert answer.said is not None
    assert (answer.said.cause, answer.announced_s) == ("selective", 6.5)
    assert (early.result, early.notes, early.voids, early.seconds) == ("right", (), ("once",), 8.0)
    others = [answer for one in runs[:-1] for answer in found.lines[one.line.key].answers]
    assert {answer.announced_s for answer in others} == {None}


def test_what_everybody_is_fitted_on_is_what_is_stored() -> None:
    runs = corpus()
    cases = [of(one.report.evidence, one.run.scenario.truths[0].cause[0], one.line.family) for one in runs]
    assert calibrated(runs, STATED, "made").calibration == fitted(cases, STATED, "made")


def test_of_no_run_nothing_is_made() -> None:
    assert calibrated([], STATED, "made") == Calibrated(STATED, {})
