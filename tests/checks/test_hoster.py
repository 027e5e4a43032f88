"""Flows to hosters that go on, that are cut after some packets, and hosts that fall silent themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import Claim, Evidence, Failure, Numbered, Observation, TcpState
from callcheck.catalog import load
from callcheck.codec import stun
from callcheck.codec.stun_attributes import XorMappedAddress
from callcheck.model import Target
from callcheck.testing import Answers, FakeContext, StreamAnswers, StreamHandler, StreamPeer, conformance, run_check
from callcheck_hoster import CHECK

FIRST = Target(role="control", address="192.0.2.1", port=3478, protocol="hoster", network="one")
SECOND = Target(role="control", address="192.0.2.2", port=3478, protocol="hoster", network="two")
BY_TCP = Target(role="control", address="192.0.2.1", port=443, transport="tcp", protocol="hoster_tcp", network="one")


def reply(question: bytes) -> bytes:
    asked = stun.decode(question)
    assert isinstance(asked, stun.Message)
    mapped = XorMappedAddress("198.51.100.2", 40000)
    return stun.encode(stun.Message(stun.BINDING, "success", asked.transaction_id, (mapped,)))


class Host:
    """A STUN server behind a limit: each flow passes `limit` questions. The fake does not show ports, so a flow is
    told by when it is asked: the old one until it has been silent for long, then new and old in turn."""

    def __init__(self, limit: int = 10**6, *, revived: bool = True, comes_back: bool = False) -> None:
        self.limit = limit
        self.revived = revived
        self.comes_back = comes_back
        self.asked_at_s: list[float] = []

    def __call__(self, question: bytes) -> Answers:
        self.asked_at_s.append(asyncio.get_running_loop().time())
        number = len(self.asked_at_s)
        is_new = number > 36 and number % 2
        passes = number <= self.limit or (number > 36 and (self.revived if is_new else self.comes_back))
        return [(0.05, reply(question))] if passes else []


def conversation(limit: int, ended: Failure | None = None) -> Callable[[], StreamHandler]:
    def made() -> StreamHandler:
        asked = 0

        def handler(data: bytes) -> StreamAnswers:
            nonlocal asked
            if not data:
                return []
            asked += 1
            if asked <= limit:
                answer = reply(data)
                return [(0.03, answer[:7]), (0.04, answer[7:])]
            return [(0.03, ended)] if ended else []

        return handler

    return made


def evidence(ctx: FakeContext) -> list[Evidence]:
    run_check(CHECK, ctx)
    return list(CHECK.read(ctx.observations))


def world(*hosts: Host, tcp: StreamPeer | Failure | None = None) -> FakeContext:
    targets = [FIRST, SECOND][: len(hosts)] + ([BY_TCP] if tcp is not None else [])
    ctx = FakeContext(targets, info=CHECK.info, depth="standard")
    for target, host in zip((FIRST, SECOND), hosts, strict=False):
        ctx.peer(target.endpoint, host)
    if tcp is not None:
        ctx.stream_peer(BY_TCP.endpoint, tcp)
    return ctx


def said(ctx: FakeContext) -> list[tuple[int, dict[str, object]]]:
    return [(item.strength, item.facts) for item in evidence(ctx)]


def test_flows_that_go_on_are_carried() -> None:
    assert said(world(Host(), Host())) == [(2, {"asked": 2, "died": 0})]
    assert said(world(Host())) == [(1, {"asked": 1, "died": 0})]


@pytest.mark.parametrize(("limit", "packets"), [(12, 24), (6, 12), (20, 40)])
def test_flows_that_die_while_the_hosts_answer_another_port_are_cut(limit: int, packets: int) -> None:
    ctx = world(Host(limit), Host(limit))
    assert said(ctx) == [(-3, {"asked": 2, "died": 2, "packets": packets})]
    data = ctx.observations[0].value.data
    assert data["answered_numbers"] == list(range(1, limit + 1))
    assert (data["asked"], data["last_answered_number"], data["fell_silent"]) == (36, limit, True)
    assert [data[name] for name in ("renewed_asked", "renewed_answered", "again_asked", "again_answered")] == [
        4,
        4,
        4,
        0,
    ]
    assert not ctx.answered(protocol="hoster")


def test_one_death_alone_is_not_firm() -> None:
    assert said(world(Host(12), Host())) == [(-1, {"asked": 2, "died": 1, "packets": 24})]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(Host(12, revived=False), id="the host itself fell silent"),
        pytest.param(Host(12, comes_back=True), id="the old port was answered again"),
        pytest.param(Host(2), id="too few answers at first"),
        pytest.param(Host(0), id="never answered"),
    ],
)
def test_what_is_no_cut_says_nothing(host: Host) -> None:
    assert said(world(host)) == []


def test_losses_here_and_there_are_no_death() -> None:
    class Lossy(Host):
        def __call__(self, question: bytes) -> Answers:
            answers = super().__call__(question)
            return answers if len(self.asked_at_s) % 3 else []

    assert said(world(Lossy(), Lossy())) == [(2, {"asked": 2, "died": 0})]


def test_no_host_is_asked_more_than_ten_questions_a_second() -> None:
    host = Host(12)
    run_check(CHECK, world(host))
    assert len(host.asked_at_s) == 44
    gaps_s = [later - earlier for earlier, later in zip(host.asked_at_s, host.asked_at_s[1:], strict=False)]
    assert min(gaps_s) >= 0.0999


def test_a_connection_that_goes_on_is_carried_and_counted_in_segments() -> None:
    state = TcpState(40.0, 50, 45, 0, 480, 900)
    ctx = world(tcp=StreamPeer(conversation(99), state=state))
    assert said(ctx) == [(1, {"asked": 1, "died": 0})]
    data = ctx.observations[0].value.data
    assert (data["asked"], data["answered"], data["packets"]) == (24, 24, 95)


def test_a_frozen_connection_counts_only_while_a_new_one_is_answered() -> None:
    assert said(world(tcp=StreamPeer(conversation(7)))) == [(-1, {"asked": 1, "died": 1, "packets": 24})]

    made = 0

    def silent_from_the_second_on() -> StreamHandler:
        nonlocal made
        made += 1
        return conversation(7 if made == 1 else 0)()

    assert said(world(tcp=StreamPeer(silent_from_the_second_on))) == []


def test_deaths_over_both_protocols_are_firm() -> None:
    assert said(world(Host(12), tcp=StreamPeer(conversation(7))))[0][0] == -3


@pytest.mark.parametrize("ended", [Failure.eof, Failure.reset])
def test_a_server_that_has_had_enough_is_no_cut(ended: Failure) -> None:
    ctx = world(tcp=StreamPeer(conversation(7, ended)))
    assert said(ctx) == []
    assert ctx.observations[0].value.data["ended_by_host"] is True


@pytest.mark.parametrize("failure", [Failure.timeout, Failure.refused, Failure.network_unreachable])
def test_a_host_that_cannot_be_reached_says_nothing(failure: Failure) -> None:
    ctx = world(tcp=failure)
    assert said(ctx) == []
    assert ctx.observations[0].value.failure is failure


def test_slow_answers_end_the_connection_s_turn_in_time() -> None:
    def slow() -> StreamHandler:
        return lambda data: [(1.9, reply(data))] if data else []

    ctx = world(tcp=StreamPeer(slow))
    assert run_check(CHECK, ctx) < 12
    assert not any(item.strength < 0 for item in CHECK.read(ctx.observations))


def test_it_keeps_the_rules_for_checks_in_every_network() -> None:
    def answering(ctx: FakeContext) -> None:
        ctx.other_names = ["192.0.2.1"]
        ctx.other_datagrams = lambda question: [(0.05, reply(question))]
        ctx.other_streams = StreamPeer(conversation(9))

    assert conformance(CHECK, load.shipped(), worlds={"answering": answering}) == []


_flow_data = st.dictionaries(
    st.sampled_from(["fell_silent", "renewed_answered", "again_answered", "packets", "answered_numbers"]),
    st.one_of(st.booleans(), st.integers(), st.none(), st.text(max_size=3), st.floats()),
)


@given(st.lists(st.builds(Observation, op=st.sampled_from(["hoster.flow", "other"]), data=_flow_data), max_size=30))
@settings(max_examples=100)
def test_any_observations_are_read_without_an_error(found: list[Observation]) -> None:
    for item in CHECK.read([Numbered(seq, one) for seq, one in enumerate(found)]):
        assert item.claim is Claim.hosters_carry
        assert item.strength in {-3, -1, 1, 2}
