"""The path check before scripted routers."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest

from callcheck.api import Claim, Depth, Evidence, Failure, IcmpError, Numbered, Observation, Target
from callcheck.testing import Answers, FakeContext, conformance, run_check
from callcheck_path import CHECK
from callcheck_path.read import stretch

HOPS = {1: "192.168.1.1", 2: "198.51.100.1", 3: "203.0.113.2", 4: "203.0.113.9"}
RELAY = Target(service="telegram", function="calls", address="91.108.13.10", port=596, protocol="reflector")
OTHER_SITE = msgspec.structs.replace(RELAY, address="91.108.9.1")
CENTRE = Target(
    service="telegram", function="messaging", address="149.154.167.51", port=443, protocol="mtproto", transport="tcp"
)
CENTRE_2 = msgspec.structs.replace(CENTRE, address="149.154.175.53")
CONTROLS = [
    Target(role="control", address=f"198.18.{n}.1", port=3478, protocol="stun", network=f"n{n}") for n in range(3)
]
TCP_CONTROLS = [msgspec.structs.replace(one, protocol="tcp", transport="tcp", port=443) for one in CONTROLS]

Router = Callable[[bytes, int], Answers]


def expiring(last: int, hops: dict[int, str] | None = None) -> Router:
    """Packets expire at each hop up to `last`; nothing comes back from further on."""
    known = HOPS if hops is None else hops

    def route(_payload: bytes, ttl: int) -> Answers:
        return IcmpError(Failure.expired, known[ttl], 11, 0, 0) if ttl <= last and ttl in known else []

    return route


def is_hello(payload: bytes) -> bool:
    return payload[16:28] == b"\xff" * 12


def only(shape: Callable[[bytes], bool], stopped: Router, other: Router) -> Router:
    return lambda payload, ttl: stopped(payload, ttl) if shape(payload) else other(payload, ttl)


def probed(
    relay: Router,
    *,
    other_site: Router | None = None,
    other_port: Router | None = None,
    call_port: Router | None = None,
    control: Router | None = None,
    controls: tuple[Router, ...] = (),
) -> Evidence | None:
    ctx = FakeContext([RELAY, OTHER_SITE, *CONTROLS], answered=CONTROLS, info=CHECK.info)
    ctx.hops("udp/91.108.13.10:596", relay)
    ctx.hops("udp/91.108.9.1:596", other_site or relay)
    ctx.hops("udp/91.108.13.10:40321", other_port or relay)
    for number, router in enumerate(controls or [control or expiring(4)] * 3):
        ctx.hops(f"udp/198.18.{number}.1:3478", router)
    ctx.hops("udp/198.18.0.1:596", call_port or control or expiring(4))
    run_check(CHECK, ctx)
    return next(iter(CHECK.read(ctx.observations)), None)


def told(item: Evidence | None) -> tuple[int, object, object]:
    assert item is not None
    assert (item.service, item.function, item.claim) == ("telegram", "calls", Claim.path_open)
    return item.strength, item.facts["where"], item.facts["mechanism"]


UNTOLD = (0, "unknown", "unknown")


@pytest.mark.parametrize(
    ("relay", "other_port", "expected"),
    [
        pytest.param(only(is_hello, expiring(2), expiring(4)), None, (-3, "provider", "payload"), id="by payload"),
        pytest.param(expiring(2), expiring(4), (-3, "provider", "port"), id="by port"),
        pytest.param(expiring(2), None, (-2, "provider", "address"), id="by address"),
        pytest.param(expiring(1), None, (-2, "access", "address"), id="behind the home router"),
        pytest.param(expiring(0), None, UNTOLD, id="before the first hop"),
        pytest.param(expiring(4), None, (2, "beyond", "unknown"), id="as far as the control"),
    ],
)
def test_a_stop_is_told_by_what_goes_further(
    relay: Router, other_port: Router | None, expected: tuple[int, object, object]
) -> None:
    assert told(probed(relay, other_port=other_port)) == expected


def test_a_port_that_is_closed_to_everybody_singles_nobody_out() -> None:
    assert told(probed(expiring(1), other_port=expiring(4), call_port=expiring(1))) == UNTOLD


def test_behind_silent_routers_nothing_can_be_told() -> None:
    assert told(probed(expiring(0), control=expiring(0))) == UNTOLD
    assert told(probed(expiring(1), control=expiring(1))) == UNTOLD


def test_a_way_that_parts_from_the_controls_proves_nothing() -> None:
    elsewhere = expiring(4, {1: "192.168.1.1", 2: "192.0.2.1", 3: "192.0.2.2", 4: "192.0.2.3"})
    assert told(probed(expiring(2), control=elsewhere)) == UNTOLD


def test_controls_that_part_from_each_other_at_the_hop_show_a_fork() -> None:
    other = expiring(4, {**HOPS, 3: "192.0.2.2"})
    assert told(probed(expiring(2), controls=(expiring(4), other, expiring(4)))) == UNTOLD


def test_one_site_that_stops_while_another_goes_on_is_that_sites_affair() -> None:
    assert told(probed(expiring(2), other_site=expiring(4))) == UNTOLD


def test_a_stop_far_out_is_not_laid_at_the_providers_door() -> None:
    far = {ttl: f"203.0.113.{ttl}" for ttl in range(1, 9)}
    _, where, _ = told(probed(expiring(6, far), control=expiring(8, far)))
    assert where == "beyond"


@pytest.mark.parametrize("code", [0, 1, 13])
def test_a_router_that_says_unreachable_is_no_silence(code: int) -> None:
    def told_so(payload: bytes, ttl: int) -> Answers:
        unreachable = IcmpError(Failure.host_unreachable, HOPS[3], 3, code, 0)
        return unreachable if ttl > 2 else expiring(2)(payload, ttl)

    assert told(probed(told_so)) == UNTOLD


@pytest.mark.parametrize("answered_ratio", [0.3, 0.5, 0.7])
def test_routers_that_limit_their_errors_lead_to_no_claim_of_a_stop(answered_ratio: float) -> None:
    """The same path for all: whatever the limit leaves of the answers, it leaves of everybody's."""
    claims = []
    for seed in range(150):
        chance = random.Random(f"{answered_ratio}:{seed}")

        def limited(payload: bytes, ttl: int, chance: random.Random = chance) -> Answers:
            return expiring(4)(payload, ttl) if chance.random() < answered_ratio else []

        item = probed(limited, control=limited)
        claims.append(item.strength if item else 0)
    assert sum(strength < 0 for strength in claims) <= 1


def test_a_way_out_of_its_own_is_a_tunnel_for_some() -> None:
    ctx = FakeContext([RELAY, OTHER_SITE, *CONTROLS], answered=CONTROLS)
    for one in (RELAY, OTHER_SITE):
        ctx.hops(f"udp/{one.address}:596", expiring(2))
    for control in CONTROLS:
        ctx.hops(f"udp/{control.address}:3478", expiring(4))
    ctx.hops("udp/198.18.0.1:596", expiring(4))
    run_check(CHECK, ctx)
    assert next(iter(CHECK.read(ctx.observations))).strength == -2
    moved = [
        Numbered(one.seq, msgspec.structs.replace(one.value, data=one.value.data | {"local_address": "10.8.0.2"}))
        if one.value.form == "call"
        else one
        for one in ctx.observations
    ]
    assert next(iter(CHECK.read(moved))).strength == 0


def test_nothing_is_sent_when_nothing_is_silent_or_no_control_lives() -> None:
    for answered in ([*CONTROLS, RELAY], []):
        ctx = FakeContext([RELAY, *CONTROLS], answered=answered)
        run_check(CHECK, ctx)
        assert not ctx.observations


def test_no_probe_uses_full_ttl_and_every_socket_is_closed() -> None:
    ctx = FakeContext([RELAY, *CONTROLS], answered=CONTROLS)
    full_ttl: list[bytes] = []
    ctx.peer("udp/91.108.13.10:596", lambda payload: full_ttl.append(payload) or [])  # type: ignore[func-returns-value]  # append returns None
    run_check(CHECK, ctx)
    assert ctx.observations
    assert not full_ttl
    assert not ctx.open_sockets


def test_a_silent_text_path_is_probed_by_syn() -> None:
    ctx = FakeContext([CENTRE, CENTRE_2, *TCP_CONTROLS], answered=TCP_CONTROLS, info=CHECK.info)
    for one in (CENTRE, CENTRE_2):
        ctx.hops(f"tcp/{one.address}:443", expiring(2))
    for control in TCP_CONTROLS:
        ctx.hops(f"tcp/{control.address}:443", expiring(4))
    run_check(CHECK, ctx)
    item = next(iter(CHECK.read(ctx.observations)))
    assert (item.service, item.function, item.strength) == ("telegram", "messaging", -2)
    assert (item.facts["where"], item.facts["mechanism"]) == ("provider", "address")


def test_reading_survives_observations_without_hops_or_targets() -> None:
    bare = Observation(op="path.probe", data={"about_service": "telegram", "about_function": "calls"})
    assert [item.strength for item in CHECK.read([Numbered(0, bare)])] == [0]


V6_HOPS = {1: "2001:db8:1::1", 2: "2001:db8:2::1", 3: "2001:db8:3::2", 4: "2001:db8:3::9"}
V6_RELAYS = [msgspec.structs.replace(RELAY, address=f"2001:b28:f23{n}::1") for n in ("d", "f")]


def v6_expiring(last: int) -> Router:
    """ICMPv6 says type 3 for what ran out of hops (RFC 4443 section 3.3)."""
    return lambda _payload, ttl: (
        IcmpError(Failure.expired, V6_HOPS[ttl], 3, 0, 0) if ttl <= last and ttl in V6_HOPS else []
    )


def probed_by_v6(relay: Router, control: Router) -> tuple[FakeContext, list[Evidence]]:
    """Controls that answered by name and IPv4 are probed at their names' IPv6 addresses."""
    controls = [msgspec.structs.replace(one, address="", host=f"stun{n}.example") for n, one in enumerate(CONTROLS)]
    ctx = FakeContext([*V6_RELAYS, *controls], answered=controls, info=CHECK.info)
    for number, one in enumerate(controls):
        ctx.names_v6[one.host] = [f"2001:db8:c{number}::1"]
        ctx.hops(f"udp/2001:db8:c{number}::1:3478", control)
    ctx.hops("udp/2001:db8:c0::1:596", control)
    for one in V6_RELAYS:
        for port in (596, 40321):
            ctx.hops(f"udp/{one.address}:{port}", relay)
    run_check(CHECK, ctx)
    return ctx, list(CHECK.read(ctx.observations))


def test_a_stop_is_told_by_ipv6_too() -> None:
    ctx, (item,) = probed_by_v6(v6_expiring(2), v6_expiring(4))
    assert told(item) == (-2, "provider", "address")
    assert {one.value.data["ip_version"] for one in ctx.observations} == {6}
    assert {one.value.data.get("icmp_type") for one in ctx.observations} == {3, None}


def test_an_ipv6_router_that_says_unreachable_is_no_silence() -> None:
    def told_so(payload: bytes, ttl: int) -> Answers:
        unreachable = IcmpError(Failure.host_unreachable, V6_HOPS[3], 1, 1, 0)
        return unreachable if ttl > 2 else v6_expiring(2)(payload, ttl)

    _, (item,) = probed_by_v6(told_so, v6_expiring(4))
    assert told(item) == UNTOLD


@pytest.mark.parametrize(
    ("hop", "own", "where"),
    [
        ("fd00::1", "", "access"),
        ("fe80::1", "", "access"),
        ("2001:db8:1::1", "2001:db8:1::99", "access"),
        ("2001:db8:1::1", "2001:db8:2::99", "provider"),
        ("192.168.1.1", "", "access"),
        ("198.51.100.1", "198.51.100.7", "provider"),
        ("no address", "nor this", "provider"),
    ],
)
def test_a_home_router_is_known_by_its_address(hop: str, own: str, where: str) -> None:
    assert stretch(1, {1: hop}, own) == where


def test_both_ip_versions_are_told_by_themselves() -> None:
    targets = [RELAY, OTHER_SITE, *V6_RELAYS]
    v6_controls = [msgspec.structs.replace(one, address=f"2001:db8:c{n}::1") for n, one in enumerate(CONTROLS)]
    ctx = FakeContext([*targets, *CONTROLS, *v6_controls], answered=[*CONTROLS, *v6_controls], info=CHECK.info)
    ctx.other_hops = expiring(2)
    run_check(CHECK, ctx)
    assert {one.value.data["ip_version"] for one in ctx.observations} == {4, 6}
    assert [item.group for item in CHECK.read(ctx.observations)] == ["path:telegram"] * 2


@pytest.mark.parametrize(("depth", "limit_s"), [("quick", 2.6), ("standard", 8), ("deep", 30)])
def test_it_is_over_in_time_in_a_black_hole(depth: Depth, limit_s: float) -> None:
    many = [msgspec.structs.replace(RELAY, address=f"91.108.{n}.1") for n in range(40)]
    ctx = FakeContext([*many, *CONTROLS], answered=CONTROLS, depth=depth, info=CHECK.info)
    assert run_check(CHECK, ctx) <= limit_s
    ctx = FakeContext([*many, *CONTROLS], answered=[*many, *CONTROLS], depth=depth, info=CHECK.info)
    assert run_check(CHECK, ctx) <= limit_s


def test_it_keeps_the_rules_for_checks() -> None:
    assert conformance(CHECK, [RELAY, OTHER_SITE, *V6_RELAYS, CENTRE, *CONTROLS, *TCP_CONTROLS]) == []
