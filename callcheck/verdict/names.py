"""Names that a reader knows for the words in a report: services, functions, outcomes, causes, mechanisms."""

from __future__ import annotations

import re

from callcheck.locale import N_, translator
from callcheck.words import Cause, Depth, Function, Mechanism, Outcome

_SERVICES = {"telegram": "Telegram", "whatsapp": "WhatsApp"}
SERVICES = tuple(_SERVICES)
_BARE_WORD = re.compile(r"[a-z][a-z0-9_-]{0,23}")

_FUNCTIONS: dict[Function, str] = {"messaging": N_("messages"), "calls": N_("calls"), "": N_("connection")}
_OUTCOMES: dict[Outcome, str] = {
    "works": N_("work"),
    "degraded": N_("work badly"),
    "fails": N_("do not work"),
    "unknown": N_("not clear"),
}
_CAUSES: dict[Cause, str] = {
    "none": N_("nothing wrong"),
    "device": N_("this device"),
    "local_link": N_("home network"),
    "bufferbloat": N_("line filled by other traffic"),
    "resolver": N_("name server (DNS)"),
    "captive_portal": N_("log-in page of this network"),
    "congestion": N_("overloaded network"),
    "udp_blocked": N_("network closed to all calls"),
    "selective": N_("singled out"),
    "allow_list": N_("only chosen sites allowed"),
    "offline": N_("no internet"),
    "service_outage": N_("the service itself"),
    "unknown": N_("something else"),
}
_MECHANISMS: dict[Mechanism, str] = {
    "none": "",
    "dns": N_("the name server (DNS, which turns names into addresses) withholds or changes addresses"),
    "address": N_("by the address of the servers"),
    "port": N_("by the port number (the door at the server that calls use)"),
    "stun_signature": N_("by the look of the first packets of a call (the STUN protocol)"),
    "dtls_signature": N_("by the look of the encryption that calls start with (the DTLS protocol)"),
    "payload": N_("by what the packets contain"),
    "sni": N_("by the server name that is said aloud when a connection opens (SNI)"),
    "quic": N_("by the look of QUIC, a fast kind of web connection"),
    "policing": N_("by throwing away whatever is above a certain speed"),
    "random_drop": N_("by throwing away some packets at random"),
    "cutoff_time": N_("by cutting the flow off after some seconds"),
    "cutoff_packets": N_("by cutting the flow off after a number of packets"),
    "voip_class": N_("by the look of an internet call, whoever runs it"),
    "unknown": "",
}


_DEPTHS: dict[Depth, str] = {
    "quick": N_("quick test"),
    "standard": N_("standard test"),
    "deep": N_("deep test"),
}


def depth_name(depth: Depth, language: str) -> str:
    """How long a test it was, in two words."""
    return translator(language)(_DEPTHS[depth])


def service_name(service: str) -> str:
    """The service's own name; a bare word that callcheck does not know stands as it is, anything else becomes "?"."""
    known = _SERVICES.get(service)
    if known is not None:
        return known
    return service if _BARE_WORD.fullmatch(service) else "?"


def function_name(function: Function, language: str) -> str:
    return translator(language)(_FUNCTIONS[function])


def outcome_name(outcome: Outcome, language: str) -> str:
    return translator(language)(_OUTCOMES[outcome])


def cause_name(cause: Cause, language: str) -> str:
    """A few words for a table; a whole sentence is `explain.headline`."""
    return translator(language)(_CAUSES[cause])


def mechanism_text(mechanism: Mechanism, language: str) -> str:
    """How it is done, as the end of a sentence; "" where that is not known or nothing is done."""
    text = _MECHANISMS[mechanism]
    return translator(language)(text) if text else ""
