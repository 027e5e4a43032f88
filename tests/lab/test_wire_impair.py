"""The models of one direction of a wire, against what theory says of them."""

import math
from statistics import NormalDist, fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire import chance
from callcheck.lab.wire.impair import Impairment, Jitter, Queue, Stall
from callcheck.lab.wire.spec_entry import Entry
from callcheck.lab.wire.strict import Table

MS = 1_000_000
START = 1_000 * MS
NEAR, FAR = bytes([8, 8, 8, 8]), bytes([9, 9, 9, 9])
NEAR_ONLY = Table({"p": ["8.8.8.0/24"]}).networks("p")


def impairment(*entries: Entry, seed: int = 1, wire: str = "core", direction: str = "up") -> Impairment:
    return Impairment(entries, seed=seed, wire=wire, direction=direction, start_ns=START)


def lost(model: Impairment, numbers: range) -> list[int]:
    return [number for number in numbers if model.due(START + number * 20 * MS, 100, number) is None]


def test_a_wire_that_is_told_nothing_passes_everything_at_once() -> None:
    assert impairment().due(START + 5, 1500, 0) == START + 5


def test_delays_of_entries_add_up() -> None:
    assert impairment(Entry(delay_ms=10), Entry(delay_ms=2.5)).due(START, 100, 0) == START + 12.5 * MS


def test_a_prefix_limits_an_entry_and_holds_nobody_else_up() -> None:
    model = impairment(Entry(delay_ms=10), Entry(delay_ms=50, prefixes=NEAR_ONLY))
    assert model.due(START, 100, 0, NEAR) == START + 60 * MS
    assert model.due(START + 1, 100, 1, FAR) == START + 10 * MS + 1


def test_loss_has_the_share_that_was_asked_for() -> None:
    share, count = 0.1, 4000
    found = len(lost(impairment(Entry(loss=share)), range(count))) / count
    # Four standard errors of a binomial share: a wrong model fails, a right one does not for this fixed seed.
    assert abs(found - share) < 4 * math.sqrt(share * (1 - share) / count)


def test_losses_come_alone_and_not_in_runs() -> None:
    gone = set(lost(impairment(Entry(loss=0.2)), range(5000)))
    after_a_loss = fmean(number + 1 in gone for number in gone)
    assert abs(after_a_loss - 0.2) < 4 * math.sqrt(0.2 * 0.8 / len(gone))


@given(st.integers(0, 2**31), st.lists(st.booleans(), min_size=300, max_size=300))
@settings(max_examples=20)
def test_whether_a_packet_is_lost_does_not_depend_on_other_packets(seed: int, is_there: list[bool]) -> None:
    everyone = lost(impairment(Entry(loss=0.3), seed=seed), range(300))
    some = impairment(Entry(loss=0.3), seed=seed)
    arrivals = [number for number in range(300) if is_there[number]]
    gone = [number for number in arrivals if some.due(START, 1500, number) is None]
    assert gone == [number for number in everyone if is_there[number]]


@pytest.mark.parametrize("other", [{"seed": 2}, {"wire": "far"}, {"direction": "down"}])
def test_seed_wire_and_direction_each_have_losses_of_their_own(other: dict[str, object]) -> None:
    here = lost(impairment(Entry(loss=0.5)), range(200))
    there = lost(impairment(Entry(loss=0.5), **other), range(200))  # type: ignore[arg-type]  # one of three keywords
    assert here != there


def test_a_queue_lets_bytes_out_at_its_rate() -> None:
    queue = Queue(rate_kbps=800, queue_kb=1000)  # 100 bytes a millisecond
    assert [queue.leaves_ns(0, 500) for _ in range(3)] == [5 * MS, 10 * MS, 15 * MS]
    assert queue.leaves_ns(100 * MS, 500) == 105 * MS


def test_a_queue_drops_what_its_bytes_have_no_room_for() -> None:
    queue = Queue(rate_kbps=800, queue_kb=1)
    times = [queue.leaves_ns(0, 400) for _ in range(4)]
    assert times == [4 * MS, 8 * MS, None, None]
    assert queue.dropped == 2
    assert queue.leaves_ns(4 * MS, 400) == 12 * MS


def test_an_idle_queue_takes_a_packet_larger_than_its_room() -> None:
    assert Queue(rate_kbps=800, queue_kb=1).leaves_ns(0, 1500) == 15 * MS


@given(st.lists(st.tuples(st.integers(0, 30 * MS), st.integers(28, 1500)), max_size=80), st.floats(10, 10_000))
@settings(max_examples=100)
def test_a_queue_never_holds_more_than_its_bytes_nor_beats_its_rate(
    packets: list[tuple[int, int]], rate_kbps: float
) -> None:
    queue, now_ns, last_ns = Queue(rate_kbps, queue_kb=8), 0, 0
    for gap_ns, size in packets:
        now_ns += gap_ns
        left_ns = queue.leaves_ns(now_ns, size)
        if left_ns is None:
            continue
        # Half a nanosecond of rounding for each packet.
        assert left_ns - max(last_ns, now_ns) >= size * 8e6 / rate_kbps - 1
        assert (left_ns - now_ns) * rate_kbps / 8e6 <= max(8000, size) + len(packets)
        last_ns = left_ns


def test_a_shared_queue_is_asked_before_one_that_prefixes_limit() -> None:
    slow, shared = Entry(rate_kbps=8, prefixes=NEAR_ONLY), Entry(rate_kbps=800)
    model = impairment(slow, shared)
    assert model.due(START, 100, 0, NEAR) == START + 101 * MS
    # A packet to elsewhere waits for the shared queue only.
    assert model.due(START, 100, 1, FAR) == START + 2 * MS


@given(st.integers(0, 10**12))
@settings(max_examples=100)
def test_a_stall_holds_until_its_end_and_touches_nothing_else(now_ns: int) -> None:
    released_ns = Stall(stall_ms=120, every_ms=1000, offset_ns=0).released_ns(now_ns)
    phase_ns = now_ns % (1000 * MS)
    assert released_ns == (now_ns - phase_ns + 120 * MS if phase_ns < 120 * MS else now_ns)


def test_both_directions_of_a_wire_stall_together_and_wires_do_not() -> None:
    def held(wire: str, direction: str) -> list[bool]:
        model = impairment(Entry(stall_ms=400, stall_every_ms=1000), wire=wire, direction=direction)
        return [model.due(at, 100, n) != at for n, at in enumerate(range(START, START + 1000 * MS, 10 * MS))]

    assert held("lan", "up") == held("lan", "down")
    assert sum(held("lan", "up")) == 40
    assert held("lan", "up") != held("core", "up")


def test_jitter_spreads_like_a_folded_normal() -> None:
    jitter = Jitter(10, chance.key(1, "jitter"))
    values = sorted(jitter.extra_ns(step * 200 * MS) / MS for step in range(3000))
    for share in (0.25, 0.5, 0.75, 0.95):
        expected = 10 * NormalDist().inv_cdf((1 + share) / 2)
        below = sum(value < expected for value in values) / len(values)
        assert abs(below - share) < 4 * math.sqrt(share * (1 - share) / len(values))


def test_jitter_at_one_time_is_like_jitter_just_before_and_unlike_jitter_long_before() -> None:
    def correlation(gap_ms: int) -> float:
        jitter = Jitter(1000, chance.key(2, "jitter"))
        pairs = []
        for n in range(2000):
            first = jitter.extra_ns(n * 1000 * MS)
            pairs.append((first, jitter.extra_ns(n * 1000 * MS + gap_ms * MS)))
        means = [fmean(side) for side in zip(*pairs, strict=True)]
        products = [(a - means[0]) * (b - means[1]) for a, b in pairs]
        spreads = [
            math.sqrt(fmean((x - mean) ** 2 for x in side))
            for side, mean in zip(zip(*pairs, strict=True), means, strict=True)
        ]
        return fmean(products) / (spreads[0] * spreads[1])

    assert correlation(10) > 0.5
    assert abs(correlation(500)) < 4 / math.sqrt(2000)


def test_jitter_is_a_function_of_time_whoever_asks() -> None:
    often, once = Jitter(10, b"x"), Jitter(10, b"x")
    for at in range(0, 5000 * MS, 3 * MS):
        often.extra_ns(at)
    # What lies more than 40 steps back is left out, and weighs less than one part in 2 000.
    assert abs(often.extra_ns(5000 * MS) - once.extra_ns(5000 * MS)) < 10 * MS / 500


@given(
    st.lists(st.tuples(st.integers(0, 5 * MS), st.integers(28, 1500), st.booleans()), max_size=60),
    st.integers(0, 2**31),
)
@settings(max_examples=60)
def test_nothing_leaves_before_it_came_and_packets_of_one_kind_keep_their_order(
    packets: list[tuple[int, int, bool]], seed: int
) -> None:
    model = impairment(
        Entry(delay_ms=5, jitter_ms=30, loss=0.1, stall_ms=20, stall_every_ms=100),
        Entry(delay_ms=40, rate_kbps=500, jitter_ms=5, prefixes=NEAR_ONLY),
        seed=seed,
    )
    now_ns, last_ns = START, {NEAR: 0, FAR: 0}
    for number, (gap_ns, size, is_near) in enumerate(packets):
        now_ns += gap_ns
        remote = NEAR if is_near else FAR
        due_ns = model.due(now_ns, size, number, remote)
        if due_ns is not None:
            assert due_ns >= max(now_ns + 5 * MS, last_ns[remote])
            last_ns[remote] = due_ns


def test_each_entry_counts_what_it_took() -> None:
    model = impairment(Entry(loss=1.0, prefixes=NEAR_ONLY), Entry(rate_kbps=8, queue_kb=1))
    for number in range(5):
        model.due(START, 100, number, NEAR)
    for number in range(12):
        model.due(START, 100, number, FAR)
    assert [(entry["lost"], entry["queue_drops"]) for entry in model.counts()] == [(5, 0), (0, 2)]


def test_chance_is_even_and_never_one() -> None:
    values = [chance.uniform(b"even", number) for number in range(4000)]
    assert min(values) >= 0
    assert max(values) < 1
    assert abs(fmean(values) - 0.5) < 4 / math.sqrt(12 * 4000)
