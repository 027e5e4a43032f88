"""What callcheck did when it made an observation, in plain words."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_, translator
from callcheck.model import Target
from callcheck.ui.paint import safe
from callcheck.verdict.names import service_name
from callcheck.words import Role

_TEXTS: Final[dict[str, str]] = {
    "link.route": N_("which way this device sends its packets"),
    "link.target_route": N_("which way packets to a service's servers leave this device"),
    "link.device": N_("how busy this device is, and what runs on it"),
    "link.ipv6": N_("a connection over IPv6, the newer kind of addresses"),
    "link.ping": N_("echo from the router"),
    "link.portal": N_("a page that a log-in page would replace"),
    "link.web": N_("a web page"),
    "dns.system": N_("a name looked up the way this device does it"),
    "dns.configured": N_("a name asked of this network's own name server (DNS)"),
    "dns.server": N_("a name asked of a public name server (DNS)"),
    "dns.again": N_("a second answer to a question about a name"),
    "dns.doh": N_("a name asked of a public name server, hidden in web traffic (DoH)"),
    "dns.dot": N_("a name asked of a public name server, encrypted (DoT)"),
    "dns.nowhere": N_("a name asked where no name server is: nobody should answer"),
    "messaging.ask": N_("a greeting as a messenger sends it before text"),
    "messaging.fresh": N_("a new connection beside one that fell silent"),
    "messaging.hold": N_("a connection kept open and asked again"),
    "messaging.name": N_("a connection that says a server name aloud"),
    "messaging.transfer": N_("a transfer, followed to its end"),
    "quic.version": N_("which versions of QUIC, a fast kind of web connection, are spoken"),
    "quic.hello": N_("a greeting by QUIC, a fast kind of web connection"),
    "stun.ask": N_("the first question of a call, to a host of no messenger"),
    "stun.ask_ipv6": N_("the first question of a call, over IPv6"),
    "stun.after": N_("the same question again, after all the others"),
    "stun.nat": N_("which outside address the router gives this device"),
    "stun.tcp": N_("the first question of a call, over TCP as web pages come"),
    "stun.dtls": N_("the first encrypted packet of a call, to a host of no messenger"),
    "relay.ask": N_("a question to a call server"),
    "relay.after": N_("the same question again, after all the others"),
    "relay.endpoint": N_("all questions to one call server, counted"),
    "relay.list": N_("the list of call servers that the service publishes"),
    "relay.tcp": N_("a call server asked over TCP, as web pages come"),
    "path.probe": N_("a packet that may pass only so many stations"),
    "path.flow": N_("a short row of packets all the way to the end"),
    "hoster.flow": N_("a long exchange with one host"),
    "throughput.prepare": N_("a server looked for that can test the speed"),
    "throughput.ask": N_("how long a question takes, with the line idle or full"),
    "throughput.transfer": N_("as much data as the line carries, one way"),
    "flow.plan": N_("the plan of the test call"),
    "flow.none": N_("why no test call was made"),
    "flow.second": N_("one second of a test call"),
}
_ROLES: Final[dict[Role, str]] = {
    "subject": N_("a server of {service}"),
    "control": N_("a neutral host abroad"),
    "domestic": N_("a neutral host in this country"),
    "gateway": N_("the router"),
}


def operation_text(op: str, language: str) -> str:
    """What was done; the operation's own name where a plugin that callcheck does not know did it."""
    text = _TEXTS.get(op)
    return translator(language)(text) if text else safe(op)


def role_text(target: Target, language: str) -> str:
    """What the target is to this run."""
    service = service_name(target.service) if target.service else "?"
    return translator(language)(_ROLES[target.role]).format(service=service)


def target_text(target: Target, language: str) -> str:
    """`address:port`, or the host's name; what it is where a report that is safe to share holds neither."""
    place = target.address or target.host
    if not place:
        return role_text(target, language)
    shown = f"[{place}]" if ":" in place else place
    return safe(f"{shown}:{target.port}" if target.port else shown)
