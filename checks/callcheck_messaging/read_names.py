"""What connections that show a name say: is the service's name held back where a neutral one passes?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from callcheck.api import Claim, Evidence, Failure, Numbered, Observation

Seen = Sequence[Numbered[Observation]]

_FIRM, _LESS_FIRM = 3, 2
# A handshake that a slow line had no time for is no silence: so many times the connection's own time, and some.
_PATIENCE, _PATIENCE_MS = 3, 300
_SILENCES = frozenset({Failure.reset, Failure.timeout, Failure.eof})


class _Tally(msgspec.Struct, frozen=True):
    """At one address: connections that opened and could tell, and those on which the server said something."""

    with_asked: int
    with_name: int
    without_asked: int
    without_name: int

    @property
    def tries(self) -> int:
        return min(self.with_asked, self.without_asked)

    @property
    def is_held_back(self) -> bool:
        all_neutral = self.without_name == self.without_asked
        return self.tries >= _LESS_FIRM and not self.with_name and all_neutral


def name_passes(observations: Seen) -> Iterable[Evidence]:
    """-3 (-2 for two tries) where one address answers each neutral name and never the service's; 3 where the name is
    always answered, 1 where sometimes; 0 where all answers are refused certificates."""
    seen = [one for one in observations if one.value.op == "messaging.name" and one.value.target is not None]
    own = [one for one in seen if one.value.data.get("place") == "own"]
    for service in sorted({_service(one) for one in own} - {""}):
        of_service = [one for one in own if _service(one) == service]
        elsewhere = [one for one in seen if one.value.data.get("place") == "elsewhere" and _about(one) == service]
        yield _evidence(service, of_service, elsewhere)


def _service(one: Numbered[Observation]) -> str:
    return one.value.target.service if one.value.target else ""


def _about(one: Numbered[Observation]) -> str:
    about = one.value.data.get("about_service")
    return about if isinstance(about, str) else ""


def _evidence(service: str, own: Seen, elsewhere: Seen) -> Evidence:
    by_address: dict[str, list[Numbered[Observation]]] = {}
    for one in own:
        by_address.setdefault(one.value.target.endpoint if one.value.target else "", []).append(one)
    tallies = {endpoint: _tally(some) for endpoint, some in by_address.items()}
    held_back = {endpoint: tally for endpoint, tally in tallies.items() if tally.is_held_back}
    chosen = list((held_back or tallies).values())
    facts: dict[str, object] = {
        "asked": sum(tally.with_asked for tally in chosen),
        "with_name": sum(tally.with_name for tally in chosen),
        "without_name": sum(tally.without_name for tally in chosen),
    }
    certificates = _certificates(own)
    if certificates:
        facts["certificates_refused"] = len(certificates)
    abroad = _tally(elsewhere)
    if abroad.is_held_back:
        facts["elsewhere"] = abroad.with_asked
    answered = [one for one in own if _told(one) is True]
    only_certificates = bool(answered) and len(certificates) == len(answered)
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.name_passes,
        facts=facts,
        strength=0 if only_certificates else _strength(chosen, held=bool(held_back)),
        group=f"sni:{service}",
        seqs=tuple(one.seq for one in (*own, *elsewhere)),
    )


def _strength(chosen: Sequence[_Tally], *, held: bool) -> int:
    if held:
        return -3 if max(tally.tries for tally in chosen) >= _FIRM else -2
    asked, answered = sum(tally.with_asked for tally in chosen), sum(tally.with_name for tally in chosen)
    if not answered:
        return 0
    return 3 if answered == asked else 1


def _certificates(seen: Seen) -> Seen:
    return [one for one in seen if one.value.failure is Failure.tls_invalid]


def _tally(seen: Seen) -> _Tally:
    told = [(one.value.data.get("sni"), _told(one)) for one in seen]
    service = [answered for sni, answered in told if sni == "service" and answered is not None]
    neutral = [answered for sni, answered in told if sni == "neutral" and answered is not None]
    return _Tally(len(service), sum(service), len(neutral), sum(neutral))


def _told(one: Numbered[Observation]) -> bool | None:
    """Whether the server said anything; None where the connection did not open or the wait was too short to tell."""
    failure, data = one.value.failure, one.value.data
    if data.get("opened") is not True:
        return None
    if failure in (None, Failure.tls_failed, Failure.tls_invalid):
        return True
    if failure is Failure.timeout:
        connect_ms, waited_ms = data.get("connect_ms"), data.get("waited_ms")
        if not isinstance(connect_ms, int | float) or not isinstance(waited_ms, int | float):
            return None
        return False if waited_ms >= _PATIENCE * connect_ms + _PATIENCE_MS else None
    return False if failure in _SILENCES else None
