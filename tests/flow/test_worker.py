"""The sending loop against scripted echoes on loopback."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from callcheck.api import Arm, Target
from callcheck.flow.ledger import DEAD_AFTER_NS
from callcheck.flow.plan import Plan, decode, encode
from callcheck.flow.sockets import Leg
from callcheck.flow.worker import StalledError, Worker
from callcheck.model import FlowSecond
from tests.flow.codecs import NUMBER, Counting, Greeted, Numbers, Stalls
from tests.flow.echo import Echo, Script, UdpThread


@dataclass(slots=True)
class Outcome:
    """What a run reported, put together again per arm."""

    seconds: list[FlowSecond] = field(default_factory=list)

    def numbers(self, arm: str = "arm", *, received: bool) -> list[int]:
        return [
            second.first_number + at
            for second in self.seconds
            if second.arm == arm
            for at, at_us in enumerate(second.received_us)
            if (at_us is not None) == received
        ]

    def arms(self) -> set[str]:
        return {second.arm for second in self.seconds}


def _arm(target: Target, *, name: str = "arm", codec: Numbers | None = None, **more: Any) -> Arm:
    return Arm(name=name, target=target, codec=codec or Numbers(), rate_pps=20, **more)


def _run(*arms: Arm, seconds: float = 1.0) -> Outcome:
    outcome = Outcome()
    Worker(Plan(arms, seconds, time.monotonic_ns()), outcome.seconds.append, lambda: None).run()
    return outcome


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_packets_that_come_back_are_received_and_sized_at_the_ip_layer(ip: str) -> None:
    with Echo(ip=ip) as echo:
        outcome = _run(_arm(echo.target), seconds=0.3)
    assert outcome.numbers(received=True) == list(range(6))
    assert {second.ip_bytes for second in outcome.seconds} == {188 if ip == "127.0.0.1" else 208}


def test_lost_doubled_and_reordered_packets_are_told_apart() -> None:
    script = Script(lost=frozenset({3, 11}), doubled=frozenset({5}), held={7: 9})
    with Echo(script) as echo:
        outcome = _run(_arm(echo.target))
    assert outcome.numbers(received=False) == [3, 11]
    (second,) = outcome.seconds
    times = second.received_us
    assert times[7] is not None
    assert times[8] is not None
    assert times[7] > times[8]


def test_an_answer_that_comes_after_its_second_was_reported_is_a_loss() -> None:
    with Echo(Script(held={0: 58})) as echo:
        outcome = _run(_arm(echo.target), seconds=3.0)
    assert outcome.numbers(received=False) == [0]


def test_times_are_in_order_and_in_run_time() -> None:
    with Echo() as echo:
        began_us = time.monotonic_ns() // 1000
        outcome = Outcome()
        Worker(Plan((_arm(echo.target),), 0.5, 0), outcome.seconds.append, lambda: None).run()
        ended_us = time.monotonic_ns() // 1000
    (second,) = outcome.seconds
    for due_us, sent_us, received_us in zip(second.scheduled_us, second.sent_us, second.received_us, strict=True):
        assert received_us is not None
        assert began_us <= due_us <= sent_us <= received_us <= ended_us


def test_new_source_ports_are_used_after_the_packets_a_port_may_carry() -> None:
    with Echo(Script(held={4: 6, 9: 11})) as echo:
        outcome = _run(_arm(echo.target, codec=Numbers(packets_per_port=5)), seconds=0.9)
        ports = defaultdict(list)
        for number, port in echo.sources.items():
            ports[port].append(number)
    assert sorted(ports.values()) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14], [15, 16, 17]]
    assert outcome.numbers(received=False) == [], "answers to a port that was left still count"


def test_the_flow_begins_when_every_arm_has_been_greeted_back() -> None:
    with Echo(Script(unheard_greetings=1)) as slow, Echo() as quick:
        arms = [_arm(at.target, name=name, codec=Greeted()) for name, at in (("slow", slow), ("quick", quick))]
        outcome = _run(*arms, seconds=0.3)
        assert slow.greetings == 2
    assert outcome.numbers("slow", received=True) == outcome.numbers("quick", received=True) == list(range(6))
    first = {second.arm: second.scheduled_us for second in outcome.seconds}
    assert first["slow"] == first["quick"], "matched arms share their ticks"


def test_an_arm_that_is_never_ready_greets_four_times_and_its_packets_are_sent() -> None:
    with Echo(Script(unheard_greetings=99, lost=frozenset(range(6)))) as echo:
        outcome = _run(_arm(echo.target, codec=Greeted()), seconds=0.3)
        assert echo.greetings == 4
        assert sorted(echo.sources) == list(range(6))
    assert outcome.numbers(received=False) == list(range(6))


def test_an_arm_that_starts_later_sends_its_first_packet_in_its_own_second() -> None:
    with Echo() as echo:
        outcome = _run(_arm(echo.target, name="now"), _arm(echo.target, name="later", start_s=1.0), seconds=1.2)
    assert [(s.second, len(s.sent_us)) for s in outcome.seconds if s.arm == "later"] == [(1, 4)]
    assert outcome.numbers("now", received=True) == list(range(24))


def test_a_refused_port_loses_every_packet_and_sends_every_packet() -> None:
    with Echo() as echo:
        refused = echo.target
    with Echo() as alive:
        outcome = _run(_arm(refused, name="refused"), _arm(alive.target, name="alive"), seconds=0.5)
    assert outcome.numbers("refused", received=False) == list(range(10))
    assert outcome.numbers("alive", received=True) == list(range(10))


def test_an_address_without_a_route_loses_its_packets_and_the_run_goes_on() -> None:
    # Linux refuses to connect to the limited broadcast address without SO_BROADCAST, as it does without a route.
    with Echo() as alive:
        nowhere = Target(address="255.255.255.255", port=9)
        outcome = _run(_arm(nowhere, name="nowhere"), _arm(alive.target, name="alive"), seconds=0.3)
    assert outcome.numbers("nowhere", received=False) == list(range(6))
    assert outcome.numbers("alive", received=True) == list(range(6))


def test_a_flood_on_one_socket_is_taken_in_bounded_helpings() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        leg = Leg.open(*far.getsockname())
        try:
            leg.send(b"hello")
            _, sender = far.recvfrom(100)
            for payload in (b"one", b"two", b"three"):
                far.sendto(payload, sender)
            before_ns = time.monotonic_ns()
            taken = [*leg.receive(2)]
            assert [one.payload for one in taken] == [b"one", b"two"], "no more than asked, so that sending goes on"
            assert all(one.at_ns <= one.taken_ns <= before_ns + 10**9 for one in taken)
            assert [one.payload for one in leg.receive(9)] == [b"three"]
        finally:
            leg.close()


def test_a_process_that_stood_still_ends_the_flow_instead_of_sending_a_burst() -> None:
    with Echo() as echo, pytest.raises(StalledError, match=r"stood still for 1\.\d s"):
        _run(_arm(echo.target, codec=Stalls()), seconds=3.0)
    assert sorted(echo.sources) == [0, 1]


def test_a_host_name_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="not an IP address"):
        _run(_arm(Target(address="localhost", port=9)))


def test_the_packets_of_a_tick_leave_in_an_order_that_changes() -> None:
    with Echo() as echo:
        outcome = _run(*[_arm(echo.target, name=name) for name in "abcd"], seconds=1.0)
    orders = {
        tuple(sorted("abcd", key=lambda name: sent[name][number]))
        for sent in [{second.arm: second.sent_us for second in outcome.seconds}]
        for number in range(20)
    }
    assert len(orders) > 1


def test_a_plan_survives_the_way_to_the_flow_process() -> None:
    plan = Plan((_arm(Target(address="127.0.0.1", port=9), codec=Greeted()),), 5.2, 17)
    assert decode(encode(plan)) == plan


def test_what_is_no_plan_is_refused() -> None:
    import pickle

    with pytest.raises(ValueError, match="dict"):
        decode(pickle.dumps({}))


def _late_us(seconds: Sequence[FlowSecond]) -> list[int]:
    return [sent - due for s in seconds for due, sent in zip(s.scheduled_us, s.sent_us, strict=True)]


def test_no_packet_leaves_before_it_is_due() -> None:
    with Echo() as echo:
        outcome = _run(_arm(echo.target), seconds=0.5)
    assert min(_late_us(outcome.seconds)) >= 0


def test_an_arm_may_end_before_the_run() -> None:
    with Echo() as echo:
        outcome = _run(_arm(echo.target, name="short", stop_s=0.3), _arm(echo.target, name="whole"), seconds=0.6)
    assert outcome.numbers("short", received=True) == list(range(6))
    assert outcome.numbers("whole", received=True) == list(range(12))


def test_twins_follow_each_other_and_the_pairs_keep_the_rate() -> None:
    with Echo() as echo:
        outcome = _run(_arm(echo.target, twins_apart_s=0.005), seconds=0.4)
    (second,) = outcome.seconds
    apart_us = [later - earlier for earlier, later in pairwise(second.scheduled_us)]
    assert apart_us == [5_000, 95_000, 5_000, 95_000, 5_000, 95_000, 5_000]


def test_a_spare_begins_in_step_when_its_arm_has_died_and_not_before() -> None:
    with Echo(Script(lost=frozenset(range(8, 99)))) as mortal, Echo() as alive:
        outcome = _run(
            _arm(mortal.target, name="old"),
            _arm(alive.target, name="control"),
            _arm(alive.target, name="renewed", after_death_of=("old",)),
            _arm(alive.target, name="renewed control", after_death_of=("old", "control")),
            _arm(alive.target, name="never", after_death_of=("control",)),
            seconds=3.6,
        )
    first_us = {name: min(s.sent_us[0] for s in outcome.seconds if s.arm == name) for name in outcome.arms()}
    assert set(first_us) == {"old", "control", "renewed", "renewed control"}
    dies_us = first_us["old"] + 8 * 50_000
    assert first_us["renewed"] - dies_us > DEAD_AFTER_NS / 1000
    due = {
        name: {at_us for s in outcome.seconds if s.arm == name for at_us in s.scheduled_us} for name in outcome.arms()
    }
    assert due["renewed"] == due["renewed control"] < due["control"], "new flows share the ticks of the old ones"
    assert outcome.numbers("renewed", received=True)
    assert not outcome.numbers("renewed", received=False)
    assert outcome.numbers("old", received=True) == list(range(8))


def test_an_answer_a_thousand_times_over_is_one_answer_and_holds_nothing_up() -> None:
    def shower(payload: bytes, sender: tuple[str, int]) -> list[tuple[bytes, tuple[str, int]]]:
        return [(payload, sender)] * 1000

    with UdpThread(shower) as far:
        outcome = _run(_arm(far.target), seconds=0.5)
    answered = outcome.numbers(received=True)
    assert answered[0] == 0
    assert len(set(answered)) == len(answered)
    assert sorted(answered + outcome.numbers(received=False)) == list(range(10)), "each is sent, and once"
    (second,) = outcome.seconds
    assert second.duplicates > 100, "the kernel's buffer may drop most of them, and first answers too"


def test_garbage_and_answers_to_packets_not_sent_are_no_answers() -> None:
    strange = (b"", b"?", NUMBER + b"\xff\xff\xff\xff", NUMBER, bytes(1400))

    def talk(payload: bytes, sender: tuple[str, int]) -> list[tuple[bytes, tuple[str, int]]]:
        return [(answer, sender) for answer in strange]

    with UdpThread(talk) as far:
        outcome = _run(_arm(far.target), seconds=0.5)
    assert outcome.numbers(received=True) == [0], "a number of no bytes reads as packet 0"
    assert sum(second.unnumbered for second in outcome.seconds) >= 35


def test_an_answer_from_another_address_never_reaches_the_flow() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))

        def tell_the_stranger(payload: bytes, sender: tuple[str, int]) -> list[tuple[bytes, tuple[str, int]]]:
            stranger.sendto(payload, sender)
            return []

        with UdpThread(tell_the_stranger) as far:
            outcome = _run(_arm(far.target), seconds=0.5)
    assert outcome.numbers(received=True) == []
    assert sum(second.unnumbered for second in outcome.seconds) == 0


def test_a_refused_port_shows_as_errors_of_the_network() -> None:
    with Echo() as echo:
        refused = echo.target
    outcome = _run(_arm(refused), seconds=0.5)
    assert sum(second.icmp_errors for second in outcome.seconds) >= 5
    assert all(second.unsent == () for second in outcome.seconds)


def test_where_the_system_has_no_socket_left_the_packets_are_unsent_and_the_other_arms_go_on() -> None:
    with Echo() as echo:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest_free = os.open(os.devnull, os.O_RDONLY)
        os.close(lowest_free)
        arms = [_arm(echo.target, name="first"), _arm(echo.target, name="hungry", codec=Numbers(legs=200))]
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 50, hard))
        try:
            outcome = _run(*arms, seconds=0.3)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    by_arm = {second.arm: second for second in outcome.seconds}
    unsent = [len(by_arm[name].unsent) for name in ("first", "hungry")]
    assert sorted(unsent) in ([0, 0], [0, 6])
    assert all(len(second.sent_us) == 6 for second in outcome.seconds)


def test_the_far_ends_count_is_passed_on() -> None:
    with Echo() as echo:
        outcome = _run(_arm(echo.target, codec=Counting()), seconds=0.3)
    assert outcome.seconds[-1].far_received == 6
