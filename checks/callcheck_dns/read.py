"""What the resolvers' answers say about your resolver and about the services' names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callcheck.api import Claim, Evidence, Failure
from callcheck_dns.answers import TRUSTED, Said, Seen, block_of, is_false, known_true, said, seqs
from callcheck_dns.meddling import answers_doubled, resolvers_intercepted

_ENOUGH_QUESTIONS = 3
_SILENT = frozenset({Failure.resolver_timeout, Failure.resolver_failed, Failure.resolver_refused})
# A resolver that answers so many other names is not dead, so that its silence about one is about that name.
_OTHER_NAMES = 2
_OTHER_RESOLVERS = 2
# So many names with one address are no coincidence.
_STUB_NAMES = 3

True_ = dict[str, frozenset[str]]


def read(observations: Seen) -> Iterable[Evidence]:
    """resolver_works, resolvers_intercepted, answers_doubled; names_present and names_true for each service whose
    names were asked for."""
    answers = said(observations)
    true = known_true(observations, answers)
    system = [answer for answer in answers if answer.op == "dns.system"]
    services = sorted({answer.service for answer in system if answer.service})
    evidence = [
        _resolver_works(system),
        *(_names_present(service, answers, true) for service in services),
        *(_names_true(service, answers, true) for service in services),
        resolvers_intercepted(observations, answers),
        answers_doubled(answers),
    ]
    return [item for item in evidence if item is not None]


def _resolver_works(system: Sequence[Said]) -> Evidence | None:
    if not system:
        return None
    answered = [answer for answer in system if answer.failure is None or answer.absent]
    return Evidence(
        claim=Claim.resolver_works,
        facts={"asked": len(system), "answered": len(answered)},
        strength=3 if answered else -3 if len(system) >= _ENOUGH_QUESTIONS else 0,
        group="resolver",
        seqs=seqs(system),
    )


def _names_present(service: str, answers: Sequence[Said], true: True_) -> Evidence:
    """Firm denial needs others who know the names: one does, of which your resolver says that all are absent; or,
    over TLS, most of them are known that your resolver, or nobody on this line, gives an address for."""
    about = [answer for answer in answers if answer.service == service]
    here = [answer for answer in about if answer.op == "dns.system"]
    there = [answer for answer in about if answer.op in {"dns.server", *TRUSTED} and answer.addresses]
    names = {answer.name for answer in here}
    found = [answer for answer in here if answer.addresses or answer.failure is None]
    present = {answer.name for answer in found if not is_false(answer.addresses, true.get(answer.name, frozenset()))}
    missing = ({answer.name for answer in here if answer.absent} | _unanswered(service, answers, true)) - present
    known = {a.name for a in there if a.op in TRUSTED or not is_false(a.addresses, true.get(a.name, frozenset()))}
    elsewhere, sure = missing & known, missing & true.keys()
    strength = _presence(names, present, missing, elsewhere, sure)
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.names_present,
        facts={"names": len(names), "missing": len(missing), "elsewhere": len(elsewhere)},
        strength=strength if all(answer.needed for answer in here) else max(strength, -1),
        group="resolver",
        seqs=seqs([*here, *there]),
    )


def _presence(names: set[str], present: set[str], missing: set[str], elsewhere: set[str], sure: set[str]) -> int:
    if present == names:
        return 3
    if (missing == names and elsewhere) or 2 * len(sure) > len(names):
        return -3
    if 2 * len(elsewhere) > len(names):
        return -2
    return -1 if missing else 0


def _unanswered(service: str, answers: Sequence[Said], true: True_) -> set[str]:
    """Names that exist, and about which nobody who is asked in plain says anything of use, while your resolver
    answers for others: somebody on the way takes the questions out. One silent resolver may have lost a packet."""
    system = [answer for answer in answers if answer.op == "dns.system"]
    answered = {answer.name for answer in system if answer.answered}
    silent = {answer.name for answer in system if answer.service == service and answer.failure in _SILENT}
    if len(answered) < _OTHER_NAMES:
        return set()
    plain = [answer for answer in answers if answer.op in {"dns.server", "dns.configured"}]
    working = {answer.place for answer in plain if answer.answered}
    found: set[str] = set()
    for name in silent & true.keys():
        about = [answer for answer in plain if answer.name == name and answer.place in working]
        helped = any(answer.addresses and not is_false(answer.addresses, true[name]) for answer in about)
        if len({answer.place for answer in about}) >= _OTHER_RESOLVERS and not helped:
            found.add(name)
    return found


def _names_true(service: str, answers: Sequence[Said], true: True_) -> Evidence | None:
    """Firm denial: most names that your resolver gave an address for lead into nobody's network, or all to one and the
    same place, which nobody else gives. Firm support: most of those asked for share one with what TLS brought."""
    about = [answer for answer in answers if answer.service == service]
    here = [answer for answer in about if answer.op == "dns.system" and answer.addresses]
    outside = {answer.place for answer in answers if answer.op == "dns.server"}
    others = [a for a in about if a.op in {"dns.server", "dns.again"} and a.place in outside]
    if not here:
        return None
    false = _false(here, true)
    agreed = {answer.name for answer in here if answer.addresses & true.get(answer.name, frozenset())}
    names = {answer.name for answer in here}
    asked = {answer.name for answer in about if answer.op == "dns.system"}
    strength = _truth(names, false, false & true.keys(), agreed, asked)
    firm = all(answer.needed for answer in here) and not _all_false(answers, true)
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.names_true,
        facts={
            "names": len(names),
            "false": len(false),
            "agreed": len(agreed),
            "false_elsewhere": len(_false(others, true)),
        },
        strength=strength if firm else max(strength, -1),
        group="resolver",
        seqs=seqs([*here, *others, *(answer for answer in about if answer.op in TRUSTED)]),
    )


def _all_false(answers: Sequence[Said], true: True_) -> bool:
    """Whether your resolver leads every control name to nobody as well: so do log-in pages of a network, and programs
    on the own computer that take all connections through themselves."""
    controls = [a for a in answers if a.op == "dns.system" and not a.service and a.addresses]
    return bool(controls) and all(is_false(a.addresses, true.get(a.name, frozenset())) for a in controls)


def _false(answers: Sequence[Said], true: True_) -> set[str]:
    """Names with an answer that leads to nobody, and those of a page that stands in for several names."""
    false = {answer.name for answer in answers if is_false(answer.addresses, true.get(answer.name, frozenset()))}
    for place in {answer.place for answer in answers}:
        given = [answer for answer in answers if answer.place == place and answer.addresses]
        false |= _stub(given, true)
    return false


def _stub(given: Sequence[Said], true: True_) -> set[str]:
    """The names of one resolver's answers if all lead to one place that nobody told of, and whose neighbours neither,
    while the true ones differ: one place of the service's own may well serve all of its names."""
    alike = {answer.addresses for answer in given}
    checked = {answer.name for answer in given if answer.name in true}
    told = {block_of(address) for name in checked for address in true[name]}
    if len(alike) != 1 or len(checked) < _STUB_NAMES or len({true[name] for name in checked}) < 2:
        return set()
    return checked if not told & set(map(block_of, next(iter(alike)))) else set()


def _truth(names: set[str], false: set[str], sure: set[str], agreed: set[str], asked: set[str]) -> int:
    if 2 * len(false) > len(names):
        return -3 if sure else -2
    if false:
        return -1
    return 3 if 2 * len(agreed) > len(asked) else 1 if agreed else 0
