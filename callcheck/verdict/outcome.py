"""What the person has, read off the findings: how a function of a service does, how it is done, and where. Pure."""

from __future__ import annotations

from typing import Final, cast, get_args

from callcheck.verdict import keys
from callcheck.verdict.findings import Findings, Key
from callcheck.verdict.gates import calls_work, is_form_held_back, is_late, text_works
from callcheck.verdict.hypothesis import Hypothesis
from callcheck.verdict.signs import Sign, is_hopeless, is_slow, level_of, path_key
from callcheck.words import Cause, Claim, Function, Mechanism, Outcome, Where

# With these nothing of a service gets through, whatever single packets did.
_TOTAL: Final[frozenset[Cause]] = frozenset({"offline", "captive_portal", "allow_list", "udp_blocked", "resolver"})


def outcome_of(found: Findings, service: str, function: Function, cause: Cause) -> Outcome:
    """`cause` is the verdict's, "unknown" where it has none."""
    if cause in _TOTAL:
        return "fails"
    return _calls(found, service) if function == "calls" else _messaging(found, service)


def _calls(found: Findings, service: str) -> Outcome:
    stream, relays = found.strength(keys.stream(service)), keys.relays(service)
    if found.denies(relays) and stream <= 0:
        return "unknown" if is_slow(found) else "fails"
    if stream < 0:
        return "fails" if is_hopeless(found, service) else "degraded"
    if _is_hindered(found, service) or is_late(found, service) or found.denies(Key(Claim.gateway_steady)):
        return "degraded"
    return "works" if calls_work(found, service) else "unknown"


def _is_hindered(found: Findings, service: str) -> bool:
    """Calls that get through somehow: one form is held back, flows end, or what comes through is too little."""
    return (
        is_form_held_back(found, service)
        or found.says(keys.cut_off_at(service))
        or level_of(found, service, "calls", Sign.too_slow_for_a_call) > 0
    )


def _messaging(found: Findings, service: str) -> Outcome:
    hindered = any(
        found.denies(Key(claim, service, "messaging")) for claim in (Claim.transfers_finish, Claim.text_stays)
    )
    if text_works(found, service):
        return "degraded" if hindered else "works"
    if is_slow(found) or found.denies(keys.GATEWAY):
        return "unknown"
    return "fails" if found.denies(keys.text(service)) else "unknown"


def mechanism_of(found: Findings, service: str, function: Function, hypothesis: Hypothesis) -> Mechanism:
    """How it is done: what the evidence names, else what the hypothesis stands for."""
    if hypothesis.mechanism != "unknown":
        return hypothesis.mechanism
    if hypothesis.name == "flows end":
        by_unit: dict[str, Mechanism] = {"packets": "cutoff_packets", "seconds": "cutoff_time"}
        return by_unit.get(found.word(keys.cut_off_at(service), "unit"), "unknown")
    key = keys.forms_alike(service) if hypothesis.name == "one form held back" else path_key(found, service, function)
    word = found.word(key, "mechanism")
    return cast("Mechanism", word) if word in get_args(Mechanism) else "unknown"


def where_of(found: Findings, service: str, function: Function, cause: Cause) -> Where:
    """The stretch in which packets are lost or held; the provider is named only where packets were seen to stop."""
    if cause == "local_link":
        return "home"
    if cause == "bufferbloat":
        return "access"
    if cause == "offline":
        if found.denies(keys.ROUTE):
            return "home"
        return "access" if found.number(keys.GATEWAY, "received") > 0 else "unknown"
    return found.where(path_key(found, service, function)) if cause == "selective" else "unknown"
