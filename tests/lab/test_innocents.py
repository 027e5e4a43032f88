"""Networks in which nobody singles a messenger out, though they look like it: callcheck accuses none of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from callcheck.lab import play, score
from callcheck.lab.truth import Truth
from callcheck.model import Verdict

from .playing import played, unexpected, verdicts

# A ban on a whole class of traffic may be called what it is: it singles out calls, though no service.
_BAN_ON_CALLS = "stun-class"
# Each plays for some ten seconds. These show every way to be mistaken; the others are kin of theirs.
_MOST_TELLING = (
    "corp-allow",
    "mobile-allowlist",
    "partial",
    "ping-limited-congested",
    "slow-1700",
    "stale-nohop",
    "stun-class",
    "vpn-prefix",
)
_FUNCTIONS = {(service, function) for service in ("telegram", "whatsapp") for function in ("messaging", "calls")}


def accused(found: Mapping[tuple[str, str], Verdict]) -> set[tuple[str, str]]:
    return {about for about, verdict in found.items() if verdict.cause == "selective"}


def said_to_work_wrongly(truths: tuple[Truth, ...], found: Mapping[tuple[str, str], Verdict]) -> set[tuple[str, str]]:
    """What is called `works` although its truth does not allow that word."""
    doubtful = {(truth.service, truth.function) for truth in truths if "works" not in truth.outcome}
    return {about for about in doubtful if found[about].outcome == "works"}


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
@pytest.mark.parametrize("name", _MOST_TELLING)
def test_an_innocent_network_is_not_accused_and_nothing_doubtful_is_said_to_work(name: str) -> None:
    scenario = play.find(name)
    done, report = played(name)
    found = verdicts(report)
    guilty = {(one.service, one.function) for one in scenario.truths if "selective" in one.cause}
    assert accused(found) <= guilty
    assert name != _BAN_ON_CALLS or all(found[about].mechanism == "voip_class" for about in accused(found))
    assert not said_to_work_wrongly(scenario.truths, found)
    assert score.compared(scenario, report, "quick", done.seconds).notes == ()
    assert unexpected(report) == []


def test_the_most_telling_networks_are_few_and_leave_somebody_innocent() -> None:
    assert len(_MOST_TELLING) <= 10
    for name in _MOST_TELLING:
        truths = play.find(name).truths
        assert {(truth.service, truth.function) for truth in truths} == _FUNCTIONS
        guilty = {truth for truth in truths if "selective" in truth.cause}
        assert not guilty or name in (_BAN_ON_CALLS, "partial")
