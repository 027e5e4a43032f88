"""Web sites, portals and IPv6 in front of scripted networks, and the rules that every check keeps."""

from __future__ import annotations

import msgspec
import pytest

from callcheck.api import Claim, Evidence, Failure, Fetched, Numbered, Observation, Target
from callcheck.catalog import load
from callcheck.testing import HEALTHY_LINK, FakeContext, StreamPeer, conformance, run_check
from callcheck_link import CHECK
from tests.checks.peers import router


def site(role: str, host: str, network: str, protocol: str = "https", port: int = 443) -> Target:
    return Target(
        role="control" if role == "control" else "domestic",
        host=host,
        port=port,
        transport="tcp",
        protocol=protocol,
        network=network,
    )


HOME = [site("domestic", "a.example.ru", "a"), site("domestic", "b.example.ru", "b")]
ABROAD = [site("control", "c.example.com", "c"), site("control", "d.example.com", "d")]
PORTAL = site("control", "c.example.com", "c", "portal", 80)
ALL = [*HOME, *ABROAD, PORTAL]
NAMES = {target.host: [f"192.0.2.{number}"] for number, target in enumerate([*HOME, *ABROAD], start=1)}
OPEN = StreamPeer(lambda: lambda _data: [])


def peer(tls: Failure | None, connect_s: float = 0.05) -> StreamPeer:
    return StreamPeer(lambda: lambda _data: [], connect_s=connect_s, tls=lambda _name: tls)


def network(*, home: StreamPeer | Failure = OPEN, abroad: StreamPeer | Failure = OPEN) -> FakeContext:
    ctx = FakeContext(ALL, names=NAMES, info=CHECK.info)
    ctx.peer("icmp/192.168.1.1", router(set()))
    for target in HOME:
        ctx.stream_peer(target.endpoint, home)
    for target in ABROAD:
        ctx.stream_peer(target.endpoint, abroad)
    return ctx


def evidence(ctx: FakeContext) -> dict[Claim, Evidence]:
    run_check(CHECK, ctx)
    return {item.claim: item for item in CHECK.read(ctx.observations)}


@pytest.mark.parametrize(
    ("abroad", "strength", "facts"),
    [
        (OPEN, 3, {"asked": 2, "opened": 2, "answered": 2}),
        (Failure.timeout, -3, {"asked": 2, "opened": 0, "answered": 0}),
        (Failure.reset, -3, {"asked": 2, "opened": 0, "answered": 0}),
        (peer(Failure.timeout), -3, {"asked": 2, "opened": 2, "answered": 0}),
        (peer(Failure.timeout, connect_s=0.9), 0, {"asked": 2, "opened": 2, "answered": 0}),
        (peer(Failure.reset), -3, {"asked": 2, "opened": 2, "answered": 0}),
        (peer(Failure.tls_failed), 0, {"asked": 2, "opened": 2, "answered": 0}),
        (peer(Failure.tls_invalid), 0, {"asked": 2, "opened": 2, "answered": 0, "certificates_refused": 2}),
        (Failure.network_unreachable, 0, {"asked": 0, "opened": 0, "answered": 0}),
    ],
)
def test_a_web_site_answers_by_a_certificate_that_is_its_own(
    abroad: StreamPeer | Failure, strength: int, facts: dict[str, int]
) -> None:
    found = evidence(network(abroad=abroad))
    assert (found[Claim.web_abroad].strength, found[Claim.web_abroad].facts) == (strength, facts)
    assert found[Claim.web_at_home].strength == 3


def test_one_site_of_two_that_answers_is_enough() -> None:
    ctx = network(abroad=Failure.timeout)
    ctx.stream_peer(ABROAD[0].endpoint, OPEN)
    assert evidence(ctx)[Claim.web_abroad].strength == 2


def test_a_lost_first_try_is_made_good_by_a_second() -> None:
    tries: list[str] = []

    def shake(name: str) -> Failure | None:
        tries.append(name)
        return Failure.timeout if len(tries) == 1 else None

    ctx = network()
    ctx.stream_peer(ABROAD[0].endpoint, StreamPeer(lambda: lambda _data: [], tls=shake))
    assert evidence(ctx)[Claim.web_abroad].facts["answered"] == 2
    assert tries == ["c.example.com", "c.example.com"]


def test_silence_of_one_network_or_over_a_lossy_home_is_not_firm() -> None:
    lossy = network(abroad=Failure.timeout)
    lossy.peer("icmp/192.168.1.1", router(set(range(0, 50, 5))))
    assert evidence(lossy)[Claim.web_abroad].strength == -1
    alone = FakeContext(ABROAD[:1], names=NAMES, info=CHECK.info)
    assert evidence(alone)[Claim.web_abroad].strength == -1


def test_names_that_do_not_resolve_say_nothing_of_the_web() -> None:
    ctx = FakeContext(ALL, names=dict.fromkeys(NAMES, Failure.resolver_timeout), info=CHECK.info)
    found = evidence(ctx)
    assert {found[claim].strength for claim in (Claim.web_abroad, Claim.web_at_home, Claim.captive_portal)} == {0}
    assert {one.value.failure for one in ctx.observations if one.value.op == "link.web"} == {Failure.resolver_timeout}


def page(status: int, size_bytes: int = 0, location: str = "") -> Fetched:
    return Fetched(status, {"location": location} if location else {}, b"", size_bytes, 20.0, 30.0)


@pytest.mark.parametrize(
    ("fetched", "held", "free"),
    [
        (page(204), -2, -2),
        (page(302, location="http://login.hotel.example/?from=192.168.1.7"), 3, 1),
        (page(302, location="https://c.example.com/generate_204"), 0, 0),
        (page(302, location="/elsewhere"), 0, 0),
        (page(302, location="http://[broken"), 0, 0),
        (page(200, 900), 3, 1),
        (page(200, 0), 0, 0),
        (page(511, 400), 3, 1),
        (page(404, 300), 0, 0),
        (page(503, 300), 0, 0),
        (page(200, 90_000), 0, 0),
        (Failure.timeout, 0, 0),
        (Failure.refused, 0, 0),
    ],
)
def test_a_portal_is_a_page_in_the_place_of_an_empty_one_while_nothing_else_passes(
    fetched: Fetched | Failure, held: int, free: int
) -> None:
    strengths = []
    for peers in (Failure.timeout, OPEN):
        ctx = network(home=peers, abroad=peers)
        ctx.site(PORTAL.endpoint, lambda _method, _path, _body: fetched)
        strengths.append(evidence(ctx)[Claim.captive_portal].strength)
        assert not any("hotel" in str(one.value.data) for one in ctx.observations)
    assert strengths == [held, free]


IPV6 = {"c.example.com": ["2001:db8::c"], "d.example.com": ["2001:db8::d"]}


def by_ipv6(peers: StreamPeer | Failure, ipv4: StreamPeer | Failure = OPEN, names: object = None) -> FakeContext:
    ctx = network(abroad=ipv4)
    ctx.link_state = msgspec.structs.replace(HEALTHY_LINK, ipv6=True)
    ctx.names_v6 = dict(IPV6) if names is None else {}
    for (address,) in IPV6.values():
        ctx.stream_peer(f"tcp/{address}:443", peers)
    return ctx


@pytest.mark.parametrize(
    ("ctx", "strength"),
    [
        (by_ipv6(OPEN), 2),
        (by_ipv6(Failure.refused), 2),
        (by_ipv6(Failure.timeout), -2),
        (by_ipv6(Failure.host_unreachable), -2),
        (by_ipv6(Failure.timeout, ipv4=Failure.timeout), 0),
        (by_ipv6(Failure.network_unreachable), 0),
    ],
)
def test_ipv6_is_broken_only_where_the_same_hosts_answer_by_ipv4(ctx: FakeContext, strength: int) -> None:
    found = evidence(ctx)[Claim.ipv6_works]
    assert (found.strength, found.facts["answered"]) == (strength, 2 if strength > 0 else 0)


def test_ipv6_is_not_asked_without_a_route_and_not_judged_without_names() -> None:
    assert Claim.ipv6_works not in evidence(network())
    assert Claim.ipv6_works not in evidence(by_ipv6(OPEN, names=()))


@pytest.mark.parametrize(("depth", "most_s"), [("quick", 2.45), ("standard", 3.85)])
def test_everything_dead_costs_no_more_than_the_patience(depth: str, most_s: float) -> None:
    for resolver in (["192.0.2.9"], Failure.resolver_timeout):
        ctx = FakeContext(load.shipped(), info=CHECK.info, depth="quick" if depth == "quick" else "standard")
        ctx.link_state = msgspec.structs.replace(HEALTHY_LINK, ipv6=True)
        ctx.other_names = resolver
        assert run_check(CHECK, ctx) <= most_s


def test_a_healthy_line_is_done_sooner() -> None:
    ctx = network()
    ctx.site(PORTAL.endpoint, lambda _method, _path, _body: page(204))
    assert run_check(CHECK, ctx) <= 1.6


def test_it_keeps_the_rules_for_checks_in_every_network() -> None:
    def dual(ctx: FakeContext) -> None:
        ctx.link_state = msgspec.structs.replace(HEALTHY_LINK, ipv6=True)
        ctx.other_names = ["192.0.2.1"]
        ctx.names_v6 = dict(IPV6)
        ctx.peer("icmp/192.168.1.1", router({3}))
        ctx.other_streams = OPEN
        ctx.other_sites = lambda _method, _path, _body: page(204)

    assert conformance(CHECK, load.shipped(), worlds={"both kinds": dual}) == []


@pytest.mark.parametrize("op", ["link.web", "link.portal", "link.ipv6", "link.target_route", "link.device"])
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"connect_ms": "1", "waited_ms": None, "status": True, "body_bytes": [], "elsewhere": "yes"},
        {"service": 7, "endpoints": -1, "tunnelled": 9, "default_tunnel": 0},
        {"service": "telegram", "endpoints": 1, "tunnelled": 9, "default_tunnel": False},
        {"load_ratio": float("inf"), "filters": "no", "proxy": 1},
        {"ipv4_connect_ms": -1, "waited_ms": 10**400, "connect_ms": float("nan")},
    ],
)
def test_odd_observations_are_read_without_an_error_and_accuse_nobody(op: str, data: dict[str, object]) -> None:
    seen = [
        Numbered(seq, Observation(op=op, target=target, failure=failure, data=data))
        for seq, (target, failure) in enumerate(
            [(None, Failure.timeout), (ABROAD[0], Failure.timeout), (HOME[0], None)] * 300
        )
    ]
    assert all(item.strength > -2 for item in CHECK.read(seen))
