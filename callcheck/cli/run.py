"""`callcheck run`: measure, judge, and print in the form asked for."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import click

from callcheck import session
from callcheck.api import Reporter
from callcheck.catalog.load import CatalogError
from callcheck.catalog.verify import verified_lines
from callcheck.cli import options
from callcheck.cli.loop import run_until_told
from callcheck.cli.output import BAD_DATA, INTERRUPTED, USAGE, Destination, fail, language, put_line, say, tr
from callcheck.cli.progress import progress
from callcheck.cli.saved import loaded
from callcheck.engine.events import Event, JournalError, Pump, Sink, encode_line
from callcheck.engine.plan import PlanError
from callcheck.engine.plugins import load_reporter
from callcheck.model import Report
from callcheck.report.earlier import EarlierError
from callcheck.submit import consent
from callcheck.verdict.exit_code import exit_code
from callcheck.words import Depth, Symptom

_RECORD = "json"

_ = tr()


@click.command(help=_("Measure and judge. The exit code tells the verdict on calls."))
@options.depth("standard")
@options.services
@options.only
@options.without
@options.symptom
@options.continued(_("Go on with an earlier run, of which this is the journal, at a greater depth (- for stdin)."))
@options.catalog_file
@options.form
@options.out
@click.option("--journal", type=options.FILE, hidden=True)  # for the lab, which keeps it beside what the wires did
@click.option("--yes", is_flag=True, help=_("Go ahead without stored consent."))
def run(
    *,
    depth: str,
    services: tuple[str, ...],
    only: tuple[str, ...],
    without: tuple[str, ...],
    symptom: str | None,
    continued: str | None,
    catalog_file: Path | None,
    form: str,
    out: Path | None,
    journal: Path | None,
    yes: bool,
) -> int:
    request = session.Request(
        depth=cast("Depth", depth),
        services=services,
        only=only,
        without=without,
        catalog_file=catalog_file,
        language=language(),
        symptom=cast("Symptom | None", symptom),
        continued=_journal(continued) if continued is not None else (),
    )
    reporter = None if form == "events" else load_reporter(form)
    prepared = _prepared(request)
    if not yes:
        _ask_for_consent(prepared)
    for problem in prepared.problems:
        say(tr()("callcheck: left out: {problem}").format(problem=problem))
    with Destination(out) as destination, Destination(journal) as kept:
        live = [destination.write] if reporter is None else []
        live += [kept.write] if journal is not None else []
        report = _carried_out(prepared, live)
        if reporter is not None:
            destination.write(_in_form(report, reporter))
    return exit_code(report.verdicts) if report.run.complete else INTERRUPTED


def _in_form(report: Report, reporter: Reporter) -> bytes:
    """The record for programs is whole, to be judged again; what people read they pass on, so it is redacted. Where the
    last look stops that, what was measured is not lost: it is shown whole, and says that it is not for sharing."""
    from callcheck.redaction.leaving import LeakError, export, written  # noqa: PLC0415 - loaded when the run is over

    if reporter.name != _RECORD:
        try:
            return export(report, reporter, language()).data
        except LeakError as error:
            say("callcheck: " + error.sentence(tr()))
    return written(report, reporter, language())


def _journal(file: str) -> tuple[Event, ...]:
    saved, events = loaded(file)
    if saved is not None:
        text = tr()("{file}: a saved report is not enough to go on from; name the journal of the run (--format events)")
        fail(BAD_DATA, text.format(file=file))
    return tuple(events)


def _prepared(request: session.Request) -> session.Prepared:
    with _one_line_errors():
        return session.prepare(request)


def refuse_early(file: str, depth: Depth) -> None:
    """Exit where the run of this journal cannot be continued at this depth."""
    with _one_line_errors():
        session.earlier_of(session.Request(depth=depth, continued=_journal(file)))


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except CatalogError as error:
        fail(BAD_DATA, str(error))
    except JournalError as error:
        fail(BAD_DATA, error.sentence(tr()))
    except EarlierError as error:
        fail(USAGE if error.is_usage else BAD_DATA, tr()(error.template).format(**error.values))
    except (PlanError, session.ChoiceError) as error:
        fail(USAGE, str(error))


def _carried_out(prepared: session.Prepared, live: Sequence[Callable[[bytes], None]]) -> Report:
    """Measure, with every event going to whoever watches, each at a pace of its own."""
    translate = tr()
    titles = {check.info.name: translate(check.info.title) for check in prepared.planned}
    with contextlib.ExitStack() as stack:
        told = len(prepared.earlier.events) if prepared.earlier else 0
        sinks: list[Sink] = [partial(_tell, stack.enter_context(progress(titles)), told)]
        sinks += [partial(_write_event, write) for write in live]
        pumps = [stack.enter_context(contextlib.closing(Pump(sink))) for sink in sinks]
        events = run_until_told(session.measure(prepared, pumps))
    return session.report_of(events, prepared.checks, prepared.request.language)


def _tell(show: Sink, told: int, event: Event) -> None:
    """What an earlier run has said already is not said again."""
    if event.seq > told:
        show(event)


def _write_event(write: Callable[[bytes], None], event: Event) -> None:
    write(encode_line(event))


def verify(catalog_file: Path | None) -> int:
    """Ask every target once and print what the catalogue may say of the forms that were answered."""
    prepared = _prepared(session.Request(depth="quick", catalog_file=catalog_file, language=language()))
    _ask_for_consent(prepared)
    report = _carried_out(prepared, ())
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for line in verified_lines(report.observations, today):
        put_line(line)
    return 0 if report.run.complete else INTERRUPTED


def _ask_for_consent(prepared: session.Prepared) -> None:
    if not consent.is_given():
        _explain_consent(prepared)
        fail(USAGE, tr()("nothing was sent: say --yes, or keep your consent with `callcheck consent`"))


def _explain_consent(prepared: session.Prepared) -> None:
    translate = tr()
    say(translate("callcheck would contact:"))
    for group in sorted({(target.service, target.network, target.protocol) for target in prepared.targets}):
        count = sum((target.service, target.network, target.protocol) == group for target in prepared.targets)
        service, network, protocol = group
        say(f"  {service or network}: {protocol} × {count}")
    say(translate("What others learn by it:"))
    for check in prepared.planned:
        say(f"  {translate(check.info.title)}: {translate(check.info.discloses)}")
    say(translate("The full list: `callcheck targets`. Nothing is submitted anywhere."))
