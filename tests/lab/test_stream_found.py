"""The stream of a call in the lab: is a cut-off found where the wires made it? `measure_stream` plays many more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcheck.words import Claim

from .playing import played, verdicts

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("lab_possible")]

_SCENARIO = """
id = "cut"
summary = "Flows to Telegram's relays are cut off"
seed = 11
[[wire.core.rule]]
match = {proto = "udp", prefixes = ["91.108.0.0/16", "149.154.160.0/20"], direction = "up"}
after = {packets = 25}
action = {drop = 1.0}
[[truth]]
service = "telegram"
function = "calls"
outcome = ["fails"]
cause = ["selective"]
depth = "standard"
"""


def test_a_cut_off_is_found_with_its_number_and_new_ports_revive_the_flow(tmp_path: Path) -> None:
    scenario = tmp_path / "cut.toml"
    scenario.write_text(_SCENARIO, encoding="utf-8")
    _, report = played(scenario, depth="standard")
    (claim,) = (one for one in report.evidence if one.claim == Claim.stream_cut_off and one.service == "telegram")
    facts: dict[str, Any] = claim.facts
    assert claim.strength == 3
    assert facts["unit"] == "packets"
    assert facts["packets_low"] - 1 <= 25 <= facts["packets_high"] + 1
    assert facts["renewed"] >= 2
    assert facts["controls_died"] == 0
    found = verdicts(report)["telegram", "calls"]
    assert (found.outcome, found.cause, found.mechanism) == ("fails", "selective", "cutoff_packets")
    assert verdicts(report)["whatsapp", "calls"].outcome == "works"
