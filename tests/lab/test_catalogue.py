"""The built-in scenarios as a collection: how many they are, and that each makes sense with any seed."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from callcheck.lab import play, world
from callcheck.lab.network_spec import FAULTS, NATS, CrossTraffic, ServerFault, Topology
from callcheck.lab.scenario import Scenario, load, parse
from callcheck.lab.truth import Truth
from callcheck.lab.wire.spec_entry import Bundle, Entry, When
from callcheck.lab.wire.spec_rule import BUCKETS, PAYLOADS, Action, After, Match, Penalty

_NAMES = sorted(play.built_in())
_FUNCTIONS = {(service, function) for service in ("telegram", "whatsapp") for function in ("messaging", "calls")}


def is_guilty(scenario: Scenario) -> bool:
    return any("selective" in truth.cause for truth in scenario.truths)


def test_there_are_many_families_and_most_of_them_are_innocent_of_something() -> None:
    scenarios = [play.find(name) for name in _NAMES]
    assert len(scenarios) >= 70
    assert len({scenario.family for scenario in scenarios}) >= 30
    assert len({scenario.family for scenario in scenarios if is_guilty(scenario)}) >= 10
    assert len({scenario.family for scenario in scenarios if not is_guilty(scenario)}) >= 20


@pytest.mark.parametrize("name", _NAMES)
def test_every_seed_of_a_scenario_can_be_played(name: str) -> None:
    scenario = play.find(name)
    assert scenario.id == name
    for seed in range(20):
        drawn = scenario.drawn(seed)
        assert world.endpoints(drawn)
        assert world.hosts(drawn)["inet"]


@pytest.mark.parametrize("name", _NAMES)
def test_a_scenario_says_what_is_true_of_every_function(name: str) -> None:
    scenario = load(play.built_in()[name])
    assert {(truth.service, truth.function) for truth in scenario.truths} == _FUNCTIONS


def test_a_scenario_lies_in_the_folder_that_its_truth_fits() -> None:
    for name, path in play.built_in().items():
        folder, scenario = path.parent.name, play.find(name)
        if folder in ("clean", "nat", "home", "access"):
            assert not is_guilty(scenario), name
        if folder in ("selective", "mixed"):
            assert is_guilty(scenario) or scenario.family in ("quic", "delay-injection"), name


def test_the_page_on_scenarios_has_an_example_that_can_be_played_and_names_every_key() -> None:
    page = Path(play.__file__).with_name("README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parse(example).family == "cutoff-packets"
    parts = (Topology, CrossTraffic, ServerFault, Truth, Entry, When, Bundle, Match, After, Action, Penalty)
    keys = {field.name for part in parts for field in fields(part)}
    words = set(re.findall(r"[a-z0-9_]+", page))
    assert not {key for key in keys if key not in words}
    assert {*NATS, *PAYLOADS, *FAULTS, *BUCKETS} <= words
