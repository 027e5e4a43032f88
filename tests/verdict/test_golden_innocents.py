"""The golden journals, spoilt: what is missing or wrong in a run accuses nobody whom the whole run does not."""

from __future__ import annotations

import pytest

from callcheck.lab import play
from callcheck.model import Evidence, Instrument
from callcheck.verdict.calibration import Calibration, shipped
from callcheck.words import Claim
from tests.journals.golden import all_golden
from tests.verdict.made import LATE, STATED, TUNNEL, accused, disturbed, golden_evidence, may_be_accused, without

_CONTROLS = frozenset({Claim.controls_answer, Claim.controls_carry, Claim.web_abroad})
FAMILIES = list(all_golden())
# Their accusation does not rest on when packets left, and stands with a late instrument too.
_UNTIMED = {"dtls-signature", "mixed", "stun-cookie", "udp-prefix", "whole-service"}


def judged(
    evidence: tuple[Evidence, ...], instrument: Instrument, calibration: Calibration = STATED
) -> set[tuple[str, str]]:
    return accused(evidence, instrument, calibration) if may_be_accused(evidence, instrument) else set()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_late_instrument_accuses_nobody_by_when_packets_left(family: str) -> None:
    evidence, instrument, _ = golden_evidence()[family]
    assert judged(evidence, LATE) == (judged(evidence, instrument) if family in _UNTIMED else set())


def test_some_accusations_do_not_rest_on_when_packets_left() -> None:
    assert all(judged(golden_evidence()[family][0], LATE) for family in _UNTIMED)


@pytest.mark.parametrize("family", FAMILIES)
def test_through_a_tunnel_on_a_disturbed_machine_or_without_neutral_hosts_nobody_is_accused(family: str) -> None:
    evidence, instrument, _ = golden_evidence()[family]
    assert judged((*without(Claim.tunnel_in_use, evidence), TUNNEL), instrument) == set()
    assert judged(tuple(item for item in evidence if item.claim not in _CONTROLS), instrument) == set()
    for event in ("clock_set", "suspended", "address_changed", "route_changed"):
        assert judged(evidence, disturbed(event)) == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_single_word_that_is_missing_creates_an_accusation(family: str) -> None:
    evidence, instrument, _ = golden_evidence()[family]
    whole = accused(evidence, instrument)
    for position in range(len(evidence)):
        rest = evidence[:position] + evidence[position + 1 :]
        assert judged(rest, instrument) <= whole, evidence[position]


@pytest.mark.parametrize("family", FAMILIES)
def test_whoever_is_innocent_in_truth_is_not_accused_when_a_word_is_missing(family: str) -> None:
    """Even where the whole run leaves open who is to blame."""
    truths = play.find(all_golden()[family].scenario).truths
    guilty = {(one.service, one.function) for one in truths if "selective" in one.cause}
    evidence, instrument, _ = golden_evidence()[family]
    for position in range(len(evidence)):
        assert judged(evidence[:position] + evidence[position + 1 :], instrument, shipped()) <= guilty, evidence[
            position
        ]
