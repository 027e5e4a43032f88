"""What the rungs that answered say: whether QUIC passes, and whether a messenger's name in it is held back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from callcheck.api import NEVER_LEFT, Claim, Evidence, Failure, Numbered, Observation, Target

Asked = Sequence[Numbered[Observation]]

_NEUTRAL_ROLES = ("control", "domestic")
# A refusal inside QUIC and a stranger's certificate come from a server that heard the hello.
_ANSWERS = frozenset({None, Failure.tls_invalid, Failure.tls_failed, Failure.error_answer})
_FORMS = {"quic.version": "version", "quic.hello": "initial"}
_PORTS = 3


def read(observations: Asked) -> Iterable[Evidence]:
    """quic_passes, and quic_name_passes for each service whose name was shown; see each claim's rule in the code."""
    asked = [
        one
        for one in observations
        if one.value.op in _FORMS and one.value.target is not None and one.value.failure not in NEVER_LEFT
    ]
    services = sorted({about for one in asked if (about := _text(one, "about_service"))})
    evidence = [_passes(asked), *(_name_passes(asked, service) for service in services)]
    return [item for item in evidence if item is not None]


def _passes(observations: Asked) -> Evidence | None:
    """Support: a control answered a hello of version 1, whatever its name. Firm denial: two controls of two networks
    negotiate versions and nobody answers a hello, or neither; silence counts only where an answer is known of."""
    neutral = [one for one in observations if _role(one) in _NEUTRAL_ROLES and _text(one, "sni") != "service"]
    asked = [one for one in neutral if not _flag(one, "ipv6")]
    by_ipv6 = [one for one in neutral if _flag(one, "ipv6")]
    versions = _endpoints(one for one in asked if _answered(one) and one.value.op == "quic.version")
    hello = _endpoints(one for one in asked if _answered(one) and one.value.op == "quic.hello")
    hosts = _endpoints(asked)
    if not hosts:
        return None
    facts: dict[str, object] = {"asked": len(hosts), "versions": len(versions), "hello": len(hello)}
    if by_ipv6:
        facts["hello_ipv6"] = len(_endpoints(o for o in by_ipv6 if _answered(o) and o.value.op == "quic.hello"))
    return Evidence(
        claim=Claim.quic_passes,
        facts=facts,
        strength=_passing(asked, versions, hello),
        group="quic",
        seqs=tuple(one.seq for one in neutral),
    )


def _passing(asked: Asked, versions: dict[str, Target], hello: dict[str, Target]) -> int:
    alive = _controls(hello)
    if alive:
        return 3 if _networks(alive) >= 2 else 2
    helloed = [one for one in asked if one.value.op == "quic.hello" and _is_known(one)]
    silent = _controls(_endpoints(helloed))
    if _networks(silent) < 2:
        return 0
    contrast = {place: target for place, target in silent.items() if place in versions}
    if hello:
        return -1  # at home it passes
    if _networks(contrast) >= 2:
        return -3
    return 0 if versions else -2


class _Place(msgspec.Struct, frozen=True):
    """What one address made of hellos with a neutral name and with the service's: how many, how many answered."""

    target: Target
    neutral: int
    neutral_answered: int
    named: int
    named_answered: int

    @property
    def is_comparable(self) -> bool:
        return self.neutral_answered > 0 and self.named > 0

    @property
    def is_hit(self) -> bool:
        return self.neutral == self.neutral_answered >= _PORTS and self.named >= _PORTS and not self.named_answered


def _name_passes(asked: Asked, service: str) -> Evidence | None:
    """Firm denial: at the service's own address, or at controls of two networks, three hellos with a neutral name were
    all answered and none of three with the service's. A server may ignore a stranger's name, so that one control
    alone proves little; a server that answers no neutral name says nothing."""
    places = [place for place in _places(asked, service) if place.is_comparable]
    hellos = [one for one in asked if one.value.op == "quic.hello" and not _flag(one, "ipv6")]
    if not any(_text(one, "sni") == "service" and _text(one, "about_service") == service for one in hellos):
        return None
    endpoints = {place.target.endpoint for place in places}
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.quic_name_passes,
        facts={
            "asked": sum(place.named for place in places),
            "with_name": sum(place.named_answered for place in places),
            "without_name": sum(place.neutral_answered for place in places),
        },
        strength=_named(places) if places else 0,
        group="quic",
        seqs=tuple(one.seq for one in hellos if one.value.target and one.value.target.endpoint in endpoints),
    )


def _named(places: Sequence[_Place]) -> int:
    own = [place for place in places if place.target.service]
    others = [place for place in places if not place.target.service]
    if any(place.is_hit for place in own):
        return -3
    hit_networks = {place.target.network for place in others if place.is_hit}
    passing = [place for place in places if 2 * place.named_answered > place.named]
    if hit_networks:
        return 0 if passing else -3 if len(hit_networks) >= 2 else -1
    if any(place in own for place in passing):
        return 3 if all(place in passing for place in places) else 2
    return 1 if passing else 0


def _places(asked: Asked, service: str) -> list[_Place]:
    hellos: dict[str, list[Numbered[Observation]]] = {}
    for one in asked:
        if one.value.op == "quic.hello" and one.value.target and not _flag(one, "ipv6"):
            hellos.setdefault(one.value.target.endpoint, []).append(one)
    return [_place(group, service) for group in hellos.values()]


def _place(hellos: Asked, service: str) -> _Place:
    neutral = [one for one in hellos if _text(one, "sni") == "neutral"]
    named = [one for one in hellos if _text(one, "sni") == "service" and _text(one, "about_service") == service]
    target = hellos[0].value.target
    assert target is not None
    answered = (sum(map(_answered, group)) for group in (neutral, named))
    return _Place(target, len(neutral), next(answered), len(named), next(answered))


def _answered(one: Numbered[Observation]) -> bool:
    return one.value.failure in _ANSWERS


def _is_known(one: Numbered[Observation]) -> bool:
    target = one.value.target
    return target is not None and target.answers.get(_FORMS[one.value.op]) == "confirmed"


def _endpoints(observations: Iterable[Numbered[Observation]]) -> dict[str, Target]:
    return {one.value.target.endpoint: one.value.target for one in observations if one.value.target}


def _controls(targets: dict[str, Target]) -> dict[str, Target]:
    return {place: target for place, target in targets.items() if target.role == "control"}


def _networks(targets: dict[str, Target]) -> int:
    return len({target.network for target in targets.values()})


def _role(one: Numbered[Observation]) -> str:
    return one.value.target.role if one.value.target else ""


def _flag(one: Numbered[Observation], key: str) -> bool:
    return one.value.data.get(key) is True


def _text(one: Numbered[Observation], key: str) -> str:
    value = one.value.data.get(key)
    return value if isinstance(value, str) else ""
