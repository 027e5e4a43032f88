"""The wires' models against theory, by confidence intervals; no bound here is picked by hand.

Each check asks whether an interval of level 1 - alpha, made from what packets met, holds what theory says. Shares have
exact intervals (Clopper and Pearson 1934), distributions a band that holds for any count (Massart 1990), and means of
what is correlated have normal ones with the variance that the correlation asks for. Checks run at 99.9 % with one seed,
and at 95 % with 200 seeds, of which as many must be held as a binomial number of that chance may be. What the wire
counts itself must be what its packets met, to the packet.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import variance
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire import chance
from callcheck.lab.wire.delays import Jitter
from callcheck.lab.wire.frames import Packet
from callcheck.lab.wire.impair import Impairment
from callcheck.lab.wire.limits import Policer
from callcheck.lab.wire.spec_entry import Bundle, Entry, Gilbert

from .theory import NORMAL, Chain, binomial_parts, distribution_holds, normal_holds, share_holds, wait_theory

MS = 1_000_000
ALPHA: Final = 0.001
SEEDS: Final = 200
BAD_LINK: Final = Gilbert(p=0.01, q=0.2, h=0.9, k=0.001)
VAGUE_LINK: Final = Gilbert(p=0.1, q=0.3, h=0.5, k=0.1)
Holds = Callable[[int, int, float], bool]  # whether the interval from (seed, count, alpha) holds what theory says


def wire(seed: int, *entries: Entry, direction: str = "up") -> Impairment:
    return Impairment(entries, seed=seed, wire="core", direction=direction, start_ns=0)


def call(model: Impairment, count: int, gap_ns: int = 20 * MS) -> list[tuple[int, ...]]:
    """When the packets of a call leave: 200 bytes every `gap_ns`."""
    return [model.due(n * gap_ns, 200, n) for n in range(count)]


def loss_share(seed: int, count: int, alpha: float) -> bool:
    model = wire(seed, Entry(loss=0.06))
    lost = call(model, count).count(())
    assert model.counts()[0]["lost"] == lost
    return share_holds(lost, count, 0.06, alpha)


def loss_after_loss(seed: int, count: int, alpha: float) -> bool:
    is_lost = [not times for times in call(wire(seed, Entry(loss=0.2)), 10 * count)]
    after = [follows for before, follows in pairwise(is_lost) if before][:count]
    assert len(after) == count
    return share_holds(sum(after), count, 0.2, alpha)


@lru_cache(maxsize=SEEDS)
def chain_losses(gilbert: Gilbert, seed: int, count: int) -> tuple[bool, ...]:
    model = wire(seed, Entry(ge=gilbert))
    is_lost = tuple([not times for times in call(model, count)])
    assert model.counts()[0]["lost"] == sum(is_lost)
    return is_lost


def chain_loss_ratio(gilbert: Gilbert) -> Holds:
    chain = Chain(gilbert)
    ratio = chain.expect(lambda _, now: now)

    def holds(seed: int, count: int, alpha: float) -> bool:
        return chain.sum_holds(chain_losses(gilbert, seed, count), lambda _, now: now - ratio, alpha)

    return holds


def chain_mean_run(gilbert: Gilbert) -> Holds:
    """Losses, less the mean run for each run that begins, are nought on average: an interval for their quotient."""
    chain = Chain(gilbert)
    mean_run = chain.expect(lambda _, now: now) / chain.expect(lambda before, now: now > before)

    def holds(seed: int, count: int, alpha: float) -> bool:
        is_lost = chain_losses(gilbert, seed, count)
        return chain.sum_holds(is_lost, lambda before, now: now - mean_run * (now > before), alpha)

    return holds


def chain_first_loss(seed: int, count: int, alpha: float) -> bool:
    """The chain begins in its stationary state: over many wires the first packet is lost as often as any other."""
    entry = Entry(ge=Gilbert(p=0.1, q=0.2, h=0.9, k=0))
    lost = sum(not wire(n, entry).due(0, 200, 0) for n in range(seed * count, (seed + 1) * count))
    return share_holds(lost, count, 0.9 * 0.1 / 0.3, alpha)


# Queues and policers


BUSY: Final = 0.6  # the share of the time in which the queue of the next checks is busy


@lru_cache(maxsize=SEEDS)
def poisson_waits(seed: int, count: int) -> list[float]:
    """The waits at a queue of Poisson arrivals, in transmissions of 1 ms; times are rounded to a millionth of one."""
    model, rng, at_ns = wire(seed, Entry(rate_kbps=1600, queue_kb=1e6)), random.Random(seed), 0.0
    waits_ns = []
    for n in range(count):
        at_ns += rng.expovariate(BUSY / MS)
        (due_ns,) = model.due(round(at_ns), 200, n)
        waits_ns.append(due_ns - round(at_ns) - MS)
    counts = model.counts()[0]
    assert (counts["queue_drops"], counts["queued"]) == (0, sum(wait_ns > 0 for wait_ns in waits_ns))
    assert counts["max_wait_ms"] == max(waits_ns) / MS
    return [wait_ns / MS for wait_ns in waits_ns]


def poisson_mean_wait(seed: int, count: int, alpha: float) -> bool:
    mean, spread, short = wait_theory(BUSY, [1] * 5)
    return normal_holds(math.fsum(poisson_waits(seed, count)) - count * mean + short, count * spread, alpha)


def poisson_idle_share(seed: int, count: int, alpha: float) -> bool:
    """From one packet that finds the queue idle to the next there are Borel-distributed, independent numbers (1942)."""
    idle = [n for n, wait in enumerate(poisson_waits(seed, count)) if not wait]
    return normal_holds(idle[-1] - (len(idle) - 1) / (1 - BUSY), (len(idle) - 1) * BUSY / (1 - BUSY) ** 3, alpha)


def test_a_call_below_the_rate_waits_for_nothing_but_its_own_transmission() -> None:
    model = wire(1, Entry(rate_kbps=80.0, queue_kb=1))  # 200 bytes take 20 ms, and come every 20 ms
    assert call(model, 500) == [((n + 1) * 20 * MS,) for n in range(500)]
    assert model.counts()[0]["hits"] == 0


def test_above_the_rate_a_queue_fills_and_lets_out_its_rate_and_no_more() -> None:
    model = wire(1, Entry(rate_kbps=80, queue_kb=10))  # room for 50 packets, that is 1 s
    times = call(model, 3000, gap_ns=10 * MS)
    left_ns = [due_ns for one in times for due_ns in one]
    assert left_ns == [(n + 1) * 20 * MS for n in range(len(left_ns))]
    # What came until 29.99 s has left within the next second, in whole transmissions of 20 ms.
    assert len(left_ns) == (29_990 + 1000) // 20
    counts = model.counts()[0]
    assert (counts["queue_drops"], counts["max_wait_ms"]) == (3000 - len(left_ns), 1000 - 20)


@given(
    st.lists(st.tuples(st.integers(0, 200 * MS), st.integers(28, 1500)), min_size=1, max_size=80),
    st.integers(100, 10**6),
    st.integers(1500, 20_000),
)
@settings(max_examples=200, deadline=None)
def test_a_policer_passes_in_any_stretch_its_burst_and_rate_at_most_and_drops_only_beyond_them(
    packets: list[tuple[int, int]], rate_bps: int, burst_bytes: int
) -> None:
    """In bits times ns, so that nothing is rounded: what may still pass in each stretch that began at a packet."""
    policer, unit = Policer(rate_bps / 1000, burst_bytes / 1000), 8 * 10**9
    now_ns, dropped, stretches = 0, 0, list[int]()
    for gap_ns, size_bytes in packets:
        now_ns += gap_ns
        stretches = [*(left + gap_ns * rate_bps for left in stretches), burst_bytes * unit]
        is_passed = policer.passes(now_ns, size_bytes)
        assert is_passed == (min(stretches) >= size_bytes * unit)
        stretches = [left - is_passed * size_bytes * unit for left in stretches]
        dropped += not is_passed
    assert policer.dropped == dropped


@pytest.mark.parametrize("police_kbps", [24, 64, 128, 200])
def test_a_policers_goodput_is_its_rate_behind_its_burst(police_kbps: int) -> None:
    model = wire(1, Entry(police_kbps=police_kbps, burst_kb=8))
    is_passed = [bool(times) for times in call(model, 8000, gap_ns=5 * MS)]  # 320 kbit/s for 40 s
    assert all(is_passed[:40])  # the burst
    passed_bytes, offered_s = 200 * sum(is_passed), 7999 * 0.005
    most_bytes = 8000 + police_kbps * 1000 / 8 * offered_s
    assert most_bytes - 200 < passed_bytes <= most_bytes
    assert model.counts()[0]["policed"] == is_passed.count(False)


# Jitter


def jitter_spread(seed: int, count: int, alpha: float) -> bool:
    """At any time between its steps too; a second apart its values know of each other by e^-20, which is nothing."""
    model = wire(seed, Entry(delay_ms=7, jitter_ms=10))
    gap_ns = 1_003_700_000
    extra = [(times[0] - n * gap_ns - 7 * MS) / (10 * MS) for n, times in enumerate(call(model, count, gap_ns))]
    return distribution_holds(extra, lambda value: 2 * NORMAL.cdf(value) - 1, alpha)


def jitter_between_steps(seed: int, count: int, alpha: float) -> bool:
    """In the middle of two steps x is standard normal as well, so that its square is 1 on average and varies by 2."""
    jitter = Jitter(1000, chance.key(seed))
    squares = [(jitter.extra_ns((n * 1000 + 5) * MS) / (1000 * MS)) ** 2 for n in range(count)]
    return normal_holds(sum(squares) - count, 2 * count, alpha)


def jitter_memory(seed: int, count: int, alpha: float) -> bool:
    """The correlation of |x| and |y| for standard normal x and y whose own is e^-1, as of times 50 ms apart."""
    jitter, own = Jitter(1000, chance.key(seed)), math.exp(-1)
    mean, spread = math.sqrt(2 / math.pi), 1 - 2 / math.pi
    theory = ((2 / math.pi) * (math.sqrt(1 - own**2) + own * math.asin(own)) - mean**2) / spread
    products = []
    for n in range(count):
        first, second = (jitter.extra_ns(n * 1000 * MS + lag_ms * MS) / (1000 * MS) for lag_ms in (0, 50))
        products.append((first - mean) * (second - mean) / spread - theory)
    return normal_holds(sum(products), count * variance(products), alpha)


# Links, order, copies


def flows(count: int) -> Iterator[tuple[int, Packet]]:
    for n in range(count):
        yield (
            n,
            Packet(True, 17, bytes([192, 168, 1, 10]), 20_000 + n, bytes([149, 154, 167, 51]), 597, 200, b"", ttl=64),
        )


def remotes(count: int) -> Iterator[tuple[int, Packet]]:
    for n in range(count):
        yield (
            n,
            Packet(
                True, 17, bytes([192, 168, 1, 10]), 20_000, bytes([91, 108, *divmod(n, 256)]), 597, 200, b"", ttl=64
            ),
        )


def link_share(members: int, by: str) -> Holds:
    def holds(seed: int, count: int, alpha: float) -> bool:
        model = wire(seed, Entry(loss=1, bundle=Bundle(members, by)))
        packets = flows(count) if by == "flow" else remotes(count)
        lost = sum(not model.due(n, 200, n, packet) for n, packet in packets)
        assert model.counts()[0]["lost"] == lost
        return share_holds(lost, count, 1 / members, alpha)

    return holds


def links_of_both_ways(seed: int, count: int, alpha: float) -> bool:
    """A flow's two ways are on their entry's link independently of each other."""
    entry = Entry(loss=1, bundle=Bundle(3))
    up, down = wire(seed, entry), wire(seed, entry, direction="down")
    both = sum(
        not up.due(n, 200, n, packet) and not down.due(n, 200, n, packet._replace(is_up=False))
        for n, packet in flows(count)
    )
    return share_holds(both, count, 1 / 9, alpha)


def links_of_two_entries(seed: int, count: int, alpha: float) -> bool:
    model = wire(seed, *[Entry(delay_ms=1, bundle=Bundle(3))] * 2)
    both = sum(model.due(0, 200, n, packet) == (2 * MS,) for n, packet in flows(count))
    return share_holds(both, count, 1 / 9, alpha)


def reorder_share(seed: int, count: int, alpha: float) -> bool:
    """Packets 10 ms apart and held for 15 ms are overtaken by the next one, if that is not held too."""
    model = wire(seed, Entry(reorder=0.3, reorder_ms=15))
    is_held = [due_ns != n * 10 * MS for n, (due_ns,) in enumerate(call(model, count, gap_ns=10 * MS))]
    assert model.counts()[0]["reordered"] == sum(held and not follows for held, follows in pairwise(is_held))
    return share_holds(sum(is_held), count, 0.3, alpha)


def duplicate_share(seed: int, count: int, alpha: float) -> bool:
    model = wire(seed, Entry(duplicate=0.05))
    twice = sum(len(times) == 2 for times in call(model, count))
    assert model.counts()[0]["duplicated"] == twice
    return share_holds(twice, count, 0.05, alpha)


# Chance


def uniform_spread(seed: int, count: int, alpha: float) -> bool:
    return distribution_holds((chance.uniform(chance.key(seed), n) for n in range(count)), lambda value: value, alpha)


def normal_spread(seed: int, count: int, alpha: float) -> bool:
    return distribution_holds((chance.normal(chance.key(seed), n) for n in range(count)), NORMAL.cdf, alpha)


@dataclass(frozen=True, slots=True)
class Check:
    """`count` is for one seed, `few` for 200. Exact intervals may hold more than asked."""

    holds: Holds
    count: int
    few: int
    is_exact: bool = True


CHECKS: Final = {
    "loss: the share that was asked for": Check(loss_share, 5000, 400),
    "loss: as likely behind a loss as elsewhere": Check(loss_after_loss, 1000, 50),
    "Gilbert-Elliott: the stationary share": Check(chain_loss_ratio(BAD_LINK), 20_000, 1000, is_exact=False),
    "Gilbert-Elliott: the mean run of losses": Check(chain_mean_run(BAD_LINK), 20_000, 1000, is_exact=False),
    "Gilbert-Elliott: the share where both states lose": Check(
        chain_loss_ratio(VAGUE_LINK), 20_000, 500, is_exact=False
    ),
    "Gilbert-Elliott: runs where both states lose": Check(chain_mean_run(VAGUE_LINK), 20_000, 500, is_exact=False),
    "Gilbert-Elliott: the first packet like any other": Check(chain_first_loss, 2000, 100),
    "queue: the mean wait of M/D/1": Check(poisson_mean_wait, 20_000, 1000, is_exact=False),
    "queue: the share that finds it idle": Check(poisson_idle_share, 20_000, 1000, is_exact=False),
    "jitter: a folded normal distribution": Check(jitter_spread, 2000, 30),
    "jitter: as wide between its steps": Check(jitter_between_steps, 6000, 60, is_exact=False),
    "jitter: its correlation over 50 ms": Check(jitter_memory, 2000, 60, is_exact=False),
    "bundle: one flow in two": Check(link_share(2, "flow"), 2000, 200),
    "bundle: one flow in sixteen": Check(link_share(16, "flow"), 2000, 200),
    "bundle: one remote in five": Check(link_share(5, "remote"), 2000, 200),
    "bundle: both ways": Check(links_of_both_ways, 2000, 200),
    "bundle: two entries": Check(links_of_two_entries, 2000, 200),
    "reorder: the share held back": Check(reorder_share, 2000, 200),
    "duplicate: the share that comes twice": Check(duplicate_share, 2000, 200),
    "chance: uniform": Check(uniform_spread, 2000, 100),
    "chance: normal": Check(normal_spread, 2000, 100),
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_interval_of_one_long_run_holds_what_theory_says(name: str) -> None:
    check = CHECKS[name]
    assert check.holds(1, check.count, ALPHA)


@pytest.mark.parametrize("name", CHECKS)
def test_of_200_intervals_at_95_percent_as_many_hold_theory_as_may_be(name: str) -> None:
    check = CHECKS[name]
    held = sum(check.holds(seed, check.few, 0.05) for seed in range(SEEDS))
    if check.is_exact:
        assert math.fsum(list(binomial_parts(SEEDS, 0.95))[: held + 1]) > ALPHA
    else:
        assert share_holds(held, SEEDS, 0.95, ALPHA)


def test_intervals_do_not_hold_what_is_not_so() -> None:
    assert not share_holds(300, 5000, 0.08, ALPHA)
    assert not distribution_holds([n / 2000 for n in range(2000)], lambda value: value**1.2, ALPHA)
    assert not normal_holds(4, 1, ALPHA)


def test_the_theory_of_chains_knows_the_cases_that_have_formulas() -> None:
    p, q = BAD_LINK.p, BAD_LINK.q
    assert Chain(BAD_LINK).expect(lambda _, now: now) == pytest.approx((q * BAD_LINK.k + p * BAD_LINK.h) / (p + q))
    # Gilbert's chain, where bad is lost and good is not: runs are geometric, and the variance of the share is known.
    simple, share = Chain(Gilbert(p, q, 1, 0)), p / (p + q)
    assert simple.expect(lambda _, now: now) / simple.expect(lambda before, now: now > before) == pytest.approx(1 / q)
    variance_of_share = share * (1 - share) * (2 - p - q) / (p + q)
    assert simple.variance(lambda _, now: now - share) == pytest.approx(variance_of_share)
    # Where the state does not matter, losses are independent.
    even = Chain(Gilbert(p, q, 0.3, 0.3))
    assert even.variance(lambda _, now: now - 0.3) == pytest.approx(0.3 * 0.7)


def test_the_theory_of_waits_knows_the_case_that_has_a_formula() -> None:
    busy = 0.6
    mean, spread, _ = wait_theory(busy, [math.factorial(k) for k in range(5)])
    assert mean == pytest.approx(busy / (1 - busy))
    # M/M/1: Whitt 1989, "Planning queueing simulations".
    assert spread == pytest.approx(busy * (2 + 5 * busy - 4 * busy**2 + busy**3) / (1 - busy) ** 4)
