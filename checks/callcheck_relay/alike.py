"""Are the forms that a call may begin with treated alike? One that is silent where another one is answered is known
by its bytes to whoever drops it (DESIGN 2.2: a second, independent contrast to the same address)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from callcheck.api import Claim, Evidence, Failure, Json, Mechanism, Numbered, Observation, Target
from callcheck.asking import site_of
from callcheck.codec.questions import COOKIE_FORMS, FORMS, TRIGGER_FORMS

Asked = Sequence[Numbered[Observation]]

_ENDPOINTS, _SOURCE_PORTS = 2, 3
# Among losses one answer is luck.
_ANSWERS = 2
# How likely even losses may be to look like this, over all choices of silent endpoints (0 of 6 against 6 of 6: 0.001).
_CHANCE = 0.002
# Whether relays answer it is not known: it is a contrast to others, and its own silence accuses nobody.
_CONTRAST = "classic"


class Tally(msgspec.Struct):
    """One form at one endpoint."""

    target: Target
    form: str
    sent: int = 0
    answered: int = 0
    ports: int = 0
    only_silence: bool = True

    @property
    def silent(self) -> bool:
        return self.answered == 0 and self.only_silence and self.ports >= _SOURCE_PORTS


class Contrast(msgspec.Struct, frozen=True):
    """A form that is silent at `silent` endpoints where others are answered (or, `same_address` False, at whose sites
    another kind of relay answers)."""

    form: str
    silent: int
    mechanism: Mechanism
    strength: int


def forms_alike(service: str, asked: Asked, after: Asked) -> Evidence:
    """The claim call_forms_alike for one service, out of its `relay.ask` and `relay.after` observations.

    -3: a confirmed form was silent on three source ports at each of two endpoints or more, which answered another form
    twice, and chance would bring that less than once in 500 runs. -1: the same with a form that is not confirmed but
    was answered elsewhere in this run, or where chance might; and where a whole kind of relay is silent while another
    kind at the same site answers, which a port rule explains as well. A form sent last counts only at endpoints that
    answered a benign one after it: a relay may ration its answers. +2: every form that counts was answered wherever
    anything was. 0 where two endpoints fell silent after the triggers (`penalty`), and in all other cases.
    """
    found = _tallies(asked)
    penalty = went_silent(asked, after)
    alive = {endpoint for (endpoint, _), tally in found.items() if tally.answered}
    facts: dict[str, Json] = {
        "endpoints": len({endpoint for endpoint, _ in found}),
        "silent": 0,
        "answered": len(alive),
        "penalty": penalty,
    }
    strength = 0
    contrast = min(_contrasts(found, after), key=lambda one: (one.strength, -one.silent), default=None)
    if contrast is not None:
        facts |= {"silent": contrast.silent, "silent_form": contrast.form, "mechanism": contrast.mechanism}
        strength = contrast.strength if penalty < _ENDPOINTS else 0
    elif penalty < _ENDPOINTS and _all_alike(found, alive):
        strength = 2
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.call_forms_alike,
        facts=facts,
        strength=strength,
        group=f"forms:{service}",
        seqs=tuple(one.seq for one in [*asked, *after]),
    )


def went_silent(asked: Asked, after: Asked) -> int:
    """Endpoints that answered a benign form before the triggers and not after them."""
    answered = {_key(one.value) for one in asked if one.value.failure is None}
    goes_on = {_key(one.value) for one in after if one.value.failure is None}
    silent = {_key(one.value) for one in after if one.value.failure is Failure.timeout}
    return len({endpoint for endpoint, form in (silent - goes_on) & answered})


def _tallies(asked: Asked) -> dict[tuple[str, str], Tally]:
    found: dict[tuple[str, str], Tally] = {}
    ports: dict[tuple[str, str], set[Json]] = {}
    for one in asked:
        if one.value.target is None:
            continue
        key = _key(one.value)
        tally = found.setdefault(key, Tally(one.value.target, one.value.form))
        tally.sent += 1
        tally.answered += one.value.failure is None
        tally.only_silence &= one.value.failure is Failure.timeout
        port = one.value.data.get("source_port")
        ports.setdefault(key, set()).add(port if isinstance(port, int) else 0)
        tally.ports = len(ports[key])
    return found


def _contrasts(found: Mapping[tuple[str, str], Tally], after: Asked) -> Iterator[Contrast]:
    speaking = {(tally.target.kind, tally.form) for tally in found.values() if tally.answered}
    goes_on = {_key(one.value)[0] for one in after if one.value.failure is None}
    # Forms that apps try first come first, so that of several silent ones the same is named in every run.
    order = [form for forms in FORMS.values() for form in forms]
    pairs = dict.fromkeys((tally.target.kind, tally.form) for tally in found.values())
    for kind, form in sorted(pairs, key=lambda pair: order.index(pair[1]) if pair[1] in order else len(order)):
        own = [tally for tally in found.values() if (tally.target.kind, tally.form) == (kind, form)]
        confirmed = [tally for tally in own if tally.target.answers.get(form) == "confirmed"]
        counting = own if (kind, form) in speaking else confirmed
        silent = [tally for tally in counting if tally.silent]
        if form == _CONTRAST or len(silent) < _ENDPOINTS:
            continue
        # After a trigger only an endpoint that goes on to answer shows that it is not rationing its answers.
        lively = [tally for tally in silent if form not in TRIGGER_FORMS or _key_of(tally) in goes_on]
        same = list(_answered_beside(found, lively))
        if len(same) >= _ENDPOINTS:
            yield _same_address(form, same, len(counting), sure=all(tally in confirmed for tally, _ in same))
        elif len(neighbours := _beside_at_site(found, silent)) >= _ENDPOINTS:
            yield Contrast(form, len(neighbours), "unknown", -1)


def _key(observation: Observation) -> tuple[str, str]:
    return (observation.target.endpoint if observation.target else "", observation.form)


def _key_of(tally: Tally) -> str:
    return tally.target.endpoint


def _answered_beside(found: Mapping[tuple[str, str], Tally], silent: Sequence[Tally]) -> Iterator[tuple[Tally, Tally]]:
    """Each silent endpoint with the form that it answered most, where it answered one often enough."""
    for tally in silent:
        others = [other for (endpoint, _), other in found.items() if endpoint == _key_of(tally)]
        best = max(others, key=lambda other: other.answered)
        if best.answered >= _ANSWERS:
            yield tally, best


def _same_address(form: str, pairs: Sequence[tuple[Tally, Tally]], endpoints: int, *, sure: bool) -> Contrast:
    asked = sum(tally.sent for tally, _ in pairs)
    others, heard = sum(other.sent for _, other in pairs), sum(other.answered for _, other in pairs)
    # Hypergeometric: all answers by chance among the other form's questions; times the ways to choose the endpoints.
    chance = math.comb(endpoints, len(pairs)) * math.comb(others, heard) / math.comb(asked + others, heard)
    mechanism: Mechanism = "payload"
    if form == "dtls":
        mechanism = "dtls_signature"
    elif form in COOKIE_FORMS and not any(other.form in COOKIE_FORMS for _, other in pairs):
        mechanism = "stun_signature"
    return Contrast(form, len(pairs), mechanism, -3 if sure and chance <= _CHANCE else -1)


def _beside_at_site(found: Mapping[tuple[str, str], Tally], silent: Sequence[Tally]) -> list[Tally]:
    """Wholly silent endpoints of one kind, at whose sites another kind of the same service answers."""
    alive = {_key_of(tally) for tally in found.values() if tally.answered}
    sites = {
        site_of(tally.target)
        for tally in found.values()
        if tally.answered >= _ANSWERS and tally.target.kind != silent[0].target.kind
    }
    return [tally for tally in silent if _key_of(tally) not in alive and site_of(tally.target) in sites]


def _all_alike(found: Mapping[tuple[str, str], Tally], alive: set[str]) -> bool:
    """Whether each form that counts was answered by every endpoint that answers, and two forms and endpoints did."""
    speaking = {(tally.target.kind, tally.form) for tally in found.values() if tally.answered}
    counting = [
        tally
        for tally in found.values()
        if tally.form != _CONTRAST
        and (tally.target.answers.get(tally.form) == "confirmed" or (tally.target.kind, tally.form) in speaking)
    ]
    kinds = {tally.target.kind for tally in counting}
    lively = {tally.target.kind for tally in counting if tally.answered}
    several = len({tally.form for tally in counting}) >= 2 and len(alive) >= _ENDPOINTS
    return several and kinds == lively and all(tally.answered for tally in counting if _key_of(tally) in alive)
