"""The way of a call: which stretch is broken, and that none is named where none is known."""

from __future__ import annotations

import pytest

from callcheck.digest.way import STRETCHES, way_of
from callcheck.model import Evidence, Report, Verdict
from callcheck.words import Cause, Claim, Outcome, Where
from tests.journals.golden import report_of_family


def _verdict(outcome: Outcome, cause: Cause, where: Where) -> Verdict:
    return Verdict(
        service="telegram",
        function="calls",
        outcome=outcome,
        cause=cause,
        mechanism="none",
        where=where,
        confidence=0.9,
        causes={cause: 0.9},
    )


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of_family("clean-wired")


@pytest.mark.parametrize("where", STRETCHES)
def test_a_stretch_that_is_known_is_broken(report: Report, where: Where) -> None:
    way = way_of(report, _verdict("fails", "selective", where), "en")
    assert way.broken == STRETCHES.index(where)
    assert not way.is_unknown
    assert len(way.stations) == len(way.stretches) + 1


def test_a_stretch_that_is_not_known_is_said_to_be_unknown(report: Report) -> None:
    way = way_of(report, _verdict("fails", "service_outage", "unknown"), "en")
    assert way.broken is None
    assert way.is_unknown
    assert "do not tell where" in way.sentence


@pytest.mark.parametrize(("outcome", "cause"), [("works", "none"), ("fails", "offline"), ("unknown", "unknown")])
def test_a_way_without_a_fault_of_its_own_has_no_broken_stretch(report: Report, outcome: Outcome, cause: Cause) -> None:
    way = way_of(report, _verdict(outcome, cause, "provider"), "en")
    assert way.broken is None
    assert not way.is_unknown
    assert way.is_whole == (outcome == "works")
    assert ("No stretch" in way.sentence) == way.is_whole


def test_delays_come_from_the_evidence_and_are_missing_without_it(report: Report) -> None:
    verdict = _verdict("works", "none", "unknown")
    known = [station.delay_ms for station in way_of(report, verdict, "en").stations]
    assert known[0] is None
    assert known[1] is not None
    assert known[-1] is not None
    bare = Report(
        schema=report.schema,
        tool=report.tool,
        run=report.run,
        network=report.network,
        instrument=report.instrument,
        verdicts=(verdict,),
        evidence=(Evidence(claim=Claim.gateway_healthy, facts={"rtt_ms": "near"}),),
    )
    assert [station.delay_ms for station in way_of(bare, verdict, "en").stations] == [None] * 5
