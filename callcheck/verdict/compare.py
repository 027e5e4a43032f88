"""Two runs side by side, network A and network B: what the difference between their verdicts says, and what it cannot.

Sequential runs share no moment, so that ordinary ups and downs come in between (facts/inference.md 3.6): a difference
alone accuses nobody, and an accusation stands only where a run's own evidence makes it (DESIGN 2).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import msgspec

from callcheck.model import Instrument, Report
from callcheck.stats.excess import LEAST_DIFFERENCE_RATIO
from callcheck.stats.intervals import Counted, newcombe
from callcheck.stats.loss import design_effect_of
from callcheck.verdict.comparison import (
    COMPARISON_SCHEMA,
    Caveat,
    CaveatKind,
    Compared,
    Comparison,
    Conclusion,
    Lack,
    Letter,
    Loss,
    RunFacts,
    Side,
    verdict_on,
)
from callcheck.verdict.exit_code import is_informed
from callcheck.verdict.findings import Findings, Key, number_of
from callcheck.verdict.keys import one_way_out, stream
from callcheck.words import Cause, Claim, FlowEvent, Function

# From so many hours on an outage may well have begun or ended between the two runs.
_FAR_APART_HOURS: Final = 24
_FUNCTIONS: tuple[Function, ...] = ("calls", "messaging", "")
_MOVED: frozenset[FlowEvent] = frozenset({"address_changed", "route_changed"})
# What a run's own verdict leaves open between the network, the service, and a list of its servers that has grown old.
_UNSETTLED: frozenset[Cause] = frozenset({"unknown", "none", "service_outage"})
# As in a redacted report: four numbers would be an address.
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?((a|b|rc|\.dev|\.post)[0-9]{1,4})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def compare(a: Report, b: Report, *, catalogue_a: str = "", catalogue_b: str = "") -> Comparison:
    """The runs of network A and network B; their verdicts are taken as they stand. `catalogue_*` are ISO dates, "" for
    not known. Sentences are left empty (see `compare_text`)."""
    facts_a, facts_b = _facts(a, catalogue_a), _facts(b, catalogue_b)
    hours = hours_apart(a.run.started_utc, b.run.started_utc)
    alike = hours is not None and hours <= _FAR_APART_HOURS and not _differ(catalogue_a, catalogue_b)
    run_a, run_b = _Read(a), _Read(b)
    conclusions = tuple(
        _compared(run_a, run_b, service, function, alike=alike)
        for service, function in product(sorted({*run_a.services, *run_b.services}), _FUNCTIONS)
        if verdict_on(a, service, function) or verdict_on(b, service, function)
    )
    caveats = (*_between(facts_a, facts_b, hours), *_of_sides(facts_a, facts_b), *_of_services(run_a, run_b))
    points_at_a_side = any(one.conclusion != one.conclusion.mirrored for one in conclusions)
    return Comparison(
        schema=COMPARISON_SCHEMA,
        a=facts_a,
        b=facts_b,
        hours_apart=None if hours is None else round(hours, 1),
        conclusions=conclusions,
        caveats=(*caveats, *([Caveat(kind=CaveatKind.device)] if points_at_a_side else [])),
    )


def decide(a: Side, b: Side, loss: Loss | None, *, alike: bool) -> Conclusion:
    """The conclusion for one function of one service; `alike` if the runs are at most a day and no catalogue apart."""
    if a.lacks or b.lacks:
        return Conclusion.cannot_tell
    if a.is_well and b.is_well:
        return Conclusion.works_on_both
    if b.is_well:
        return _a_alone_ails(a, loss, alike=alike)
    if a.is_well:
        return _a_alone_ails(b, loss and loss.mirrored, alike=alike).mirrored
    return _both_ail(a, b)


def hours_apart(one: str, other: str) -> float | None:
    """Between two ISO 8601 times, always positive; None where one of them is no time."""
    first, second = _moment(one), _moment(other)
    return None if first is None or second is None else abs((first - second).total_seconds()) / 3600


def loss_between(a: Counted | None, b: Counted | None) -> Loss | None:
    """Lost packets of A against B, with Newcombe's interval (`stats.intervals`); None where one side has no count."""
    if a is None or b is None:
        return None
    within = newcombe(a, b)
    return Loss(
        ratio_a=round(a.ratio, 4), ratio_b=round(b.ratio, 4), low=round(within.low, 4), high=round(within.high, 4)
    )


def _a_alone_ails(a: Side, loss: Loss | None, *, alike: bool) -> Conclusion:
    if a.cause == "device":
        return Conclusion.device_in_a
    if a.cause not in _UNSETTLED:
        return Conclusion.belongs_to_a
    if a.outcome == "degraded":
        if loss is None:
            return Conclusion.cannot_tell
        return Conclusion.worse_on_a if loss.low >= LEAST_DIFFERENCE_RATIO else Conclusion.no_clear_difference
    # That B works within a day speaks against an outage, and against servers that are no longer there.
    return Conclusion.belongs_to_a if alike else Conclusion.changed_between


def _both_ail(a: Side, b: Side) -> Conclusion:
    if a.cause == b.cause == "selective":
        return Conclusion.singled_out_on_both
    if a.cause == "selective":
        return Conclusion.singled_out_on_a
    if b.cause == "selective":
        return Conclusion.singled_out_on_b
    alike = a.cause == b.cause and (a.cause not in {"unknown", "none"} or a.outcome == b.outcome)
    return Conclusion.same_on_both if alike else Conclusion.different_troubles


@dataclass(frozen=True, slots=True)
class _Read:
    """A report as the comparison asks for it."""

    report: Report

    @property
    def services(self) -> set[str]:
        return {one.service for one in self.report.verdicts}

    def side(self, service: str, function: Function, other: _Read) -> Side:
        verdict = verdict_on(self.report, service, function)
        if verdict is None:
            return Side(lacks=(Lack.not_measured,))
        side = Side(
            outcome=verdict.outcome,
            cause=verdict.cause,
            mechanism=verdict.mechanism,
            where=verdict.where,
            confidence=verdict.confidence,
        )
        if not is_informed(verdict) or verdict.outcome == "unknown":
            return msgspec.structs.replace(side, lacks=(Lack.not_settled,))
        return msgspec.structs.replace(side, lacks=tuple(self._lacks(side, service, other)))

    def _lacks(self, side: Side, service: str, other: _Read) -> Iterator[Lack]:
        """What makes this side's verdict say nothing of its network. What works, works through whatever it went."""
        if _has_moved(self.report.instrument):
            yield Lack.moved
        if side.is_well:
            return
        if self.report.network.tunnel or self._takes_another_way(service):
            yield Lack.tunnel
        if _is_unsteady(self.report.instrument):
            yield Lack.unsteady
        if side.cause in _UNSETTLED and self.has_filters and not other.has_filters:
            yield Lack.filters

    def _takes_another_way(self, service: str) -> bool:
        findings = Findings(self.report.evidence)
        on_the_way = findings.strength(Key(Claim.tunnel_on_the_way, service, "calls"))
        return on_the_way > 0 or findings.denies(one_way_out(service))

    @property
    def has_filters(self) -> bool:
        return Findings(self.report.evidence).strength(Key(Claim.filters_in_use)) > 0

    def counted(self, service: str, function: Function) -> Counted | None:
        """Lost of sent packets; runs of losses make them worth fewer independent ones (facts/inference.md 3.4)."""
        findings, key = Findings(self.report.evidence), stream(service)
        cited = findings.cited([key])
        if function != "calls" or not cited or not findings.strength(key):
            return None
        facts = self.report.evidence[cited[0]].facts
        sent, received, run = (number_of(facts, name) for name in ("sent", "received", "mean_run"))
        if sent is None or received is None or sent < 1 or received > sent:
            return None
        lost, total = int(sent) - int(received), int(sent)
        in_runs = run is not None and run >= 1 and 0 < lost < total
        return Counted(lost, total, design_effect_of(lost / total, run) if run and in_runs else 1.0)


def _compared(a: _Read, b: _Read, service: str, function: Function, *, alike: bool) -> Compared:
    side_a, side_b = a.side(service, function, b), b.side(service, function, a)
    count_a, count_b = a.counted(service, function), b.counted(service, function)
    if _hangs_on_loss(side_a, side_b):
        side_a, side_b = _with_counts(side_a, count_a), _with_counts(side_b, count_b)
    loss = loss_between(count_a, count_b)
    return Compared(
        service=service,
        function=function,
        conclusion=decide(side_a, side_b, loss, alike=alike),
        a=side_a,
        b=side_b,
        loss=loss,
    )


def _hangs_on_loss(a: Side, b: Side) -> bool:
    """Whether only the counts of lost packets can tell one side from the other."""
    ailing = {(side.outcome, side.cause in _UNSETTLED) for side in (a, b) if not side.is_well}
    return not a.lacks and not b.lacks and a.is_well != b.is_well and ailing == {("degraded", True)}


def _with_counts(side: Side, count: Counted | None) -> Side:
    return side if count is not None else msgspec.structs.replace(side, lacks=(Lack.no_counts,))


def _facts(report: Report, catalogue: str) -> RunFacts:
    """Free text is kept only where it has the shape that callcheck writes: a saved file may hold anything."""
    moment = _moment(report.run.started_utc)
    version = report.tool.version
    return RunFacts(
        started_utc="" if moment is None else f"{moment:%Y-%m-%dT%H}:00:00Z",
        depth=report.run.depth,
        complete=report.run.complete,
        tool_version=version if _VERSION.fullmatch(version) else "",
        catalogue_as_of=catalogue if _DATE.fullmatch(catalogue) else "",
        tunnel=report.network.tunnel,
        instrument=report.instrument,
    )


def _between(a: RunFacts, b: RunFacts, hours: float | None) -> Iterator[Caveat]:
    if hours is None:
        yield Caveat(kind=CaveatKind.time_unknown)
    elif hours > _FAR_APART_HOURS:
        yield Caveat(kind=CaveatKind.far_apart)
    if a.depth != b.depth:
        yield Caveat(kind=CaveatKind.depth)
    if _differ(a.catalogue_as_of, b.catalogue_as_of):
        yield Caveat(kind=CaveatKind.catalogue)
    if _differ(a.tool_version, b.tool_version):
        yield Caveat(kind=CaveatKind.version)


def _of_sides(a: RunFacts, b: RunFacts) -> Iterator[Caveat]:
    letters: tuple[tuple[Letter, RunFacts], ...] = (("a", a), ("b", b))
    for letter, facts in letters:
        weak = {
            CaveatKind.incomplete: not facts.complete,
            CaveatKind.tunnel: bool(facts.tunnel),
            CaveatKind.moved: _has_moved(facts.instrument),
            CaveatKind.unsteady: _is_unsteady(facts.instrument),
        }
        yield from (Caveat(kind=kind, network=letter) for kind, holds in weak.items() if holds)


def _has_moved(instrument: Instrument) -> bool:
    return not _MOVED.isdisjoint(instrument.events)


def _is_unsteady(instrument: Instrument) -> bool:
    """Whether the instrument was late for another reason than a device that moved."""
    return instrument.valid is False and not _has_moved(instrument)


def _of_services(a: _Read, b: _Read) -> Iterator[Caveat]:
    for service in sorted(a.services ^ b.services):
        yield Caveat(kind=CaveatKind.only_in, network="a" if service in a.services else "b", service=service)


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _differ(one: str, other: str) -> bool:
    """Whether both are known, and not the same."""
    return bool(one and other and one != other)
