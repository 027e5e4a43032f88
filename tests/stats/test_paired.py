"""Blocks of time, and the sign-flip test of their differences."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.paired import Block, fold_blocks, sign_flip_p

_differences = st.lists(st.integers(-20, 20).map(lambda points: points / 25), max_size=10)


def test_flows_are_folded_into_blocks_of_one_clock() -> None:
    one = ([0, 999_999, 1_000_000, 2_500_000], [True, False, True, True])
    other = ([500_000, 3_000_000, -1], [True, True, True])
    assert fold_blocks([one, other], origin_us=0, blocks=3) == (Block(3, 2), Block(1, 1), Block(1, 1))


def test_an_origin_shifts_the_blocks_and_empty_ones_stay() -> None:
    flow = ([5_000_000, 5_200_000], [False, True])
    assert fold_blocks([flow], origin_us=4_900_000, blocks=3, block_us=200_000) == (
        Block(1, 0),
        Block(1, 1),
        Block(0, 0),
    )
    assert Block(0, 0).ratio == 0.0


def test_times_and_flags_must_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        fold_blocks([([1], [])], origin_us=0, blocks=1)


@given(st.lists(st.tuples(st.integers(-(10**7), 10**7), st.booleans()), max_size=50), st.integers(0, 8))
@settings(max_examples=30, deadline=None)
def test_no_packet_within_the_blocks_is_forgotten(packets: list[tuple[int, bool]], blocks: int) -> None:
    folded = fold_blocks([([at for at, _ in packets], [lost for _, lost in packets])], origin_us=0, blocks=blocks)
    within = [lost for at, lost in packets if 0 <= at < blocks * 1_000_000]
    assert len(folded) == blocks
    assert (sum(block.sent for block in folded), sum(block.lost for block in folded)) == (len(within), sum(within))


@given(_differences)
@settings(max_examples=60, deadline=None)
def test_few_differences_are_tested_over_all_signs(differences: list[float]) -> None:
    observed = sum(differences)
    sums = [
        sum(sign * difference for sign, difference in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = sum(total >= observed - 1e-9 for total in sums) / len(sums)
    assert sign_flip_p(differences, Random(1)) == pytest.approx(expected)


@pytest.mark.parametrize("differences", [[], [0.0] * 40])
def test_without_differences_nothing_is_found(differences: list[float]) -> None:
    assert sign_flip_p(differences, Random(1)) == 1.0


@pytest.mark.parametrize(("pairs", "flips"), [(14, 10_000), (30, 10_000), (61, 500)])
def test_the_smallest_p_of_many_pairs_is_one_of_all_flips(pairs: int, flips: int) -> None:
    assert sign_flip_p([0.2] * pairs, Random(1), flips) <= 3 / (flips + 1)
    assert sign_flip_p([-0.2] * pairs, Random(1), flips) == 1.0


def test_random_flips_agree_with_all_signs() -> None:
    random = Random(23)
    for _ in range(8):
        differences = [random.gauss(0.2, 1) for _ in range(13)]
        every = sign_flip_p(differences, random)
        # 4000 flips give p within 0.032 in 9 999 of 10 000 cases.
        assert sign_flip_p(differences, random, flips=4000) == pytest.approx(every, abs=0.032)


def test_the_p_of_symmetric_differences_is_even() -> None:
    random = Random(29)
    small = sum(sign_flip_p([random.gauss(0, 1) for _ in range(30)], random, flips=400) <= 0.1 for _ in range(400))
    assert 20 <= small <= 64


def test_the_same_chance_gives_the_same_p() -> None:
    differences = [Random(2).gauss(0.1, 1) for _ in range(40)]
    assert sign_flip_p(differences, Random(3)) == sign_flip_p(differences, Random(3))
