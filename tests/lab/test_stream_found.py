"""The stream of a call in the lab: is a cut-off found where the wires made it? `measure_stream` plays many more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcheck.words import Claim

from .playing import played, verdicts

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("lab_possible")]

_APART = {"packets": 1, "seconds": 0.3}
_SCENARIO = """
id = "cut"
summary = "Flows to Telegram's relays are cut off"
seed = 11
[[wire.core.rule]]
match = {{proto = "udp", prefixes = ["91.108.0.0/16", "149.154.160.0/20"], direction = "up"}}
after = {{{after}}}
action = {{drop = 1.0}}
[[truth]]
service = "telegram"
function = "calls"
outcome = ["fails"]
cause = ["selective"]
depth = "standard"
"""


@pytest.mark.parametrize(("unit", "limit", "mechanism"), [("packets", 25, "cutoff_packets")])
def test_a_cut_off_is_found_with_its_number_and_new_ports_revive_the_flow(
    tmp_path: Path, unit: str, limit: int, mechanism: str
) -> None:
    scenario = tmp_path / "cut.toml"
    scenario.write_text(_SCENARIO.format(after=f"{unit} = {limit}"), encoding="utf-8")
    _, report = played(scenario, depth="standard")
    (claim,) = (one for one in report.evidence if one.claim == Claim.stream_cut_off and one.service == "telegram")
    facts: dict[str, Any] = claim.facts
    assert claim.strength == 3
    assert facts["unit"] == unit
    assert facts[f"{unit}_low"] - _APART[unit] <= limit <= facts[f"{unit}_high"] + _APART[unit]
    assert facts["renewed"] >= 2
    assert facts["controls_died"] == 0
    found = verdicts(report)["telegram", "calls"]
    assert (found.outcome, found.cause, found.mechanism) == ("fails", "selective", mechanism)
    assert verdicts(report)["whatsapp", "calls"].outcome == "works"
