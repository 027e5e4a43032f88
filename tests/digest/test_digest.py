"""What a digest says of a report: nothing twice, nothing of ours left out, warnings where they must stand."""

from __future__ import annotations

import msgspec
import pytest

from callcheck.digest import digest_of, focus
from callcheck.digest.make import moment_text, problem_text
from callcheck.model import Report
from callcheck.redaction.redact import redact
from callcheck.verdict import explain
from tests.journals.golden import report_of_family


@pytest.fixture(scope="module")
def cut_off() -> Report:
    return report_of_family("cutoff-packets")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_title_is_the_sentence_of_the_verdict_that_matters_most(cut_off: Report, language: str) -> None:
    digest = digest_of(cut_off, language)
    first = focus(cut_off.verdicts)
    assert first is not None
    assert (first.service, first.function) == ("telegram", "calls")
    assert digest.title == explain.headline(first, cut_off.evidence, language) == digest.answers[0].sentence


def test_verdicts_that_say_the_same_share_an_answer_and_each_claim_stands_once(cut_off: Report) -> None:
    twice = msgspec.structs.replace(cut_off, verdicts=cut_off.verdicts * 2)
    digest = digest_of(twice, "en")
    sentences = [answer.sentence for answer in digest.answers]
    assert len(sentences) == len(set(sentences)) == len(digest_of(cut_off, "en").answers)
    for answer in digest.answers:
        assert len(answer.supporting) == len(set(answer.supporting))


def test_a_full_report_says_so_first_and_a_redacted_one_does_not(cut_off: Report) -> None:
    full, shared = digest_of(cut_off, "en"), digest_of(redact(cut_off), "en")
    assert full.is_full
    assert full.warnings[0].startswith("Full report")
    assert not shared.is_full
    assert not any(warning.startswith("Full report") for warning in shared.warnings)


def test_a_run_that_was_stopped_and_an_instrument_that_was_late_are_warned_of(cut_off: Report) -> None:
    stopped = msgspec.structs.replace(cut_off, run=msgspec.structs.replace(cut_off.run, complete=False))
    late = msgspec.structs.replace(cut_off, instrument=msgspec.structs.replace(cut_off.instrument, valid=False))
    assert any("stopped early" in warning for warning in digest_of(stopped, "en").warnings)
    assert any("could not keep time" in warning for warning in digest_of(late, "en").warnings)


def test_a_report_without_verdicts_says_that_there_is_nothing_to_judge(cut_off: Report) -> None:
    digest = digest_of(msgspec.structs.replace(cut_off, verdicts=()), "en")
    assert digest.title == "No service was tested, so there is nothing to judge."
    assert not digest.answers
    assert not digest.ways
    assert not digest.rows


def test_a_moment_that_was_cut_to_its_hour_is_no_minute() -> None:
    assert moment_text("2026-11-22T11:32:07Z", "en", is_hour_only=False) == "2026-11-22 11:32 UTC"
    assert moment_text("2026-11-22T11:00:00Z", "en", is_hour_only=True) == "2026-11-22, in the hour from 11:00 UTC"
    assert moment_text("once upon a time", "en", is_hour_only=True) == "time not known"


def test_a_problem_of_ours_is_put_into_words_and_a_strangers_line_stands_as_it_is() -> None:
    assert problem_text("stream: timed_out: after 40 s", "en") == "stream: stopped, it took too long (after 40 s)"
    assert problem_text("whatever else", "en") == "whatever else"


def test_every_text_is_of_the_language_that_was_asked_for(cut_off: Report) -> None:
    english, russian = (msgspec.structs.asdict(digest_of(cut_off, language)) for language in ("en", "ru"))
    for name in ("title", "would_change", "steps", "gaps", "methods"):
        assert english[name] != russian[name]
