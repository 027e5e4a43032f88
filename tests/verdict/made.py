"""Evidence as checks make it, for the tests of the judge: single items, whole lines, golden journals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from callcheck import session
from callcheck.engine import plugins
from callcheck.model import Evidence, Instrument, Verdict
from callcheck.verdict import gates
from callcheck.verdict.calibration import Calibration
from callcheck.verdict.findings import Findings
from callcheck.verdict.hypotheses import HYPOTHESES
from callcheck.verdict.judge import judge
from callcheck.words import Claim, Depth, FlowEvent
from tests.journals.golden import all_golden

# What the judge was first given: a calibration that is fitted anew must not move these tests.
STATED = Calibration(errors=(0.25, 0.05, 0.01), likely=0.75, leak=0.05, sharpness=1.0, made_from="stated")
ON_TIME = Instrument(send_lateness_p99_ms=1.0, valid=True)
LATE = Instrument(send_lateness_p99_ms=80.0, valid=False)


def disturbed(event: FlowEvent) -> Instrument:
    return Instrument(send_lateness_p99_ms=0.1, valid=False, events=(event,))


def about(claim: Claim, strength: int, service: str = "", function: str = "", **facts: Any) -> Evidence:
    """Evidence that shares its source of failure with nothing else."""
    group = f"{claim}:{service}" if service else claim
    return Evidence(service=service, function=function, claim=claim, strength=strength, facts=facts, group=group)  # type: ignore[arg-type]  # the test passes words of the closed list


def of_calls(claim: Claim, strength: int, service: str = "telegram", **facts: Any) -> Evidence:
    """Evidence of a call's flows, which share their source of failure, as the stream check's do."""
    own = claim.startswith(("stream_", "loss_"))
    item = about(claim, strength, service, "calls", **facts)
    return msgspec.structs.replace(item, group=f"stream:{service}") if own else item


ROUTE = about(Claim.route_exists, 3)
GATEWAY = about(Claim.gateway_healthy, 2, sent=50, received=50, loss_ratio=0.0)
LOSSY_GATEWAY = about(Claim.gateway_healthy, -3, sent=50, received=38, loss_ratio=0.24)
NO_TUNNEL = about(Claim.tunnel_in_use, -3)
TUNNEL = about(Claim.tunnel_in_use, 3)
TCP = about(Claim.tcp_passes, 3)
NO_TCP = about(Claim.tcp_passes, -3)
CONTROLS = about(Claim.controls_answer, 3, asked=8, answered=8, networks=5, rtt_ms=40)
NO_CONTROLS = about(Claim.controls_answer, -3, asked=8, answered=0, networks=0)
DOMESTIC = about(Claim.domestic_answers, 2)
NO_DOMESTIC = about(Claim.domestic_answers, -2)
CARRY = about(Claim.controls_carry, 3, sent=2000, received=2000, loss_ratio=0.0, flows=4)
LOSSY = about(Claim.controls_carry, -2, sent=2000, received=1500, loss_ratio=0.25, flows=4)
COOKIE = about(Claim.cookie_ignored, 2)
NO_COOKIE = about(Claim.cookie_ignored, -3)
PORTAL = about(Claim.captive_portal, 3)
HOME = about(Claim.web_at_home, 3)
NO_ABROAD = about(Claim.web_abroad, -3)
LINE = (ROUTE, GATEWAY, NO_TUNNEL, TCP, CONTROLS, DOMESTIC, CARRY)


def text(strength: int, service: str = "telegram", **facts: Any) -> Evidence:
    return about(Claim.text_answers, strength, service, "messaging", **facts)


def relays(strength: int, service: str = "telegram", **facts: Any) -> Evidence:
    return about(Claim.relays_answer, strength, service, "calls", **facts)


def names(strength: int, elsewhere: int, service: str = "telegram") -> Evidence:
    return about(Claim.names_present, strength, service, "messaging", elsewhere=elsewhere)


def stream(strength: int, loss_ratio: float, service: str = "telegram", **facts: Any) -> Evidence:
    return of_calls(Claim.stream_carries, strength, service, loss_ratio=loss_ratio, **facts)


def path(strength: int, where: str = "unknown", mechanism: str = "unknown", function: str = "calls") -> Evidence:
    return about(Claim.path_open, strength, "telegram", function, where=where, mechanism=mechanism)


def forms(strength: int, mechanism: str) -> Evidence:
    return about(Claim.call_forms_alike, strength, "telegram", "calls", mechanism=mechanism)


STOPS = path(-3, "provider", "port")
# Where the packets of a flow stop that has died, while new ones pass.
STOPS_LATER = path(-2, "provider")
MORE = of_calls(Claim.stream_loses_more, 2, loss_ratio=0.9, controls_loss_ratio=0.0)
CUT_OFF = of_calls(Claim.stream_cut_off, 3, unit="packets", packets_low=12, packets_high=12, flows=8, died=6, renewed=2)
EVENLY = of_calls(Claim.path_loses_evenly, -3, hop=3, loss_ratio=0.3, controls_loss_ratio=0.0)
TOO_SLOW = of_calls(Claim.stream_rate_limited, 3, limit_low_kbps=23, limit_high_kbps=25, controls_limited=0)

# What somebody is rightly accused of, by the contrast that shows it.
BLOCKED = (*LINE, text(3), relays(-3), STOPS)
SILENCED = (*LINE, text(-3), relays(-3), path(-3, "provider", "address", "messaging"))
FORMS_ALIKE = forms(2, "none")
CUT = (*LINE, text(3), relays(3), FORMS_ALIKE, STOPS_LATER, stream(-3, 0.9, sent=1200), MORE, CUT_OFF)
THINNED = (*LINE, text(3), relays(3), stream(-3, 0.3, sent=1200), MORE, EVENLY)
SLOWED = (*LINE, text(3), relays(3), stream(-2, 0.3, sent=1200), MORE, TOO_SLOW)
ONE_FORM = (*LINE, COOKIE, forms(-3, "stun_signature"), text(3), relays(3), stream(3, 0.0))
ACCUSED = {
    "blocked": BLOCKED,
    "silenced": SILENCED,
    "cut off": CUT,
    "thinned": THINNED,
    "one form": ONE_FORM,
}


def without(claim: Claim, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(item for item in evidence if item.claim != claim)


def instead(*others: Evidence, of: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence with these in the place of what is said of the same claims."""
    claims = {other.claim for other in others}
    return (*(item for item in of if item.claim not in claims), *others)


def calls(evidence: Sequence[Evidence], instrument: Instrument = ON_TIME, function: str = "calls") -> Verdict:
    """The verdict on telegram."""
    found = judge(evidence, "standard", instrument, STATED)
    return next(one for one in found if (one.service, one.function) == ("telegram", function))


def suspected(verdict: Verdict) -> float:
    return verdict.causes.get("selective", 0.0)


def accused(
    evidence: Sequence[Evidence], instrument: Instrument = ON_TIME, calibration: Calibration = STATED
) -> set[tuple[str, str]]:
    """Service and function of every verdict that accuses somebody."""
    verdicts = judge(evidence, "standard", instrument, calibration)
    return {(one.service, one.function) for one in verdicts if one.cause == "selective"}


def may_be_accused(evidence: Sequence[Evidence], instrument: Instrument = ON_TIME) -> bool:
    """Whether the gate of any accusation is open: where none is, no verdict can accuse (see test_gates)."""
    found = Findings(evidence)
    return any(
        one.cause == "selective" and gates.kept_share(one, found, service, function, instrument) == 1.0
        for service in found.services()
        for function, hypotheses in HYPOTHESES.items()
        for one in hypotheses
    )


def claims_of(positions: Sequence[int], evidence: Sequence[Evidence]) -> set[Claim]:
    return {evidence[position].claim for position in positions}


@cache
def golden_evidence() -> dict[str, tuple[tuple[Evidence, ...], Instrument, Depth]]:
    """What every golden journal says today, by family."""
    checks = plugins.load_checks()[0]
    reports = {name: (session.report_of(one.events(), checks, "en"), one.depth) for name, one in all_golden().items()}
    return {name: (tuple(said.evidence), said.instrument, depth) for name, (said, depth) in reports.items()}
