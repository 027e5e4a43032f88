"""What TCP to the same relays says, and how old the list of them is."""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.api import Claim, Evidence, Failure, Json, Numbered, Observation

Asked = Sequence[Numbered[Observation]]

# A list of fewer lines is no list.
_LINES = 3


def by_tcp(service: str, asked: Asked) -> Evidence | None:
    """relays_answer_by_tcp. +2: one answered a hello; +1: one opened, for what a relay says to a hello by TCP is not
    known; -1: two or more neither opened nor refused. A refusal says that nothing listens there: 0."""
    endpoints = {_endpoint(one.value) for one in asked}
    if not endpoints:
        return None
    opened = {_endpoint(one.value) for one in asked if one.value.data.get("opened") is True}
    answered = {_endpoint(one.value) for one in asked if one.value.failure is None}
    refused = {_endpoint(one.value) for one in asked if one.value.failure is Failure.refused}
    strength = 2 if answered else 1 if opened else 0
    if not opened and not refused and len(endpoints) >= 2:
        strength = -1
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.relays_answer_by_tcp,
        facts={
            "endpoints": len(endpoints),
            "opened": len(opened),
            "answered": len(answered),
            "refused": len(refused),
        },
        strength=strength,
        group=f"relay_tcp:{service}",
        seqs=tuple(one.seq for one in asked),
    )


def list_fresh(service: str, asked: Asked) -> Evidence | None:
    """relay_list_fresh, from the last list that came. +2: half of the catalogue's endpoints still stand on it; -2:
    none does; 0 between the two, and where no list came. `age_days` is the catalogue's own age."""
    if not asked:
        return None
    last = next((one for one in reversed(asked) if one.value.failure is None), asked[-1])
    facts: dict[str, Json] = {}
    for name in ("listed", "known", "catalogued", "age_days"):
        value = last.value.data.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100_000:
            facts[name] = value
    strength = 0
    if last.value.failure is None and {"listed", "known", "catalogued"} <= facts.keys() and facts["catalogued"]:
        if facts["known"] * 2 >= facts["catalogued"]:
            strength = 2
        elif not facts["known"] and facts["listed"] >= _LINES:
            strength = -2
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.relay_list_fresh,
        facts=facts,
        strength=strength,
        group=f"relay_list:{service}",
        seqs=(last.seq,),
    )


def _endpoint(observation: Observation) -> str:
    return observation.target.endpoint if observation.target else ""
