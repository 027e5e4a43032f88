"""The page of a stranger's report: its texts may be read, they may not act."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence, Network, Plugin, Report, Run, SavedObservation, Target, Tool
from callcheck.words import Claim
from tests.report.made import hostile_reports, quality, verdict
from tests.reports.html.made import DROPPED, EVIDENCE, LANGUAGES, Parsed, a_call, page, second

# What a stranger's file may hold. Each text gets a number, so that texts that differ stay different.
HOSTILE = (
    "</style><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "\u202egnp.exe\u200b",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
    "\" onmouseover='x' style=\"color:red",
    "]]><!-- --><![CDATA[",
    "`${x}`\x00\x1b[31m\x85",
    "\ud800&lt;b&gt;&#x202e;",
    '\ue000\' id="h-data"',
)


def dressed(word: str) -> Report:
    """A report in whose every free text `word` stands, the same in all else: a service keeps its place in a sort."""
    target = Target(
        service=f"?{word}1", role="control", host=f"{word}2", protocol=f"{word}3", network=f"{word}4", source=f"{word}5"
    )
    asked = SavedObservation(
        op=f"{word}6",
        target=target,
        form=f"{word}7",
        data={f"{word}8": [f"{word}9", {word: word}]},
        seq=1,
        t_us=1,
        check=f"{word}0",
    )
    flow = msgspec.structs.replace(second(f"{word}arm", 0, f"?{word}1"), check=f"{word}0")
    flow.data["part"] = f"{word}part"
    return msgspec.structs.replace(
        DROPPED,
        schema=word,
        tool=Tool(name=word, version=word, plugins=(Plugin(name=word, kind=word, distribution=word, version=word),)),
        run=Run(id=word, started_utc=word, duration_s=1.0, depth="deep", complete=False),
        network=Network(country=word, region=word, access=word),
        verdicts=(verdict(service=f"?{word}1", sentence=word, supporting=(0,), would_change=(word, "later_again")),),
        quality=(quality(service=word, assumptions=(word,)), quality(word=word, heard=word)),
        evidence=(
            Evidence(service=f"?{word}1", claim=Claim.relays_answer, facts={"asked": word, word: word}, group=word),
            *EVIDENCE,
        ),
        observations=(asked, flow, *a_call()),
        problems=(word, f"{word}: crashed: {word}"),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(word=st.sampled_from(HOSTILE) | st.text(st.characters(codec=None), min_size=1, max_size=30).map("?".__add__))
def test_no_text_of_a_report_makes_a_tag_or_an_attribute(word: str) -> None:
    source = page(dressed(word))
    parsed = Parsed(source)
    assert parsed.faults == []
    assert parsed.comments == []
    assert parsed.tags == Parsed(page(dressed("? harmless"))).tags
    body = source.replace("\n", "")
    assert "".join(one for one in body if not one.isprintable()) == ""


@settings(max_examples=40, deadline=None)
@given(report=hostile_reports(), language=st.sampled_from(LANGUAGES))
def test_any_report_is_a_page(report: Report, language: str) -> None:
    parsed = Parsed(page(report, language))
    assert parsed.faults == []
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert "script" not in {tag for tag, _attrs in parsed.tags}
