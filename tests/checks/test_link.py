"""The link check before scripted routers."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import Claim, Evidence, Failure, IcmpError, LinkState, Numbered, Observation
from callcheck.testing import HEALTHY_LINK, Answers, FakeContext, run_check
from callcheck_link import CHECK, Params
from callcheck_link.probe import echo_reply_number, echo_request
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
    ctx = FakeContext(answers={GATEWAY: router(set(range(lost)))})
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
    ctx = pinged(set(), replace(HEALTHY_LINK, default_route=False, gateway="", tunnel=None))
    assert [one.value.op for one in ctx.observations] == ["link.route"]
    assert ctx.bytes_moved == 0
    assert {claim: item.strength for claim, item in evidence(ctx).items()} == {Claim.route_exists: -3}


def test_a_route_without_a_router_is_unmeasurable() -> None:
    ctx = pinged(set(), replace(HEALTHY_LINK, gateway=""))
    found = evidence(ctx)
    assert found[Claim.route_exists].strength == 3
    assert (found[Claim.gateway_healthy].strength, found[Claim.gateway_healthy].facts["sent"]) == (0, 0)


@pytest.mark.parametrize(
    ("tunnel", "strengths"), [(True, [3]), (False, [-3]), (None, [])], ids=["tunnel", "no tunnel", "not told"]
)
def test_a_tunnel_is_claimed_only_where_the_system_tells(tunnel: bool | None, strengths: list[int]) -> None:
    ctx = pinged(set(), replace(HEALTHY_LINK, tunnel=tunnel))
    assert [item.strength for item in CHECK.read(ctx.observations) if item.claim is Claim.tunnel_in_use] == strengths


def test_where_the_platform_tells_nothing_there_is_no_claim_on_the_route() -> None:
    ctx = pinged(set(), LinkState(None, "", "", None, None, ()))
    assert set(evidence(ctx)) == {Claim.gateway_healthy}


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
