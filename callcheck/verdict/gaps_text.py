"""What a run did not look at, so that silence about it is not read as "all well"."""

from __future__ import annotations

from collections.abc import Iterator

from callcheck.locale import N_, translator
from callcheck.model import Report
from callcheck.verdict.names import SERVICES, service_name
from callcheck.words import Claim, FlowEvent

_EVENTS: dict[FlowEvent, str] = {
    "clock_set": N_("Fine timing: this device's clock was set while the test ran."),
    "suspended": N_("A whole test: this device fell asleep while it ran."),
    "address_changed": N_("One line throughout: this device got another address while the test ran."),
    "route_changed": N_("One line throughout: this device changed to another network while the test ran."),
}


def what_was_not_measured(report: Report, language: str) -> list[str]:
    """One sentence of `language` for each thing that the verdicts of this report do not cover."""
    return [*_cut_short(report, language), *_streams(report, language), *_never(report, language)]


def _cut_short(report: Report, language: str) -> Iterator[str]:
    _ = translator(language)
    if not report.run.complete:
        yield _("The run was stopped early: what came later in it was not measured.")
    if report.network.tunnel:
        yield _("Your own line: traffic went through a tunnel.")
    if report.instrument.valid is False:
        yield from _unsteady(report, language)
    if report.run.depth == "quick":
        yield _("Trouble that starts only after some seconds of a call: a quick test is too short to see it.")


def _unsteady(report: Report, language: str) -> Iterator[str]:
    """What made the run unfit to accuse anybody."""
    _ = translator(language)
    happened = [_EVENTS[event] for event in report.instrument.events]
    if not happened:
        yield _("Fine timing: this device was too busy and sent its test packets late.")
    for text in happened:
        yield _(text)


def _streams(report: Report, language: str) -> Iterator[str]:
    _ = translator(language)
    for service in SERVICES:
        # Where calls do not get through at all, nobody wonders how steadily they do, or how they sound.
        calls = [one for one in report.verdicts if one.service == service and one.function == "calls"]
        if all(one.outcome == "fails" for one in calls):
            continue
        streamed = any(
            item.claim == Claim.stream_carries and item.service == service and item.strength != 0
            for item in report.evidence
        )
        if not streamed:
            yield _("How steadily call-like packets reach {service}: no long enough stream could be sent.").format(
                service=service_name(service)
            )
        if service == "whatsapp":
            yield _("How WhatsApp calls sound: its relays pass on no test sound, so only their answers were measured.")


def _never(report: Report, language: str) -> Iterator[str]:
    _ = translator(language)
    if report.network.ipv6 is None:
        yield _("The newer kind of internet addresses (IPv6): only the older kind (IPv4) was tested.")
    if not any(item.claim == Claim.stream_rate_limited and item.strength != 0 for item in report.evidence):
        yield _("Speed limits: whether faster traffic, such as video calls, is slowed down.")
    yield _("Direct calls from device to device: only the way over the services' call servers was tested.")
