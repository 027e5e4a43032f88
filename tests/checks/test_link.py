"""The link check before scripted routers."""

from __future__ import annotations

import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import (
    Claim,
    DeviceState,
    Evidence,
    Failure,
    IcmpError,
    LinkState,
    Numbered,
    Observation,
    Route,
    Target,
)
from callcheck.testing import HEALTHY_LINK, Answers, FakeContext, run_check
from callcheck_link import CHECK, Params
from callcheck_link.echo import echo_reply_number, echo_request
from tests.checks.peers import reply_to, router

GATEWAY = "icmp/192.168.1.1"
CLOSED = "udp/192.168.1.1:33434"


def evidence(ctx: FakeContext) -> dict[Claim, Evidence]:
    return {item.claim: item for item in CHECK.read(ctx.observations)}


def pinged(lost: set[int], link: LinkState = HEALTHY_LINK) -> FakeContext:
    ctx = FakeContext(link=link, answers={GATEWAY: router(lost)}, info=CHECK.info)
    run_check(CHECK, ctx)
    return ctx


@pytest.mark.parametrize(("lost", "strength"), [(0, 2), (1, 2), (2, 0), (3, -3), (49, -3), (50, 0)])
def test_fifty_echoes_tell_a_healthy_router_from_a_lossy_one(lost: int, strength: int) -> None:
    found = evidence(pinged(set(range(lost))))[Claim.gateway_healthy]
    assert (found.facts["sent"], found.facts["received"]) == (50, 50 - lost)
    assert found.strength == strength
    assert len(found.seqs) == 50


@pytest.mark.parametrize(("lost", "strength"), [(2, 2), (3, 0), (4, 0), (5, -3)])
def test_loss_between_two_and_five_percent_says_nothing(lost: int, strength: int) -> None:
    ctx = FakeContext(answers={GATEWAY: router(set(range(lost)))}, depth="standard")
    run_check(CHECK, ctx, Params(echoes=100, interval_ms=20))
    assert evidence(ctx)[Claim.gateway_healthy].strength == strength


def test_round_trip_time_is_that_of_the_answered_echoes() -> None:
    assert evidence(pinged({3}))[Claim.gateway_healthy].facts["rtt_ms"] == pytest.approx(4.0)


def test_a_reply_after_the_next_request_still_counts_for_its_own() -> None:
    ctx = FakeContext(answers={GATEWAY: lambda request: [(0.12, reply_to(request))]})
    run_check(CHECK, ctx)
    found = evidence(ctx)[Claim.gateway_healthy]
    assert found.strength == 2
    assert found.facts["rtt_ms"] == pytest.approx(120.0)


def test_replies_to_other_pings_and_echoed_requests_count_for_nothing() -> None:
    def stranger(request: bytes) -> Answers:
        return [(0.001, request), (0.002, reply_to(request)[:-1] + b"?"), (0.003, b"\x00"), (0.004, b"")]

    ctx = FakeContext(answers={GATEWAY: stranger})
    run_check(CHECK, ctx)
    found = evidence(ctx)[Claim.gateway_healthy]
    assert (found.facts["received"], found.strength) == (0, 0)


def test_without_a_route_it_says_so_and_asks_nobody() -> None:
    ctx = pinged(set(), msgspec.structs.replace(HEALTHY_LINK, default_route=False, gateway="", tunnel=None))
    told = {one.value.op for one in ctx.observations if one.value.failure is not Failure.unsupported}
    assert told == {"link.route", "link.device"}
    assert ctx.bytes_moved == 0
    assert evidence(ctx)[Claim.route_exists].strength == -3
    assert not evidence(ctx).keys() & {Claim.gateway_healthy, Claim.gateway_steady, Claim.web_abroad}


def test_a_route_without_a_router_is_unmeasurable() -> None:
    ctx = pinged(set(), msgspec.structs.replace(HEALTHY_LINK, gateway=""))
    found = evidence(ctx)
    assert found[Claim.route_exists].strength == 3
    assert (found[Claim.gateway_healthy].strength, found[Claim.gateway_healthy].facts["sent"]) == (0, 0)


@pytest.mark.parametrize(
    ("tunnel", "strengths"), [(True, [3]), (False, [-3]), (None, [])], ids=["tunnel", "no tunnel", "not told"]
)
def test_a_tunnel_is_claimed_only_where_the_system_tells(tunnel: bool | None, strengths: list[int]) -> None:
    ctx = pinged(set(), msgspec.structs.replace(HEALTHY_LINK, tunnel=tunnel))
    assert [item.strength for item in CHECK.read(ctx.observations) if item.claim is Claim.tunnel_in_use] == strengths


def test_where_the_platform_tells_nothing_there_is_no_claim_and_what_is_missing_is_named() -> None:
    ctx = FakeContext(link=LinkState(None, "", "", None, None, ()), info=CHECK.info)
    ctx.device_state = DeviceState(None, None, None, None)
    run_check(CHECK, ctx)
    assert set(evidence(ctx)) == {Claim.gateway_healthy}
    untold = {(one.value.op, one.value.form) for one in ctx.observations if one.value.failure is Failure.unsupported}
    assert untold == {
        ("link.ping", ""),
        *(("link.route", part) for part in ("default_route", "tunnel", "wireless", "ipv6")),
        *(("link.device", part) for part in ("container", "filters", "proxy", "load_ratio")),
    }


@pytest.mark.parametrize(
    ("device", "filters", "busy"),
    [
        (DeviceState(False, False, False, 0.1), -3, -1),
        (DeviceState(False, True, False, 1.0), 3, 0),
        (DeviceState(False, False, True, 1.5), 3, 0),
        (DeviceState(False, None, True, 1.6), 3, 2),
        (DeviceState(False, None, False, 9.0), None, 3),
        (DeviceState(None, False, None, None), None, None),
    ],
)
def test_the_device_is_judged_only_by_what_it_tells(device: DeviceState, filters: int | None, busy: int | None) -> None:
    ctx = FakeContext(info=CHECK.info)
    ctx.device_state = device
    run_check(CHECK, ctx)
    found = evidence(ctx)
    said = [found[claim].strength if claim in found else None for claim in (Claim.filters_in_use, Claim.device_busy)]
    assert said == [filters, busy]


CALLS = [
    Target(service="telegram", function="calls", address=f"192.0.2.{number}", port=596, protocol="reflector")
    for number in (1, 2, 2)
]
TUNNEL, PLAIN, OTHER = Route("tun0", True), Route("eth0", False), Route("eth1", False)


@pytest.mark.parametrize(
    ("line", "first", "second", "strength", "facts"),
    [
        (False, PLAIN, PLAIN, -3, {"endpoints": 2, "tunnelled": 0, "elsewhere": 0}),
        (False, OTHER, PLAIN, -3, {"endpoints": 2, "tunnelled": 0, "elsewhere": 1}),
        (False, TUNNEL, PLAIN, 2, {"endpoints": 2, "tunnelled": 1, "elsewhere": 1}),
        (False, TUNNEL, TUNNEL, 3, {"endpoints": 2, "tunnelled": 2, "elsewhere": 2}),
        (True, OTHER, OTHER, -3, {"endpoints": 2, "tunnelled": 0, "elsewhere": 2}),
        (True, Route("eth0", True), Route("eth0", True), None, {}),
        (None, TUNNEL, TUNNEL, None, {}),
        (False, Failure.network_unreachable, Route("", None), None, {}),
    ],
)
def test_a_tunnel_for_calls_is_claimed_where_it_differs_from_the_line_s(
    line: bool | None, first: Route | Failure, second: Route | Failure, strength: int | None, facts: dict[str, int]
) -> None:
    ctx = FakeContext(CALLS, link=msgspec.structs.replace(HEALTHY_LINK, tunnel=line), info=CHECK.info)
    ctx.routes = {"192.0.2.1": first, "192.0.2.2": second}
    run_check(CHECK, ctx)
    found = [item for item in CHECK.read(ctx.observations) if item.claim is Claim.tunnel_on_the_way]
    assert [(item.service, item.function, item.strength, item.facts) for item in found] == (
        [] if strength is None else [("telegram", "calls", strength, facts)]
    )
    assert not ctx.answered(role="subject")


def port_unreachable(hop: str) -> IcmpError:
    return IcmpError(Failure.refused, hop, 3, 3, 0)


@pytest.mark.parametrize(
    ("answer", "received"),
    [
        (port_unreachable("192.168.1.1"), 6),
        (port_unreachable(""), 6),
        (port_unreachable("10.9.9.9"), 0),
        (IcmpError(Failure.host_unreachable, "192.168.1.1", 3, 1, 0), 0),
        ([], 0),
        (Failure.permission, 0),
    ],
)
def test_where_pings_are_forbidden_the_closed_port_shows_life_but_its_silence_proves_nothing(
    answer: Answers, received: int
) -> None:
    ctx = FakeContext(answers={CLOSED: lambda _: answer})
    ctx.icmp_failure = Failure.permission
    run_check(CHECK, ctx)
    found = evidence(ctx)[Claim.gateway_healthy]
    assert (found.strength, found.facts["received"]) == (0, received)
    assert {one.value.form for one in ctx.observations if one.value.op == "link.ping"} == {"closed_port"}


@given(number=st.integers(0, 65535), token=st.binary(min_size=24, max_size=24))
@settings(max_examples=100)
def test_an_echo_has_a_valid_checksum_and_is_known_again_by_number_and_token(number: int, token: bytes) -> None:
    request = echo_request(number, token)
    total = sum(struct.unpack(f"!{len(request) // 2}H", request))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
    assert echo_reply_number(reply_to(request), token) == number
    assert echo_reply_number(request, token) is None


@given(message=st.binary(max_size=60))
@settings(max_examples=100)
def test_any_bytes_are_read_without_an_error(message: bytes) -> None:
    assert echo_reply_number(message, b"t" * 24) is None


@given(
    st.lists(
        st.builds(
            Numbered,
            st.integers(0, 99),
            st.builds(
                Observation,
                op=st.sampled_from(["link.route", "link.ping", "other"]),
                form=st.sampled_from(["echo", "closed_port"]),
                failure=st.sampled_from([Failure.timeout, Failure.refused]),
                data=st.dictionaries(st.sampled_from(["sent_us", "default_route", "tunnel"]), st.booleans()),
            ),
        )
    )
)
@settings(max_examples=100)
def test_the_worst_that_partial_observations_say_is_that_there_is_no_route(found: list[Numbered[Observation]]) -> None:
    assert all(item.strength == 0 for item in CHECK.read(found) if item.claim is Claim.gateway_healthy)
