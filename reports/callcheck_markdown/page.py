"""What stands on the page, from the answer to the versions. Every text goes through `escape` where it is put in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callcheck.digest import Answer, Digest, Measured, call_of, digest_of, measured_of
from callcheck.locale import N_, translator
from callcheck.model import Report, Tool
from callcheck.verdict.figures import count, decimal
from callcheck_markdown.escape import escape

_WARNING: Final = N_("Warning")
_NOT_MEASURED: Final = N_("not measured")
_SERVICES: Final = (N_("Service"), N_("What"), N_("How it is"), N_("Cause"))
_PACKETS: Final = (
    N_("Packets to"),
    N_("Sent"),
    N_("Answered"),
    N_("Lost"),
    N_("Lost, at least and at most"),
    N_("Delay, there and back: fastest, middle and slowest second"),
)
_EXPLAINED: Final = N_(
    "Loss in streams at the size and pace of a call. Of the two bounds: in 19 of 20 such measurements the true loss"
    " lies between them."
)
_PERCENT: Final = N_("{number} %")
_FROM_TO: Final = N_("{low} to {high} %")
_DELAYS: Final = N_("{low}, {middle} and {high} ms")
_PLUGIN: Final = N_("{name}, version {version}")


def page(report: Report, language: str) -> str:
    """The whole page, line end included."""
    digest = digest_of(report, language)
    rows = measured_of(call_of(report.observations), language)
    blocks = [
        *_warnings(digest),
        [f"# {escape(digest.title)}"],
        [escape(digest.head)],
        *_services(digest),
        *_answers(digest.answers, language),
        *_measured(rows, language),
        *_lists(digest),
        *_versions(report.tool, digest),
        # At the foot as well: whoever copies half a page should copy the warning with it.
        *(_warnings(digest) if digest.is_full else ()),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _warnings(digest: Digest) -> Iterator[Sequence[str]]:
    title = translator(digest.language)(_WARNING)
    for warning in digest.warnings:
        yield [f"> {escape(f'{title}: {warning}')}"]


def _services(digest: Digest) -> Iterator[Sequence[str]]:
    rows = [(row.service_name, row.function_name, row.outcome_name, row.cause_name or "–") for row in digest.rows]
    if rows:
        yield _table(map(translator(digest.language), _SERVICES), rows)


def _answers(answers: Sequence[Answer], language: str) -> Iterator[Sequence[str]]:
    _ = translator(language)
    if answers:
        yield [f"## {escape(_(N_('Answers')))}"]
    for answer in answers:
        yield [f"### {escape(answer.sentence)}"]
        if answer.sureness:
            yield [escape(f"{answer.sureness[:1].upper()}{answer.sureness[1:]}.")]
        if answer.how:
            yield [escape(answer.how)]
        for title, claims in ((_("For:"), answer.supporting), (_("Against:"), answer.against)):
            if claims:
                yield [escape(title)]
                yield _bullets(claims)


def _measured(rows: Sequence[Measured], language: str) -> Iterator[Sequence[str]]:
    _ = translator(language)
    if rows:
        yield [f"## {escape(_(N_('Loss and delay')))}"]
        yield [escape(_(_EXPLAINED))]
        yield _table(map(_, _PACKETS), [_packets(row, language) for row in rows])


def _packets(row: Measured, language: str) -> tuple[str, ...]:
    _ = translator(language)
    low, high = (decimal(100 * ratio, language) for ratio in (row.loss_low_ratio, row.loss_high_ratio))
    delays = (row.delay_low_ms, row.delay_ms, row.delay_high_ms)
    known = [decimal(delay, language) for delay in delays if delay is not None]
    return (
        row.name,
        count(row.sent, language),
        count(row.received, language),
        _(_PERCENT).format(number=decimal(100 * row.loss_ratio, language)),
        _(_FROM_TO).format(low=low, high=high),
        _(_DELAYS).format(low=known[0], middle=known[1], high=known[2]) if len(known) == 3 else _(_NOT_MEASURED),
    )


def _lists(digest: Digest) -> Iterator[Sequence[str]]:
    _ = translator(digest.language)
    places = [
        f"{way.stations[-1].name}: {way.sentence}" for way in digest.ways if way.broken is not None or way.is_unknown
    ]
    yield from _section(_(N_("Where it happens")), places)
    yield from _section(_(N_("How it would sound")), digest.sounds)
    yield from _section(_(N_("What could change the answer")), digest.would_change)
    yield from _section(_(N_("What you can do")), digest.steps)
    yield from _section(_(N_("Not measured")), digest.gaps)
    yield from _section(_(N_("Problems")), digest.problems)
    yield from _section(_(N_("How it was measured")), digest.methods)
    yield from _section(_(N_("Words")), [f"{term}: {meaning}" for term, meaning in digest.glossary])


def _versions(tool: Tool, digest: Digest) -> Iterator[Sequence[str]]:
    _ = translator(digest.language)
    plugins = [
        _(_PLUGIN).format(name=plugin.name, version=plugin.version) for plugin in tool.plugins if plugin.kind == "check"
    ]
    yield from _section(_(N_("Versions")), [_(_PLUGIN).format(name="callcheck", version=digest.version), *plugins])


def _section(title: str, texts: Sequence[str]) -> Iterator[Sequence[str]]:
    if texts:
        yield [f"## {escape(title)}"]
        yield _bullets(texts)


def _bullets(texts: Iterable[str]) -> list[str]:
    return [f"- {escape(text)}" for text in texts]


def _table(head: Iterable[str], rows: Sequence[Sequence[str]]) -> list[str]:
    titles = list(head)
    return [_cells(titles), _cells(["---"] * len(titles), is_rule=True), *map(_cells, rows)]


def _cells(cells: Iterable[str], *, is_rule: bool = False) -> str:
    return f"| {' | '.join(cells if is_rule else map(escape, cells))} |"
