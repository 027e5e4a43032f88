"""Every check takes whatever the network hands it: bent answers from the lab's stand-ins, at every depth."""

from __future__ import annotations

from typing import get_args

import pytest

from callcheck.engine import plugins
from callcheck.words import Depth
from tests.bench.fuzz import play

CHECKS = plugins.load_checks()[0]
_SEEDS = 4


@pytest.mark.parametrize("depth", get_args(Depth))
@pytest.mark.parametrize("name", sorted(CHECKS))
def test_nothing_escapes_from_a_check(name: str, depth: Depth) -> None:
    found = [play(CHECKS[name], depth, seed) for seed in range(_SEEDS)]
    assert [problem for _, problem in found if problem] == []


def test_the_stand_ins_bend_enough_to_show_anything() -> None:
    asking = ("dns", "link", "messaging", "relay", "stun")
    bent = {name: sum(play(CHECKS[name], "quick", seed)[0] for seed in range(_SEEDS)) for name in asking}
    assert all(count > _SEEDS for count in bent.values()), bent
