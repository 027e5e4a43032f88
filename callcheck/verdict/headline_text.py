"""The one sentence of a verdict: what the person has, and why (DESIGN 1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callcheck.locale import N_, translator
from callcheck.model import Evidence, Verdict
from callcheck.verdict.findings import number_of
from callcheck.verdict.names import service_name
from callcheck.words import Cause, Claim, Function, Outcome, Where

_OFFLINE = N_(
    "This device has no working internet connection, so calls were not tested;"
    " to see callcheck at work without one, run: callcheck lab run telegram-calls-dropped"
)
_WHAT: dict[tuple[Function, Outcome], str] = {
    ("calls", "works"): N_("{service} calls should work"),
    ("calls", "degraded"): N_("{service} calls work badly"),
    ("calls", "fails"): N_("{service} calls do not get through"),
    ("calls", "unknown"): N_("It is not clear whether {service} calls work"),
    ("messaging", "works"): N_("{service} messages get through"),
    ("messaging", "degraded"): N_("{service} messages get through badly"),
    ("messaging", "fails"): N_("{service} messages do not get through"),
    ("messaging", "unknown"): N_("It is not clear whether {service} messages get through"),
    ("", "works"): N_("Your connection works"),
    ("", "degraded"): N_("Your connection works badly"),
    ("", "fails"): N_("Your connection does not work"),
    ("", "unknown"): N_("It is not clear whether your connection works"),
}
_WHY: dict[Cause, str] = {
    "none": N_("nothing was found that would explain it"),
    "device": N_("this device is too busy or too slow to keep up"),
    "local_link": N_("data is lost or held up inside your home network, between this device and your router"),
    "bufferbloat": N_(
        "other traffic, such as downloads or backups, fills your line, and data waits too long in a queue"
    ),
    "resolver": N_("the name server in use (DNS, which turns names into addresses) does not give the right addresses"),
    "captive_portal": N_("this network wants you to log in on a web page first"),
    "congestion": N_("the network is overloaded, and traffic to other places suffers as well"),
    "udp_blocked": N_("this network lets no call traffic through to anyone (it stops UDP, the kind of data calls use)"),
    "allow_list": N_("this network lets only chosen sites and services through"),
    "offline": _OFFLINE,
    "service_outage": N_("the trouble seems to be at {service} itself, not on your side"),
    "unknown": N_("the measurements do not settle why"),
}
# "provider" is said only where the packets were seen to stop there: `where` unknown names nobody.
_SELECTIVE: dict[Where, str] = {
    "home": N_("they are singled out inside your home network, while like traffic to other places passes normally"),
    "access": N_(
        "they are singled out on the line between you and your provider, while like traffic to other places passes"
        " normally"
    ),
    "provider": N_(
        "they are singled out inside your provider's network, while like traffic to other places passes normally"
    ),
    "beyond": N_(
        "they are singled out somewhere beyond your provider, while like traffic to other places passes normally"
    ),
    "unknown": N_("they are singled out somewhere on the way, while like traffic to other places passes normally"),
}
_SELECTIVE_CONNECTION = N_("some of its traffic is singled out, while like traffic to other places passes normally")
_STEADY: dict[Function, str] = {
    "messaging": N_("its servers give proper answers"),
    "": N_("test packets come through"),
}
_RELAYS_CARRY = N_("its relays (the servers that carry calls) pass on call-like packets steadily")
_RELAYS_ANSWER = N_("its relays (the servers that carry calls) answer steadily; the sound itself was not measured")
_TUNNELLED = N_("a tunnel is in use, so the test saw the tunnel and not your own line")
_NO_CONTROLS = N_("the neutral servers used for comparison did not answer either")
_RELAYS_MUTE = N_(
    "its relays (the servers that carry calls) stayed silent, and it is not known whether they answer strangers at all"
)
_NOT_SETTLED = N_("the measurements do not settle it")
_NOT_TESTED = N_("this run did not test them")


def headline(verdict: Verdict, evidence: Sequence[Evidence], language: str) -> str:
    """The verdict as one sentence of `language`. `evidence` is the report's; it may be empty.

    The sentence holds no words from evidence or from the network, only ours and the service's name.
    """
    _ = translator(language)
    if verdict.cause == "offline":
        return _(_OFFLINE)
    service = service_name(verdict.service)
    what = _(_WHAT[verdict.function, verdict.outcome]).format(service=service)
    why = _(_why(verdict, evidence)).format(service=service)
    if verdict.outcome == "works" and verdict.cause not in {"none", "unknown"}:
        return _("{what}, although {why}.").format(what=what, why=why)
    return _("{what}: {why}.").format(what=what, why=why)


def _why(verdict: Verdict, evidence: Sequence[Evidence]) -> str:
    if verdict.cause == "selective":
        return _SELECTIVE[verdict.where] if verdict.function else _SELECTIVE_CONNECTION
    if verdict.outcome == "works" and verdict.cause in {"none", "unknown"}:
        return _steady(verdict, evidence)
    if verdict.outcome == "unknown" and verdict.cause in {"none", "unknown"}:
        return _doubt(verdict, evidence)
    return _WHY[verdict.cause]


def _steady(verdict: Verdict, evidence: Sequence[Evidence]) -> str:
    if verdict.function != "calls":
        return _STEADY[verdict.function]
    # Only Telegram's relays carry a stranger's numbered data; a `loop_ms` says that they did in this run (DESIGN 6).
    carried = verdict.service == "telegram" and any(
        item.strength > 0 and number_of(item.facts, "loop_ms") is not None
        for item in _about(evidence, Claim.stream_carries, verdict.service)
    )
    return _RELAYS_CARRY if carried else _RELAYS_ANSWER


def _doubt(verdict: Verdict, evidence: Sequence[Evidence]) -> str:
    """Why nothing can be said, where the evidence shows it."""
    if any(item.strength > 0 for item in _about(evidence, Claim.tunnel_in_use, "")):
        return _TUNNELLED
    if any(item.strength < 0 for item in _about(evidence, Claim.controls_answer, "")):
        return _NO_CONTROLS
    relays = list(_about(evidence, Claim.relays_answer, verdict.service))
    if verdict.function == "calls" and relays and all(_mute(item) for item in relays):
        return _RELAYS_MUTE
    return _NOT_SETTLED if _was_tested(verdict, evidence) else _NOT_TESTED


def _was_tested(verdict: Verdict, evidence: Sequence[Evidence]) -> bool:
    """Whether any evidence is about this very thing; without any evidence at all, nobody knows what was tested."""
    own = (item.service == verdict.service and item.function == verdict.function for item in evidence)
    return not verdict.function or not evidence or any(own)


def _mute(item: Evidence) -> bool:
    return item.strength == 0 and bool(number_of(item.facts, "endpoints")) and not number_of(item.facts, "answered")


def _about(evidence: Iterable[Evidence], claim: Claim, service: str) -> Iterable[Evidence]:
    return (item for item in evidence if item.claim == claim and item.service == service)
