"""A router whose answers stand still now and then, one that is only slow, and a machine that stood still itself."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest

from callcheck.api import Claim, Depth, Evidence, Failure, Numbered, Observation
from callcheck.testing import Answers, FakeContext, run_check
from callcheck_link import CHECK
from callcheck_link.stalls import Echo, find_stalls
from tests.checks.peers import reply_to

GATEWAY = "icmp/192.168.1.1"
EVERY_MS = 25.0


def steady(ctx: FakeContext) -> Evidence:
    return next(item for item in CHECK.read(ctx.observations) if item.claim is Claim.gateway_steady)


def train(rtt_ms: Callable[[int, float], float | None], count: int = 100, **more: float) -> list[Echo]:
    """Echoes on time, their round trips by number and time (ms)."""
    found = []
    for number in range(count):
        sent_ms = number * EVERY_MS
        rtt = rtt_ms(number, sent_ms)
        found.append(Echo(number, sent_ms, more.get("late_ms", 0.5), None if rtt is None else sent_ms + rtt))
    return found


def held(*holds: tuple[float, float]) -> Callable[[int, float], float]:
    """What a radio that holds everything from one time (ms) to another makes of 3 ms."""

    def rtt_ms(_number: int, sent_ms: float) -> float:
        return next((end - sent_ms for begin, end in holds if begin <= sent_ms < end), 0.0) + 3.0

    return rtt_ms


def each(base: float, *special: tuple[int, float | None]) -> Callable[[int, float], float | None]:
    return lambda number, _sent_ms: dict(special).get(number, base)


def test_each_stretch_is_found_with_its_length_also_one_right_after_another() -> None:
    found = find_stalls(train(held((500, 750), (1500, 1800), (1800, 2000))))
    assert [(stall.began_ms, stall.lasted_ms, stall.lost) for stall in found] == [
        (500, 250, False),
        (1500, 300, False),
        (1800, 200, False),
    ]


def test_a_stall_is_found_in_any_order_and_with_echoes_missing_elsewhere() -> None:
    echoes = [echo for echo in train(held((500, 750))) if echo.number % 30]
    assert len(find_stalls(echoes[::-1])) == 1


def power_save(_number: int, sent_ms: float) -> float:
    into_ms = sent_ms % 102.4
    return 3.0 + max(95.0 - into_ms, 0.0)


@pytest.mark.parametrize(
    "rtt_ms",
    [
        pytest.param(each(3.0), id="even"),
        pytest.param(each(700.0), id="far"),
        pytest.param(power_save, id="power save"),
        pytest.param(lambda number, _: 3.0 if number < 50 else 300.0, id="step"),
        pytest.param(lambda _, sent_ms: 3.0 + sent_ms / 5, id="queue that grows"),
        pytest.param(lambda number, _: 3.0 + (number * 37 % 60), id="jitter"),
        pytest.param(each(3.0, (40, 250.0)), id="one echo late"),
        pytest.param(each(3.0, (40, None), (41, None), (42, None)), id="three lost"),
        pytest.param(lambda number, _: None if number > 60 else 3.0, id="silent to the end"),
        pytest.param(lambda _number, _sent_ms: None, id="silent"),
    ],
)
def test_what_is_slow_or_lossy_is_no_stall(rtt_ms: Callable[[int, float], float | None]) -> None:
    assert find_stalls(train(rtt_ms)) == []


def test_echoes_lost_together_are_a_stall() -> None:
    found = find_stalls(train(each(3.0, *((number, None) for number in range(40, 50)))))
    assert [(stall.began_ms, stall.lasted_ms, stall.lost) for stall in found] == [(1000, 250, True)]


def test_echoes_that_left_late_tell_nothing_of_the_network() -> None:
    assert find_stalls(train(held((500, 750)), late_ms=40)) == []


def test_a_machine_that_stood_still_sent_nothing_meanwhile() -> None:
    stood_still = [echo for echo in train(held((500, 750))) if not 500 < echo.sent_ms < 730]
    assert find_stalls(stood_still) == []


def test_times_that_we_took_ourselves_count_only_while_we_sent() -> None:
    echoes = train(held((2250, 2600)), count=100)
    ours = [Echo(echo.number, echo.sent_ms, echo.late_ms, echo.heard_ms, kernel_stamped=False) for echo in echoes]
    assert (len(find_stalls(echoes)), len(find_stalls(ours))) == (1, 0)


def radio(every_ms: float, hold_ms: float) -> Callable[[bytes], Answers]:
    """Holds answers for the last `hold_ms` of each `every_ms`."""

    def answer(request: bytes) -> Answers:
        into_ms = asyncio.get_running_loop().time() * 1000 % every_ms
        waits_ms = every_ms - into_ms if into_ms > every_ms - hold_ms else 0.0
        return [((waits_ms + 2) / 1000, reply_to(request))]

    return answer


@pytest.mark.parametrize(
    ("depth", "every_ms", "hold_ms", "strength"),
    [
        ("quick", 600, 250, -2),
        ("standard", 800, 250, -3),
        ("standard", 1400, 180, -2),
        ("quick", 1300, 250, -1),
        ("standard", 1800, 900, -2),
        ("standard", 102.4, 95, 0),
        ("standard", 100, 0, 2),
    ],
)
def test_a_radio_that_stalls_is_told_from_one_that_saves_power(
    depth: Depth, every_ms: float, hold_ms: float, strength: int
) -> None:
    ctx = FakeContext(answers={GATEWAY: radio(every_ms, hold_ms)}, info=CHECK.info, depth=depth)
    run_check(CHECK, ctx)
    assert steady(ctx).strength == strength


def test_the_facts_count_the_stalls_and_measure_the_longest() -> None:
    ctx = FakeContext(answers={GATEWAY: radio(800, 250)}, info=CHECK.info, depth="standard")
    run_check(CHECK, ctx)
    facts = steady(ctx).facts
    assert (facts["sent"], facts["received"], facts["stalls"], facts["sent_late"]) == (110, 110, 3, 0)
    assert 225 <= float(facts["longest_stall_ms"]) <= 250
    assert float(facts["rtt_p95_ms"]) > 150
    assert float(facts["rtt_ms"]) < 5


def test_losses_in_a_heap_are_never_a_firm_denial() -> None:
    def answer(request: bytes) -> Answers:
        number = struct.unpack_from("!H", request, 6)[0]
        return [] if number % 40 > 30 else [(0.002, reply_to(request))]

    ctx = FakeContext(answers={GATEWAY: answer}, info=CHECK.info, depth="standard")
    run_check(CHECK, ctx)
    assert (steady(ctx).strength, steady(ctx).facts["stalls"]) == (-1, 2)


def test_the_closed_port_says_nothing_of_steadiness() -> None:
    ctx = FakeContext(answers={"udp/192.168.1.1:33434": lambda _: Failure.permission}, info=CHECK.info)
    ctx.icmp_failure = Failure.permission
    ctx.peer("udp/192.168.1.1:33434", lambda _: [])
    run_check(CHECK, ctx)
    assert (steady(ctx).strength, steady(ctx).facts) == (0, {"sent": 6, "received": 0})


@pytest.mark.parametrize(
    "data",
    [
        {"number": "x", "sent_us": 1},
        {"number": 1, "sent_us": True, "rtt_ms": 3},
        {"number": 1.5, "sent_us": 10**400, "rtt_ms": float("nan")},
        {"number": None, "sent_us": -5, "rtt_ms": "7", "sent_late_ms": []},
    ],
)
def test_odd_echoes_are_read_without_an_error_and_prove_nothing(data: dict[str, object]) -> None:
    seen = [Numbered(seq, Observation(op="link.ping", form="echo", data=data)) for seq in range(3000)]
    assert all(item.strength == 0 for item in CHECK.read(seen) if item.claim is Claim.gateway_steady)
