"""The report as a page of HTML: well-formed, calling nobody, and holding every sentence of the digest."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from callcheck.digest import digest_of
from callcheck.model import Report, Run, SavedObservation
from callcheck.report.printable import printable
from callcheck.words import Failure
from callcheck_html import REPORTER
from tests.report.made import a_report, verdict
from tests.reports.html.made import DROPPED, EVIDENCE, LANGUAGES, SHARED, Parsed, a_call, page, second


def sentences(value: object) -> Iterator[str]:
    """Every text of a digest, but for the words that name things and the way's, which is tested by itself."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from sentences(one)
    elif isinstance(value, msgspec.Struct):
        skipped = {
            "language",
            "version",
            "started_utc",
            "depth",
            "service",
            "function",
            "outcome",
            "cause",
            "stretches",
        }
        for name in value.__struct_fields__:
            if name not in skipped:
                yield from sentences(getattr(value, name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_digest_stands_on_the_page(language: str) -> None:
    text = Parsed(page(DROPPED, language)).text
    said = [sentence for sentence in sentences(digest_of(DROPPED, language)) if sentence]
    assert len(said) > 30
    assert [sentence for sentence in said if " ".join(printable(sentence).split()) not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", [DROPPED, SHARED, a_report(), a_report(observations=a_call(rounds=5))])
def test_the_page_is_well_formed_and_asks_for_nothing(report: Report, language: str) -> None:
    source = page(report, language)
    parsed = Parsed(source)
    assert parsed.faults == []
    assert parsed.comments == []
    assert source.startswith("<!doctype html>\n")
    assert source.endswith("</html>\n")
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert {one for value in parsed.values("aria-labelledby") for one in value.split()} <= set(ids)
    assert {value[1:] for value in parsed.values("href")} <= set(ids)
    assert all(value.startswith("#") for value in parsed.values("href"))
    tags = {tag for tag, _attrs in parsed.tags}
    assert not tags & {"script", "img", "image", "use", "iframe", "object", "embed", "form", "link", "base", "a:href"}
    names = {name for _tag, attrs in parsed.tags for name, _value in attrs}
    assert not [
        name for name in names if name == "style" or name.startswith("on") or name in {"src", "srcset", "xlink"}
    ]
    assert "url(" not in source
    assert "@import" not in source
    assert "http:" not in source
    assert "https:" not in source


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    source = page(DROPPED)
    (policy,) = (
        value
        for tag, attrs in Parsed(source).tags
        for name, value in attrs
        if name == "content" and "default-src" in value
    )
    (style,) = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert source.index("Content-Security-Policy") < source.index("<style>")


def test_it_keeps_the_reader_to_itself() -> None:
    metas = [dict(attrs) for tag, attrs in Parsed(page(DROPPED)).tags if tag == "meta"]
    named = {meta["name"]: meta["content"] for meta in metas if "name" in meta}
    assert named["referrer"] == "no-referrer"
    assert named["robots"] == "noindex"
    assert named["color-scheme"] == "light dark"
    assert "width=device-width" in named["viewport"]


@pytest.mark.parametrize(("language", "expected"), [("en", "en"), ("ru", "ru"), ("xx", "en"), ('"><b>', "en")])
def test_the_page_says_its_language(language: str, expected: str) -> None:
    root = dict(next(attrs for tag, attrs in Parsed(page(DROPPED, language)).tags if tag == "html"))
    assert root == {"lang": expected, "dir": "ltr"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_report_is_marked_and_a_redacted_one_says_that_it_is(language: str) -> None:
    full, shared = page(DROPPED, language), page(SHARED, language)
    (warning,) = digest_of(DROPPED, language).warnings
    assert full.index(html.escape(warning)) < full.index("<h1>")
    assert 'class="sheet is-full"' in full
    assert "<aside" not in shared
    assert 'class="sheet"' in shared
    assert warning not in shared


def test_a_run_that_was_cut_short_is_marked() -> None:
    run = Run(id="x", started_utc="2026-11-21T10:00:00Z", duration_s=2.0, depth="deep", complete=False, redacted=True)
    source = page(a_report(run=run))
    assert source.index("The run was stopped early") < source.index("<h1>")
    assert "is-full" not in source.split("</style>")[1]


def test_on_paper_the_warnings_head_every_sheet() -> None:
    style = page(DROPPED).split("@media print", 1)[1]
    assert ".running { display: table-header-group; break-inside: avoid; }" in style
    assert ".sheet { display: table;" in style
    assert "details::details-content { display: block; content-visibility: visible;" in style


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_drawing_has_a_name_and_says_in_words_what_it_shows(language: str) -> None:
    parsed = Parsed(page(DROPPED, language))
    drawings = [dict(attrs) for tag, attrs in parsed.tags if tag == "svg" and ("role", "img") in attrs]
    assert len(drawings) == 5  # the way, two of the round, two of the totals
    assert all(len(one["aria-labelledby"].split()) == 2 for one in drawings)
    others = [dict(attrs) for tag, attrs in parsed.tags if tag == "svg" and ("role", "img") not in attrs]
    assert all(one["aria-hidden"] == "true" for one in others)
    tables = sum(tag == "table" for tag, _attrs in parsed.tags)
    assert sum(tag == "th" for tag, _attrs in parsed.tags) > tables
    assert all(("scope" in dict(attrs)) for tag, attrs in parsed.tags if tag == "th")


def test_the_second_of_death_is_marked_and_said() -> None:
    source = page(DROPPED)
    assert source.count('class="cross" d="M') == 3  # once in each drawing of the round, once in the legend
    assert "fell silent and stayed so until the end of the round: 1; the first of them 0.9 s after it began" in source


def test_loss_that_is_small_is_not_nothing() -> None:
    calm = [second("arm", at_s, "telegram", lost=0) for at_s in range(400)]
    report = a_report(observations=(*calm, second("arm", 400, "telegram", lost=1)))
    text = Parsed(page(report)).text
    assert "&lt;0.1 % lost" in page(report)
    assert "<0.1 %" in text


def test_further_rounds_are_folded_and_no_more_are_drawn_than_a_page_bears() -> None:
    five = page(a_report(observations=a_call(rounds=5)))
    assert five.count('<figure class="round">') == 5
    assert "<summary>Further rounds (2)</summary>" in five
    many = page(a_report(observations=a_call(rounds=30, seconds=2)))
    assert many.count('<figure class="round">') == 12
    assert "Rounds that are not drawn here: 18." in many


def test_a_run_without_a_stream_says_so() -> None:
    assert "No stream of packets was sent in this run" in page(a_report())
    assert "No stream of packets was sent in this run" not in page(DROPPED)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "broken"),
        ({"where": "unknown"}, "unknown"),
        ({"outcome": "unknown", "cause": "unknown", "where": "unknown"}, "open"),
        ({"cause": "offline", "where": "unknown"}, "open"),
        ({"outcome": "works", "cause": "none", "where": "unknown"}, "good"),
    ],
)
def test_the_way_is_drawn_as_far_as_it_is_known(changes: dict[str, Any], state: str) -> None:
    source = page(a_report(evidence=EVIDENCE, verdicts=(verdict(**changes),)))
    states = re.findall(r'class="stretch (\w+)"', source)
    assert state in states
    assert (state == "good") == (set(states) == {"good"})
    assert ("it happens here" in source) == (state == "broken")
    assert ("On which stretch of the way something may be wrong" in source) == (state == "open")


def test_what_is_left_out_is_counted() -> None:
    records = tuple(
        SavedObservation(op="relay.ask", seq=seq, t_us=seq, check="relay", failure=Failure.timeout)
        for seq in range(900)
    )
    source = page(a_report(observations=records))
    assert "<summary><code>relay</code> (900)</summary>" in source
    assert "Records: 900; Failures: 900" in source
    shown = source.count("generic_timeout_error")
    assert 0 < shown < 20
    assert f"Further records of this kind: {900 - shown}," in source


def test_a_long_run_stays_below_300_kilobytes() -> None:
    kinds = [
        SavedObservation(
            op=f"check{kind % 10}.kind{kind}",
            seq=seq,
            t_us=seq,
            check=f"check{kind % 10}",
            data={f"fact_{number}": "x" * 200 for number in range(30)},
        )
        for kind in range(40)
        for seq in range(20)
    ]
    report = a_report(evidence=EVIDENCE * 40, verdicts=DROPPED.verdicts, observations=(*a_call(40, 60), *kinds))
    assert len(page(report).encode()) < 1_000_000
    ordinary = [msgspec.structs.replace(one, data={"rtt_ms": 59.0, "ttl": 3}) for one in kinds]
    usual = a_report(evidence=EVIDENCE * 12, verdicts=DROPPED.verdicts, observations=(*a_call(4, 45), *ordinary))
    assert len(page(usual).encode()) < 300_000


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page(DROPPED) == page(DROPPED)


def test_it_is_registered_as_html_and_loads_jinja_only_to_write() -> None:
    assert (REPORTER.name, REPORTER.suffix) == ("html", ".html")
    code = "import sys, callcheck_html; sys.exit('jinja2' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode
        == 0
    )
