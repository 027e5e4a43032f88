"""What stands on the page, from the answer down to what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callcheck.digest import Answer, Digest, Row
from callcheck.locale import translator
from callcheck_plain.layout import bullets, paragraph, section, table


def page(digest: Digest) -> str:
    """The whole page, line end included."""
    _ = translator(digest.language)
    lines = [
        *paragraph(digest.head),
        *(line for warning in digest.warnings for line in paragraph(f"! {warning}", rest="  ")),
        "",
        *_overview(digest),
        *_answers(digest.answers, digest.language),
        *section(_("How it would sound:"), digest.sounds),
        *section(_("This could change the answer:"), digest.would_change),
        *section(_("What you can do:"), digest.steps),
        *section(_("Not measured:"), digest.gaps),
        *section(_("Problems:"), digest.problems),
        *section(_("Words:"), [f"{term}: {meaning}" for term, meaning in digest.glossary]),
    ]
    return "\n".join(lines) + "\n"


def _overview(digest: Digest) -> list[str]:
    """A line for each function of each service."""
    return table(list(_cells(digest.rows))) if digest.rows else paragraph(digest.title)


def _cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    seen: set[str] = set()
    for row in rows:
        name = "" if row.service in seen else row.service_name
        seen.add(row.service)
        yield name, row.function_name, row.outcome_name, row.cause_name


def _answers(answers: Sequence[Answer], language: str) -> Iterator[str]:
    _ = translator(language)
    for answer in answers:
        yield ""
        yield from paragraph(answer.sentence)
        if answer.sureness:
            yield from paragraph(f"({answer.sureness})", first="  ", rest="  ")
        if answer.how:
            yield from paragraph(answer.how, first="  ", rest="  ")
        for title, mark, claims in ((_("For:"), "+", answer.supporting), (_("Against:"), "-", answer.against)):
            if claims:
                yield from (f"  {title}", *bullets(claims, mark))
