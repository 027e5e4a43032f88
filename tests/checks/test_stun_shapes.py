"""The stun check before hosts that treat ports, protocols, transports or addresses unlike, and on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from functools import partial
from itertools import pairwise

import msgspec
import pytest

from callcheck.api import Claim, Evidence, Failure, Numbered, Observation, Role, Target
from callcheck.engine.context import RealContext, RunState
from callcheck.engine.events import Bus
from callcheck.lab.servers.stun_wire import parse_stun
from callcheck.net.clock import Clock
from callcheck.testing import HEALTHY_LINK, Answers, FakeContext, StreamPeer, conformance, run_check
from callcheck.way_out import Seen, way_out
from callcheck_stun import CHECK
from callcheck_stun.by_tcp import ask_by_tcp


def host(number: int, *, port: int = 3478, protocol: str = "stun", role: Role = "control", **known: str) -> Target:
    return Target(
        role=role,
        address=f"198.18.0.{number}",
        port=port,
        transport="tcp" if protocol == "stun_tcp" else "udp",
        protocol=protocol,
        network=f"network{number}",
        answers=known,  # type: ignore[arg-type]  # words of Knowledge
    )


def success(request: bytes, outside: str = "203.0.113.7", port: int = 4660) -> bytes:
    attribute = struct.pack("!HHBBH", 0x0001, 8, 0, 1, port) + socket.inet_aton(outside)
    return struct.pack("!HH", 0x0101, len(attribute)) + request[4:20] + attribute


def stun(request: bytes) -> Answers:
    return [(0.03, success(request))] if request[:2] == b"\0\1" else []


def without_cookie(request: bytes) -> Answers:
    return [] if request[4:8] == b"\x21\x12\xa4\x42" else stun(request)


def dtls(request: bytes) -> Answers:
    if request[:1] != b"\x16":
        return []
    body = b"\xfe\xff\x14" + bytes(20)
    handshake = struct.pack("!B3sH3s3s", 3, b"\x00\x00\x17", 0, b"\x00\x00\x00", b"\x00\x00\x17")
    return [(0.02, b"\x16\xfe\xff" + bytes(8) + struct.pack("!H", len(handshake + body)) + handshake + body)]


def found(ctx: FakeContext) -> dict[Claim, Evidence]:
    run_check(CHECK, ctx)
    return {item.claim: item for item in CHECK.read(ctx.observations)}


def everybody() -> list[Target]:
    return [
        *(host(number, cookie="confirmed") for number in (1, 2, 3)),
        host(1, port=443, cookie="confirmed"),
        host(4, role="domestic"),
        host(5, protocol="dtls", port=5349, hello="confirmed"),
        host(6, protocol="dtls", port=4433, hello="confirmed"),
        host(7, protocol="nat_discovery"),
        host(8, protocol="stun_tcp", cookie="confirmed"),
        host(9, protocol="stun_tcp", port=443, cookie="confirmed"),
    ]


def world(ctx: FakeContext) -> None:
    ctx.other_datagrams = lambda request: stun(request) or dtls(request)
    ctx.other_streams = StreamPeer(lambda: lambda data: [(0.02, success(data))] if data else [])


def test_it_keeps_the_rules_for_checks_in_every_network() -> None:
    assert conformance(CHECK, everybody(), worlds={"answering": world}) == []


@pytest.mark.parametrize(("depth", "longest_s"), [("quick", 3.4), ("standard", 8.0), ("deep", 12.0)])
@pytest.mark.parametrize("alive", [True, False])
def test_it_ends_in_time_whoever_answers_and_even_with_a_dead_resolver(
    depth: str, longest_s: float, alive: bool
) -> None:
    named = msgspec.structs.replace(host(20, cookie="confirmed"), address="", host="stun.example.org")
    ctx = FakeContext([*everybody(), named], depth=depth, info=CHECK.info)  # type: ignore[arg-type]  # a depth
    ctx.names["stun.example.org"] = Failure.resolver_timeout
    if alive:
        world(ctx)
    assert run_check(CHECK, ctx) <= longest_s
    assert Failure.resolver_timeout in {one.value.failure for one in ctx.observations}


def test_a_healthy_line_supports_every_claim() -> None:
    ctx = FakeContext(everybody(), info=CHECK.info)
    world(ctx)
    strengths = {claim: item.strength for claim, item in found(ctx).items()}
    assert strengths == {
        Claim.controls_answer: 3,
        Claim.domestic_answers: 2,
        Claim.cookie_ignored: 2,
        Claim.one_way_out: 2,
        Claim.ports_alike: 2,
        Claim.mapping_steady: 0,
        Claim.stun_by_tcp: 2,
        Claim.dtls_passes: 2,
    }


def test_a_dead_line_denies_only_what_silence_says() -> None:
    items = found(FakeContext(everybody(), info=CHECK.info))
    strengths = {claim: item.strength for claim, item in items.items()}
    assert strengths == {
        Claim.controls_answer: -3,
        Claim.domestic_answers: -2,
        Claim.ports_alike: 0,
        Claim.stun_by_tcp: -2,
        Claim.dtls_passes: 0,
    }


@pytest.mark.parametrize(
    ("known", "silent_port", "strength"),
    [("confirmed", 443, -2), ("confirmed", 3478, -2), ("inferred", 443, 0), ("confirmed", 0, 2)],
)
def test_a_silent_port_beside_one_that_answers_shows_a_rule_for_ports(
    known: str, silent_port: int, strength: int
) -> None:
    ctx = FakeContext([host(1, cookie=known), host(1, port=443, cookie=known)], info=CHECK.info)
    for port in {3478, 443} - {silent_port}:
        ctx.peer(f"udp/198.18.0.1:{port}", stun)
    item = found(ctx)[Claim.ports_alike]
    assert (item.strength, item.facts) == (strength, {"hosts": 1, "silent": int(strength < 0)})


def test_a_refused_port_is_closed_and_not_silent() -> None:
    ctx = FakeContext([host(1, cookie="confirmed"), host(1, port=443, cookie="confirmed")], info=CHECK.info)
    ctx.peer("udp/198.18.0.1:3478", stun)
    ctx.peer("udp/198.18.0.1:443", lambda _request: Failure.refused)
    assert found(ctx)[Claim.ports_alike].strength == 0


@pytest.mark.parametrize(
    ("hosts", "known", "strength"), [(2, "confirmed", -2), (1, "confirmed", -1), (2, "inferred", 0)]
)
def test_silence_to_dtls_counts_where_it_is_known_to_be_answered(hosts: int, known: str, strength: int) -> None:
    silent = [host(number, protocol="dtls", port=5349, hello=known) for number in (5, 6)][:hosts]
    ctx = FakeContext([*(host(number) for number in (1, 2, 3)), *silent], info=CHECK.info)
    for number in (1, 2, 3):
        ctx.peer(f"udp/198.18.0.{number}:3478", stun)
    assert found(ctx)[Claim.dtls_passes].strength == strength


def test_a_line_that_is_punished_for_a_hello_is_not_said_to_drop_dtls() -> None:
    ctx = FakeContext(everybody(), info=CHECK.info)
    punished: list[int] = []

    def answer(request: bytes) -> Answers:
        if request[:1] == b"\x16":
            punished.append(1)
        return [] if punished else stun(request)

    ctx.other_datagrams = answer
    item = found(ctx)[Claim.dtls_passes]
    assert (item.strength, item.facts["went_silent"]) == (0, True)


def test_hosts_that_lose_packets_show_no_rule_against_the_cookie() -> None:
    """Two hosts answer without the cookie alone, but every other classic question elsewhere is lost as well."""
    targets = [host(number) for number in range(1, 7)]
    ctx = FakeContext(targets, info=CHECK.info)
    ctx.peer("udp/198.18.0.1:3478", without_cookie)
    ctx.peer("udp/198.18.0.2:3478", without_cookie)
    asked = dict.fromkeys((3, 4, 5, 6), 0)

    def lossy(number: int, request: bytes) -> Answers:
        asked[number] += request[4:8] != b"\x21\x12\xa4\x42"
        return without_cookie(request) if asked[number] % 2 else []

    for number in asked:
        ctx.peer(f"udp/198.18.0.{number}:3478", partial(lossy, number))
    assert found(ctx)[Claim.cookie_ignored].strength == 0


def test_ipv6_is_asked_where_there_is_a_route_and_denies_nothing_about_ipv4() -> None:
    named = msgspec.structs.replace(host(1, cookie="confirmed"), address="", host="stun.example.org")
    link = msgspec.structs.replace(HEALTHY_LINK, ipv6=True)
    ctx = FakeContext([named], link=link, names={"stun.example.org": ["198.18.0.1"]}, info=CHECK.info)
    ctx.names_v6["stun.example.org"] = ["2001:db8::1"]
    ctx.peer("udp/198.18.0.1:3478", stun)
    found(ctx)
    six = [one.value for one in ctx.observations if one.value.data.get("family") == 6]
    assert {(one.op, one.form, one.failure) for one in six} == {("stun.ask_ipv6", "cookie", Failure.timeout)}
    assert {one.target.protocol for one in six if one.target} == {"stun_ipv6"}
    assert not [target for target in ctx.answered_targets if target.protocol == "stun_ipv6"]
    controls = next(item for item in CHECK.read(ctx.observations) if item.claim == Claim.controls_answer)
    assert (controls.facts["asked"], controls.strength) == (1, 1)


def test_no_address_is_asked_more_than_ten_times_a_second_whatever_its_ports() -> None:
    times: list[int] = []
    ctx = FakeContext(everybody(), depth="deep", info=CHECK.info)

    def noting(request: bytes) -> Answers:
        times.append(ctx.now_us())
        return stun(request)

    ctx.peer("udp/198.18.0.1:3478", noting)
    ctx.peer("udp/198.18.0.1:443", noting)
    run_check(CHECK, ctx)
    assert len(times) > 20
    assert min(later - earlier for earlier, later in pairwise(times)) >= 100_000


def ways(*seen: tuple[str, str]) -> list[Seen]:
    """(network, address) in the order of the journal; a host a network."""
    return [Seen(seq, f"host of {network}", network, address) for seq, (network, address) in enumerate(seen)]


A, B = "198.51.100.2", "203.0.113.9"


@pytest.mark.parametrize(
    ("seen", "strength", "changed"),
    [
        (ways(("one", A), ("two", A), ("three", A)), 2, False),
        (ways(("one", A), ("two", A)), 0, False),
        (ways(("one", A), ("two", B), ("one", A), ("two", B)), -3, False),
        (ways(("one", A), ("two", B), ("one", A)), 0, False),  # one answer alone saw the other address
        (ways(("one", A), ("one", A), ("two", B), ("two", B)), 0, True),  # it changed in between
        (ways(("one", A), ("two", A), ("one", B), ("two", B)), 0, True),
        (ways(("one", A), ("two", B), ("one", B), ("two", A)), 0, True),  # an address for each flow
    ],
)
def test_the_ways_out_are_compared_between_networks(seen: list[Seen], strength: int, changed: bool) -> None:
    item = way_out(seen)
    assert item is not None
    assert (item.strength, item.facts["changed"]) == (strength, changed)
    assert way_out([]) is None


def seen_as(outside: str, request: bytes) -> Answers:
    return [(0.03, success(request, outside))]


def test_a_tunnel_for_one_network_is_seen() -> None:
    ctx = FakeContext([host(1), host(2), host(3)], info=CHECK.info)
    for number, outside in ((1, A), (2, A), (3, B)):
        ctx.peer(f"udp/198.18.0.{number}:3478", partial(seen_as, outside))
    item = found(ctx)[Claim.one_way_out]
    assert (item.strength, item.facts) == (-3, {"addresses": 2, "networks": 3, "changed": False})


@pytest.mark.parametrize("data", [{}, {"rtt_ms": "x", "reflexive_address": 7, "port_kept": "yes"}, {"rtt_ms": -1.0}])
def test_reading_survives_odd_and_many_observations(data: dict[str, object]) -> None:
    ops = ("stun.ask", "stun.nat", "stun.dtls", "stun.tcp", "stun.after", "stun.ask_ipv6", "other")
    many = [
        Numbered(seq, Observation(op=ops[seq % 7], target=host(seq % 9) if seq % 5 else None, form="cookie", data=data))
        for seq in range(7000)
    ]
    assert all(-3 <= item.strength <= 3 for item in CHECK.read(many))


def test_it_asks_a_real_server_over_tcp() -> None:
    """STUN over TCP on loopback: the answer comes in two pieces, framed by its own length alone."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as peer:
            request = peer.recv(100)
            assert parse_stun(request) is not None  # the lab's reading of the RFC, not our own
            answer = success(request)
            peer.sendall(answer[:9])
            peer.sendall(answer[9:])

    thread = threading.Thread(target=serve)
    thread.start()
    target = Target(role="control", address="127.0.0.1", port=listener.getsockname()[1], transport="tcp")
    observed = _on_loopback(target)
    thread.join(5)
    assert (observed.failure, observed.data["opened"]) == (None, True)
    assert observed.data["reflexive_address"] == "203.0.113.7"


def _on_loopback(target: Target) -> Observation:
    import asyncio

    async def asked() -> Observation:
        clock = Clock()
        context = RealContext(RunState((target,), "quick", clock, Bus(clock.now_us)), CHECK.info)
        try:
            return await ask_by_tcp(context, target, timeout_s=3.0)
        finally:
            context.close()

    return asyncio.run(asked())
