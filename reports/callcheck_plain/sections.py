"""What stands on the page, from the answer down to what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from callcheck.api import Report, Verdict
from callcheck.locale import N_, translator
from callcheck.report.problems import ProblemWord, split_problem
from callcheck.verdict import explain
from callcheck.verdict.names import depth_name
from callcheck_plain.layout import bullets, paragraph, section, table

_PROBLEMS: dict[ProblemWord, str] = {
    "over_budget": N_("{check}: stopped, it was about to send more than it may"),
    "skipped": N_("{check}: left out, it could not have shown anything here"),
    "timed_out": N_("{check}: stopped, it took too long"),
    "crashed": N_("{check}: failed by an error of its own"),
    "interrupted": N_("{check}: interrupted"),
    "not_installed": N_("{check}: this check is not installed here, what it saw was not read"),
    "not_readable": N_("{check}: what it saw could not be read"),
}


def page(report: Report, language: str) -> str:
    """The whole page, line end included."""
    _ = translator(language)
    lines = [
        *_head(report, language),
        "",
        *_overview(report.verdicts, language),
        *_answers(report, language),
        *section(_("How it would sound:"), _sounds(report, language)),
        *section(_("This could change the answer:"), _would_change(report.verdicts, language)),
        *section(_("What you can do:"), _steps(report, language)),
        *section(_("Not measured:"), explain.what_was_not_measured(report, language)),
        *section(_("Problems:"), [_problem(line, language) for line in report.problems]),
    ]
    return "\n".join(lines) + "\n"


def _head(report: Report, language: str) -> list[str]:
    _ = translator(language)
    started = report.run.started_utc.removesuffix("Z").replace("T", " ")[:16]
    return paragraph(
        _("callcheck {version}, {started} UTC, {depth}, {seconds} s").format(
            version=report.tool.version,
            started=started,
            depth=depth_name(report.run.depth, language),
            seconds=round(report.run.duration_s),
        )
    )


def _overview(verdicts: Sequence[Verdict], language: str) -> list[str]:
    """A line for each function of each service."""
    if not verdicts:
        return paragraph(translator(language)("No service was tested, so there is nothing to judge."))
    rows = []
    seen: set[str] = set()
    for verdict in verdicts:
        name = "" if verdict.service in seen or not verdict.service else explain.service_name(verdict.service)
        seen.add(verdict.service)
        cause = "" if verdict.cause in {"none", "unknown"} else explain.cause_name(verdict.cause, language)
        function = explain.function_name(verdict.function, language)
        rows.append((name, function, explain.outcome_name(verdict.outcome, language), cause))
    return table(rows)


def _answers(report: Report, language: str) -> Iterator[str]:
    """Every sentence once, with what speaks for and against it; what does not work comes first, calls before text."""
    alike: dict[str, list[Verdict]] = {}
    for verdict in _by_weight(report.verdicts):
        alike.setdefault(explain.headline(verdict, report.evidence, language), []).append(verdict)
    for sentence, verdicts in alike.items():
        yield from ("", *_answer(report, sentence, verdicts, language))


def _answer(report: Report, sentence: str, verdicts: Sequence[Verdict], language: str) -> Iterator[str]:
    _ = translator(language)
    yield from paragraph(sentence)
    surest = max(verdicts, key=lambda verdict: verdict.confidence)
    sureness = explain.sureness_text(surest, language)
    if sureness:
        yield from paragraph(f"({sureness})", first="  ", rest="  ")
    mechanism = explain.mechanism_text(surest.mechanism, language)
    if mechanism and surest.cause == "selective":
        yield from paragraph(_("How: {mechanism}.").format(mechanism=mechanism), first="  ", rest="  ")
    for title, mark, chosen in (
        (_("For:"), "+", [position for verdict in verdicts for position in verdict.supporting]),
        (_("Against:"), "-", [position for verdict in verdicts for position in verdict.against]),
    ):
        claims = [explain.claim_text(report.evidence[position], language) for position in dict.fromkeys(chosen)]
        if claims:
            yield from (f"  {title}", *bullets(dict.fromkeys(claims), mark))


def _by_weight(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return sorted(verdicts, key=lambda verdict: (verdict.outcome == "works", verdict.function != "calls"))


def _would_change(verdicts: Sequence[Verdict], language: str) -> Iterable[str]:
    names = [name for verdict in _by_weight(verdicts) for name in verdict.would_change]
    return dict.fromkeys(filter(None, (explain.would_change_text(name, language) for name in names)))


def _sounds(report: Report, language: str) -> Iterable[str]:
    return filter(None, (explain.quality_text(quality, language) for quality in report.quality))


def _steps(report: Report, language: str) -> Iterable[str]:
    """Steps for what does not work; where all works, what to do if it should not."""
    ailing = [verdict for verdict in _by_weight(report.verdicts) if verdict.outcome != "works"]
    chosen = ailing or report.verdicts
    depth = report.run.depth
    return dict.fromkeys(step for verdict in chosen for step in explain.next_steps(verdict, language, depth))


def _problem(line: str, language: str) -> str:
    split = split_problem(line)
    if split is None:
        return line
    check, word, note = split
    said = translator(language)(_PROBLEMS[word]).format(check=check)
    return f"{said} ({note})" if note else said
