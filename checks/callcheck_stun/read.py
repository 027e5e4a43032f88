"""What the neutral hosts' answers say about UDP on this line."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from callcheck.api import Claim, Evidence, Json
from callcheck.way_out import Seen, way_out
from callcheck_stun.asked import Asked, Tally, ipv4, left, networks, number, of, seqs, tallies
from callcheck_stun.shapes import by_tcp, dtls, mapping, ports_alike

_SOURCE_PORTS = 3
# A host shows a rule against the cookie when it ignored so many packets with it, and answered so many without.
_COOKIES_IGNORED, _CLASSIC_ANSWERED = 3, 2
# Where more of the classic questions than this were lost, silence may be the line's.
_MOST_LOST = 0.25


def read(observations: Asked) -> Iterable[Evidence]:
    """controls_answer, domestic_answers, cookie_ignored, one_way_out, ports_alike, mapping_steady, stun_by_tcp and
    dtls_passes; see each claim's rule in the code. Answers by IPv6 are none of theirs."""
    asked = left(observations, "stun.ask")
    nat = left(observations, "stun.nat")
    after = left(observations, "stun.after")
    evidence = [
        _controls(asked),
        _domestic(asked),
        _cookie(asked),
        way_out(_seen([*asked, *nat, *after])),
        ports_alike(asked),
        mapping([*asked, *nat, *after]),
        by_tcp(left(observations, "stun.tcp")),
        dtls(left(observations, "stun.dtls"), after),
    ]
    return [item for item in evidence if item is not None]


def _controls(asked: Asked) -> Evidence | None:
    """Firm support: three hosts in two networks answered. Firm denial: none of three did, each asked on three source
    ports; two in two networks deny less firmly. `slowest_rtt_ms` is the slowest host's median."""
    cookie = of(asked, "control", "cookie")
    hosts = tallies(cookie)
    if not hosts:
        return None
    alive = [tally for tally in hosts.values() if tally.answered]
    strength = 0
    if len(alive) >= 3 and networks(tally.target for tally in alive) >= 2:
        strength = 3
    elif alive:
        strength = 1
    else:
        # A name that was found late leaves time for a question or two, which may simply have been lost.
        thorough = [tally for tally in hosts.values() if tally.ports >= _SOURCE_PORTS]
        if networks(tally.target for tally in thorough) >= 2:
            strength = -3 if len(thorough) >= 3 else -2
    return Evidence(
        claim=Claim.controls_answer,
        facts={**_counts(hosts), **_times(cookie)},
        strength=strength,
        group="controls",
        seqs=seqs(cookie),
    )


def _domestic(asked: Asked) -> Evidence | None:
    cookie = of(asked, "domestic", "cookie")
    hosts = tallies(cookie)
    if not hosts:
        return None
    return Evidence(
        claim=Claim.domestic_answers,
        facts={**_counts(hosts), **_times(cookie)},
        strength=2 if any(tally.answered for tally in hosts.values()) else -2,
        group="domestic",
        seqs=seqs(cookie),
    )


def _cookie(asked: Asked) -> Evidence | None:
    """Hosts that answer the classic form show a rule that drops the cookie: same host, port and moment.

    Firm denial: two hosts in two networks ignored three packets with the cookie and answered two without, while few
    of the packets without it were lost anywhere.
    """
    classic, cookie = tallies(of(asked, "control", "classic")), tallies(of(asked, "control", "cookie"))
    speaking = {endpoint: tally for endpoint, tally in classic.items() if tally.answered}
    if not speaking:
        return None
    ignored = [
        cookie[endpoint]
        for endpoint, tally in speaking.items()
        if tally.answered >= _CLASSIC_ANSWERED
        and endpoint in cookie
        and cookie[endpoint].silent
        and cookie[endpoint].ports >= _COOKIES_IGNORED
    ]
    both = [endpoint for endpoint in speaking if endpoint in cookie and cookie[endpoint].answered]
    lost_ratio = 1 - sum(tally.answered for tally in speaking.values()) / sum(tally.sent for tally in speaking.values())
    strength = 0
    if len(ignored) >= 2 and networks(tally.target for tally in ignored) >= 2 and lost_ratio <= _MOST_LOST:
        strength = -3
    elif len(both) == len(speaking):
        strength = 2
    return Evidence(
        claim=Claim.cookie_ignored,
        facts={"with_cookie": len(both), "without_cookie": len(speaking), "loss_ratio": round(lost_ratio, 3)},
        strength=strength,
        group="cookie",
        seqs=tuple(one.seq for one in asked if one.value.target and one.value.target.endpoint in speaking),
    )


def _seen(answers: Asked) -> list[Seen]:
    return [
        Seen(one.seq, one.value.target.host or one.value.target.address, one.value.target.network, ipv4(one.value))
        for one in answers
        if one.value.failure is None and one.value.target and ipv4(one.value)
    ]


def _counts(hosts: dict[str, Tally]) -> dict[str, Json]:
    alive = [tally for tally in hosts.values() if tally.answered]
    sent = sum(tally.sent for tally in alive)
    facts: dict[str, Json] = {
        "asked": len(hosts),
        "answered": len(alive),
        "networks": networks(tally.target for tally in alive),
        "asked_networks": networks(tally.target for tally in hosts.values()),
    }
    if sent:
        # Of hosts that answered at all: those that never do are no measure of the line's loss.
        facts["loss_ratio"] = round(1 - sum(tally.answered for tally in alive) / sent, 3)
    return facts


def _times(asked: Asked) -> dict[str, Json]:
    by_host: dict[str, list[float]] = {}
    for one in asked:
        rtt_ms = number(one.value, "rtt_ms")
        if one.value.target and rtt_ms is not None and one.value.failure is None:
            by_host.setdefault(one.value.target.endpoint, []).append(rtt_ms)
    medians = [median(times) for times in by_host.values()]
    return {"slowest_rtt_ms": round(max(medians), 1), "rtt_ms": round(median(medians), 1)} if medians else {}
