"""What the near end says, in plain words: the sentences of the link check's newer claims."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

# For each claim: when it holds, when it does not, when nobody can tell (see `claims_text`).
LINK_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.gateway_steady: (
        (
            N_("Your router answers evenly: usually after {rtt_ms} ms, and 19 times out of 20 within {rtt_p95_ms} ms."),
            N_("Your router answers evenly."),
        ),
        (
            n_(
                "Answers from your router stood still {stalls} time during the test, for up to {longest_stall_ms} ms,"
                " and then came all at once or not at all: weak or sleepy Wi-Fi does this, and a call breaks up.",
                "Answers from your router stood still {stalls} times during the test, for up to {longest_stall_ms} ms,"
                " and then came all at once or not at all: weak or sleepy Wi-Fi does this, and a call breaks up.",
                "stalls",
            ),
            N_("Answers from your router stand still now and then."),
        ),
        (
            N_(
                "Your router usually answers after {rtt_ms} ms, at times only after {rtt_p95_ms} ms;"
                " whether calls suffer from that could not be told."
            ),
            N_("Whether your router answers evenly could not be told."),
        ),
    ),
    Claim.filters_in_use: (
        (
            N_(
                "A program on this device may reroute or change what other programs send (a go-between or a packet"
                " filter)."
            ),
        ),
        (N_("No program that changes or reroutes traffic was seen on this device."),),
        (N_("Whether a program on this device changes its traffic could not be seen."),),
    ),
    Claim.device_busy: (
        (
            N_(
                "This device is very busy (programs that wait for each processor, on average: {load_ratio}),"
                " so sound may stutter."
            ),
            N_("This device is very busy, so sound may stutter."),
        ),
        (N_("This device has time to spare."),),
        (N_("This device is somewhat busy, which need not disturb a call."),),
    ),
    Claim.web_at_home: (
        (
            N_("Web sites in this country answer: {answered} of {asked}."),
            N_("Web sites in this country answer."),
        ),
        (
            N_("No web site in this country answered (asked: {asked}; connections that opened at all: {opened})."),
            N_("Web sites in this country do not answer."),
        ),
        (
            N_(
                "Web sites in this country that could not prove who they are: {certificates_refused} of {asked};"
                " a wrong date on this device looks the same."
            ),
            N_("Whether web sites in this country answer could not be told."),
        ),
    ),
    Claim.web_abroad: (
        (
            N_("Web sites abroad answer: {answered} of {asked}."),
            N_("Web sites abroad answer."),
        ),
        (
            N_("No web site abroad answered (asked: {asked}; connections that opened at all: {opened})."),
            N_("Web sites abroad do not answer."),
        ),
        (
            N_(
                "Web sites abroad that could not prove who they are: {certificates_refused} of {asked};"
                " a wrong date on this device looks the same."
            ),
            N_("Whether web sites abroad answer could not be told."),
        ),
    ),
    Claim.captive_portal: (
        (N_("This network puts a page of its own in place of the one that was asked for, as a login page does."),),
        (N_("No login page stands between this device and the internet."),),
        (N_("Whether this network wants a login on a web page could not be told."),),
    ),
    Claim.ipv6_works: (
        (
            n_(
                "The newer kind of internet addresses (IPv6) works: {answered} of {asked} server answered.",
                "The newer kind of internet addresses (IPv6) works: {answered} of {asked} servers answered.",
                "asked",
            ),
            N_("The newer kind of internet addresses (IPv6) works."),
        ),
        (
            N_(
                "The newer kind of internet addresses (IPv6) is set up but leads nowhere: no server answered"
                " (asked: {asked}), while the same servers answer by the older kind (IPv4)."
            ),
            N_("The newer kind of internet addresses (IPv6) is set up but leads nowhere."),
        ),
        (N_("Whether the newer kind of internet addresses (IPv6) works could not be told."),),
    ),
    Claim.tunnel_on_the_way: (
        (
            n_(
                "Calls to {service} take a way of their own: {tunnelled} of {endpoints} address is reached through"
                " a tunnel, other traffic is not. The test saw the tunnel there, not your own line.",
                "Calls to {service} take a way of their own: {tunnelled} of {endpoints} addresses are reached through"
                " a tunnel, other traffic is not. The test saw the tunnel there, not your own line.",
                "endpoints",
            ),
            N_("Calls to {service} go through a tunnel of their own, so the test saw the tunnel there."),
        ),
        (N_("No tunnel lies on this device's way to the calls of {service}."),),
        (N_("Which way this device takes to the calls of {service} could not be told."),),
    ),
}
