"""What many runs show together, on lines made by hand, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.score import Answer, Line, as_json, as_markdown, tally
from callcheck.lab.score.lines import Result, Said
from callcheck.lab.score.tables import BEGIN, END, UPPER_BOUND

from .test_score_lines import a_line, an_answer


def beside(cause: str) -> Answer:
    """A verdict on a function that the scenario has no truth for."""
    return Answer("whatsapp", "calls", None, False, Said("fails", cause, "unknown", "unknown", 0.9))  # type: ignore[arg-type]  # a word of the list


def test_a_matrix_counts_by_the_truths_first_word_and_calls_its_other_words_right() -> None:
    found = tally(
        [
            a_line(an_answer(("congestion", "service_outage"), "congestion")),
            a_line(an_answer(("congestion", "service_outage"), "service_outage")),
            a_line(an_answer(("congestion", "service_outage"), "unknown")),
            a_line(an_answer("none", "none")),
            a_line(an_answer("none", None)),
        ]
    )
    outcome, cause, mechanism, where = found.matrices
    assert cause.said == ("none", "congestion", "service_outage", "unknown", "no verdict")
    assert [(row.truth, list(row.said.values()), row.right, row.of) for row in cause.rows] == [
        ("none", [1, 0, 0, 0, 1], 1, 2),
        ("congestion", [0, 1, 1, 1, 0], 2, 3),
    ]
    assert (outcome.aspect, outcome.right, outcome.of) == ("outcome", 4, 5)
    assert mechanism.rows == where.rows == ()


def test_mechanism_and_where_are_counted_over_the_truths_that_name_them() -> None:
    found = tally(
        [
            a_line(an_answer("selective", "selective", where=("provider", "beyond"), mechanism=("address",))),
            a_line(an_answer("selective", "selective")),
        ]
    )
    _outcome, _cause, mechanism, where = found.matrices
    assert [(row.truth, dict(row.said), row.right) for row in where.rows] == [("provider", {"provider": 1}, 1)]
    assert [(row.truth, dict(row.said), row.right) for row in mechanism.rows] == [("address", {"unknown": 1}, 0)]


def test_recall_is_of_truths_and_precision_is_of_what_was_said() -> None:
    found = tally(
        [
            *(a_line(an_answer("selective", said)) for said in ("selective", "selective", "unknown", "congestion")),
            a_line(an_answer("congestion", "selective")),
        ]
    )
    rows = {one.cause: (one.found, one.truths, one.rightly_said, one.said) for one in found.causes}
    assert rows == {"selective": (2, 4, 2, 3), "congestion": (0, 1, 0, 1), "unknown": (0, 0, 0, 1)}


def test_an_unknown_that_is_right_because_it_came_early_is_in_no_matrix_and_no_abstention() -> None:
    found = tally([a_line(an_answer("selective", "unknown", is_early=True))])
    assert (found.causes, found.decidable.of, found.total.right) == ((), 0, 1)
    ventured = tally([a_line(an_answer("selective", "congestion", is_early=True))])
    assert ventured.matrices[1].of == 1


def test_a_false_accusation_is_counted_once_a_run_over_runs_with_somebody_innocent() -> None:
    guilty = an_answer("selective", "selective")
    lines = [
        a_line(guilty, scenario="guilty"),
        a_line(guilty, beside("none"), scenario="half"),
        a_line(guilty, beside("selective"), an_answer("none", "selective"), scenario="half", seed=2),
        *(a_line(an_answer("none", "none"), scenario="clean", seed=seed) for seed in range(298)),
        a_line(an_answer("none", None), scenario="clean", seed=299),
    ]
    found = tally(lines)
    assert (found.total.false_accusations.runs, found.total.false_accusations.of) == (1, 300)
    assert round(found.total.false_accusations.upper_95, 4) == 0.0157
    assert found.worst_family is not None
    assert (found.worst_family.family, found.worst_family.false_accusations.of) == ("half", 2)
    assert {row.family: row.false_accusations.of for row in found.families} == {"guilty": 0, "half": 2, "clean": 298}


def test_among_families_that_accused_nobody_the_worst_is_the_one_with_the_widest_bound() -> None:
    lines = [a_line(an_answer(), scenario=name, seed=seed) for name, seed in (("a", 1), ("a", 2), ("b", 1))]
    worst = tally(lines).worst_family
    assert worst is not None
    assert (worst.family, worst.false_accusations.runs, worst.false_accusations.of) == ("b", 0, 1)
    assert worst.false_accusations.upper_95 == pytest.approx(0.95)


def test_who_gives_no_verdict_neither_abstains_nor_is_right() -> None:
    answers = [
        an_answer("selective", "unknown"),
        an_answer("selective", "congestion"),
        an_answer(("unknown", "congestion"), "unknown"),
        an_answer("none", None),
    ]
    found = tally([a_line(answer) for answer in answers])
    assert (found.decidable.abstained, found.decidable.right, found.decidable.of) == (1, 0, 3)
    assert (found.total.right, found.total.abstained, found.total.wrong) == (1, 1, 2)


def test_seconds_are_of_valid_runs_and_p95_is_by_nearest_rank() -> None:
    lines = [a_line(an_answer(), seconds=float(second)) for second in range(1, 21)]
    found = tally([*lines, a_line(result="void", seconds=99.0)]).seconds_to_verdict
    assert found is not None
    assert (found.median, found.p95, found.max) == (10.5, 19.0, 20.0)


def test_reliability_bins_verdicts_with_a_cause_by_their_stated_confidence() -> None:
    answers = [
        an_answer("none", "none", confidence=0.9),
        an_answer("none", "none", confidence=0.94),
        an_answer("none", "congestion", confidence=0.92),
        an_answer("none", "none", confidence=1.0),
        an_answer("none", "unknown", confidence=0.3),
        an_answer("none", "offline", confidence=0.3),
    ]
    found = tally([a_line(answer) for answer in answers]).reliability
    counted = {one.low: one for one in found.bins if one.count}
    assert {low: one.count for low, one in counted.items()} == {0.0: 1, 0.9: 3, 0.99: 1}
    assert counted[0.9].mean_confidence == pytest.approx(0.92)
    assert counted[0.9].right_ratio == pytest.approx(2 / 3)
    assert counted[0.9].right_low == pytest.approx(0.2077, abs=1e-4)
    assert counted[0.9].right_high == pytest.approx(0.9385, abs=1e-4)
    assert found.verdicts == 5
    assert found.brier == pytest.approx((0.01 + 0.0036 + 0.8464 + 0 + 0.09) / 5)
    assert found.ece == pytest.approx((3 * (0.92 - 2 / 3) + 0 + 0.3) / 5)


def test_voids_stand_apart_with_their_reasons() -> None:
    found = tally(
        [
            a_line(an_answer(), voids=("late", "late")),
            a_line(result="void", voids=("rule 1 on core never hit",) * 5, seed=2),
            a_line(result="failed", notes=("LabError: boom",), seed=3),
        ]
    )
    total = found.total
    assert (total.runs, total.right, total.stayed_void, total.failed, total.void_goes) == (3, 1, 1, 1, 7)
    assert found.void_reasons == {"rule 1 on core never hit": 5, "late": 2}
    assert found.matrices[0].of == 1


_lines = st.builds(
    lambda answers, scenario, seed, result: a_line(
        *answers, scenario=scenario, seed=seed, **({} if result is None else {"result": result, "answers": ()})
    ),
    st.lists(
        st.builds(
            an_answer,
            st.sampled_from(["none", "selective", "unknown"]),
            st.sampled_from(["none", "selective", "unknown", None]),
            confidence=st.floats(0, 1),
            is_early=st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 9),
    st.sampled_from([None, None, "void", "failed"]),
)


@given(st.lists(_lines, max_size=12))
@settings(max_examples=150)
def test_every_run_is_counted_once_and_families_add_up(lines: list[Line]) -> None:
    found = tally(lines)
    for row in (found.total, *found.families):
        assert row.right + row.abstained + row.wrong + row.stayed_void + row.failed == row.runs
        assert row.false_accusations.runs <= row.false_accusations.of
    for field in ("runs", "right", "abstained", "wrong", "stayed_void", "failed"):
        assert sum(getattr(row, field) for row in found.families) == getattr(found.total, field)
    assert sum(one.count for one in found.reliability.bins) == found.reliability.verdicts
    assert json.loads(as_json(found))["total"]["runs"] == len(lines)
    assert as_markdown(found).count("\n| all |") == 1


def test_the_markdown_stands_between_markers_and_ends_with_what_it_does_not_show() -> None:
    lines = as_markdown(tally([a_line(an_answer())])).rstrip("\n").split("\n")
    assert (lines[0], lines[-1]) == (BEGIN, END)
    assert lines[-3] == UPPER_BOUND
    assert "upper bound" in UPPER_BOUND
    assert "| made | 1 | 1 | 1 | 0 | 0 | 0 of 1 | 95.00 % | 0 | 0 | 0 |" in lines


def test_every_table_of_the_markdown_has_rows_as_wide_as_its_head() -> None:
    blocked = an_answer("selective", "none", where=("home",), mechanism=("port",))
    told = replace(an_answer(), announced_s=3.0)
    lines = [a_line(blocked), a_line(told, seed=2)]
    found = tally(lines, {line.key: {"link": line.answers} for line in lines})
    tables = [part.split("\n") for part in as_markdown(found).split("\n\n") if part.startswith("|")]
    assert any(rows[0].startswith("| ablation: without |") for rows in tables)
    assert len(tables) == 11
    for rows in tables:
        assert len({row.count("|") for row in rows}) == 1


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("wrong", "- made seed 1 quick (wrong): x \\| y \\<b\\> \\\\x1b; z"),
        ("failed", "- made seed 1 quick (failed): x \\| y \\<b\\> \\\\x1b; z"),
        ("void", "- made seed 1 quick (void): late"),
    ],
)
def test_what_went_wrong_is_listed_and_foreign_text_makes_no_markup(result: Result, expected: str) -> None:
    notes, voids = ("x | y <b>\n\x1b", "z"), ("late",)
    markdown = as_markdown(tally([a_line(result=result, notes=notes, voids=voids)]))
    assert expected in markdown.split("\n")


def test_no_runs_at_all_are_said_to_be_none() -> None:
    found = tally([])
    assert (found.worst_family, found.seconds_to_verdict, found.reliability.brier) == (None, None, None)
    assert "No run was finished." in as_markdown(found)
    assert json.loads(as_json(found))["total"]["false_accusations"]["upper_95"] == 1.0


def test_the_json_holds_every_line_and_names_its_schema() -> None:
    content = json.loads(as_json(tally([a_line(an_answer("selective", "none"))])))
    assert content["schema"] == "callcheck-score/1"
    assert content["upper_bound"] == UPPER_BOUND
    assert content["lines"][0]["answers"][0]["said"]["cause"] == "none"
