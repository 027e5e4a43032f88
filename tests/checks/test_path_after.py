"""A flow that dies, and where its packets are no longer seen."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from callcheck.api import Depth, Evidence, Failure, IcmpError, Target
from callcheck.codec import stun
from callcheck.testing import Answers, FakeContext, conformance, run_check
from callcheck_path import CHECK
from callcheck_path.read_after import has_died, lives

HOPS = {1: "192.168.1.1", 2: "198.51.100.1", 3: "203.0.113.2", 4: "203.0.113.9"}
RELAYS = [
    Target(service="telegram", function="calls", address=f"91.108.{n}.2", port=1400, protocol="turn") for n in (9, 13)
]
CONTROLS = [
    Target(role="control", address=f"198.18.{n}.1", port=3478, protocol="stun", network=f"n{n}", large=True)
    for n in range(2)
]


def success(question: bytes) -> bytes:
    """The header of a Binding success (RFC 8489 section 5) with the question's transaction."""
    return b"\x01\x01\x00\x00\x21\x12\xa4\x42" + question[8:20]


def test_the_answer_made_here_is_one() -> None:
    message = stun.decode(success(stun.binding_request(b"123456789012")))
    assert isinstance(message, stun.Message)
    assert message.kind == "success"


def on_the_way(reach: Callable[[int], int], hops: dict[int, str] | None = None) -> Callable[[bytes, int], Answers]:
    """`reach(n)` is how far the n-th probe comes."""
    counter = itertools.count()
    known = HOPS if hops is None else hops

    def route(_payload: bytes, ttl: int) -> Answers:
        far = reach(next(counter))
        return IcmpError(Failure.expired, known[ttl], 11, 0, 0) if ttl <= far and ttl in known else []

    return route


def looked_after(
    relay: Callable[[bytes, int], Answers],
    *,
    questions: int = 6,
    control: Callable[[bytes, int], Answers] | None = None,
    control_questions: int = 100,
    depth: Depth = "standard",
    relays: int = 1,
    delay_s: float = 0.05,
) -> tuple[FakeContext, list[Evidence], float]:
    targets = [*RELAYS[:relays], *CONTROLS]
    ctx = FakeContext(targets, answered=targets, depth=depth, info=CHECK.info)

    def answering(limit: int) -> Callable[[bytes], Answers]:
        asked = itertools.count()
        return lambda question: [(delay_s, success(question))] if next(asked) < limit else []

    for one in RELAYS[:relays]:
        ctx.peer(f"udp/{one.address}:1400", answering(questions))
        ctx.hops(f"udp/{one.address}:1400", relay)
    for one in CONTROLS:
        ctx.peer(f"udp/{one.address}:3478", answering(control_questions))
        ctx.hops(f"udp/{one.address}:3478", control or on_the_way(lambda _: 4))
    seconds = run_check(CHECK, ctx)
    return ctx, [item for item in CHECK.read(ctx.observations) if item.claim == "path_open"], seconds


def dead_beyond(last: int) -> Callable[[bytes, int], Answers]:
    """The sweep on the dead flow comes to `last`; then dead and new packets to the next hop take turns."""
    seen: list[int] = []

    def route(_payload: bytes, ttl: int) -> Answers:
        seen.append(ttl)
        confirming = len(seen) > 1 and (seen.count(ttl) > 1)
        far = 4 if confirming and seen.count(ttl) % 2 == 1 else last
        return IcmpError(Failure.expired, HOPS[ttl], 11, 0, 0) if ttl <= far and ttl in HOPS else []

    return route


def test_a_flow_is_cut_where_its_packets_are_no_longer_seen() -> None:
    ctx, found, seconds = looked_after(dead_beyond(2))
    assert [(one.strength, one.facts["where"], one.facts["last_hop_call"]) for one in found] == [(-2, "provider", 2)]
    assert found[0].group == "path:telegram"
    assert seconds <= 8
    assert not ctx.open_sockets


def test_a_relay_that_stops_answering_cuts_nothing_on_the_way() -> None:
    _, found, _ = looked_after(on_the_way(lambda _: 4))
    assert [one.strength for one in found] == [0]


def test_when_new_flows_are_not_seen_either_it_is_not_the_flow_that_died() -> None:
    _, found, _ = looked_after(on_the_way(lambda _: 2))
    assert [one.strength for one in found] == [0]


def test_behind_silent_routers_nothing_can_be_told() -> None:
    _, found, _ = looked_after(on_the_way(lambda _: 0), control=on_the_way(lambda _: 0))
    assert [one.strength for one in found] == [0]


@pytest.mark.parametrize(("questions", "control_questions"), [(100, 100), (0, 100), (2, 100), (6, 6)])
def test_only_a_flow_that_died_beside_a_living_one_is_traced(questions: int, control_questions: int) -> None:
    ctx, found, _ = looked_after(dead_beyond(2), questions=questions, control_questions=control_questions)
    assert found == []
    assert all(one.value.data.get("stage") != "after" for one in ctx.observations)


def test_a_living_relay_is_asked_ten_times_and_no_more() -> None:
    ctx, _, _ = looked_after(on_the_way(lambda _: 4), questions=100)
    assert sum(name.startswith("udp/91.108") for name, _ in ctx.sent) == 10
    (flow,) = [one.value for one in ctx.observations if one.value.op == "path.flow" and one.value.form == "call"]
    assert (flow.data["sent"], flow.data["answered"], flow.failure) == (10, 10, None)


def test_a_silent_flow_is_asked_a_few_times_more() -> None:
    ctx, _, _ = looked_after(dead_beyond(2))
    (flow,) = [one.value for one in ctx.observations if one.value.op == "path.flow" and one.value.form == "call"]
    assert (flow.data["sent"], flow.data["answered"], flow.data["last_answered"]) == (14, 6, 6)


def test_answers_from_too_far_away_lead_to_no_trace() -> None:
    ctx, found, seconds = looked_after(dead_beyond(2), delay_s=0.4)
    assert found == []
    assert all(one.value.data.get("stage") != "after" for one in ctx.observations)
    assert seconds <= 8


def test_quick_opens_no_flow() -> None:
    ctx, _, _ = looked_after(dead_beyond(2), depth="quick")
    assert not ctx.sent


@pytest.mark.parametrize(
    ("answered", "died"),
    [
        ([1] * 6 + [0] * 8, True),
        ([1] * 10, False),
        ([1] * 11 + [0] * 3, False),
        ([1, 0, 0, 1, 0, 1, 0, 0, 1] + [0] * 5, False),
        ([0] * 14, False),
        ([], False),
    ],
)
def test_a_death_is_steady_answers_and_then_none(answered: list[int], died: bool) -> None:
    assert has_died([bool(one) for one in answered]) is died


def test_a_flow_lives_while_its_last_questions_are_answered() -> None:
    assert lives([True] * 10)
    assert not lives([True] * 6 + [False] * 8)
    assert not lives([])


def test_it_keeps_the_rules_when_flows_die() -> None:
    def dying(ctx: FakeContext) -> None:
        ctx.answered_targets = list(ctx.targets())
        asked = itertools.count()
        ctx.other_datagrams = lambda question: [(0.05, success(question))] if next(asked) < 12 else []
        for one in CONTROLS:
            ctx.peer(f"udp/{one.address}:3478", lambda question: [(0.05, success(question))])
        ctx.other_hops = on_the_way(lambda _: 3)

    assert conformance(CHECK, [*RELAYS, *CONTROLS], worlds={"dying": dying}) == []
