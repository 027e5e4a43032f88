"""The measurements of a letter, one sentence each: first the home side, then servers, then flows and the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from callcheck.digest import CONTROLS, call_of, measured_of
from callcheck.locale import N_, translator
from callcheck.model import Evidence, Report
from callcheck.verdict.explain import claim_text
from callcheck.verdict.figures import count, counts, decimal, figures
from callcheck.verdict.sentences import Choice, first_said, n_
from callcheck.words import Claim

# Claims whose own sentence can stand in a letter, and whether it is one that holds (+1), is denied (-1), or either (0).
_FOUND: Final[tuple[tuple[Claim, int], ...]] = (
    (Claim.controls_answer, 0),
    (Claim.domestic_answers, 0),
    (Claim.tcp_passes, 0),
    (Claim.web_at_home, 0),
    (Claim.web_abroad, 0),
    (Claim.captive_portal, 1),
    (Claim.resolver_works, -1),
    (Claim.names_present, -1),
    (Claim.names_true, -1),
    (Claim.answers_doubled, 1),
    (Claim.stays_quick_under_load, -1),
    (Claim.relays_answer, 0),
    (Claim.relays_refuse, 1),
    (Claim.call_forms_alike, -1),
    (Claim.text_answers, 0),
    (Claim.name_passes, -1),
    (Claim.quic_name_passes, -1),
    (Claim.stream_cut_off, 1),
    (Claim.stream_rate_limited, 1),
    (Claim.stream_loses_more, 1),
    (Claim.path_loses_evenly, -1),
    (Claim.path_open, -1),
)
# What shows that a stream's answers count: where none does, its silence is no information.
_STREAM: Final = frozenset(
    {Claim.stream_carries, Claim.stream_cut_off, Claim.stream_loses_more, Claim.stream_rate_limited}
)
_ROUTER: Final[Choice] = (
    n_(
        "My router answered {received} of {sent} test packet.",
        "My router answered {received} of {sent} test packets.",
        "sent",
    ),
    N_("My router answers steadily."),
)
_ROUTER_LOSES: Final[Choice] = (
    n_(
        "Between my device and my router: {received} of {sent} test packet was answered.",
        "Between my device and my router: {received} of {sent} test packets were answered.",
        "sent",
    ),
    N_("Packets are lost between my device and my router."),
)
_ROUTER_STANDS: Final[Choice] = (
    n_(
        "Answers from my router stood still {stalls} time, for up to {longest_stall_ms} ms.",
        "Answers from my router stood still {stalls} times, for up to {longest_stall_ms} ms.",
        "stalls",
    ),
    N_("Answers from my router stand still now and then."),
)
# Of the home side: what is a fact of the trouble, and what is ruled out, by the sign of the strength.
_HOME_FOUND: Final[dict[Claim, Choice]] = {
    Claim.gateway_healthy: _ROUTER_LOSES,
    Claim.gateway_steady: _ROUTER_STANDS,
}
_HOME_RULED_OUT: Final[dict[tuple[Claim, int], Choice]] = {
    (Claim.gateway_healthy, 1): _ROUTER,
    (Claim.tunnel_in_use, -1): (N_("No tunnel was in use: the packets went out by this line itself."),),
    (Claim.filters_in_use, -1): (N_("No program that redirects or alters traffic was found on my device."),),
    (Claim.captive_portal, -1): (N_("No log-in page stands between my device and the internet."),),
}
_CLEAN_LOSS_RATIO: Final = 0.02
_STATIONS: Final = N_("A station is a router on the way, counted from my device.")
_OF_STATIONS: Final = frozenset({Claim.path_loses_evenly, Claim.path_open})
_LIKE_CALLS: Final = N_(
    "Packets at the size and pace of a call, {name}: {sent} sent, {received} answered ({loss} % lost)."
)


def found(report: Report, services: Collection[str], language: str) -> list[str]:
    """What was measured of the network itself and of these services."""
    evidence = [item for item in report.evidence if item.service in {"", *services} and item.strength]
    home = [_said(_HOME_FOUND[item.claim], item, language) for item in evidence if _is_home_trouble(item)]
    claims = [
        _with_stations(item, claim_text(item, language), language)
        for claim, sign in _FOUND
        for item in evidence
        if item.claim == claim and item.strength * sign >= 0
    ]
    return list(dict.fromkeys([*home, *_streams(report, services, language), *claims]))


def ruled_out(report: Report, language: str) -> list[str]:
    """What the trouble is not."""
    said = (
        _said(choice, item, language)
        for (claim, sign), choice in _HOME_RULED_OUT.items()
        for item in report.evidence
        if item.claim == claim and item.strength * sign > 0
    )
    kept = [translator(language)(N_("My device kept time throughout."))] if report.instrument.valid else []
    return list(dict.fromkeys([*said, *kept]))


def _is_home_trouble(item: Evidence) -> bool:
    return item.claim in _HOME_FOUND and item.strength < 0


def _with_stations(item: Evidence, text: str, language: str) -> str:
    return f"{text} {translator(language)(_STATIONS)}" if item.claim in _OF_STATIONS else text


def _said(choice: Choice, item: Evidence, language: str) -> str:
    return first_said(choice, figures(item.facts, language), counts(item.facts), language)


def _streams(report: Report, services: Collection[str], language: str) -> Iterator[str]:
    _ = translator(language)
    telling = {item.service for item in report.evidence if item.claim in _STREAM and item.strength}
    for row in measured_of(call_of(report.observations), language):
        if row.service == CONTROLS or row.service in telling.intersection(services):
            yield _(_LIKE_CALLS).format(
                name=row.name,
                sent=count(row.sent, language),
                received=count(row.received, language),
                loss=decimal(100 * row.loss_ratio, language),
            )
