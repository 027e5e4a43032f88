"""A comparison of two runs in plain words: what the difference says, and what weakens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from callcheck.locale import N_, translator
from callcheck.model import Report
from callcheck.verdict.comparison import (
    Caveat,
    CaveatKind,
    Compared,
    Comparison,
    Conclusion,
    Lack,
    Letter,
    Loss,
    Side,
    verdict_on,
)
from callcheck.verdict.figures import count, decimal
from callcheck.verdict.headline_text import headline
from callcheck.verdict.names import cause_name, service_name
from callcheck.verdict.sentences import Sentence, in_language, n_
from callcheck.words import Cause, Function, Outcome, Where

# The subject of every sentence: a plural, as all verbs beside it are.
_WHAT: Final[dict[Function, str]] = {
    "calls": N_("{service} calls"),
    "messaging": N_("{service} messages"),
    "": N_("{service} connections"),
}
# After a plural; a table's `outcome_name` is no part of a sentence in every language.
_DO: Final[dict[Outcome, str]] = {
    "works": N_("get through"),
    "degraded": N_("get through only badly"),
    "fails": N_("do not get through"),
    "unknown": N_("are in doubt"),
}
# `here` is the network that a conclusion points at, `there` the other one.
_SENTENCES: Final[dict[Conclusion, str]] = {
    Conclusion.works_on_both: N_("On both networks {what} should work."),
    Conclusion.belongs_to_a: N_(
        "On network {there} {what} should work, on network {here} they {outcome} ({cause}): the trouble belongs to"
        " network {here}, not to {service}."
    ),
    Conclusion.device_in_a: N_(
        "On network {there} {what} should work; in the test on network {here} the device itself could not keep up,"
        " which says nothing about that network or about {service}."
    ),
    Conclusion.worse_on_a: N_(
        "On network {here} {what} {outcome} and lose clearly more packets than on network {there}, where they should"
        " work; as the tests were not made at the same moment, this alone does not say whose fault it is."
    ),
    Conclusion.no_clear_difference: N_(
        "{what}: on one network the test found them to be poor, on the other it did not, but the share of lost packets"
        " does not clearly differ: the reason may be something else, such as delay, or chance."
    ),
    Conclusion.changed_between: N_(
        "{what}: they should work on one network and {outcome} on the other, but between the two tests much time"
        " passed (or it is not known how much), or the list of servers was renewed, which may explain it as well as"
        " the networks."
    ),
    Conclusion.different_troubles: N_(
        "On both networks {what} have trouble, but not for the same reason, as far as the tests show: look at each"
        " network by itself."
    ),
    Conclusion.singled_out_on_a: N_(
        "On network {here} {what} are singled out, as the test there shows by itself; on network {there} they"
        " {other_outcome} as well, for another reason or one that is not settled."
    ),
    Conclusion.singled_out_on_both: N_(
        "On both networks {what} are singled out: each of the two tests shows it by itself."
    ),
}
_SELECTIVE_HERE: Final = N_(
    "On network {there} {what} should work, on network {here} they are singled out: the trouble belongs to network"
    " {here}, not to {service}, nor to this device if both tests ran on it."
)
_SELECTIVE_ON_THE_WAY: Final = N_(
    "On network {there} {what} should work, on network {here} they are singled out: the trouble belongs to network"
    " {here} or to the way from it to {service}, not to {service}, nor to this device if both tests ran on it."
)
_UNSETTLED_HERE: Final = N_(
    "On network {there} {what} should work, on network {here} they do not: the trouble belongs to network {here} or to"
    " the way from it to {service}, as {service} as a whole is not down; whether anybody singles them out is not shown."
)
_SAME_SHARED: Final = N_(
    "On both networks {what} have the same trouble ({cause}): that points to something that both share or do alike, and"
    " not to {service}."
)
_SAME_SERVICE: Final = N_(
    "On both networks {what} have the same trouble: that points to {service} itself or to something that both share"
    " (the device, a stretch of the way, the same rules), and shows nobody's fault."
)
_CANNOT_TELL: Final = N_("{what}: what the difference says cannot be told, as {reasons}.")
_LACKS: Final[dict[Lack, str]] = {
    Lack.not_measured: N_("the test on network {here} did not look at them"),
    Lack.not_settled: N_("the test on network {here} did not settle whether they work"),
    Lack.moved: N_("the device changed to another network or address during the test on network {here}"),
    Lack.tunnel: N_("the test on network {here} went through a tunnel"),
    Lack.unsteady: N_("the device did not keep time during the test on network {here}"),
    Lack.filters: N_("a program on the device changed or filtered traffic during the test on network {here}"),
    Lack.no_counts: N_("the test on network {here} has no count of lost packets"),
}
_CAVEATS: Final[dict[CaveatKind, Sentence]] = {
    CaveatKind.depth: N_("One test was longer than the other: the shorter one sees less."),
    CaveatKind.catalogue: N_("The tests used lists of servers of different dates: {a} and {b}."),
    CaveatKind.version: N_("The tests were made with different versions of callcheck: {a} and {b}."),
    CaveatKind.incomplete: N_("The test on network {here} was stopped early."),
    CaveatKind.unsteady: N_(
        "During the test on network {here} the device was too busy, fell asleep, or had its clock set."
    ),
    CaveatKind.moved: N_("During the test on network {here} the device changed to another network or address."),
    CaveatKind.tunnel: N_("The test on network {here} went through a tunnel, and saw that instead of its own line."),
    CaveatKind.only_in: N_("Only the test on network {here} looked at {service}."),
    CaveatKind.far_apart: n_(
        "Between the two tests lies {hours} hour: what changed in that time may explain a difference, too.",
        "Between the two tests lie {hours} hours: what changed in that time may explain a difference, too.",
        "hours",
    ),
    CaveatKind.time_unknown: N_(
        "It is not known how much time lies between the two tests: what changed in it may explain a difference, too."
    ),
    CaveatKind.device: N_("Nothing in the two files tells whether both tests ran on the same device."),
}
_LOSS_MORE: Final = N_(
    "Lost packets of the test call: {a} % on network A, {b} % on network B; network {here} very likely loses {low} to"
    " {high} percentage points more."
)
_LOSS_ALIKE: Final = N_(
    "Lost packets of the test call: {a} % on network A, {b} % on network B, which is no clear difference."
)
_ON_ITS_LINE: frozenset[Where] = frozenset({"home", "access", "provider"})
# Trouble that the service has no part in.
_NOT_THE_SERVICE: frozenset[Cause] = frozenset(
    {
        "device",
        "local_link",
        "bufferbloat",
        "resolver",
        "captive_portal",
        "congestion",
        "udp_blocked",
        "allow_list",
        "offline",
    }
)


def with_sentences(comparison: Comparison, a: Report, b: Report, language: str) -> Comparison:
    """The comparison with its sentences in `language`; services are named as far as their names are bare words."""
    return msgspec.structs.replace(
        comparison,
        conclusions=tuple(_said(one, a, b, language) for one in comparison.conclusions),
        caveats=tuple(
            msgspec.structs.replace(
                one, service=_shown_id(one.service), sentence=_caveat_text(one, comparison, language)
            )
            for one in comparison.caveats
        ),
    )


def loss_text(loss: Loss, language: str) -> str:
    """How much more is lost on which network, with the 95 % interval where it excludes no difference."""
    _ = translator(language)
    ratios = {"a": _percent(loss.ratio_a, language), "b": _percent(loss.ratio_b, language)}
    if loss.low <= 0 <= loss.high:
        return _(_LOSS_ALIKE).format(**ratios)
    ends = sorted((abs(loss.low), abs(loss.high)))
    low, high = (_percent(end, language) for end in ends)
    return _(_LOSS_MORE).format(**ratios, here="A" if loss.low > 0 else "B", low=low, high=high)


def conclusion_text(one: Compared, language: str) -> str:
    """The conclusion as one sentence."""
    _ = translator(language)
    here = _pointed_at(one)
    ailing, other = (one.a, one.b) if here == "a" else (one.b, one.a)
    service = service_name(one.service)
    words = {
        "what": _(_WHAT[one.function]).format(service=service),
        "service": service,
        "here": here.upper(),
        "there": "B" if here == "a" else "A",
        "cause": cause_name(ailing.cause, language),
        "outcome": _(_DO[ailing.outcome]),
        "other_outcome": _(_DO[other.outcome]),
        "reasons": "; ".join(_lacks(one, language)),
    }
    return _(_template(one, ailing)).format_map(words)


def _said(one: Compared, a: Report, b: Report, language: str) -> Compared:
    return msgspec.structs.replace(
        one,
        a=_side_said(one.a, a, one, language),
        b=_side_said(one.b, b, one, language),
        service=_shown_id(one.service),
        sentence=conclusion_text(one, language),
    )


def _side_said(side: Side, report: Report, one: Compared, language: str) -> Side:
    verdict = verdict_on(report, one.service, one.function)
    text = headline(verdict, report.evidence, language) if verdict else translator(language)(N_("not measured"))
    return msgspec.structs.replace(side, sentence=text)


def _template(one: Compared, ailing: Side) -> str:
    conclusion = _as_of_a(one.conclusion)
    if conclusion == Conclusion.cannot_tell:
        return _CANNOT_TELL
    if conclusion == Conclusion.same_on_both:
        return _SAME_SHARED if ailing.cause in _NOT_THE_SERVICE else _SAME_SERVICE
    if conclusion == Conclusion.belongs_to_a and ailing.cause == "selective":
        return _SELECTIVE_HERE if ailing.where in _ON_ITS_LINE else _SELECTIVE_ON_THE_WAY
    if conclusion == Conclusion.belongs_to_a and ailing.cause not in _NOT_THE_SERVICE:
        return _UNSETTLED_HERE
    return _SENTENCES[conclusion]


def _pointed_at(one: Compared) -> Letter:
    """The network that the conclusion points at; where it points at none, the one that is not well."""
    if one.conclusion != one.conclusion.mirrored:
        return "a" if one.conclusion == _as_of_a(one.conclusion) else "b"
    return "b" if one.a.is_well else "a"


def _as_of_a(conclusion: Conclusion) -> Conclusion:
    return conclusion.mirrored if conclusion.endswith("_b") else conclusion


def _lacks(one: Compared, language: str) -> Iterator[str]:
    _ = translator(language)
    for letter, side in (("A", one.a), ("B", one.b)):
        for lack in side.lacks:
            yield _(_LACKS[lack]).format(here=letter)


def _caveat_text(caveat: Caveat, comparison: Comparison, language: str) -> str:
    a, b = comparison.a, comparison.b
    pairs = {
        CaveatKind.catalogue: (a.catalogue_as_of, b.catalogue_as_of),
        CaveatKind.version: (a.tool_version, b.tool_version),
    }
    first, second = pairs.get(caveat.kind, ("", ""))
    hours = round(comparison.hours_apart or 0)
    return in_language(_CAVEATS[caveat.kind], {"hours": hours}, language).format(
        a=first,
        b=second,
        here=caveat.network.upper(),
        service=service_name(caveat.service),
        hours=count(hours, language),
    )


def _shown_id(service: str) -> str:
    """A script's name for the service: a bare word as it stands, anything else "?"."""
    return service if not service or service_name(service) != "?" else "?"


def _percent(ratio: float, language: str) -> str:
    return decimal(100 * ratio, language)
