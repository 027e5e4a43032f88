"""The policer of a rule: whose bucket it is, and how much passes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.rules import RuleBook

from .test_wire_rules import OTHER, SECOND, book, drops, packet


def policed(per: str = "flow", *, kbps: float = 24, burst_bytes: int = 400, **rest: Any) -> RuleBook:
    action = {"police_kbps": kbps, "burst_bytes": burst_bytes} | ({"per": per} if per != "flow" else {})
    return book({"match": {"proto": "udp"}, "action": action} | rest)


def test_the_bucket_starts_full_and_fills_at_its_rate() -> None:
    rules = policed()  # 3 bytes a millisecond, two packets of 188 bytes in the bucket
    times_ms = [0, 0, 0, 50, 55, 1000, 1000, 1000]
    answers = [drops(rules, packet(), n, ms * 1_000_000) for n, ms in enumerate(times_ms)]
    assert answers == [False, False, True, True, False, False, False, True]
    assert (rules.rules[0].matched, rules.rules[0].hits) == (8, 3)


@pytest.mark.parametrize(
    ("per", "owned", "apart"),
    [
        ("flow", [{}, {}], [{"is_up": False}, {"near_port": 1}, {"remote_port": 1}, {"remote_address": OTHER}]),
        (
            "destination",
            [{}, {"near_port": 1}, {"remote_port": 1}, {"is_up": False}, {"near_address": OTHER}],
            [{"remote_address": OTHER}],
        ),
        (
            "client",
            [{}, {"near_port": 1}, {"remote_address": OTHER}, {"is_up": False}],
            [{"near_address": OTHER}],
        ),
        ("rule", [{}, {"near_address": OTHER}, {"remote_address": OTHER}, {"is_up": False}], []),
    ],
)
def test_each_owner_has_a_bucket_of_its_own(per: str, owned: list[dict[str, Any]], apart: list[dict[str, Any]]) -> None:
    for changes in owned:
        rules = policed(per, burst_bytes=188)
        assert not drops(rules, packet())
        assert drops(rules, packet(**changes))
    for changes in apart:
        rules = policed(per, burst_bytes=188)
        assert not drops(rules, packet())
        assert not drops(rules, packet(**changes))


def test_a_packet_that_is_larger_than_the_bucket_never_passes() -> None:
    rules = policed(burst_bytes=187)
    assert all(drops(rules, packet(), n, n * 9 * SECOND) for n in range(5))


def test_a_flow_that_starts_anew_has_a_full_bucket_but_one_client_does_not_fill_it_by_pausing() -> None:
    slow: dict[str, Any] = {"kbps": 0.1, "burst_bytes": 188, "expiry_s": 1}  # 15 s to fill
    for per, answer in (("flow", False), ("client", True), ("rule", True), ("destination", True)):
        rules = policed(per, **slow)
        assert not drops(rules, packet())
        assert drops(rules, packet(), 1, 2 * SECOND) is answer


def test_policing_can_begin_after_some_packets() -> None:
    rules = policed(burst_bytes=188, after={"packets": 3})
    assert [drops(rules, packet(), n) for n in range(6)] == [False, False, False, False, True, True]


@given(
    st.lists(st.tuples(st.integers(0, 100_000_000), st.integers(28, 1500)), max_size=60),
    st.integers(1, 5000),
    st.integers(1500, 20_000),
)
@settings(max_examples=100, deadline=None)
def test_no_more_passes_than_burst_and_rate_allow_and_nothing_is_dropped_within_the_burst(
    arrivals: list[tuple[int, int]], kbps: int, burst_bytes: int
) -> None:
    rules = policed(kbps=kbps, burst_bytes=burst_bytes)
    now_ns, passed_bytes, first_ns = 0, 0, None
    for n, (gap_ns, size_bytes) in enumerate(arrivals):
        now_ns += gap_ns
        first_ns = now_ns if first_ns is None else first_ns
        allowed_bytes = burst_bytes + (now_ns - first_ns) * kbps / 8e6
        if not drops(rules, packet(ip_bytes=size_bytes), n, now_ns):
            passed_bytes += size_bytes
            assert passed_bytes <= allowed_bytes + 1e-3
        else:
            assert passed_bytes + size_bytes > burst_bytes
