"""A claim in two or three words, for the line of a check that has just been made. Whole sentences are `claim_text`."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from callcheck.locale import N_, translator
from callcheck.model import Evidence
from callcheck.ui.paint import Line, Tone
from callcheck.verdict.figures import figures
from callcheck.verdict.names import service_name
from callcheck.words import Claim


class _Short(NamedTuple):
    """What to say where the claim holds and where it is denied; "" for nothing worth a line. The tone of each."""

    holds: str = ""
    denied: str = ""
    tones: tuple[Tone, Tone] = ("good", "bad")


_BAD_IF_TRUE: Final[tuple[Tone, Tone]] = ("bad", "good")
_DOUBT_IF_TRUE: Final[tuple[Tone, Tone]] = ("doubt", "good")
_SHORT: Final[dict[Claim, _Short]] = {
    Claim.route_exists: _Short("", N_("no way out")),
    Claim.gateway_healthy: _Short(N_("router answers in {rtt_ms} ms"), N_("router loses {loss_percent} %")),
    Claim.gateway_steady: _Short("", N_("router answers unevenly")),
    Claim.tunnel_in_use: _Short(N_("a tunnel is in use"), N_("no tunnel"), _DOUBT_IF_TRUE),
    Claim.captive_portal: _Short(N_("a login page stands in the way"), "", _BAD_IF_TRUE),
    Claim.web_abroad: _Short("", N_("no web abroad")),
    Claim.device_busy: _Short(N_("this device is busy"), "", _DOUBT_IF_TRUE),
    Claim.filters_in_use: _Short(N_("a filter runs here"), "", _DOUBT_IF_TRUE),
    Claim.resolver_works: _Short(N_("name server answers"), N_("name server is silent")),
    Claim.names_present: _Short("", N_("{service}: names missing: {missing}")),
    Claim.names_true: _Short("", N_("{service}: false names: {false}")),
    Claim.resolvers_intercepted: _Short(N_("name servers are intercepted"), "", _DOUBT_IF_TRUE),
    Claim.text_answers: _Short(N_("{service} {answered} of {asked}"), N_("{service} {answered} of {asked}")),
    Claim.name_passes: _Short("", N_("{service}: its name is stopped")),
    Claim.transfers_finish: _Short("", N_("{service}: transfers freeze")),
    Claim.text_stays: _Short("", N_("{service}: connections freeze")),
    Claim.quic_passes: _Short(N_("{hello} of {asked} answer"), N_("no answer")),
    Claim.quic_name_passes: _Short("", N_("{service}: its name is stopped")),
    Claim.controls_answer: _Short(N_("{answered} of {asked} answer"), N_("{answered} of {asked} answer")),
    Claim.ports_alike: _Short("", N_("some ports are closed")),
    Claim.dtls_passes: _Short("", N_("encrypted greetings stop")),
    Claim.relays_answer: _Short(N_("{service} {answered} of {endpoints}"), N_("{service} {answered} of {endpoints}")),
    Claim.call_forms_alike: _Short("", N_("{service}: one form stops")),
    Claim.path_open: _Short(
        N_("{service}: calls pass as others do"), N_("{service}: stops at station {last_hop_call} of the way")
    ),
    Claim.path_loses_evenly: _Short("", N_("{service}: lost at station {hop}")),
    Claim.hosters_carry: _Short(N_("long exchanges go on"), N_("long exchanges break off"), ("good", "doubt")),
    Claim.stream_cut_off: _Short(N_("{service}: cut off"), "", _BAD_IF_TRUE),
    Claim.stream_rate_limited: _Short(N_("{service}: held to {limit_between_kbps} kbit/s"), "", _BAD_IF_TRUE),
    Claim.stream_carries: _Short(N_("{service} {loss_percent} % lost"), N_("{service} {loss_percent} % lost")),
    Claim.controls_carry: _Short(N_("others {loss_percent} % lost"), N_("others {loss_percent} % lost")),
    Claim.stays_quick_under_load: _Short(N_("stays quick under load"), N_("slow under load")),
    Claim.throughput_enough: _Short(N_("fast enough for a call"), N_("too slow for a call")),
}
_ORDER: Final = {claim: number for number, claim in enumerate(_SHORT)}


def short_line(evidence: Iterable[Evidence], language: str) -> Line:
    """What the evidence of one check says, a few words a claim, what speaks against calls first."""
    said = [(item, text) for item in evidence if (text := short_text(item, language))]
    said.sort(key=lambda one: (_tone(one[0]) != "bad", _ORDER[one[0].claim], one[0].service))
    pieces: list[tuple[str, Tone]] = []
    for text, tone in dict.fromkeys((text, _tone(item)) for item, text in said):
        if pieces:
            pieces.append(("  ", ""))
        pieces.append((text, tone))
    return tuple(pieces)


def short_text(item: Evidence, language: str) -> str:
    """A few words of `language`; "" where nobody would miss them or a number is not there."""
    short = _SHORT.get(item.claim)
    if short is None or item.strength == 0:
        return ""
    text = short.holds if item.strength > 0 else short.denied
    shown = figures(item.facts, language) | {"service": service_name(item.service)}
    named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return translator(language)(text).format_map(shown) if text and named <= shown.keys() else ""


def _tone(item: Evidence) -> Tone:
    tones: Sequence[Tone] = _SHORT[item.claim].tones
    return tones[0] if item.strength > 0 else tones[1]
