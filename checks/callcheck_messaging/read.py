"""What the chat servers' answers say about the text path, and what all connections say about TCP."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from statistics import median

from callcheck.api import NEVER_LEFT, NO_ADDRESS, Claim, Evidence, Failure, Numbered, Observation, Target
from callcheck_messaging.read_holds import text_stays
from callcheck_messaging.read_names import name_passes
from callcheck_messaging.read_transfers import transfers_finish

# Somebody answered, and it was not what was asked for: neither life nor silence.
_UNCLEAR = {Failure.malformed, Failure.not_ours, Failure.error_answer}
_ENOUGH_CONNECTIONS = 3
_ENOUGH_ENDPOINTS = 2

Seen = Sequence[Numbered[Observation]]


def read(observations: Seen) -> Iterable[Evidence]:
    """tcp_passes over all connections; for each service what was asked, shown, held and moved."""
    asked = [one for one in observations if one.value.op == "messaging.ask" and one.value.target is not None]
    services = sorted({target.service for one in asked if (target := _target(one)).service})
    texts = [_text_answers(service, [one for one in asked if _target(one).service == service]) for service in services]
    # A forged name may lead to a machine next door, so only addresses from the catalogue speak for TCP abroad.
    connections = _tcp_passes([one for one in _by_address(asked) if not _target(one).host])
    answers = texts if connections is None else [connections, *texts]
    return [*answers, *name_passes(observations), *text_stays(observations), *transfers_finish(observations)]


def _target(one: Numbered[Observation]) -> Target:
    return one.value.target or Target()


def _endpoints(asked: Seen) -> set[str]:
    return {_target(one).endpoint for one in asked}


def _without_address(one: Numbered[Observation]) -> bool:
    """The name led nowhere: no address, or one inside somebody's own network, which is a forged answer."""
    target = _target(one)
    return one.value.failure in NO_ADDRESS or bool(target.host and not _is_public(target.address))


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _by_address(asked: Seen) -> Seen:
    return [one for one in asked if not _without_address(one) and one.value.failure not in NEVER_LEFT]


def _opened(asked: Seen) -> Seen:
    return [one for one in asked if one.value.data.get("opened") is True]


def _tcp_passes(asked: Seen) -> Evidence | None:
    """Any connection that opened shows that TCP passes; that none did counts from three endpoints on."""
    endpoints, opened = _endpoints(asked), _endpoints(_opened(asked))
    if not endpoints:
        return None
    return Evidence(
        claim=Claim.tcp_passes,
        facts={"asked": len(endpoints), "opened": len(opened)},
        strength=3 if opened else -3 if len(endpoints) >= _ENOUGH_CONNECTIONS else 0,
        group="tcp",
        seqs=tuple(one.seq for one in asked),
    )


def _text_answers(service: str, asked: Seen) -> Evidence:
    by_address = _by_address(asked)
    answered = [one for one in by_address if one.value.failure is None]
    informative = _informative(by_address)
    facts: dict[str, object] = {
        "asked": len(_endpoints(by_address)),
        "opened": len(_endpoints(_opened(by_address))),
        "answered": len(_endpoints(answered)),
        "informative": len(_endpoints(informative)),
    }
    rtts_ms = [rtt_ms for one in answered if (rtt_ms := _number(one.value.data.get("rtt_ms"))) is not None]
    if rtts_ms:
        facts["rtt_ms"] = round(median(rtts_ms), 3)
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.text_answers,
        facts=facts,
        strength=_strength(asked, answered, informative),
        group=f"text:{service}",
        seqs=tuple(one.seq for one in asked),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _informative(by_address: Seen) -> Seen:
    """Silence counts where the form is confirmed for this kind of server or worked with another of its kind in this
    run; and where no connection opened at all, since then no form was ever tried (DESIGN 5.5)."""
    if not _opened(by_address):
        return by_address
    worked = {(_target(one).kind, one.value.form) for one in by_address if one.value.failure is None}
    return [
        one
        for one in by_address
        if _target(one).answers.get(one.value.form) == "confirmed" or (_target(one).kind, one.value.form) in worked
    ]


def _silent_kinds(answered: Seen, informative: Seen, lost: Seen) -> bool:
    """Whether a whole kind of servers (two at least) is silent though known to answer, or cannot be found by name,
    though another kind answers: the app on a telephone and the one in a browser do not speak alike."""
    alive = {_target(one).kind for one in answered}
    silent = [one for one in (*informative, *lost) if _target(one).kind not in alive]
    kinds = {_target(one).kind for one in silent}
    return any(
        len(_endpoints([one for one in silent if _target(one).kind == kind])) >= _ENOUGH_ENDPOINTS for kind in kinds
    )


def _strength(asked: Seen, answered: Seen, informative: Seen) -> int:
    if answered:
        lost = [one for one in asked if _without_address(one)]
        return 1 if _silent_kinds(answered, informative, lost) else 3
    if any(one.value.failure in _UNCLEAR for one in asked):
        return 0
    if len(_endpoints(informative)) >= _ENOUGH_ENDPOINTS:
        return -3
    return -2 if all(_without_address(one) for one in asked) else 0
