"""The single figures of a score, and what a check is worth, on answers made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import beta

from callcheck.lab.score import Answer, Line, as_markdown, tallies_by_depth, tally
from callcheck.lab.score.ablation import ablations
from callcheck.lab.score.lines import Said
from callcheck.lab.score.shares import announcements, decidable, detections, innocents, located, nearest_rank
from callcheck.words import Depth

from .test_score_lines import a_line, an_answer


def blocked(said: str | None = "selective", *, at_s: float | None = None, **changes: Any) -> Answer:
    made: dict[str, Any] = {"outcome": "fails", "mechanism": ("address", "port")} | changes
    return replace(an_answer("selective", said, **made), announced_s=at_s)


def at(depth: Depth, *answers: Answer, seed: int = 1, **changes: Any) -> Line:
    line = a_line(*answers, seed=seed, **changes)
    return replace(line, key=replace(line.key, depth=depth))


def placed(answer: Answer, where: Any) -> Answer:
    assert answer.said is not None
    return replace(answer, said=replace(answer.said, where=where))


def test_detection_is_of_truths_that_are_selective_alone_and_due_by_their_first_mechanism() -> None:
    found = detections(
        [
            *(blocked(said) for said in ("selective", "unknown", "congestion", None)),
            blocked(mechanism=("port",)),
            blocked(mechanism=()),
            blocked(is_early=True),
            an_answer(("selective", "congestion"), "unknown", mechanism=("quic",)),
            an_answer("none", "selective"),
        ]
    )
    rows = [(row.mechanism, row.found.hits, row.found.of) for row in found]
    assert rows == [("address", 1, 4), ("port", 1, 1), ("not named", 1, 1)]


def test_decidable_is_what_is_due_and_has_a_truth_without_unknown() -> None:
    found = decidable(
        [
            an_answer("none", "none"),
            an_answer(("congestion", "selective"), "selective"),
            an_answer("none", "unknown"),
            an_answer("none", "congestion"),
            an_answer("none", None),
            an_answer(("none", "unknown"), "unknown"),
            an_answer("selective", "selective", is_early=True),
            replace(an_answer(), truth=None),
        ]
    )
    assert (found.of, found.right, found.abstained) == (5, 2, 1)


def test_where_is_right_or_unknown_and_known_over_truths_that_name_it() -> None:
    here = an_answer("selective", "selective", where=("provider", "beyond"))
    found = located(
        [
            *(placed(here, where) for where in ("provider", "beyond", "unknown", "home")),
            an_answer("selective", None, where=("home",)),
            placed(an_answer("none", "none", where=("unknown",)), "unknown"),
            an_answer("selective", "selective"),
            replace(here, is_early=True),
        ]
    )
    assert (found.of, found.right_or_unknown, found.known, found.right) == (6, 4, 3, 2)


def test_innocents_are_runs_in_which_nothing_is_selective_by_depth() -> None:
    lines = [
        *(at("deep", an_answer("none", "none"), seed=seed) for seed in range(19)),
        at("deep", an_answer("none", "selective"), seed=19),
        at("deep", blocked(), replace(an_answer("none", "selective"), service="whatsapp"), seed=20),
        at("deep", blocked(), seed=21),
        at("deep", an_answer("none", None), seed=22),
        at("deep", an_answer(("congestion", "selective"), "selective"), seed=23),
        at("quick", an_answer("none", "none")),
        at("standard", result="void"),
    ]
    quick, deep = innocents(lines)
    assert (quick.depth, quick.runs.hits, quick.runs.of, quick.partly.of) == ("quick", 0, 1, 1)
    assert (deep.depth, deep.runs.hits, deep.runs.of) == ("deep", 1, 20)
    assert (deep.partly.hits, deep.partly.of) == (2, 21)
    assert deep.upper_95 == pytest.approx(beta.ppf(0.95, 2, 19), abs=1e-9)


def test_announcements_are_of_blocks_rightly_told_and_of_all_that_name_a_cause() -> None:
    lines = [
        at("quick", *(blocked(at_s=at_s) for at_s in (5.0, 8.0, 9.0))),
        at("quick", blocked("congestion", at_s=1.0), an_answer("none", "selective"), seed=2),
        at("quick", replace(an_answer("none", "none"), announced_s=7.0), seed=3),
        at("quick", replace(blocked(at_s=2.0), said=Said("degraded", "selective", "port", "home", 0.9)), seed=4),
        at("deep", an_answer("none", "unknown")),
        at("deep", replace(an_answer("selective", "selective"), announced_s=30.0), seed=2),
    ]
    rows = [(row.depth, row.what, row.count, row.median_s, row.p95_s, row.soon) for row in announcements(lines)]
    assert rows == [
        ("quick", "blocks", 3, 8.0, 9.0, 2),
        ("quick", "decided", 6, 6.0, 9.0, 5),
        ("deep", "decided", 1, 30.0, 30.0, 0),
    ]


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95)])
def test_p95_by_nearest_rank(count: int, expected: int) -> None:
    assert nearest_rank(reversed(range(1, count + 1)), 0.95) == expected


def without(*lines: Line, **left: Sequence[Answer]) -> Any:
    """What is said without each check, in the first of the lines alone; the others are judged again, too."""
    return {line.key: (left if place == 0 else {}) for place, line in enumerate(lines)}


def test_a_check_is_worth_what_is_lost_without_it() -> None:
    first = a_line(placed(blocked(where=("provider",)), "provider"), an_answer("none", "none"), seed=1)
    answers = (replace(first.answers[0], function="messaging"), first.answers[1])
    first = replace(first, answers=answers)
    other = a_line(an_answer("none", "unknown"), seed=2)
    unsure = Said("unknown", "unknown", "unknown", "unknown", 0.4)
    left = (replace(answers[0], said=unsure), replace(answers[1], said=Said("works", "selective", "port", "home", 0.9)))
    (row,) = ablations([first, other], without(first, other, relay=left))
    assert (row.check, row.runs, row.changed, row.lost, row.gained) == ("relay", 1, 2, 2, 0)
    assert row.cause_right_points == pytest.approx(-200 / 3)
    assert row.abstained_points == pytest.approx(100 / 3)
    assert (row.mechanism_right_points, row.where_right_points) == (0.0, -100.0)
    assert row.false_accusation_points == pytest.approx(100 / 2)


def test_a_check_that_misleads_shows_as_gain_and_a_service_without_a_verdict_abstains() -> None:
    line = a_line(an_answer("none", "selective"), blocked("selective"))
    line = replace(line, answers=(line.answers[0], replace(line.answers[1], function="messaging")))
    cleared = (replace(line.answers[0], said=Said("works", "none", "none", "unknown", 0.9)), line.answers[1])
    silent = (line.answers[0], replace(line.answers[1], said=None))
    rows = ablations([line], without(line, stun=cleared, relay=silent))
    assert [(row.check, row.lost, row.gained, row.cause_right_points) for row in rows] == [
        ("relay", 1, 0, -50.0),
        ("stun", 0, 1, 50.0),
    ]
    assert [row.abstained_points for row in rows] == [50.0, 0.0]
    assert [row.false_accusation_points for row in rows] == [0.0, -100.0]


def test_an_accusation_beside_the_truths_counts_and_goes_with_the_check() -> None:
    beside = Answer("whatsapp", "calls", None, False, Said("fails", "selective", "port", "home", 0.9))
    line = a_line(an_answer("none", "none"), beside)
    (row,) = ablations([line], without(line, relay=line.answers[:1]))
    assert (row.changed, row.gained, row.false_accusation_points, row.cause_right_points) == (1, 1, -100.0, 0.0)


def test_a_check_that_changes_no_word_buys_nothing_and_confidence_is_no_word() -> None:
    line = a_line(an_answer("none", "none", confidence=0.99))
    lower = (an_answer("none", "none", confidence=0.81),)
    elsewhere = (placed(an_answer("none", "none"), "home"),)
    found = tally([line], without(line, quic=lower, path=elsewhere))
    assert [(row.check, row.is_idle) for row in found.ablations] == [("path", False), ("quic", True)]
    table = as_markdown(found).split("\n")
    assert "| quic | 1 run | 0 | 0 | 0 | 0 | 0 | 0 | 0 | buys nothing here |" in table
    assert "| path | 1 run | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1 |" in table


def test_runs_that_were_not_judged_again_are_in_no_ablation() -> None:
    now, then = a_line(an_answer(), seed=1), a_line(an_answer("none", "unknown"), seed=2, is_of_then=True)
    (row,) = ablations([now, then], {now.key: {"link": (an_answer("none", "unknown"),)}})
    assert row.cause_right_points == -100.0
    found = tally([now, then])
    assert (found.judged_then, found.ablations) == (1, ())
    assert "1 run was judged then, not now: its journal is missing." in as_markdown(found)


def test_each_depth_has_its_table_and_all_come_last_without_the_list_of_runs() -> None:
    lines = [at("deep", an_answer("none", "unknown")), at("quick", an_answer("none", "none"))]
    apart = tallies_by_depth(lines)
    assert [(one.depths, one.total.runs) for one in apart] == [(("quick",), 1), (("deep",), 1)]
    table = as_markdown(tally(lines), apart)
    heads = [table.index(head) for head in ("### quick", "### deep", "### all")]
    assert heads == sorted(heads)
    assert table.count("made seed 1 deep (abstained)") == 1 == table[: heads[2]].count("Not right:")
    assert "### " not in as_markdown(apart[0], apart[:1])


def test_the_sentences_name_the_shares() -> None:
    here = an_answer("selective", "selective", where=("provider",))
    table = as_markdown(tally([a_line(here, an_answer("none", "unknown"), placed(here, "unknown"))]))
    assert "- Decidable answers that abstain: 1 of 3 (33.3 %)." in table
    assert "- Cause right of decidable: 2 of 3 (66.7 %)." in table
    located = "- Where right or unknown: 2 of 2 (100.0 %); where named: 1 of 2 (50.0 %), rightly: 1 of 1 (100.0 %)."
    assert located in table
