"""What a report found, each thing once: a sentence, how sure it is, and what else it holds for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from callcheck.digest import focus
from callcheck.locale import N_, translator
from callcheck.model import Evidence, Report, Verdict
from callcheck.verdict import explain
from callcheck.words import Claim
from callcheck_text.taming import looks_dialled

WORKS: Final = N_("These work: {list}.")
_LIST: Final = N_("{service} ({functions})")
_IN_SHORT: Final = N_("{service}, {function}: {outcome}")
_IN_SHORT_CAUSE: Final = N_("{service}, {function}: {outcome} ({cause})")
# True of nearly every run, so that they tell a reader least: these where they hold, and those where they do not.
_COMMONPLACE_HOLDING: Final = frozenset(
    {Claim.route_exists, Claim.call_forms_alike, Claim.names_true, Claim.resolver_works, Claim.relay_list_fresh}
)
_COMMONPLACE_DENIED: Final = frozenset(
    {Claim.tunnel_in_use, Claim.filters_in_use, Claim.device_busy, Claim.tunnel_on_the_way}
)
_COMPARED: Final = (Claim.controls_carry, Claim.controls_answer)


@dataclass(frozen=True, slots=True)
class Finding:
    """`first` is the verdict that `sentence` speaks of; `alike` are others with the same outcome and cause."""

    first: Verdict
    sentence: str
    sureness: str
    alike: tuple[Verdict, ...]

    @property
    def in_full(self) -> str:
        """The sentence with how sure it is; one that ends in a command gets no full stop that would be copied."""
        if self.sureness and not self.sentence.endswith("."):
            return f"{self.sentence} ({self.sureness})."
        return f"{self.sentence} {ended(self.sureness)}".strip()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self.first, *self.alike)


def findings_of(report: Report, language: str) -> list[Finding]:
    """What matters most comes first: `focus`, then what else does not work, calls before messages, then what works."""
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in _by_weight(report.verdicts):
        groups.setdefault(_kind(report, verdict, language), []).append(verdict)
    return [_finding(report, verdicts, language) for verdicts in groups.values()]


def ended(text: str) -> str:
    """The words as a sentence of its own: a capital first, a full stop last; "" stays ""."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""


def in_short(verdict: Verdict, language: str, *, is_sure: bool = True) -> str:
    """`Telegram, calls: do not work (singled out). 97 % sure.`"""
    _ = translator(language)
    is_caused = verdict.cause not in {"none", "unknown"}
    said = _(_IN_SHORT_CAUSE if is_caused else _IN_SHORT).format(
        service=explain.service_name(verdict.service),
        function=explain.function_name(verdict.function, language),
        outcome=explain.outcome_name(verdict.outcome, language),
        cause=explain.cause_name(verdict.cause, language),
    )
    sureness = ended(explain.sureness_text(verdict, language)) if is_sure else ""
    return f"{said}. {sureness}".strip()


def listed(verdicts: Iterable[Verdict], language: str) -> str:
    """`Telegram (messages), WhatsApp (messages, calls)`, each service once."""
    _ = translator(language)
    functions: dict[str, dict[str, None]] = {}
    for verdict in verdicts:
        name = explain.function_name(verdict.function, language)
        functions.setdefault(explain.service_name(verdict.service), {})[name] = None
    return ", ".join(_(_LIST).format(service=name, functions=", ".join(some)) for name, some in functions.items())


def reasons_for(report: Report, verdict: Verdict, language: str) -> list[str]:
    """The sentences that say how it was found, the strongest first; what was compared with is among the first three."""
    cited = [report.evidence[position] for position in dict.fromkeys(verdict.supporting)]
    telling = [item for item in cited if not _is_commonplace(item)]
    compared = _compared(report.evidence) if verdict.cause == "selective" else []
    texts = (explain.claim_text(item, language) for item in [*telling[:2], *compared, *telling[2:]])
    return [text for text in dict.fromkeys(texts) if not looks_dialled(text)]


def steps_for(report: Report, findings: Sequence[Finding], language: str) -> list[str]:
    """What to do about what is found first comes first; what works needs nothing while something else does not."""
    ailing = [one.first for one in findings if one.first.outcome != "works"] or [one.first for one in findings]
    depth = report.run.depth
    return list(dict.fromkeys(step for verdict in ailing for step in explain.next_steps(verdict, language, depth)))


def gaps_of(report: Report, language: str) -> list[str]:
    """What was not measured, without what a warning above the page says already; nobody asks it of a dead line."""
    if any(verdict.cause == "offline" for verdict in report.verdicts):
        return []
    unwarned = msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, complete=True),
        instrument=msgspec.structs.replace(report.instrument, valid=None),
    )
    return explain.what_was_not_measured(unwarned, language)


def _by_weight(verdicts: Sequence[Verdict]) -> list[Verdict]:
    first = focus(verdicts)
    return sorted(
        verdicts,
        key=lambda one: (one is not first, one.outcome == "works", one.outcome == "unknown", one.function != "calls"),
    )


def _kind(report: Report, verdict: Verdict, language: str) -> tuple[str, ...]:
    """What is alike in two verdicts of which one sentence tells: of a cause, all; of a doubt, what is in doubt, too."""
    if verdict.outcome == "works":
        sentence = explain.headline(verdict, report.evidence, language)
        return (verdict.outcome, sentence)
    if verdict.cause != "unknown":
        return (verdict.outcome, verdict.cause, verdict.mechanism, verdict.where)
    sentence = explain.headline(verdict, report.evidence, language)
    return (
        verdict.outcome,
        sentence.replace(explain.service_name(verdict.service), "\0"),
        explain.sureness_text(verdict, language),
    )


def _finding(report: Report, verdicts: Sequence[Verdict], language: str) -> Finding:
    first, *alike = verdicts
    return Finding(
        first,
        explain.headline(first, report.evidence, language),
        explain.sureness_text(first, language),
        tuple(alike),
    )


def _is_commonplace(item: Evidence) -> bool:
    return item.claim in (_COMMONPLACE_HOLDING if item.strength > 0 else _COMMONPLACE_DENIED)


def _compared(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """How the neutral servers fared, as a rule the firmest word on the first claim that has one."""
    for claim in _COMPARED:
        found = [item for item in evidence if item.claim == claim and item.strength > 0]
        if found:
            yield max(found, key=lambda item: item.strength)
            return
