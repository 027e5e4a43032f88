"""Does anybody answer in a resolver's name, or before it?"""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.api import Claim, Evidence, Failure
from callcheck_dns.answers import TRUSTED, Said, Seen, is_bogon, is_false, seqs

_FIRM_NAMES = 2
_ENOUGH_ANSWERS = 3
_PLAIN = frozenset({"dns.server", "dns.configured"})


def resolvers_intercepted(observations: Seen, answers: Sequence[Said]) -> Evidence | None:
    """Firm support: an address that runs no DNS answered, or one and the same resolver denied over TLS what it had
    said of two names in plain. A stranger's certificate is a hint only: a filter on the own computer has one too."""
    pairs = [
        (plain, safe)
        for plain in answers
        if plain.op == "dns.server" and plain.answered
        for safe in _safe(plain, answers)
    ]
    nowhere = [answer for answer in answers if answer.op == "dns.nowhere"]
    spoke = [answer for answer in nowhere if answer.answered]
    strangers = [o for o in observations if o.value.op in TRUSTED and o.value.failure is Failure.tls_invalid]
    if not pairs and not nowhere and not strangers:
        return None
    compared = {(plain.place, plain.name) for plain, _ in pairs}
    agreeing = {(plain.place, plain.name) for plain, safe in pairs if not _denied(plain, safe)}
    differing = compared - agreeing
    names = {name for _, name in differing}
    if spoke or len(names) >= _FIRM_NAMES:
        strength = 3
    elif names or strangers:
        strength = 1
    else:
        strength = -2 if len(compared) >= _FIRM_NAMES else 0
    return Evidence(
        claim=Claim.resolvers_intercepted,
        facts={
            "asked": len(compared) + len(nowhere),
            "differing": len(differing) + len(spoke),
            "strange_certificates": len({o.value.target.endpoint for o in strangers if o.value.target}),
        },
        strength=strength,
        group="resolver",
        seqs=tuple(sorted({*seqs([*nowhere, *(a for pair in pairs for a in pair)]), *(o.seq for o in strangers)})),
    )


def _safe(plain: Said, answers: Sequence[Said]) -> list[Said]:
    """What the same resolver said of the same name where nobody can speak for it."""
    return [
        answer
        for answer in answers
        if answer.op in TRUSTED
        and answer.addresses
        and answer.name == plain.name
        and (answer.address == plain.address or (plain.network and answer.network == plain.network))
    ]


def _denied(plain: Said, safe: Said) -> bool:
    return plain.absent or is_false(plain.addresses, safe.addresses)


def answers_doubled(answers: Sequence[Said]) -> Evidence | None:
    """Firm support: two answers to one question of which one says that the name is absent or leads to nobody, or
    other addresses each time for two names. A packet doubled on its way brings the same answer twice."""
    first = {(a.place, a.name, a.number): a for a in answers if a.op in _PLAIN and a.answered}
    again = [answer for answer in answers if answer.op == "dns.again" and answer.answered]
    asked = {answer.name for answer in first.values()}
    if not asked:
        return None
    pairs = [(first[key], answer) for answer in again if (key := (answer.place, answer.name, answer.number)) in first]
    differing = [pair for pair in pairs if _differ(*pair)]
    contradicting = [pair for pair in differing if _contradict(*pair)]
    doubled = {one.name for one, _ in differing}
    if contradicting:
        strength = 3 if len({one.seq for one, _ in contradicting}) >= _FIRM_NAMES else 2
    elif doubled:
        strength = 2 if len(doubled) >= _FIRM_NAMES else 1
    else:
        strength = -2 if len(asked) >= _ENOUGH_ANSWERS else 0
    return Evidence(
        claim=Claim.answers_doubled,
        facts={"names": len(asked), "doubled": len(doubled)},
        strength=strength,
        group="resolver",
        seqs=seqs([*first.values(), *again]),
    )


def _differ(one: Said, other: Said) -> bool:
    return one.absent != other.absent or bool(one.addresses and other.addresses and not one.addresses & other.addresses)


def _contradict(one: Said, other: Said) -> bool:
    if one.absent != other.absent:
        return True
    led_nowhere = [all(map(is_bogon, answer.addresses)) for answer in (one, other)]
    return led_nowhere[0] != led_nowhere[1]
