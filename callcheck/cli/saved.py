"""`callcheck report` and `callcheck judge`: what was saved, written again or judged again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from callcheck import session
from callcheck.api import Reporter
from callcheck.cli.output import BAD_DATA, INTERNAL, USAGE, fail, language, put_line, save, tr
from callcheck.engine import plugins
from callcheck.engine.events import Event
from callcheck.locale import N_
from callcheck.model import Report, Verdict
from callcheck.redaction.leaving import LeakError, export, written
from callcheck.report.refold import journal_of
from callcheck.report.saved import MAX_BYTES, SavedError, load, load_run
from callcheck.report.schema import json_schema
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.explain import percent, with_sentences

_ = tr()
T = TypeVar("T")

_NOTHING_FULLER = N_(
    "a report without what identifies you holds nothing more: --full needs the journal, or a full report"
)


@click.command(help=_("Write a saved run again, in any form. What identifies you is left out unless --full."))
@click.argument("file", required=False)
@click.option("--format", "form", default="plain", show_default=True, help=_("The reporter to use."))
@click.option("--short", is_flag=True, help=_("For --format text: at most 280 characters."))
@click.option("--lang", type=click.Choice(["en", "ru"]), help=_("Language of the sentences."))
@click.option("--out", type=click.Path(path_type=Path), help=_("Save to this file instead of printing."))
@click.option("--force", is_flag=True, help=_("Overwrite the file."))
@click.option("--full", is_flag=True, help=_("Keep addresses and exact times: for yourself, not for sharing."))
@click.option("--schema", is_flag=True, help=_("Print the JSON Schema of reports."))
def report(
    *,
    file: str | None,
    form: str,
    short: bool,
    lang: str | None,
    out: Path | None,
    force: bool,
    full: bool,
    schema: bool,
) -> int:
    if schema:
        data = _schema()
    else:
        if file is None:
            fail(USAGE, tr()("name a saved report or journal, or - for standard input"))
        reporter = plugins.load_reporter(_form(form, is_short=short))
        chosen = lang or language()
        data = _in_form(_report_from(file, chosen), reporter, chosen, is_full=full)
    save(out, data, force=force)
    return 0


def _schema() -> bytes:
    import json  # noqa: PLC0415 - reports are written without it

    return json.dumps(json_schema(), indent=2, sort_keys=True).encode() + b"\n"


def _form(form: str, *, is_short: bool) -> str:
    """`--short` is another name for the shorter of two reporters."""
    if is_short and form not in {"plain", "text", "short"}:
        fail(USAGE, tr()("--short is for --format text"))
    return "short" if is_short else form


def _in_form(found: Report, reporter: Reporter, chosen: str, *, is_full: bool) -> bytes:
    if is_full and found.run.redacted:
        fail(USAGE, tr()(_NOTHING_FULLER))
    if is_full:
        return written(found, reporter, chosen)
    try:
        return export(found, reporter, chosen).data
    except LeakError as error:
        fail(INTERNAL, error.sentence(tr()))


@click.command(help=_("Judge a saved run again, offline. Says what differs from the saved verdict."))
@click.argument("file")
def judge(file: str) -> int:
    from callcheck.verdict.comparison import verdict_on  # noqa: PLC0415 - reports are written without it

    translate = tr()
    saved, events = loaded(file)
    before = saved.verdicts if saved is not None else _judged_in(events)
    after = judged_again(saved, events)
    as_before = msgspec.structs.replace(after, verdicts=tuple(before))
    for verdict in after.verdicts:
        old = verdict_on(as_before, verdict.service, verdict.function)
        put_line(f"{verdict.service} {verdict.function}: {_in_short(verdict)}")
        put_line(f"  {verdict.sentence}")
        if old is None:
            put_line(translate("  the saved run had no verdict on this"))
        elif _in_short(old) != _in_short(verdict):
            put_line(translate("  the saved verdict was: {old}").format(old=_in_short(old)))
        else:
            put_line(translate("  the same as the saved verdict"))
    for old in before:
        if verdict_on(after, old.service, old.function) is None:
            put_line(f"{old.service} {old.function}: {_in_short(old)}")
            put_line(translate("  the saved verdict; the file holds nothing to judge it by"))
    return exit_code(after.verdicts)


def judged_again(saved: Report | None, events: list[Event]) -> Report:
    """A redacted report has lost addresses that its observations were read by, so its evidence is judged as it is."""
    from callcheck.digest.comparing import judged_on_evidence  # noqa: PLC0415 - reports are written without it

    checks, _problems = plugins.load_checks()
    if saved is None:
        return session.report_of(events, checks, language())
    if not saved.run.redacted:
        return session.report_of(journal_of(saved), checks, language())
    return judged_on_evidence(saved, language())


def _in_short(verdict: Verdict) -> str:
    return (
        f"{verdict.outcome} / {verdict.cause} / {verdict.mechanism} / {verdict.where} ({percent(verdict.confidence)} %)"
    )


def _report_from(file: str, chosen: str) -> Report:
    found = _loaded(file, load_run)
    if isinstance(found, Report):
        said = with_sentences(found.verdicts, found.evidence, chosen)
        return msgspec.structs.replace(found, verdicts=said)
    checks, _problems = plugins.load_checks()
    return session.report_of(found, checks, chosen)


def loaded(file: str) -> tuple[Report | None, list[Event]]:
    """A saved report, or the events of a saved journal; ends the command where the file is neither."""
    found = _loaded(file, load)
    return (found, []) if isinstance(found, Report) else (None, found)


def _loaded(file: str, read: Callable[[bytes], T]) -> T:
    try:
        return read(_read(file))
    except OSError as error:
        fail(USAGE, f"{file}: {error.strerror or error}")
    except SavedError as error:
        fail(BAD_DATA, f"{file}: {error.sentence(tr())}")


def _read(file: str) -> bytes:
    """One byte more than any report has at the most: enough to be refused as too large, and no more."""
    if file == "-":
        if sys.stdin is None:
            fail(USAGE, tr()("standard input is closed"))
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(file).open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def _judged_in(events: Sequence[Event]) -> Sequence[Verdict]:
    for event in reversed(events):
        if event.kind == "judged":
            try:
                return msgspec.convert(event.data.get("verdicts", []), type=tuple[Verdict, ...])
            except msgspec.ValidationError as error:
                fail(BAD_DATA, tr()("the journal's verdicts cannot be read: {reason}").format(reason=error))
    return ()
