"""What the resolvers' answers say about your resolver and about the services' names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callcheck.api import Claim, Evidence, Failure, Numbered, Observation

# To say that there is no such name, or no address for it, is an answer.
_ABSENT = {Failure.name_missing, Failure.name_empty}
_ENOUGH_QUESTIONS = 3

Seen = Sequence[Numbered[Observation]]


def read(observations: Seen) -> Iterable[Evidence]:
    """resolver_works, and names_present for each service whose names were asked for."""
    system = [one for one in observations if one.value.op == "dns.system"]
    others = [one for one in observations if one.value.op == "dns.server"]
    services = sorted({service for one in system if (service := _text(one, "service"))})
    evidence = [_names_present(service, system, others) for service in services]
    return [_resolver_works(system), *evidence] if system else []


def _resolver_works(system: Seen) -> Evidence:
    answered = [one for one in system if one.value.failure is None or one.value.failure in _ABSENT]
    strength = 3 if answered else -3 if len(system) >= _ENOUGH_QUESTIONS else 0
    return Evidence(
        claim=Claim.resolver_works,
        facts={"asked": len(system), "answered": len(answered)},
        strength=strength,
        group="resolver",
        seqs=tuple(one.seq for one in system),
    )


def _names_present(service: str, system: Seen, others: Seen) -> Evidence:
    """Firm denial needs both: your resolver says of every name that it is absent, and another resolver knows one."""
    here = [one for one in system if _text(one, "service") == service]
    there = [one for one in others if _text(one, "service") == service and one.value.failure is None]
    names = {_text(one, "name") for one in here}
    present = {_text(one, "name") for one in here if one.value.failure is None}
    missing = {_text(one, "name") for one in here if one.value.failure in _ABSENT} - present
    elsewhere = missing & {_text(one, "name") for one in there}
    if present == names:
        strength = 3
    elif missing == names and elsewhere:
        strength = -3
    else:
        strength = -1 if missing else 0
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.names_present,
        facts={"names": len(names), "missing": len(missing), "elsewhere": len(elsewhere)},
        strength=strength,
        group="resolver",
        seqs=tuple(one.seq for one in (*here, *there)),
    )


def _text(one: Numbered[Observation], key: str) -> str:
    value = one.value.data.get(key)
    return value if isinstance(value, str) else ""
