"""The report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from callcheck.digest import call_of, digest_of, measured_of
from callcheck.model import Report
from callcheck.report.printable import printable
from callcheck_markdown import REPORTER
from callcheck_markdown.escape import escape
from tests.report.made import a_report, verdict
from tests.reports.test_text import golden_reports, written
from tests.verdict.readable import LANGUAGES

# As lenient as a forum can be: tables, strikethrough, HTML, and everything that looks like a link is made one.
FORUM = MarkdownIt("gfm-like", {"html": True, "linkify": True})
STRICT = MarkdownIt("commonmark", {"html": True})
INERT = {"text", "text_special", "code_inline", "softbreak"}
# What a forum looks for in the rendered text, outside of code.
AFTERWARDS = re.compile(r"@\w|#\w|:[\w+-]+:|\bgh-\d|://|www\.|\b[0-9a-f]{7,40}\b|\w\.[a-z]{2,}", re.IGNORECASE)
HOSTILE = (
    *("*bold*", "_it_", "__b__", "**b**", "`code`", "``a`b``", "~~gone~~", "[x](http://a.example)", "![x](y.png)"),
    *("<b>", "<script>alert(1)</script>", "<!-- x -->", "&amp;", "&#64;you", "<http://a.example>", "http://a.example"),
    *("www.example.com", "example.com", "me@example.com", "@everyone", "#123", "org/repo#1", "GH-12", ":smile:"),
    *("| a | b |", "|", "---", "===", "# head", "- item", "1. item", "> quote", "    code", "\tcode", "```", "~~~"),
    *("a  ", " a", "\\", "\\*", "a\nb", "a\r\n\r\n# b", "$x$", "[^1]", "[ ] task", "deadbeefcafe", "a_b", "_", "a__"),
    *("\x1b[31m", "\u202e", "\ufeff", "\u2028", "mailto:a@b", "xmpp:a", "::", "[[wiki]]", "{{x}}", "%20", "\\|", "`|`"),
)


def page(report: Report, language: str = "en") -> str:
    return written(REPORTER, report, language)


def inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def assert_inert(text: str) -> None:
    """Whatever it is, it stays one paragraph, one list item and one cell of text and code."""
    for frame, blocks in (
        ("before\n\n{}\n\nafter", ["paragraph_open", "inline", "paragraph_close"] * 3),
        ("# {}", ["heading_open", "inline", "heading_close"]),
        ("- {}", [*("bullet_list_open", "list_item_open", "paragraph_open", "inline"),
                  *("paragraph_close", "list_item_close", "bullet_list_close")]),
    ):  # fmt: skip
        for reader in (FORUM, STRICT):
            tokens = reader.parse(frame.format(text))
            assert [token.type for token in tokens] == blocks, frame
            assert {token.type for token in inline(tokens)} <= INERT
    table = FORUM.parse(f"| a | b |\n| --- | --- |\n| {text} | c |")
    assert [token.type for token in table].count("td_open") == 2
    assert {token.type for token in inline(table)} <= INERT
    bare = "".join(token.content for token in inline(FORUM.parse(text)) if token.type != "code_inline")
    assert not AFTERWARDS.search(bare)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_foreign_acts(text: str) -> None:
    assert_inert(escape(text))
    assert_inert(escape(f"said {text} here"))


@given(st.one_of(st.text(min_size=1), st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=4).map("".join)))
@example("`" * 9)
def test_whatever_is_escaped_is_inert_and_printable(text: str) -> None:
    shown = escape(text)
    assert shown
    assert printable(shown) == shown
    assert_inert(shown)


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)))
def test_what_is_shown_is_the_text(text: str) -> None:
    read = "".join(token.content for token in inline(FORUM.parse(escape(text))))
    undone = read.replace(r"\x60", "`").replace(r"\x7c", "|").replace(r"\x20", " ")
    assert undone.strip() == printable(text).replace(r"\x60", "`").replace(r"\x7c", "|").replace(r"\x20", " ").strip()


def test_our_own_sentences_stay_as_they_are_and_commands_become_code() -> None:
    plain = 'Loss: 3.5 % of 10,000 packets (DNS, "names"); it\'s 2026-11-22 11:33 UTC – done.'
    assert escape(plain) == plain
    assert escape("run: callcheck run --depth deep") == "run: `callcheck run --depth deep`"
    assert escape("my_own calls") == r"my\_own calls"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_is_a_whole_page_that_reads_the_same_everywhere(language: str) -> None:
    for name, report in golden_reports().items():
        text, digest = page(report, language), digest_of(report, language)
        assert escape(digest.title) in text.split("\n## ")[0]
        for said in (*digest.steps, *digest.gaps, *digest.would_change, *digest.methods):
            assert f"- {escape(said)}\n" in text, name
        for answer in digest.answers:
            assert f"### {escape(answer.sentence)}\n" in text
            assert all(f"- {escape(claim)}\n" in text for claim in (*answer.supporting, *answer.against))
        untabled = "\n".join(line for line in text.split("\n") if not line.startswith("|"))
        forum, strict = (reader.parse(untabled) for reader in (FORUM, STRICT))
        assert [token.type for token in forum] == [token.type for token in strict]
        assert {token.type for token in inline(forum)} <= INERT
        tables = 1 + bool(measured_of(call_of(report.observations), language))
        assert [token.type for token in FORUM.parse(text)].count("table_open") == tables, name
        assert not any(line.endswith(" ") for line in text.split("\n"))


def test_the_table_of_packets_shows_loss_with_its_bounds() -> None:
    text = page(golden_reports()["cutoff-packets"])
    assert re.search(r"\| Telegram \| 1440 \| 80 \| 94 % \| 90 to 97 % \| [\d.]+, [\d.]+ and [\d.]+ ms \|\n", text)


def test_a_side_from_which_nothing_came_has_no_delay() -> None:
    text = page(golden_reports()["dtls-signature"])
    assert re.search(r"\| WhatsApp \| 156 \| 0 \| 100 % \| \d+ to 100 % \| not measured \|\n", text)


def test_the_warning_of_a_full_report_stands_first_and_last() -> None:
    lines = page(a_report(verdicts=(verdict(),))).strip().split("\n")
    assert lines[0] == lines[-1]
    assert lines[0].startswith("> Warning: Full report")
    redacted = a_report(run=msgspec.structs.replace(a_report().run, redacted=True), verdicts=(verdict(),))
    assert "Warning" not in page(redacted)


def test_it_is_registered_as_markdown() -> None:
    assert (REPORTER.name, REPORTER.suffix) == ("markdown", ".md")
