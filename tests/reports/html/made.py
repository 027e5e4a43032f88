"""Hand-made runs for the tests of the page, and a strict reader of it."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import msgspec

from callcheck.model import Evidence, Report, SavedObservation, Target
from callcheck.words import Claim
from callcheck_html import REPORTER
from tests.report.made import a_report, quality, verdict

VOID = {"meta", "link", "br", "hr", "img", "input", "source", "wbr"}
DRAWN = {"path", "circle", "rect"}
LANGUAGES = ("en", "ru")


def page(report: Report, language: str = "en") -> str:
    out = io.BytesIO()
    REPORTER.write(report, language, out)
    return out.getvalue().decode("utf-8")


class Parsed(HTMLParser):
    """Every tag with its attributes in order, the text, and a complaint wherever a tag is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.said: list[str] = []
        self.comments: list[str] = []
        self.feed(source)
        self.close()
        self.faults += [f"never closed: {tag}" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _value in attrs]
        if len(set(names)) != len(names):
            self.faults.append(f"an attribute twice: {tag}")
        self.tags.append((tag, tuple((name, value or "") for name, value in attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in DRAWN:
            self.faults.append(f"closed at once: {tag}")
        self.tags.append((tag, tuple((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"closed out of turn: {tag}")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.said.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())

    def values(self, attribute: str) -> list[str]:
        return [value for _tag, attrs in self.tags for name, value in attrs if name == attribute]


def second(
    arm: str, at_s: int, service: str, *, number: int = 0, lost: int = 0, part: str = "stream"
) -> SavedObservation:
    """One second of ten packets, of which the last `lost` did not come back."""
    sent = [1_000_000 * at_s + 100_000 * place for place in range(10)]
    target = Target(service=service, role="subject" if service else "control", address="91.108.13.2", port=598)
    data = {
        "arm": arm,
        "second": at_s,
        "first_number": 10 * at_s,
        "ip_bytes": 160,
        "scheduled_us": sent,
        "sent_us": sent,
        "received_us": [us + 60_000 if place < 10 - lost else None for place, us in enumerate(sent)],
        "round": number,
        "part": part,
    }
    return SavedObservation(op="flow.second", target=target, data=data, seq=at_s, t_us=sent[-1], check="stream")


def a_call(rounds: int = 1, seconds: int = 12) -> tuple[SavedObservation, ...]:
    """A service whose flow dies after its first second, beside neutral servers that lose nothing."""
    return tuple(
        one
        for number in range(rounds)
        for at_s in range(seconds)
        for one in (
            second("subject", at_s, "telegram", number=number, lost=10 if at_s else 0),
            second("control", at_s, "", number=number),
        )
    )


EVIDENCE = (
    Evidence(service="telegram", function="calls", claim=Claim.relays_answer, facts={"informative": 8}, strength=-3),
    Evidence(claim=Claim.controls_answer, facts={"asked": 6, "answered": 6, "networks": 4, "rtt_ms": 59}, strength=3),
    Evidence(
        claim=Claim.gateway_healthy, facts={"sent": 90, "received": 90, "loss_ratio": 0.0, "rtt_ms": 2}, strength=2
    ),
    Evidence(service="telegram", function="calls", claim=Claim.relays_refuse, facts={}, strength=-2),
    Evidence(service="telegram", function="calls", claim=Claim.stream_carries, strength=-3, facts={"sent": 120}),
)
DROPPED = a_report(
    evidence=EVIDENCE,
    verdicts=(verdict(supporting=(0, 1, 4), against=(3,), would_change=("another_network", "later_again")),),
    quality=(quality(),),
    observations=a_call(),
    problems=("stun: timed_out: took longer than 4 s",),
)
SHARED = msgspec.structs.replace(DROPPED, run=msgspec.structs.replace(DROPPED.run, redacted=True))
