"""Puts the page together: the only place where text becomes HTML, all of it through one escaping environment."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from callcheck.digest import Digest, Row, digest_of, measured_of
from callcheck.locale import LANGUAGES
from callcheck.model import Report
from callcheck.report.printable import printable
from callcheck_html.course import course_of
from callcheck_html.intervals import totals_of
from callcheck_html.particulars import chances_of, fields_of, findings_of, plugins_of
from callcheck_html.records import checks_of, read
from callcheck_html.values import coordinate
from callcheck_html.ways import ways_of
from callcheck_html.words import icon, words

_FOLDER: Final = Path(__file__).parent / "templates"
# No script, no picture, no font, no form, nothing from elsewhere; of styles, only the one that has this hash.
_POLICY: Final = "default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; form-action 'none'"


def page(report: Report, language: str) -> str:
    """The whole page in `language` (English where callcheck does not speak it)."""
    chosen = language if language in LANGUAGES else "en"
    digest = digest_of(report, chosen)
    reading = read(report.observations)
    checks, checks_left = checks_of(report.observations, reading, chosen)
    findings, findings_left = findings_of(report.evidence, chosen)
    return _environment().get_template("page.html.j2").render(
        digest=digest,
        focal=_focal(digest),
        services=_by_service(digest.rows),
        t=words(chosen),
        style=_style(),
        policy=_policy(_style()),
        ways=ways_of(digest.ways, chosen),
        course=course_of(reading.call, chosen),
        totals=totals_of(measured_of(reading.call, chosen), chosen),
        findings=findings,
        findings_left=findings_left,
        chances=chances_of(report.verdicts, chosen),
        checks=checks,
        checks_left=checks_left,
        fields=fields_of(report),
        plugins=plugins_of(report.tool.plugins),
    )  # fmt: skip


def _by_service(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each service together, in order of appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.service, []).append(row)
    return list(found.values())


def _focal(digest: Digest) -> object:
    """The answer whose sentence is the title; None where nothing was judged."""
    return next((answer for answer in digest.answers if answer.sentence == digest.title), None)


@cache
def _environment() -> Environment:
    """Whatever a template shows is first made of harmless characters, then escaped."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_harmless,
    )
    made.filters["xy"] = coordinate
    made.filters["icon"] = icon
    return made


def _harmless(value: object) -> object:
    return value if isinstance(value, Markup) else printable(str(value))


@cache
def _style() -> Markup:
    """Our own file, and the only text that is not escaped."""
    return Markup((_FOLDER / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - no foreign text is in it


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return _POLICY.format(digest=digest)
