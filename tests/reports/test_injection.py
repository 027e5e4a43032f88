"""Reports whose every free text is hostile: no reporter lets any of it act, or change the shape of a page."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import Reporter
from callcheck.model import Evidence, Instrument, Network, Plugin, Report, Run, Tool
from callcheck.report.printable import printable
from callcheck.words import Claim, Failure
from callcheck_letter import REPORTER as LETTER
from callcheck_markdown import REPORTER as MARKDOWN
from callcheck_text import REPORTER as TEXT
from callcheck_text import SHORT
from tests.report.made import RELAY, a_report, observed, quality, verdict
from tests.reports.test_markdown import AFTERWARDS, FORUM, HOSTILE, INERT, inline
from tests.reports.test_text import LIMITS, written
from tests.verdict.readable import LANGUAGES

REPORTERS = (TEXT, SHORT, LETTER, MARKDOWN)
_PAYLOADS = st.one_of(
    st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE), max_size=3).map(" ".join), st.text(max_size=30)
)


def poisoned(text: str, *, service: str = "", redacted: bool = True) -> Report:
    """A report of every section, with the text in each field that takes any; services too, unless one is given."""
    name = service or text
    target = msgspec.structs.replace(
        RELAY, service=name, host=text, address=text, protocol=text, network=text, source=text, as_of=text
    )
    facts: dict[str, Any] = {"asked": 6, "answered": 6, "networks": 4, "silent_form": text, "where": text, text: text}
    return a_report(
        schema=text,
        tool=Tool(
            name=text,
            version=text,
            plugins=(Plugin(name=text, kind="check", distribution=text, version=text),),
        ),
        run=Run(id=text, started_utc=text, duration_s=9.0, depth="quick", complete=True, redacted=redacted),
        network=Network(country=text, region=text, access=text),
        instrument=Instrument(send_lateness_p99_ms=1.0, valid=True),
        evidence=(
            Evidence(service=name, function="calls", claim=Claim.relays_answer, facts=facts, strength=-3, group=text),
            Evidence(claim=Claim.controls_answer, facts=facts, strength=3, group=text),
            Evidence(service=name, function="calls", claim=Claim.path_open, facts=facts, strength=-3, group=text),
        ),
        verdicts=(
            verdict(service=name, supporting=(0, 1, 2), would_change=(text, "later_again"), sentence=text),
            verdict(service=name, function="messaging", cause="resolver", mechanism="dns", sentence=text),
        ),
        quality=(quality(service=name), quality(service=name, word=text, heard=text, assumptions=(text,))),
        observations=(
            observed(op=text, target=target, form=text, check=text, data={text: text}, failure=Failure.timeout),
            observed(op="relay.ask", target=target, form=text, seq=3, failure=Failure.name_missing),
        ),
        problems=(f"stun: crashed: {text}", text),
    )


def shape(page: str) -> list[str]:
    return [token.type for token in FORUM.parse(page)]


@pytest.mark.parametrize("service", ["", "telegram"])
@settings(max_examples=40)
@given(text=_PAYLOADS)
def test_no_hostile_text_changes_the_shape_of_a_markdown_page(service: str, text: str) -> None:
    for language in LANGUAGES:
        page = written(MARKDOWN, poisoned(text, service=service), language)
        # An empty problem is an empty item; the harmless text has to be as empty.
        harmless = written(MARKDOWN, poisoned("word" if text else "", service=service), language)
        tokens = FORUM.parse(page)
        assert [token.type for token in tokens] == shape(harmless)
        assert {token.type for token in inline(tokens)} <= INERT
        bare = " ".join(token.content for token in inline(tokens) if token.type != "code_inline")
        assert not AFTERWARDS.search(bare)


@pytest.mark.parametrize("service", ["", "telegram"])
@settings(max_examples=40)
@given(text=_PAYLOADS, redacted=st.booleans())
def test_no_reporter_writes_what_printable_would_escape(service: str, text: str, redacted: bool) -> None:
    report = poisoned(text, service=service, redacted=redacted)
    for reporter in REPORTERS:
        for line in written(reporter, report).split("\n"):
            assert printable(line) == line


@pytest.mark.parametrize("text", [one for one in HOSTILE if len(one) > 3 and not one.isalnum()])
def test_chats_and_letters_show_nothing_of_it(text: str) -> None:
    for reporter in (TEXT, SHORT, LETTER):
        for service in ("", "telegram"):
            assert text not in written(reporter, poisoned(text, service=service))


@pytest.mark.parametrize(("reporter", "limit"), LIMITS)
def test_a_very_long_text_takes_no_room(reporter: Reporter, limit: int) -> None:
    assert len(written(reporter, poisoned("x" * 100_000))) <= limit
