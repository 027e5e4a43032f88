"""The right answers that a scenario holds, read strictly: what contradicts itself is refused."""

from dataclasses import dataclass
from typing import Final, get_args

from callcheck import words
from callcheck.lab.wire.strict import Table

_FUNCTIONS: Final = tuple(word for word in get_args(words.Function) if word)
# Causes with which nothing works.
_SEVERE: Final = frozenset({"offline", "udp_blocked", "captive_portal"})


@dataclass(frozen=True, slots=True)
class Truth:
    """The right answers about one function of a service: any word of a list is right.

    An empty `mechanism` or `where` is not scored. Below `depth` the outcome and cause "unknown" are right too.
    """

    service: str
    function: str
    outcome: tuple[str, ...]
    cause: tuple[str, ...]
    mechanism: tuple[str, ...]
    where: tuple[str, ...]
    depth: str


def read_truths(table: Table) -> tuple[Truth, ...]:
    """Raises RefusedError. A truth whose service or function is a list stands for one of each."""
    truths: dict[tuple[str, str, str], Truth] = {}
    for entry in table.tables("truth"):
        for truth in _read_truth(entry):
            about = (truth.service, truth.function, truth.depth)
            if about in truths:
                raise entry.refuse("service", f"{truth.service} {truth.function} has a truth at {truth.depth} already")
            truths[about] = truth
    if not truths:
        raise table.refuse("truth", "is missing: a scenario without a truth teaches nothing")
    return tuple(truths.values())


def _read_truth(table: Table) -> list[Truth]:
    services = table.one_or_more("service")
    functions = table.one_or_more("function", _FUNCTIONS)
    outcome = table.words("outcome", get_args(words.Outcome))
    cause = table.words("cause", get_args(words.Cause))
    mechanism = table.words("mechanism", get_args(words.Mechanism))
    where = table.words("where", get_args(words.Where))
    depth = table.word("depth", get_args(words.Depth)) or "quick"
    table.close()
    for key, answers in (("outcome", outcome), ("cause", cause)):
        if not answers:
            raise table.refuse(key, "is missing")
    _check_sense(table, outcome, cause, mechanism)
    return [
        Truth(service, function, outcome, cause, mechanism, where, depth)
        for service in services
        for function in functions
    ]


def _check_sense(table: Table, outcome: tuple[str, ...], cause: tuple[str, ...], mechanism: tuple[str, ...]) -> None:
    works = "works" in outcome
    if outcome == ("works",) and "none" not in cause:
        raise table.refuse("cause", "what works has the cause none")
    if "none" in cause and not works and "degraded" not in outcome:
        raise table.refuse("cause", "what does not work has another cause than none")
    if cause == ("none",) and not works:
        raise table.refuse("cause", "what does not work well has another cause than none")
    if outcome == ("works",) and _SEVERE & set(cause):
        raise table.refuse("cause", "nothing works with such a cause")
    if mechanism and "none" not in mechanism and not {"selective", "resolver", "allow_list"} & set(cause):
        raise table.refuse("mechanism", "only a function that is interfered with has a mechanism")
