"""The way of a call from this device to the service, and the stretch of it that is broken."""

from __future__ import annotations

from typing import Final

from callcheck.digest.model import Station, Way
from callcheck.locale import N_, translator
from callcheck.model import Report, Verdict
from callcheck.verdict.findings import number_of
from callcheck.verdict.names import service_name
from callcheck.words import Cause, Claim, Where

# Between the five stations, in order: home lies between this device and the router, and so on.
STRETCHES: Final[tuple[Where, ...]] = ("home", "access", "provider", "beyond")
_INNOCENT: Final[frozenset[Cause]] = frozenset({"none", "offline", "device", "captive_portal"})
_STATIONS: Final = (N_("you"), N_("router"), N_("provider"), N_("beyond"))
_UNTOLD: Final = N_("The measurements do not tell where on the way it happens.")
_UNBROKEN: Final = N_("No stretch of the way was found to be broken.")
_OPEN: Final = N_("On which stretch of the way something may be wrong is not known.")
_BROKEN: Final[dict[Where, str]] = {
    "home": N_("It happens at home, between this device and the router."),
    "access": N_("It happens on the line between the router and the provider."),
    "provider": N_("It happens inside the provider's network."),
    "beyond": N_("It happens beyond the provider, on the way to the service."),
}


def way_of(report: Report, verdict: Verdict, language: str) -> Way:
    """The stations with how far away they are, as far as the evidence tells."""
    translate = translator(language)
    is_broken = verdict.outcome in {"fails", "degraded"} and verdict.cause not in _INNOCENT
    broken = STRETCHES.index(verdict.where) if is_broken and verdict.where in STRETCHES else None
    names = [*map(translate, _STATIONS), service_name(verdict.service)]
    delays = (None, *_delays_ms(report, verdict))
    is_unknown = is_broken and broken is None
    is_whole = verdict.outcome == "works"
    if broken is not None:
        sentence = _BROKEN[STRETCHES[broken]]
    else:
        sentence = _UNTOLD if is_unknown else _UNBROKEN if is_whole else _OPEN
    return Way(
        verdict.service,
        verdict.function,
        tuple(Station(name, delay_ms) for name, delay_ms in zip(names, delays, strict=True)),
        STRETCHES,
        broken,
        is_unknown,
        is_whole,
        translate(sentence),
    )


def _delays_ms(report: Report, verdict: Verdict) -> tuple[float | None, ...]:
    """To the router, the provider, the neutral hosts and the service's servers; None where it is not known."""
    claim = Claim.relays_answer if verdict.function == "calls" else Claim.text_answers
    return (
        _fact(report, Claim.gateway_healthy, "", "rtt_ms"),
        None,
        _fact(report, Claim.controls_answer, "", "rtt_ms"),
        _fact(report, claim, verdict.service, "rtt_ms"),
    )


def _fact(report: Report, claim: Claim, service: str, name: str) -> float | None:
    found = (number_of(item.facts, name) for item in report.evidence if (item.claim, item.service) == (claim, service))
    return next((number for number in found if number is not None), None)
