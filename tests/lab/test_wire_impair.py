"""What one direction of a wire does to packets: each model by itself, and all of them together."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire import order
from callcheck.lab.wire.delays import Jitter, Stall
from callcheck.lab.wire.frames import Packet
from callcheck.lab.wire.impair import Impairment
from callcheck.lab.wire.limits import Policer, Queue
from callcheck.lab.wire.spec_entry import Bundle, Entry, Gilbert, When
from callcheck.lab.wire.strict import Table

MS = 1_000_000
START = 1_000 * MS
NEAR_ONLY, WIDER, ALSO = (
    Table({"p": prefixes}).networks("p") for prefixes in (["8.8.8.0/24"], ["8.0.0.0/8"], ["8.8.8.8/32", "9.9.9.0/24"])
)


def packet(remote: str = "8.8.8.8", *, port: int = 40000, is_up: bool = True) -> Packet:
    remote_address = bytes(map(int, remote.split(".")))
    return Packet(is_up, 17, bytes([192, 168, 1, 10]), port, remote_address, 597, 100, b"", ttl=64)


NEAR, FAR = packet("8.8.8.8"), packet("9.9.9.9")


def impairment(*entries: Entry, seed: int = 1, wire: str = "core", direction: str = "up") -> Impairment:
    return Impairment(entries, seed=seed, wire=wire, direction=direction, start_ns=START)


def lost(model: Impairment, numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if not model.due(START + number * 20 * MS, 100, number)]


def test_a_wire_that_is_told_nothing_passes_everything_at_once() -> None:
    assert impairment().due(START + 5, 1500, 0) == (START + 5,)


def test_delays_of_entries_add_up() -> None:
    assert impairment(Entry(delay_ms=10), Entry(delay_ms=2.5)).due(START, 100, 0) == (START + 12.5 * MS,)


@pytest.mark.parametrize(
    ("entry", "needed"),
    [
        (Entry(delay_ms=1, jitter_ms=1, loss=0.1, ge=Gilbert(0.1, 0.2, 1, 0), rate_kbps=8, duplicate=0.1), False),
        (Entry(prefixes=NEAR_ONLY), True),
        (Entry(bundle=Bundle(2)), True),
        (Entry(reorder=0.1), True),
    ],
)
def test_packets_are_read_only_where_an_entry_asks_whose_they_are(entry: Entry, needed: bool) -> None:
    assert impairment(entry).needs_packets == needed


def test_a_prefix_limits_an_entry_and_holds_nobody_else_up() -> None:
    model = impairment(Entry(delay_ms=10), Entry(delay_ms=50, prefixes=NEAR_ONLY))
    assert model.due(START, 100, 0, NEAR) == (START + 60 * MS,)
    assert model.due(START + 1, 100, 1, FAR) == (START + 10 * MS + 1,)
    assert model.due(START + 2, 100, 2, None) == (START + 10 * MS + 2,)


@given(st.integers(0, 2**31), st.lists(st.booleans(), min_size=300, max_size=300))
@settings(max_examples=20, deadline=None)
def test_whether_a_packet_is_lost_does_not_depend_on_other_packets(seed: int, is_there: list[bool]) -> None:
    everyone = lost(impairment(Entry(loss=0.3), seed=seed), range(300))
    arrivals = [number for number in range(300) if is_there[number]]
    gone = lost(impairment(Entry(loss=0.3), seed=seed), arrivals)
    assert gone == [number for number in everyone if is_there[number]]


@given(st.integers(0, 2**31), st.lists(st.booleans(), min_size=200, max_size=200))
@settings(max_examples=20, deadline=None)
def test_a_chain_of_losses_steps_only_with_the_packets_it_concerns(seed: int, is_near: list[bool]) -> None:
    entry = Entry(ge=Gilbert(0.1, 0.3, 0.9, 0.01), prefixes=NEAR_ONLY)
    alone, mixed = impairment(entry, seed=seed), impairment(entry, Entry(loss=0.5, prefixes=ALSO[1:]), seed=seed)
    for number, near in enumerate(is_near):
        due = mixed.due(START + number, 100, number, NEAR if near else FAR)
        if near:
            assert due == alone.due(START + number, 100, 0, NEAR)


def test_a_chain_of_losses_steps_whoever_loses_the_packet_and_each_loss_counts_once() -> None:
    chain = Entry(ge=Gilbert(0.1, 0.3, 1, 0))
    both = impairment(chain, Entry(loss=0.4))
    gone, by_chain = lost(both, range(500)), lost(impairment(chain), range(500))
    assert set(by_chain) < set(gone)
    assert sum(entry["lost"] for entry in both.counts()) == len(gone)


@pytest.mark.parametrize("other", [{"seed": 2}, {"wire": "far"}, {"direction": "down"}])
@pytest.mark.parametrize("entry", [Entry(loss=0.5), Entry(ge=Gilbert(0.2, 0.2, 1, 0)), Entry(loss=1, bundle=Bundle(2))])
def test_seed_wire_and_direction_each_have_choices_of_their_own(entry: Entry, other: dict[str, object]) -> None:
    def choices(model: Impairment) -> list[bool]:
        return [model.due(START + n, 100, n, packet(port=n)) == () for n in range(200)]

    # One of three keywords at a time, each of its own type.
    assert choices(impairment(entry)) != choices(impairment(entry, **other))  # type: ignore[arg-type]  # see above
    assert choices(impairment(entry)) == choices(impairment(entry))


def test_a_queue_lets_bytes_out_at_its_rate() -> None:
    queue = Queue(rate_kbps=800, queue_kb=1000)  # 100 bytes a millisecond
    assert [queue.leaves_ns(0, 500) for _ in range(3)] == [5 * MS, 10 * MS, 15 * MS]
    assert queue.leaves_ns(100 * MS, 500) == 105 * MS
    assert (queue.queued, queue.max_wait_ns) == (2, 10 * MS)


def test_a_queue_drops_what_its_bytes_have_no_room_for() -> None:
    queue = Queue(rate_kbps=800, queue_kb=1)
    times = [queue.leaves_ns(0, 400) for _ in range(4)]
    assert times == [4 * MS, 8 * MS, None, None]
    assert queue.dropped == 2
    assert queue.leaves_ns(4 * MS, 400) == 12 * MS


def test_an_idle_queue_takes_a_packet_larger_than_its_room() -> None:
    assert Queue(rate_kbps=800, queue_kb=1).leaves_ns(0, 1500) == 15 * MS


@given(st.lists(st.tuples(st.integers(0, 30 * MS), st.integers(28, 1500)), max_size=80), st.floats(10, 10_000))
@settings(max_examples=100, deadline=None)
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
    assert model.due(START, 100, 0, NEAR) == (START + 101 * MS,)
    # A packet to elsewhere waits for the shared queue only.
    assert model.due(START, 100, 1, FAR) == (START + 2 * MS,)


def test_a_queue_feeds_the_queues_of_its_subsets() -> None:
    model = impairment(Entry(rate_kbps=80, prefixes=NEAR_ONLY), Entry(rate_kbps=80, prefixes=WIDER))
    # Behind a queue of the same rate nothing waits again: 10 ms each in a row, and 10 ms more.
    assert [model.due(START, 100, n, NEAR) for n in range(3)] == [(START + ms * MS,) for ms in (20, 30, 40)]


def test_queues_that_share_some_packets_hold_nobody_up_for_a_queue_he_is_not_in() -> None:
    model = impairment(Entry(rate_kbps=8, prefixes=NEAR_ONLY), Entry(rate_kbps=800, prefixes=ALSO))
    assert model.due(START, 1000, 0, NEAR) == (START + 1010 * MS,)
    assert model.due(START, 100, 1, FAR) == (START + 11 * MS,)


def test_a_rate_that_is_no_longer_in_force_drains_what_waits_and_keeps_the_order() -> None:
    model = impairment(Entry(rate_kbps=8, when=When(to_s=1.0)), Entry(duplicate=1, prefixes=NEAR_ONLY))
    assert model.due(START + 999 * MS, 100, 0, NEAR) == (START + 1099 * MS,) * 2
    assert model.due(START + 1001 * MS, 1000, 1, FAR) == (START + 1099 * MS,)
    assert model.due(START + 1200 * MS, 1000, 2, FAR) == (START + 1200 * MS,)


def test_a_policer_passes_its_burst_and_refills_at_its_rate() -> None:
    policer = Policer(police_kbps=80, burst_kb=2)  # 10 bytes a millisecond
    assert [policer.passes(0, size) for size in (1500, 501, 500)] == [True, False, True]
    assert [policer.passes(at_ms * MS, 100) for at_ms in (9, 10, 10)] == [False, True, False]
    assert [policer.passes(10_000 * MS, size) for size in (2001, 2000, 1)] == [False, True, False]


@given(st.integers(0, 10**12), st.integers(0, 2**40))
@settings(max_examples=100, deadline=None)
def test_a_stall_holds_until_its_end_and_touches_nothing_else(now_ns: int, offset_ns: int) -> None:
    stall = Stall(stall_ms=120, every_ms=1000, offset_ns=offset_ns)
    phase_ns = (now_ns + offset_ns) % (1000 * MS)
    assert stall.released_ns(now_ns) == (now_ns - phase_ns + 120 * MS if phase_ns < 120 * MS else now_ns)
    assert stall.held == (phase_ns < 120 * MS)


def test_both_directions_of_a_wire_stall_together_and_wires_do_not() -> None:
    def held(wire: str, direction: str) -> list[bool]:
        model = impairment(Entry(stall_ms=400, stall_every_ms=1000), wire=wire, direction=direction)
        return [model.due(at, 100, n) != (at,) for n, at in enumerate(range(START, START + 1000 * MS, 10 * MS))]

    assert held("lan", "up") == held("lan", "down")
    assert sum(held("lan", "up")) == 40
    assert held("lan", "up") != held("core", "up")


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
@settings(max_examples=60, deadline=None)
def test_nothing_leaves_before_it_came_and_packets_of_one_kind_keep_their_order(
    packets: list[tuple[int, int, bool]], seed: int
) -> None:
    model = impairment(
        Entry(delay_ms=5, jitter_ms=30, loss=0.1, stall_ms=20, stall_every_ms=100),
        Entry(delay_ms=40, rate_kbps=500, queue_kb=4, jitter_ms=5, prefixes=NEAR_ONLY),
        Entry(delay_ms=100, police_kbps=100, burst_kb=3, when=When(on_s=0.02, off_s=0.02)),
        Entry(duplicate=0.3, ge=Gilbert(0.1, 0.4, 1, 0), rate_kbps=900, queue_kb=3, prefixes=ALSO),
        seed=seed,
    )
    now_ns, last_ns, gone, copies = START, {NEAR: 0, FAR: 0}, 0, 0
    for number, (gap_ns, size, is_near) in enumerate(packets):
        now_ns += gap_ns
        remote = NEAR if is_near else FAR
        times = model.due(now_ns, size, number, remote)
        assert len(set(times)) == bool(times)
        gone += not times
        copies += len(times) - bool(times)
        if times:
            assert times[0] >= max(now_ns + 5 * MS, last_ns[remote])
            last_ns[remote] = times[0]
    counts = model.counts()
    assert gone == sum(entry[key] for entry in counts for key in ("lost", "policed", "queue_drops"))
    assert copies == sum(entry["duplicated"] for entry in counts)


@given(st.lists(st.tuples(st.integers(0, 3 * MS), st.integers(0, 3), st.integers(0, 20 * MS)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_rules_delay_keeps_its_flow_in_order_and_holds_no_other_flow_up(packets: list[tuple[int, int, int]]) -> None:
    model, now_ns = impairment(Entry(delay_ms=10)), START
    last_ns = dict.fromkeys(range(4), 0)
    for number, (gap_ns, flow, extra_ns) in enumerate(packets):
        now_ns += gap_ns
        own_ns = extra_ns if flow else 0  # no rule touches flow 0
        (due_ns,) = model.due(now_ns, 100, number, packet(port=flow), own_ns)
        assert due_ns == max(last_ns[flow], now_ns + 10 * MS + own_ns)
        last_ns[flow] = due_ns


def test_a_flow_that_still_waits_is_remembered_however_many_others_are_delayed() -> None:
    model = impairment()
    assert model.due(START, 100, 0, packet(port=1), 1000 * MS) == (START + 1000 * MS,)
    for n in range(5000):
        model.due(START + n, 100, n, packet(port=2 + n), 1)
    assert model.due(START + 6000, 100, 6000, packet(port=1)) == (START + 1000 * MS,)


def test_flows_whose_packets_have_left_are_forgotten() -> None:
    flows = order.FlowOrder()
    for n in range(10_000):
        assert flows.due_ns(n, n * MS, n * MS, 2 * MS, ()) == (n + 2) * MS
    assert len(flows) < 2000


def overtaken(times: Sequence[int]) -> int:
    """Packets that come after one sent later (RFC 4737 section 3); of equal times the first sent comes first."""
    return sum(any(later < time for later in times[n + 1 :]) for n, time in enumerate(times))


@given(
    st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 5)), max_size=60),
    st.integers(0, 2**31),
)
@settings(max_examples=100, deadline=None)
def test_reordered_packets_are_those_that_a_later_one_of_their_flow_overtook(
    packets: list[tuple[int, bool, int]], seed: int
) -> None:
    model, now_ns = impairment(Entry(reorder=0.4, reorder_ms=10), seed=seed), START
    times: dict[Packet, list[int]] = {NEAR: [], FAR: []}
    for number, (gap_ms, is_near, extra_ms) in enumerate(packets):
        now_ns += gap_ms * MS
        flow = NEAR if is_near else FAR
        times[flow].extend(model.due(now_ns, 100, number, flow, 0 if is_near else extra_ms * MS))
    assert model.counts()[0]["reordered"] == sum(map(overtaken, times.values()))


def test_packets_further_apart_than_they_are_held_back_are_late_but_not_reordered() -> None:
    model = impairment(Entry(reorder=0.5, reorder_ms=10))
    late = [model.due(START + n * 20 * MS, 100, n, NEAR) == (START + (n * 20 + 10) * MS,) for n in range(100)]
    assert any(late)
    assert model.counts()[0]["hits"] == 0


def test_a_copy_leaves_right_after_its_packet_and_each_entry_makes_its_own() -> None:
    model = impairment(Entry(duplicate=1, delay_ms=3), Entry(duplicate=1))
    assert model.due(START, 100, 0) == (START + 3 * MS,) * 3
    assert [entry["duplicated"] for entry in model.counts()] == [1, 1]


@pytest.mark.parametrize("by", ["flow", "remote"])
def test_all_packets_of_a_flow_or_to_a_remote_run_over_one_link(by: str) -> None:
    model, again = (impairment(Entry(loss=1, bundle=Bundle(3, by)), seed=4) for _ in range(2))
    ports = range(1, 1 + 90)
    first, second = (lost_ports(model, ports, is_up=True) for _ in range(2))
    # Near and remote are the same ends in both directions; what differs between these is the source alone.
    assert first == second == lost_ports(again, ports, is_up=False)
    if by == "flow":
        assert 0 < len(first) < len(ports)
    else:
        assert len(first) in {0, len(ports)}
    assert model.due(START, 100, 0, None) == (START,)


def lost_ports(model: Impairment, ports: Iterable[int], *, is_up: bool) -> list[int]:
    return [port for port in ports if not model.due(START, 100, 0, packet(port=port, is_up=is_up))]


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (Entry(loss=1), "lost"),
        (Entry(ge=Gilbert(1, 1, 1, 1)), "lost"),
        (Entry(rate_kbps=0.1, queue_kb=1), "queue_drops"),
        (Entry(rate_kbps=0.1, queue_kb=1000), "queued"),
        (Entry(police_kbps=0.1, burst_kb=1.5), "policed"),
        (Entry(stall_ms=999, stall_every_ms=1000), "held"),
        (Entry(reorder=0.5, reorder_ms=60_000), "reordered"),
        (Entry(duplicate=1), "duplicated"),
    ],
)
def test_each_fault_asks_to_be_met_counts_its_hits_and_acts_only_while_in_force(entry: Entry, key: str) -> None:
    timed = replace(entry, when=When(from_s=10, to_s=11))
    model = impairment(timed)
    for n in range(9):
        assert model.due(START + n * MS, 1000, n) == (START + n * MS,)
    before = model.counts()[0]
    assert (before["asks"], before["hits"], before[key]) == (not entry.rate_kbps, 0, 0)
    for n in range(9):
        model.due(START + 10_000 * MS + n * MS, 1000, n)
    after = model.counts()[0]
    assert 0 < after[key] <= after["hits"]


def test_delay_jitter_and_a_rate_ask_for_nothing() -> None:
    assert impairment(Entry(delay_ms=5, jitter_ms=5, rate_kbps=9)).counts()[0]["asks"] is False


def test_each_entry_counts_what_it_took() -> None:
    model = impairment(Entry(loss=1.0, prefixes=NEAR_ONLY), Entry(rate_kbps=8, queue_kb=1))
    for number in range(5):
        model.due(START, 100, number, NEAR)
    for number in range(12):
        model.due(START, 100, number, FAR)
    first, second = model.counts()
    assert (first["loss"], first["lost"], first["queue_drops"], first["hits"]) == (1.0, 5, 0, 5)
    # Ten fit; nine of them wait for the others, the last one for 900 ms.
    assert (second["lost"], second["queue_drops"], second["queued"], second["hits"]) == (0, 2, 9, 11)
    assert second["max_wait_ms"] == 900.0
    assert json.loads(json.dumps([first, second])) == [first, second]
