"""The emulated jitter buffer: what comes too late, how the buffer grows and shrinks, and what makes no difference."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.quality.playout import Packet, Playout, interval_us, play
from tests.quality.series import PATH_US, STEP_US, any_series, lossy, series, stalls

SECOND_US = 1_000_000


def played(packets: list[Packet]) -> Playout:
    playout = play(packets)
    assert playout is not None
    return playout


def target_ms_from(packets: list[Packet], number: int) -> float:
    """The mean target over the packets from `number` on, of a series without loss."""
    sums_ms = [played(part).mean_target_ms * len(part) for part in (packets, packets[:number])]
    return (sums_ms[0] - sums_ms[1]) / (len(packets) - number)


def test_nothing_that_came_is_nothing_to_play() -> None:
    assert play([]) is None
    assert play([(0, None), (STEP_US, None)]) is None


@given(any_series())
@settings(max_examples=50, deadline=None)
def test_any_series_is_played_and_only_what_came_can_be_late(packets: list[Packet]) -> None:
    playout = play(packets)
    assert (playout is None) == all(came is None for _, came in packets)
    if playout:
        assert len(playout.late) == len(packets)
        assert not any(late and came is None for late, (_, came) in zip(playout.late, packets, strict=True))
        assert 40 <= playout.mean_target_ms <= 500
        assert playout.mean_delay_ms >= min(came - sent for sent, came in packets if came is not None) / 1000


@given(st.lists(st.tuples(st.integers(0, 60_000), st.booleans()), min_size=1, max_size=200), st.integers(0, SECOND_US))
@settings(max_examples=50, deadline=None)
def test_without_jitter_nothing_is_late_however_unevenly_packets_were_sent_or_lost(
    steps: list[tuple[int, bool]], path_us: int
) -> None:
    sent_us = 0
    packets: list[Packet] = [(0, path_us)]
    for step_us, lost in steps:
        sent_us += step_us
        packets.append((sent_us, None if lost else sent_us + path_us))
    assert not any(played(packets).late)


@given(any_series(least=1), st.integers(-(10**12), 10**12), st.integers(0, SECOND_US))
@settings(max_examples=50, deadline=None)
def test_neither_the_clocks_zero_nor_the_length_of_the_path_makes_packets_late(
    packets: list[Packet], shift_us: int, longer_us: int
) -> None:
    moved = play([(sent + shift_us, None if came is None else came + shift_us + longer_us) for sent, came in packets])
    playout = play(packets)
    assert (moved is None) == (playout is None)
    if moved and playout:
        assert moved.late == playout.late
        assert moved.mean_target_ms == pytest.approx(playout.mean_target_ms)
        assert moved.mean_delay_ms == pytest.approx(playout.mean_delay_ms + longer_us / 1000)


def test_an_even_path_needs_the_least_buffer() -> None:
    # The first half second keeps the buffer that a call begins with.
    beginning = (500_000 // STEP_US) + 1
    playout = played(series(750))
    assert playout.mean_target_ms == pytest.approx((beginning * 80 + (750 - beginning) * 40) / 750)
    assert playout.mean_delay_ms == pytest.approx(playout.mean_target_ms + PATH_US / 1000)


def test_jitter_that_stays_within_the_buffer_costs_delay_and_no_packets() -> None:
    playout = played(series(750, lambda sent_us: 35_000 * (sent_us // STEP_US % 2)))
    assert not any(playout.late)
    assert playout.mean_target_ms == pytest.approx(40, abs=3)


def test_a_stall_each_second_makes_packets_late_until_the_buffer_has_grown() -> None:
    playout = played(series(750, stalls(120_000, SECOND_US)))
    grown_after = 2 * SECOND_US // STEP_US
    assert any(playout.late[:grown_after])
    assert not any(playout.late[grown_after:])
    assert playout.mean_target_ms > played(series(750)).mean_target_ms + 60


def test_the_target_is_the_upper_edge_of_the_bucket_that_holds_the_delay() -> None:
    # Each half second holds one stall of 130 ms, which lies in the bucket of 120 to 140 ms.
    playout = played(series(3000, stalls(130_000, SECOND_US // 2)))
    assert playout.mean_target_ms == pytest.approx(140, abs=1)


@pytest.mark.parametrize(("one_in", "least_ms", "most_ms"), [(4, 180, 260), (40, 40, 90)])
def test_only_what_happens_in_more_than_one_interval_of_twenty_raises_the_target(
    one_in: int, least_ms: float, most_ms: float
) -> None:
    held = stalls(230_000, one_in * SECOND_US // 2)
    # The first stall comes when the histogram is filled and one interval weighs 2 %.
    packets = series(6000, lambda sent_us: held(sent_us) if sent_us >= 50 * SECOND_US else 0)
    assert least_ms <= target_ms_from(packets, 4500) <= most_ms


def test_a_buffer_that_grew_shrinks_when_the_trouble_has_been_forgotten() -> None:
    # With every interval troubled, 0.983^n falls to 5 % after 175 calm ones; an interval ends with its 26th packet.
    trouble = stalls(130_000, SECOND_US // 2)
    packets = series(9000, lambda sent_us: trouble(sent_us) if sent_us < 70 * SECOND_US else 0)
    held = target_ms_from(packets, 3500) - 40
    assert held * (9000 - 3500) / (140 - 40) / 26 == pytest.approx(175, abs=2)


def test_a_longer_path_is_the_usual_one_after_two_seconds() -> None:
    # Four intervals of 300 ms weigh 7 %, and 17 more bring them under 5 %: 11 s in all.
    packets = series(4200, lambda sent_us: 300_000 if sent_us >= 65 * SECOND_US else 0)
    assert target_ms_from(packets, 65 * 50) > 70
    assert target_ms_from(packets, (65 + 13) * 50) == pytest.approx(40)


def test_a_delay_beyond_what_the_histogram_holds_does_not_move_the_target() -> None:
    packets = series(750, lambda sent_us: 2_500_000 if sent_us == 5 * SECOND_US else 0)
    assert target_ms_from(packets, 5 * 50) == pytest.approx(40)


@pytest.mark.parametrize(("stall_ms", "silent_ms"), [(60, 0), (80, 0), (100, 20), (200, 120), (400, 320)])
def test_as_many_packets_are_late_as_fit_into_the_silence(stall_ms: int, silent_ms: int) -> None:
    # At the beginning the buffer holds 80 ms; the stall begins with the packet sent at 60 ms.
    packets = series(60, lambda sent_us: max(0, stall_ms * 1000 - (sent_us - 60_000)) if sent_us >= 60_000 else 0)
    assert sum(played(packets).late) * STEP_US == silent_ms * 1000


@pytest.mark.parametrize("longer_ms", [100, 200, 300])
@pytest.mark.parametrize("at_ms", [7_000, 60_000, 60_200])
def test_a_path_that_becomes_longer_is_silent_for_about_the_difference_and_no_longer(
    longer_ms: int, at_ms: int
) -> None:
    packets = series(3500, lambda sent_us: longer_ms * 1000 if sent_us >= at_ms * 1000 else 0)
    silent_ms = sum(played(packets).late) * STEP_US / 1000
    assert longer_ms - 60 <= silent_ms <= longer_ms


def test_a_packet_lost_in_a_silence_is_lost_and_not_late() -> None:
    # The stall begins at 60 ms with 80 ms held: 320 ms of silence, 16 packets.
    packets = series(60, lambda sent_us: max(0, 400_000 - (sent_us - 60_000)) if sent_us >= 60_000 else 0)
    lost = [number in {5, 8, 11} for number in range(60)]
    assert sum(played(lossy(packets, lost)).late) == 16 - 3


def test_a_queue_that_fills_slowly_costs_no_more_silence_than_it_adds_delay() -> None:
    packets = series(750, lambda sent_us: min(400_000, max(0, sent_us - 7 * SECOND_US) // 4))
    playout = played(packets)
    assert sum(playout.late) * STEP_US <= 400_000
    assert playout.mean_delay_ms > played(series(750)).mean_delay_ms + 150


@pytest.mark.parametrize(("extra_ms", "late"), [(60, False), (300, True)])
def test_an_overtaken_packet_is_late_alone(extra_ms: int, late: bool) -> None:
    packets = series(100, lambda sent_us: extra_ms * 1000 if sent_us == 10 * STEP_US else 0)
    playout = played(packets)
    assert playout.late == tuple(late and number == 10 for number in range(100))


def test_uneven_sending_is_not_jitter_of_the_path() -> None:
    late_sender: list[Packet] = [
        (sent + wait, sent + wait + PATH_US)
        for sent, wait in zip(range(0, 15_000_000, STEP_US), [0, 15_000] * 375, strict=True)
    ]
    assert played(late_sender).mean_target_ms == pytest.approx(played(series(750)).mean_target_ms, abs=0.1)


@pytest.mark.parametrize(("sent_us", "expected"), [([], 1), ([5], 1), ([0, 0, 0], 1), ([0, 20, 40, 900], 20)])
def test_the_usual_interval_is_the_median_step(sent_us: list[int], expected: int) -> None:
    assert interval_us(sent_us) == expected
