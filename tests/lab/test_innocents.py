"""Networks in which nobody singles a messenger out, though they look like it: callcheck accuses none of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from callcheck.lab import score
from callcheck.lab.scenario import load
from callcheck.lab.truth import Truth
from callcheck.model import Verdict

from .playing import played, verdicts

_FILES = {path.stem: path for path in sorted(Path(__file__).with_name("innocents").glob("*.toml"))}
# A ban on a whole class of traffic may be called what it is: it singles out calls, though no service.
_BAN_ON_CALLS = "stun-class"
# Each plays for some ten seconds. These show every way to be mistaken; the others are kin of theirs.
_MOST_TELLING = (
    "corp-allow",
    "mobile-allowlist",
    "partial",
    "ping-limited-congested",
    "slow-1700",
    "slow-edge",
    "stale-icmp-half",
    "stale-nohop",
    "stun-class",
    "vpn-prefix",
)
_NAMES = tuple(_FILES) if os.environ.get("CALLCHECK_INNOCENTS") == "all" else _MOST_TELLING


def accused(found: Mapping[tuple[str, str], Verdict]) -> set[tuple[str, str]]:
    return {about for about, verdict in found.items() if verdict.cause == "selective"}


def said_to_work_wrongly(truths: tuple[Truth, ...], found: Mapping[tuple[str, str], Verdict]) -> set[tuple[str, str]]:
    """What is called `works` although its truth does not allow that word."""
    doubtful = {(truth.service, truth.function) for truth in truths if "works" not in truth.outcome}
    return {about for about in doubtful if found[about].outcome == "works"}


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
@pytest.mark.parametrize("name", _NAMES)
def test_an_innocent_network_is_not_accused_and_nothing_doubtful_is_said_to_work(name: str) -> None:
    scenario = load(_FILES[name])
    done, report = played(_FILES[name])
    found = verdicts(report)
    guilty = {("telegram", "calls"), ("whatsapp", "calls")} if name == _BAN_ON_CALLS else set()
    assert accused(found) <= guilty
    assert all(found[about].mechanism == "voip_class" for about in accused(found))
    assert not said_to_work_wrongly(scenario.truths, found)
    assert score.compared(scenario, report, "quick", done.seconds).notes == ()
    assert not report.problems


@pytest.mark.parametrize("name", _FILES)
def test_every_truth_leaves_the_network_innocent(name: str) -> None:
    scenario = load(_FILES[name])
    assert scenario.id == name
    assert {(truth.service, truth.function) for truth in scenario.truths} == {
        (service, function) for service in ("telegram", "whatsapp") for function in ("messaging", "calls")
    }
    for truth in scenario.truths:
        assert "selective" not in truth.cause or (name, truth.function) == (_BAN_ON_CALLS, "calls")
        assert "works" in truth.outcome or "unknown" in truth.outcome


def test_the_most_telling_networks_exist_and_are_few() -> None:
    assert set(_MOST_TELLING) <= set(_FILES)
    assert len(_MOST_TELLING) <= 10
