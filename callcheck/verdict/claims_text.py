"""One line for a piece of evidence: its claim and numbers in plain words (DESIGN 5.2)."""

from __future__ import annotations

from callcheck.locale import N_
from callcheck.model import Evidence
from callcheck.verdict.dns_text import DNS_SENTENCES
from callcheck.verdict.figures import counts, figures
from callcheck.verdict.hoster_text import HOSTER_SENTENCES
from callcheck.verdict.link_text import LINK_SENTENCES
from callcheck.verdict.messaging_text import MESSAGING_SENTENCES
from callcheck.verdict.names import service_name
from callcheck.verdict.path_text import PATH_SENTENCES
from callcheck.verdict.quic_text import QUIC_SENTENCES
from callcheck.verdict.relay_text import RELAY_SENTENCES
from callcheck.verdict.sentences import Sentences, first_said, n_
from callcheck.verdict.stream_text import STREAM_SENTENCES
from callcheck.verdict.stun_text import STUN_SENTENCES
from callcheck.verdict.throughput_text import THROUGHPUT_SENTENCES
from callcheck.words import Claim

# No sentence says who does it: where is the verdict's to name.
_SENTENCES: dict[Claim, Sentences] = {
    Claim.route_exists: (
        (N_("This device has a way out to the internet (a route)."),),
        (N_("This device has no way out to the internet (no route)."),),
        (N_("This system does not tell whether there is a way out to the internet."),),
    ),
    Claim.gateway_healthy: (
        (
            n_(
                "Your router answered {received} of {sent} test packet, usually after {rtt_ms} ms.",
                "Your router answered {received} of {sent} test packets, usually after {rtt_ms} ms.",
                "sent",
            ),
            n_(
                "Your router answered {received} of {sent} test packet.",
                "Your router answered {received} of {sent} test packets.",
                "sent",
            ),
            N_("Your router answers steadily."),
        ),
        (
            n_(
                "Your router answered only {received} of {sent} test packet: {loss_percent} % was lost inside your"
                " home network.",
                "Your router answered only {received} of {sent} test packets: {loss_percent} % were lost inside your"
                " home network.",
                "sent",
            ),
            N_("Packets are lost between this device and your router."),
        ),
        (
            n_(
                "Your router answered {received} of {sent} test packet, which proves nothing either way.",
                "Your router answered {received} of {sent} test packets, which proves nothing either way.",
                "sent",
            ),
            N_("Your router could not be tested."),
        ),
    ),
    Claim.tunnel_in_use: (
        (N_("Traffic goes through a tunnel, so the test saw the tunnel and not your own line."),),
        (N_("No tunnel is in use: the test saw your own line."),),
        (N_("Whether a tunnel is in use could not be seen."),),
    ),
    Claim.resolver_works: (
        (
            n_(
                "The name server (DNS, turns names into addresses) answered {answered} of {asked} question.",
                "The name server (DNS, turns names into addresses) answered {answered} of {asked} questions.",
                "asked",
            ),
            N_("The name server (DNS, turns names into addresses) answers."),
        ),
        (
            N_("The name server (DNS, turns names into addresses) does not answer (questions asked: {asked})."),
            N_("The name server (DNS, turns names into addresses) does not answer."),
        ),
        (N_("Whether the name server (DNS, turns names into addresses) works could not be told."),),
    ),
    Claim.names_present: (
        (
            N_("Names of {service} found by the name server (DNS): {found} of {names}."),
            N_("The name server (DNS) knows the names of {service}."),
        ),
        (
            n_(
                "The name server (DNS) does not know {missing} of {names} name of {service};"
                " another name server knows {elsewhere_some} of them.",
                "The name server (DNS) does not know {missing} of {names} names of {service};"
                " another name server knows {elsewhere_some} of them.",
                "names",
            ),
            n_(
                "The name server (DNS) does not know {missing} of {names} name of {service}.",
                "The name server (DNS) does not know {missing} of {names} names of {service}.",
                "names",
            ),
            N_("The name server (DNS) does not know the names of {service}."),
        ),
        (N_("Whether the names of {service} are known could not be told."),),
    ),
    Claim.tcp_passes: (
        (
            N_("Ordinary connections (TCP, as web sites use) get through: {opened} of {asked} opened."),
            N_("Ordinary connections (TCP, as web sites use) get through."),
        ),
        (
            N_("Ordinary connections (TCP, as web sites use) do not get through: not one opened (tried: {asked})."),
            N_("Ordinary connections (TCP, as web sites use) do not get through."),
        ),
        (N_("Too few ordinary connections (TCP, as web sites use) were tried to tell anything."),),
    ),
    Claim.text_answers: (
        (
            n_(
                "{service} messages: {answered} of {asked} server gave a proper answer, usually after {rtt_ms} ms.",
                "{service} messages: {answered} of {asked} servers gave a proper answer, usually after {rtt_ms} ms.",
                "asked",
            ),
            n_(
                "{service} messages: {answered} of {asked} server gave a proper answer.",
                "{service} messages: {answered} of {asked} servers gave a proper answer.",
                "asked",
            ),
            N_("{service} messages: the servers give proper answers."),
        ),
        (
            N_("{service} messages: no server gave a proper answer (asked: {asked}; connections opened: {opened})."),
            N_("{service} messages: no server gave a proper answer."),
        ),
        (
            n_(
                "{service} messages: {answered} of {asked} server answered, which does not settle anything.",
                "{service} messages: {answered} of {asked} servers answered, which does not settle anything.",
                "asked",
            ),
            N_("{service} messages: whether the servers answer could not be told."),
        ),
    ),
    Claim.controls_answer: (
        (
            N_("Neutral servers for comparison: {answered} of {asked} answered, {in_networks}."),
            N_("Neutral servers for comparison: {answered} of {asked} answered."),
            N_("Neutral servers for comparison answer."),
        ),
        (
            N_("Neutral servers for comparison: not one answered (asked: {asked})."),
            N_("Neutral servers for comparison do not answer."),
        ),
        (
            N_("Neutral servers for comparison: {answered} of {asked} answered, too few to compare with."),
            N_("Neutral servers for comparison could not be asked."),
        ),
    ),
    Claim.domestic_answers: (
        (
            N_("Servers inside the country: {answered} of {asked} answered."),
            N_("Servers inside the country answer."),
        ),
        (
            N_("Servers inside the country: not one answered (asked: {asked})."),
            N_("Servers inside the country do not answer."),
        ),
        (N_("Servers inside the country could not be asked."),),
    ),
    Claim.cookie_ignored: (
        (
            N_(
                "Packets with the usual mark of a call are answered like those without it"
                " (servers that answered: {with_cookie} and {without_cookie})."
            ),
            N_("Packets with the usual mark of a call are answered like those without it."),
        ),
        (
            N_(
                "Neutral servers answer packets without the usual mark of a call, but not those with it"
                " (servers that answered: {without_cookie} and {with_cookie})."
            ),
            N_("Neutral servers answer packets without the usual mark of a call, but not those with it."),
        ),
        (N_("Whether packets with the usual mark of a call are held back could not be told."),),
    ),
    Claim.relays_answer: (
        (
            N_("{service} call servers (relays): {answered} of {endpoints} answered, usually after {rtt_ms} ms."),
            N_("{service} call servers (relays): {answered} of {endpoints} answered."),
            N_("{service} call servers (relays) answer."),
        ),
        (
            N_(
                "{service} call servers (relays): not one of those that are known to answer did so"
                " (asked: {informative})."
            ),
            N_("{service} call servers (relays) that are known to answer stay silent."),
        ),
        (
            N_(
                "{service} call servers (relays): {answered} of {endpoints} answered, but it is not known whether they"
                " answer strangers at all, so this settles nothing."
            ),
            N_("{service} call servers (relays): whether they answer could not be told."),
        ),
    ),
    Claim.relays_refuse: (
        (
            N_("{service} call servers (relays): {refused} of {endpoints} replied that nothing listens there."),
            N_("{service} call servers (relays) reply that nothing listens there."),
        ),
        (N_("{service} call servers (relays): none of them refused."),),
        (N_("{service} call servers (relays): whether they refuse could not be told."),),
    ),
    Claim.path_open: (
        (
            N_(
                "Test packets to {service} get to station {last_hop_call} on their way,"
                " about as far as those to other places (station {last_hop_control})."
            ),
            N_("Test packets to {service} get about as far as those to other places."),
        ),
        (
            N_(
                "Test packets to {service} were last seen at station {last_hop_call} on their way; other packets to"
                " the same address went on to station {last_hop_neutral_beyond}, those to other places to station"
                " {last_hop_control}."
            ),
            N_(
                "Test packets to {service} were last seen at station {last_hop_call} on their way;"
                " those to other places went on to station {last_hop_control}."
            ),
            N_("Test packets to {service} stop earlier on their way than those to other places."),
        ),
        (N_("How far test packets to {service} get could not be read."),),
    ),
    **LINK_SENTENCES,
    **DNS_SENTENCES,
    **MESSAGING_SENTENCES,
    **QUIC_SENTENCES,
    **STUN_SENTENCES,
    **RELAY_SENTENCES,
    **PATH_SENTENCES,
    **STREAM_SENTENCES,
    **HOSTER_SENTENCES,
    **THROUGHPUT_SENTENCES,
}


def claim_text(evidence: Evidence, language: str) -> str:
    """What this piece of evidence says, as one sentence of `language`; of its facts only numbers are shown."""
    holds, denied, unclear = _SENTENCES[evidence.claim]
    choice = holds if evidence.strength > 0 else denied if evidence.strength < 0 else unclear
    shown = figures(evidence.facts, language) | {"service": service_name(evidence.service)}
    return first_said(choice, shown, counts(evidence.facts), language)
