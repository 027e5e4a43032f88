"""Observations as nodes to walk through: one by one, or together where there are many of the same kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from callcheck.model import SavedObservation
from callcheck.report.flows import FLOW_OP
from callcheck.ui.paint import Line, line, safe
from callcheck.ui.views.failures import failure_text
from callcheck.ui.views.fields import broken, data_fields, field_lines, heading, json_text, number_text, seconds_text
from callcheck.ui.views.flows import flow_node, second_node
from callcheck.ui.views.forms import form_text, full_form_text
from callcheck.ui.views.look import Look
from callcheck.ui.views.nodes import Book, Node, chunked
from callcheck.ui.views.operations import operation_text, role_text, target_text
from callcheck.verdict.findings import number_of
from callcheck.words import Failure

# So many lines of their own are still easier to read than groups.
_FEW: Final = 8
_TIME_COLUMNS: Final = 7
_GroupKey = tuple[str, str, str]


def record_nodes(observations: Iterable[SavedObservation], book: Book) -> Sequence[Node]:
    """Seconds of a flow stand below their flow; of the others those with one target and kind below one line, where
    there are more than a few. Services come before the hosts that they are compared with."""
    found = sorted(observations, key=lambda one: one.seq)
    groups: dict[_GroupKey, list[SavedObservation]] = defaultdict(list)
    for one in found:
        groups[_key(one, book, is_grouped=len(found) > _FEW)].append(one)
    ordered = sorted(
        groups.values(), key=lambda members: members[0].target is None or members[0].target.role != "subject"
    )
    return chunked([_node(members, book) for members in ordered], book.look)


def _key(one: SavedObservation, book: Book, *, is_grouped: bool) -> _GroupKey:
    if one.op == FLOW_OP:
        return (one.op, _place(one, book), json_text([one.data.get(name) for name in ("arm", "round")]))
    return (one.op, _place(one, book), one.form) if is_grouped else ("", "", str(one.seq))


def _place(one: SavedObservation, book: Book) -> str:
    return target_text(one.target, book.look.language) if one.target is not None else ""


def _node(members: Sequence[SavedObservation], book: Book) -> Node:
    if members[0].op == FLOW_OP:
        return flow_node(members, lambda: [second_node(one, book) or record_node(one, book) for one in members], book)
    return record_node(members[0], book) if len(members) == 1 else _group_node(members, book)


def record_node(one: SavedObservation, book: Book, *, stands_alone: bool = True) -> Node:
    """One observation: when, what came of it, and, where no line above says so, what was done and with whom."""
    look = book.look
    came = failure_text(one.failure, look.language) if one.failure else _reply(one, look)
    when = look.translate("{seconds} s").format(seconds=seconds_text(one.t_us, look.language).rjust(_TIME_COLUMNS))
    sign = look.glyphs.failed if _is_silence(one.failure) else look.glyphs.done
    parts = (", ".join(_particulars(one, look)), came, _named(one, book) if stands_alone else "")
    label = line(f"{sign} ", (f"{when}  ", "dim"), ": ".join(filter(None, parts)))
    return Node("observation", label, lambda wide: _record_detail(one, book, wide), observation=one)


def _named(one: SavedObservation, book: Book) -> str:
    """What was done, in which form, and with whom."""
    form = f" ({text})" if (text := form_text(one.form, book.look.language)) else ""
    place = _place(one, book)
    return f"{operation_text(one.op, book.look.language)}{form}" + (f", {place}" if place else "")


def _particulars(one: SavedObservation, look: Look) -> Iterable[str]:
    """What tells one question from the next one of its kind: the name that was asked for, the station to die at."""
    name, station = one.data.get("name"), one.data.get("ttl")
    if isinstance(name, str):
        yield safe(name)
    if isinstance(station, int):
        yield look.translate("sent as far as station {number}").format(number=station)


def _reply(one: SavedObservation, look: Look) -> str:
    """How long the answer took, where that was measured, or that there was one."""
    rtt_ms = number_of(one.data, "rtt_ms")
    if rtt_ms is not None:
        return look.translate("answered after {rtt_ms} ms").format(rtt_ms=number_text(rtt_ms, "g", look.language))
    return look.translate("answered") if one.target is not None else ""


def _is_silence(failure: Failure | None) -> bool:
    return failure is not None and failure is not Failure.expired


def _record_detail(one: SavedObservation, book: Book, look: Look) -> list[Line]:
    language = look.language
    lines = broken(operation_text(one.op, language), look, tone="strong")
    came = failure_text(one.failure, language) if one.failure else _reply(one, look) or look.translate("it worked")
    name = f" ({one.failure.value})" if one.failure else ""
    when = look.translate("{seconds} s into the run").format(seconds=seconds_text(one.t_us, language))
    fields = [
        (look.translate("when"), when),
        (look.translate("what came of it"), came + name),
        *_target_fields(one, look),
        (look.translate("form"), full_form_text(one.form, language)),
        (look.translate("check"), book.check_name(one.check)),
        (look.translate("record"), f"{safe(one.op)}, {look.translate('number {number}').format(number=one.seq)}"),
    ]
    lines += [(), *field_lines(fields, look)]
    if one.data:
        lines += [*heading(look.translate("Numbers")), *field_lines(data_fields(one.data, look), look)]
    return [*lines, *heading(look.translate("As it stands in the report (JSON)")), *broken(json_text(one), look)]


def _target_fields(one: SavedObservation, look: Look) -> list[tuple[str, str]]:
    target = one.target
    if target is None:
        return []
    known_from = ", ".join(filter(None, (safe(target.source), safe(target.as_of))))
    return [
        (look.translate("asked of"), f"{target_text(target, look.language)} ({safe(target.transport)})"),
        (look.translate("which is"), role_text(target, look.language)),
        (look.translate("its name"), safe(target.host)),
        (look.translate("run by"), safe(target.network)),
        (look.translate("known from"), known_from),
    ]


def _group_node(members: Sequence[SavedObservation], book: Book) -> Node:
    look = book.look
    failures = sum(_is_silence(one.failure) for one in members)
    sign = look.glyphs.failed if failures == len(members) else "!" if failures else look.glyphs.done
    return Node(
        "group",
        line(f"{sign} ", f"{_summary(members, look)}: {_named(members[0], book)}"),
        lambda wide: _group_detail(members, book, wide),
        lambda: chunked([record_node(one, book, stands_alone=False) for one in members], look),
    )


def _summary(members: Sequence[SavedObservation], look: Look) -> str:
    answered = sum(one.failure is None for one in members)
    reported = sum(one.failure is Failure.expired for one in members)
    if reported:
        text = look.translate("{answered} of {asked} answered, {reported} reported from the way")
    elif members[0].target is None:
        text = look.translate("{answered} of {asked} came to something")
    else:
        text = look.translate("{answered} of {asked} answered")
    return text.format(answered=answered, asked=len(members), reported=reported)


def _group_detail(members: Sequence[SavedObservation], book: Book, look: Look) -> list[Line]:
    language = look.language
    first = members[0]
    lines = broken(operation_text(first.op, language), look, tone="strong")
    lines += broken(_summary(members, look), look)
    ends = [seconds_text(one.t_us, language) for one in (members[0], members[-1])]
    fields = [
        (
            look.translate("when"),
            look.translate("{first} to {last} s into the run").format(first=ends[0], last=ends[1]),
        ),
        *_target_fields(first, look),
        (look.translate("form"), full_form_text(first.form, language)),
        (look.translate("check"), book.check_name(first.check)),
        (look.translate("answers after"), _delays(members, look)),
    ]
    lines += [(), *field_lines(fields, look)]
    failed = Counter(one.failure for one in members if one.failure is not None)
    if failed:
        counts = [(str(count), failure_text(failure, language)) for failure, count in failed.most_common()]
        lines += [*heading(look.translate("What came instead of an answer")), *field_lines(counts, look)]
    return lines


def _delays(members: Sequence[SavedObservation], look: Look) -> str:
    found = [rtt_ms for one in members if (rtt_ms := number_of(one.data, "rtt_ms")) is not None]
    if not found:
        return ""
    text = look.translate("{low} to {high} ms, half of them within {middle} ms")
    low, high, middle = (number_text(one, "g", look.language) for one in (min(found), max(found), median(found)))
    return text.format(low=low, high=high, middle=middle)
