"""One line for a piece of evidence: its claim and numbers in plain words (DESIGN 5.2)."""

from __future__ import annotations

import string
from functools import lru_cache

from callcheck.locale import N_, translator
from callcheck.model import Evidence
from callcheck.verdict.dns_text import DNS_SENTENCES
from callcheck.verdict.figures import figures
from callcheck.verdict.hoster_text import HOSTER_SENTENCES
from callcheck.verdict.link_text import LINK_SENTENCES
from callcheck.verdict.messaging_text import MESSAGING_SENTENCES
from callcheck.verdict.names import service_name
from callcheck.verdict.path_text import PATH_SENTENCES
from callcheck.verdict.quic_text import QUIC_SENTENCES
from callcheck.verdict.relay_text import RELAY_SENTENCES
from callcheck.verdict.stream_text import STREAM_SENTENCES, Sentences
from callcheck.verdict.stun_text import STUN_SENTENCES
from callcheck.verdict.throughput_text import THROUGHPUT_SENTENCES
from callcheck.words import Claim

# For each claim: when it holds, when it does not, when nobody can tell. In each the first sentence whose numbers are
# all there is taken, so that the last one has none. No sentence says who does it: where is the verdict's to name.
_SENTENCES: dict[Claim, Sentences] = {
    Claim.route_exists: (
        (N_("This device has a way out to the internet (a route)."),),
        (N_("This device has no way out to the internet (no route)."),),
        (N_("This system does not tell whether there is a way out to the internet."),),
    ),
    Claim.gateway_healthy: (
        (
            N_("Your router answered {received} of {sent} test packets, usually after {rtt_ms} ms."),
            N_("Your router answered {received} of {sent} test packets."),
            N_("Your router answers steadily."),
        ),
        (
            N_(
                "Your router answered only {received} of {sent} test packets: {loss_percent} % were lost inside your"
                " home network."
            ),
            N_("Packets are lost between this device and your router."),
        ),
        (
            N_("Your router answered {received} of {sent} test packets, which proves nothing either way."),
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
            N_("The name server (DNS, turns names into addresses) answered {answered} of {asked} questions."),
            N_("The name server (DNS, turns names into addresses) answers."),
        ),
        (
            N_("The name server (DNS, turns names into addresses) answered none of {asked} questions."),
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
            N_(
                "The name server (DNS) does not know {missing} of {names} names of {service};"
                " another name server knows {elsewhere_some} of them."
            ),
            N_("The name server (DNS) does not know {missing} of {names} names of {service}."),
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
            N_("Ordinary connections (TCP, as web sites use) do not get through: none of {asked} opened."),
            N_("Ordinary connections (TCP, as web sites use) do not get through."),
        ),
        (N_("Too few ordinary connections (TCP, as web sites use) were tried to tell anything."),),
    ),
    Claim.text_answers: (
        (
            N_("{service} messages: {answered} of {asked} servers gave a proper answer, usually after {rtt_ms} ms."),
            N_("{service} messages: {answered} of {asked} servers gave a proper answer."),
            N_("{service} messages: the servers give proper answers."),
        ),
        (
            N_("{service} messages: none of {asked} servers gave a proper answer (connections opened: {opened})."),
            N_("{service} messages: none of the servers gave a proper answer."),
        ),
        (
            N_("{service} messages: {answered} of {asked} servers answered, which does not settle anything."),
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
            N_("Neutral servers for comparison: none of {asked} answered."),
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
            N_("Servers inside the country: none of {asked} answered."),
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
            N_("{service} call servers (relays): none of {informative} that are known to answer did so."),
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
    _ = translator(language)
    sentence = next(text for text in choice if _placeholders(text) <= shown.keys())
    return _(sentence).format_map(shown)


@lru_cache(maxsize=256)
def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
