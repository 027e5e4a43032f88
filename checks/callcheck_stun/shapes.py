"""Whether ports, transports and protocols are treated alike at neutral hosts; what a home router does to ports."""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.api import Claim, Evidence
from callcheck_stun.asked import Asked, Tally, is_informative, networks, number, seqs, speaking, tallies

_SOURCE_PORTS = 3
# One answer among losses is luck: the port that answers has to do so twice.
_ANSWERS = 2
_SOCKETS, _NETWORKS = 6, 3


def ports_alike(asked: Asked) -> Evidence | None:
    """Two ports of one host. -2: one of them answers, and another one, confirmed to answer, was silent on three source
    ports; +2: all ports of such hosts answered. `hosts` have several ports here, `silent` of them have a silent one."""
    cookie = [one for one in asked if one.value.form == "cookie"]
    hosts: dict[str, list[Tally]] = {}
    for tally in tallies(cookie).values():
        hosts.setdefault(tally.target.host or tally.target.address, []).append(tally)
    several = {host: ports for host, ports in hosts.items() if len(ports) > 1}
    if not several:
        return None
    silent = [host for host, ports in several.items() if _one_is_silent(ports)]
    whole = all(tally.answered for ports in several.values() for tally in ports)
    return Evidence(
        claim=Claim.ports_alike,
        facts={"hosts": len(several), "silent": len(silent)},
        strength=-2 if silent else 2 if whole else 0,
        group="ports",
        seqs=tuple(
            one.seq
            for one in cookie
            if one.value.target and (one.value.target.host or one.value.target.address) in several
        ),
    )


def _one_is_silent(ports: Sequence[Tally]) -> bool:
    silent = any(
        tally.silent and tally.ports >= _SOURCE_PORTS and tally.target.answers.get("cookie") == "confirmed"
        for tally in ports
    )
    return silent and any(tally.answered >= _ANSWERS for tally in ports)


def by_tcp(asked: Asked) -> Evidence | None:
    """STUN over TCP. +2: hosts in two networks answered; -2: none of two hosts in two networks that count did."""
    hosts = tallies(asked)
    if not hosts:
        return None
    heard = speaking(asked)
    alive = [tally.target for tally in hosts.values() if tally.answered]
    counting = [tally.target for tally in hosts.values() if is_informative(tally.target, "cookie", heard)]
    strength = 0
    if alive:
        strength = 2 if networks(alive) >= 2 else 1
    elif networks(counting) >= 2:
        strength = -2
    opened = {one.value.target.endpoint for one in asked if one.value.target and one.value.data.get("opened") is True}
    return Evidence(
        claim=Claim.stun_by_tcp,
        facts={"asked": len(hosts), "opened": len(opened), "answered": len(alive)},
        strength=strength,
        group="stun_tcp",
        seqs=seqs(asked),
    )


def dtls(asked: Asked, after: Asked) -> Evidence | None:
    """DTLS hellos at hosts of no messenger. +2 for an answer. -2: two hosts of which silence counts were silent on
    three source ports each, -1: one was. Without an answer to what was asked after the hellos it is 0: they may have
    brought a punishment on all the line, or the line is dead."""
    hosts = tallies(asked)
    if not hosts:
        return None
    heard = speaking(asked)
    counting = [
        tally
        for tally in hosts.values()
        if is_informative(tally.target, "hello", heard) and tally.silent and tally.ports >= _SOURCE_PORTS
    ]
    alive = [tally for tally in hosts.values() if tally.answered]
    goes_on = any(one.value.failure is None for one in after)
    strength = 0
    if alive:
        strength = 2
    elif counting and goes_on:
        strength = -2 if len(counting) >= 2 else -1
    return Evidence(
        claim=Claim.dtls_passes,
        facts={"asked": len(hosts), "answered": len(alive), "went_silent": bool(after) and not goes_on},
        strength=strength,
        group="dtls",
        seqs=seqs(asked),
    )


def mapping(answers: Asked) -> Evidence | None:
    """What the home router does to port numbers, as far as sockets with one destination each can tell.

    +2: no translation at all. +1: six sockets to three networks all kept their port number outside, so that a port
    does not depend on whom it talks to, as long as nobody else holds it. 0: they got other ones; whether one socket
    would keep its own then is not measured here. `ports` of `asked` answers came to a kept one. It never denies.
    """
    told = [one for one in answers if one.value.failure is None and isinstance(one.value.data.get("port_kept"), bool)]
    told = [one for one in told if number(one.value, "reflexive_port") is not None]
    if not told:
        return None
    kept = [one for one in told if one.value.data["port_kept"] is True]
    translated = any(one.value.data.get("translated") is not False for one in told)
    wide = networks(one.value.target for one in told if one.value.target) >= _NETWORKS and len(told) >= _SOCKETS
    strength = 0
    if len(kept) == len(told) and wide:
        strength = 1 if translated else 2
    return Evidence(
        claim=Claim.mapping_steady,
        facts={"asked": len(told), "ports": len(kept), "translated": translated},
        strength=strength,
        group="nat",
        seqs=seqs(told),
    )
