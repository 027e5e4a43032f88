"""What held connections say: does one that was answered fall silent while a new one is answered?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from callcheck.api import Claim, Evidence, Failure, Numbered, Observation

Seen = Sequence[Numbered[Observation]]
_State = Literal["held", "frozen", "unclear"]

_ENOUGH = 2


def text_stays(observations: Seen) -> Iterable[Evidence]:
    """-3 where two connections or more fell silent and none of the service's stayed (-2 where one did), each answered
    anew, while a neutral one was held beside them; without that comparison -1."""
    seen = [one for one in observations if one.value.op in ("messaging.hold", "messaging.fresh") and one.value.target]
    control = _states([one for one in seen if one.value.target and one.value.target.role == "control"])
    for service in sorted({one.value.target.service for one in seen if one.value.target} - {""}):
        of_service = [one for one in seen if one.value.target and one.value.target.service == service]
        states = _states(of_service)
        held, frozen = states.count("held"), states.count("frozen")
        yield Evidence(
            service=service,
            function="messaging",
            claim=Claim.text_stays,
            facts={"asked": held + frozen, "held": held, "frozen": frozen},
            strength=_strength(held, frozen, neutral_held="held" in control),
            group=f"hold:{service}",
            seqs=tuple(one.seq for one in of_service),
        )


def _strength(held: int, frozen: int, *, neutral_held: bool) -> int:
    if frozen >= _ENOUGH:
        return (-2 if held else -3) if neutral_held else -1
    if frozen or not held:
        return 0
    return 3 if held >= _ENOUGH else 2


def _states(seen: Seen) -> list[_State]:
    by_place: dict[tuple[str, str], list[Observation]] = {}
    for one in seen:
        if one.value.target is not None:
            by_place.setdefault((one.value.target.endpoint, one.value.form), []).append(one.value)
    return [_state(some) for some in by_place.values()]


def _state(seen: Sequence[Observation]) -> _State:
    """Only a connection that answered twice at once can be said to have fallen silent later (`answered` at 0 s), and
    only if the other side's kernel did not have the question either: a server that does not care to answer has it."""
    asked = {_after_s(one): one for one in seen if one.op == "messaging.hold" and one.data.get("asked_again") is True}
    first = asked.pop(0.0, None)
    later = [asked[after_s] for after_s in sorted(asked) if after_s > 0]
    if first is None or first.data.get("answered") is not True or not later:
        return "unclear"
    last = later[-1]
    if last.data.get("answered") is True:
        return "held"
    anew = any(one.op == "messaging.fresh" and one.failure is None for one in seen)
    silent = last.failure is Failure.timeout and last.data.get("acknowledged") is not True
    return "frozen" if anew and silent else "unclear"


def _after_s(one: Observation) -> float:
    after_s = one.data.get("after_s")
    return float(after_s) if isinstance(after_s, int | float) and not isinstance(after_s, bool) else -1.0
