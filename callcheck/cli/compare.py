"""`callcheck compare`: two saved runs side by side, judged again with today's judge."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from callcheck.cli.output import BAD_DATA, USAGE, fail, language, save, tr
from callcheck.cli.saved import judged_again, loaded
from callcheck.digest.comparing import catalogue_of, is_same_run, run_text, same_run_text
from callcheck.engine.events import JournalError
from callcheck.locale import translator
from callcheck.model import Report
from callcheck.report.printable import escape_json, printable
from callcheck.verdict.compare import compare as compare_runs
from callcheck.verdict.compare_text import loss_text, with_sentences
from callcheck.verdict.comparison import Compared, Comparison, RunFacts
from callcheck.verdict.exit_code import CANNOT_TELL
from callcheck.verdict.names import function_name, service_name

__all__ = ["compare", "is_same_run"]

_ = tr()
_COLUMNS = 80


@click.command(
    help=_(
        "Compare two saved runs, of network A and of network B: where does the trouble belong?"
        " Exits 0 if the difference says something about calls, 3 if it says nothing."
    )
)
@click.argument("a")
@click.argument("b")
@click.option("--lang", type=click.Choice(["en", "ru"]), help=_("Language of the sentences."))
@click.option("--format", "form", type=click.Choice(["plain", "json"]), default="plain", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help=_("Save to this file instead of printing."))
@click.option("--force", is_flag=True, help=_("Overwrite the file."))
def compare(*, a: str, b: str, lang: str | None, form: str, out: Path | None, force: bool) -> int:
    if a == b == "-":
        fail(USAGE, tr()("standard input holds one run only: name a file for the other"))
    (run_a, catalogue_a), (run_b, catalogue_b) = _run(a), _run(b)
    if is_same_run(run_a, run_b):
        fail(USAGE, same_run_text(language()))
    chosen = lang or language()
    compared = compare_runs(run_a, run_b, catalogue_a=catalogue_a, catalogue_b=catalogue_b)
    said = with_sentences(compared, run_a, run_b, chosen)
    data = _json(said) if form == "json" else _page(said, chosen)
    save(out, data, force=force)
    return 0 if said.tells_of_calls else CANNOT_TELL


def _run(file: str) -> tuple[Report, str]:
    """The report as judged today, and the date of the catalogue that it was measured with ("" where that is lost)."""
    saved, events = loaded(file)
    try:
        catalogue = "" if saved is not None else catalogue_of(events)
        return judged_again(saved, events), catalogue
    except JournalError as error:
        fail(BAD_DATA, f"{file}: {error.sentence(tr())}")


def _json(comparison: Comparison) -> bytes:
    text = msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode()
    return escape_json(text).encode() + b"\n"


def _page(comparison: Comparison, lang: str) -> bytes:
    translate = translator(lang)
    lines = [
        *_wrapped(_run_line("A", comparison.a, lang)),
        *_wrapped(_run_line("B", comparison.b, lang)),
        *(line for one in comparison.conclusions for line in ("", *_section(one, lang))),
    ]
    if not comparison.conclusions:
        lines += ["", *_wrapped(translate("Neither run looked at any service, so there is nothing to compare."))]
    if comparison.caveats:
        lines += ["", translate("What weakens this comparison:")]
        lines += [line for one in comparison.caveats for line in _wrapped(one.sentence, "  - ", "    ")]
    return ("\n".join(lines) + "\n").encode()


def _run_line(letter: str, facts: RunFacts, lang: str) -> str:
    return translator(lang)("Network {here}: {run}").format(here=letter, run=run_text(facts, lang))


def _section(one: Compared, lang: str) -> Iterator[str]:
    translate = translator(lang)
    yield from _wrapped(f"{service_name(one.service)}: {function_name(one.function, lang)}")
    for letter, side in (("A", one.a), ("B", one.b)):
        text = translate("Network {here}: {run}").format(here=letter, run=side.sentence)
        yield from _wrapped(text, "  ", "    ")
    yield from _wrapped(one.sentence, "  = ", "    ")
    if one.loss is not None:
        yield from _wrapped(loss_text(one.loss, lang), "    ", "    ")


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        printable(text), _COLUMNS, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
