"""The stun check before scripted neutral hosts."""

from __future__ import annotations

import struct

import pytest

from callcheck.api import Claim, Evidence, Numbered, Observation, Target
from callcheck.testing import Answers, FakeContext, run_check
from callcheck.words import Failure
from callcheck_stun import CHECK


def host(number: int, network: str, role: str = "control") -> Target:
    return Target(role=role, address=f"198.18.0.{number}", port=3478, protocol="stun", network=network)  # type: ignore[arg-type]  # one of the roles


HOSTS = [host(1, "one"), host(2, "two"), host(3, "three"), host(4, "home", "domestic")]


def answering(request: bytes, *, cookie: bool = True, classic: bool = True) -> Answers:
    """A Binding success by hand: MAPPED-ADDRESS 203.0.113.7:4660 (RFC 3489 section 11.2.1)."""
    has_cookie = request[4:8] == b"\x21\x12\xa4\x42"
    if not (cookie if has_cookie else classic):
        return []
    attribute = struct.pack("!HHBBH4B", 0x0001, 8, 0, 1, 4660, 203, 0, 113, 7)
    return [(0.03, struct.pack("!HH", 0x0101, len(attribute)) + request[4:20] + attribute)]


def evidence(ctx: FakeContext) -> dict[Claim, Evidence]:
    return {item.claim: item for item in CHECK.read(ctx.observations)}


def asked(handlers: dict[int, object]) -> dict[Claim, Evidence]:
    ctx = FakeContext(HOSTS, info=CHECK.info)
    for number, handler in handlers.items():
        ctx.peer(f"udp/198.18.0.{number}:3478", handler)  # type: ignore[arg-type]  # handlers of the fake's shape
    run_check(CHECK, ctx)
    return evidence(ctx)


def test_three_hosts_of_three_networks_show_that_udp_passes() -> None:
    found = asked(dict.fromkeys((1, 2, 3, 4), answering))
    assert found[Claim.controls_answer].facts == {
        "asked": 3,
        "answered": 3,
        "networks": 3,
        "asked_networks": 3,
        "loss_ratio": 0.0,
        "slowest_rtt_ms": 30.0,
        "rtt_ms": 30.0,
    }
    assert [found[claim].strength for claim in (Claim.controls_answer, Claim.domestic_answers)] == [3, 2]
    assert found[Claim.cookie_ignored].strength == 2


@pytest.mark.parametrize(("alive", "strength"), [((), -3), ((1,), 1), ((1, 2), 1), ((1, 2, 3), 3)])
def test_controls_are_judged_by_how_many_answer(alive: tuple[int, ...], strength: int) -> None:
    assert asked(dict.fromkeys(alive, answering))[Claim.controls_answer].strength == strength


def test_a_host_that_answers_only_without_the_cookie_shows_a_rule_when_it_is_not_alone() -> None:
    def without_cookie(request: bytes) -> Answers:
        return answering(request, cookie=False)

    one = asked({1: without_cookie, 2: answering, 3: answering})
    assert one[Claim.cookie_ignored].strength == 0
    two = asked({1: without_cookie, 2: without_cookie, 3: answering})
    assert two[Claim.cookie_ignored].strength == -3


def test_names_that_do_not_resolve_say_nothing_about_udp() -> None:
    named = Target(role="control", host="stun.example.org", port=3478, protocol="stun", network="one")
    ctx = FakeContext([named], names={"stun.example.org": Failure.name_missing})
    run_check(CHECK, ctx)
    assert {one.value.failure for one in ctx.observations} == {Failure.name_missing}
    assert not list(CHECK.read(ctx.observations))


def test_packets_that_never_left_this_machine_deny_nothing() -> None:
    ctx = FakeContext(HOSTS)
    ctx.udp_failure = Failure.network_unreachable
    run_check(CHECK, ctx)
    assert not list(CHECK.read(ctx.observations))


def test_two_silent_hosts_deny_less_firmly_than_three() -> None:
    ctx = FakeContext(HOSTS[:2])
    run_check(CHECK, ctx)
    assert evidence(ctx)[Claim.controls_answer].strength == -2


@pytest.mark.parametrize(
    ("networks", "alive", "strength"),
    [
        (("one", "one", "one"), (1, 2, 3), 1),
        (("one", "one", "two"), (1, 2, 3), 3),
        (("one", "one"), (), 0),
        (("one", "two"), (), -2),
        (("one", "one", "one"), (), 0),
        (("one", "one", "two"), (), -3),
    ],
)
def test_hosts_of_one_network_count_as_one_witness(
    networks: tuple[str, ...], alive: tuple[int, ...], strength: int
) -> None:
    """One operator's outage, or one operator's good line, says nothing of the rest of the world."""
    ctx = FakeContext([host(number, network) for number, network in enumerate(networks, 1)], info=CHECK.info)
    for number in alive:
        ctx.peer(f"udp/198.18.0.{number}:3478", answering)
    run_check(CHECK, ctx)
    item = evidence(ctx)[Claim.controls_answer]
    assert item.strength == strength
    assert (item.facts["asked"], item.facts["asked_networks"]) == (len(networks), len(set(networks)))


def test_an_answer_to_another_question_is_no_answer() -> None:
    def wrong(request: bytes) -> Answers:
        first = answering(request)
        assert isinstance(first, list)
        return [(0.01, first[0][1][:8] + bytes(12) + first[0][1][20:])]

    found = asked(dict.fromkeys((1, 2, 3), wrong))
    assert found[Claim.controls_answer].strength == -3


def test_the_reflexive_address_is_observed_with_our_own() -> None:
    ctx = FakeContext(HOSTS[:1], answers={"udp/198.18.0.1:3478": answering})
    run_check(CHECK, ctx)
    data = ctx.observations[0].value.data
    assert (data["reflexive_address"], data["reflexive_port"]) == ("203.0.113.7", 4660)
    assert data["local_address"] == "192.168.1.2"


def test_reading_survives_observations_without_a_target() -> None:
    assert not list(CHECK.read([Numbered(0, Observation(op="stun.ask", form="cookie"))]))
