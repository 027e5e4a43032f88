"""From the sentence down to the packet: the answers, what speaks for and against each, and what that rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from callcheck.digest.focus import focus
from callcheck.locale import N_
from callcheck.model import Evidence, SavedObservation, Verdict
from callcheck.ui.paint import Line, Tone, line, safe
from callcheck.ui.views.chances import chances_lines
from callcheck.ui.views.fields import broken, data_fields, field_lines, heading
from callcheck.ui.views.look import Look, outcome_sign, wrapped
from callcheck.ui.views.nodes import Book, Kind, Node, chunked, note
from callcheck.ui.views.records import record_nodes
from callcheck.verdict import explain
from callcheck.words import Outcome

_TONES: Final[dict[Outcome, Tone]] = {"works": "good", "degraded": "doubt", "fails": "bad", "unknown": "doubt"}
_SIDES: Final[dict[Kind, tuple[str, str]]] = {
    "for": (N_("For"), N_("What speaks for this answer, the weightiest first.")),
    "against": (N_("Against"), N_("What speaks against this answer.")),
    "others": (
        N_("Also looked at"),
        N_("What was found out about this service and about the network itself, and did not decide the answer."),
    ),
}
_SIGNS: Final[dict[Kind, str]] = {"for": "+", "against": "-"}
_SIDE_TONES: Final[dict[Kind, Tone]] = {"for": "good", "against": "bad"}
_UNDECIDED_SIGN: Final = "*"
_STRENGTHS: Final = (N_("cannot tell"), N_("weakly"), N_("clearly"), N_("firmly"))


def roots(book: Book) -> list[Node]:
    """The answers, the one that matters most first; evidence that belongs to none; and all that was measured."""
    first = focus(book.report.verdicts)
    ordered = sorted(book.report.verdicts, key=lambda one: one is not first)
    loose = _loose(book)
    found = [_verdict_node(verdict, book) for verdict in ordered]
    if loose:
        label = book.look.translate("Found out about no service that was judged")
        found.append(_side_node("others", label, [(item, "others") for item in loose], book))
    if book.report.observations:
        found.append(_all_node(book))
    if not found:
        found.append(_said(book.look.translate("There is nothing in this report that could be opened.")))
    return found


def matching(words: str, book: Book) -> list[Node]:
    """The evidence in whose sentence, claim or check each of the words stands, as nodes of a tree."""
    wanted = words.casefold().split()
    sides = {position: side for one in book.report.verdicts for side, position in _sided(one)}
    nodes = [
        _evidence_node(item, sides.get(position, "others"), book)
        for position, item in enumerate(book.report.evidence)
        if _has_all(wanted, _searched(item, book))
    ]
    return nodes or [_said(book.look.translate("Nothing that was found out has these words."))]


def _said(text: str) -> Node:
    return note(text, lambda wide: broken(text, wide))


def _has_all(words: Iterable[str], text: str) -> bool:
    return all(word in text for word in words)


def _searched(item: Evidence, book: Book) -> str:
    about = explain.service_name(item.service) if item.service else ""
    words = (explain.claim_text(item, book.look.language), item.claim.value, about, _checks(item, book))
    return " ".join(words).casefold()


def _sided(verdict: Verdict) -> Iterable[tuple[Kind, int]]:
    yield from (("for", position) for position in verdict.supporting)
    yield from (("against", position) for position in verdict.against)


def _loose(book: Book) -> list[Evidence]:
    """Evidence that no answer could be asked for."""
    judged = {verdict.service for verdict in book.report.verdicts}
    return [item for item in book.report.evidence if not judged or (item.service and item.service not in judged)]


# An answer


def _verdict_node(verdict: Verdict, book: Book) -> Node:
    language = book.look.language
    name = _named(verdict.service, explain.function_name(verdict.function, language), book.look)
    said = explain.outcome_name(verdict.outcome, language)
    cause = "" if verdict.cause in {"none", "unknown"} else f", {explain.cause_name(verdict.cause, language)}"
    label = line(
        (f"{outcome_sign(verdict.outcome, book.look)} ", _TONES[verdict.outcome]),
        (f"{name}: ", "strong"),
        (said + cause, _TONES[verdict.outcome]),
    )
    return Node("verdict", label, lambda wide: _verdict_detail(verdict, book, wide), lambda: _side_nodes(verdict, book))


def _verdict_detail(verdict: Verdict, book: Book, look: Look) -> list[Line]:
    sentence = explain.headline(verdict, book.report.evidence, look.language)
    lines = wrapped(sentence, look, tone="strong")
    if sureness := explain.sureness_text(verdict, look.language):
        lines += wrapped(sureness, look, tone="dim")
    lines += [*heading(look.translate("How likely each explanation is")), *chances_lines(verdict, look, most=5)[1:]]
    depth = book.report.run.depth
    changes = [text for name in verdict.would_change if (text := explain.would_change_text(name, look.language, depth))]
    if changes:
        lines += heading(look.translate("This could change the answer"))
        bullet = f"{look.glyphs.bullet} "
        lines += [one for text in changes for one in wrapped(text, look, first=bullet, rest="  ")]
    return lines


def _side_nodes(verdict: Verdict, book: Book) -> list[Node]:
    """What speaks for it, against it, and the rest that was found out about its service or about the network."""
    evidence = book.report.evidence
    told = [(side, position) for side, position in _sided(verdict) if 0 <= position < len(evidence)]
    taken = {position for _, position in told}
    rest = [
        item
        for position, item in enumerate(evidence)
        if position not in taken and item.service in {verdict.service, ""}
    ]
    rest.sort(
        key=lambda item: (item.service != verdict.service, item.function != verdict.function, -abs(item.strength))
    )
    of_side: dict[Kind, list[Evidence]] = {
        "for": [evidence[position] for side, position in told if side == "for"],
        "against": [evidence[position] for side, position in told if side == "against"],
        "others": rest,
    }
    return [
        _side_node(side, book.look.translate(_SIDES[side][0]), [(item, side) for item in items], book)
        for side, items in of_side.items()
    ]


def _side_node(side: Kind, title: str, items: Sequence[tuple[Evidence, Kind]], book: Book) -> Node:
    text = book.look.translate(_SIDES[side][1])
    label = line((title, "accent"), (f" ({len(items)})", "dim"))
    if not items:
        label = line((title, "accent"), (f": {book.look.translate('nothing')}", "dim"))
        return Node(side, label, lambda wide: broken(text, wide))
    return Node(
        side,
        label,
        lambda wide: broken(text, wide),
        lambda: chunked([_evidence_node(item, its_side, book) for item, its_side in items], book.look),
    )


# A piece of evidence


def _evidence_node(item: Evidence, side: Kind, book: Book) -> Node:
    text = explain.claim_text(item, book.look.language)
    label = line((strength_sign(item, side).ljust(4), _SIDE_TONES.get(side, "dim")), text)
    children = (lambda: _record_nodes(item, book)) if item.seqs else None
    return Node("evidence", label, lambda wide: _evidence_detail(item, side, book, wide), children, evidence=item)


def strength_sign(item: Evidence, side: Kind) -> str:
    """Up to three signs, as firm as it is: plus for the answer, minus against it; `?` where it cannot tell."""
    return _SIGNS.get(side, _UNDECIDED_SIGN) * min(3, abs(item.strength)) or "?"


def _evidence_detail(item: Evidence, side: Kind, book: Book, look: Look) -> list[Line]:
    lines = broken(explain.claim_text(item, look.language), look, tone="strong")
    seen = sum(seq in book.by_seq for seq in item.seqs)
    counted = look.translate("{seen} of {all}") if seen < len(item.seqs) else "{all}"
    strength = look.translate(_STRENGTHS[min(3, abs(item.strength))])
    fields = [
        (look.translate("how firmly"), f"{strength_sign(item, side)} {strength}"),
        (look.translate("about"), _about(item, look)),
        (look.translate("claim"), f"{item.claim.value} ({_holds(item, look)})"),
        (look.translate("check"), _checks(item, book)),
        (look.translate("rests on records"), counted.format(seen=seen, all=len(item.seqs))),
        (look.translate("counts once with"), safe(item.group)),
    ]
    lines += [(), *field_lines(fields, look)]
    if item.facts:
        lines += [*heading(look.translate("Numbers")), *field_lines(data_fields(item.facts, look), look)]
    return lines


def _holds(item: Evidence, look: Look) -> str:
    if item.strength == 0:
        return look.translate("cannot tell")
    return look.translate("holds") if item.strength > 0 else look.translate("does not hold")


def _about(item: Evidence, look: Look) -> str:
    if not item.service:
        return look.translate("the network itself")
    function = explain.function_name(item.function, look.language) if item.function else ""
    return _named(item.service, function, look) if function else explain.service_name(item.service)


def _named(service: str, function: str, look: Look) -> str:
    return look.translate("{service} {function}").format(service=explain.service_name(service), function=function)


def _checks(item: Evidence, book: Book) -> str:
    found = dict.fromkeys(book.by_seq[seq].check for seq in item.seqs if seq in book.by_seq)
    return ", ".join(book.check_name(check) for check in found)


def _record_nodes(item: Evidence, book: Book) -> Sequence[Node]:
    seqs = dict.fromkeys(item.seqs)
    here = [book.by_seq[seq] for seq in seqs if seq in book.by_seq]
    found = list(record_nodes(here, book))
    if len(here) < len(seqs):
        text = book.look.translate("{count} records are not in this report")
        why = book.look.translate("They were left out so that it is safe to share, or the file is damaged.")
        found.append(note(text.format(count=len(seqs) - len(here)), lambda wide: broken(why, wide)))
    return found


# All that was measured


def _all_node(book: Book) -> Node:
    count = len(book.report.observations)
    label = line((book.look.translate("Everything that was measured"), "strong"), (f" ({count})", "dim"))
    text = book.look.translate(
        "Each record of the run, by the check that made it, whether an answer rests on it or not."
    )
    return Node("group", label, lambda wide: broken(text, wide), lambda: _check_nodes(book))


def _check_nodes(book: Book) -> Sequence[Node]:
    by_check: dict[str, list[SavedObservation]] = {}
    for one in book.report.observations:
        by_check.setdefault(one.check, []).append(one)
    return chunked([_check_node(check, found, book) for check, found in by_check.items()], book.look)


def _check_node(check: str, found: Sequence[SavedObservation], book: Book) -> Node:
    label = line(book.check_name(check), (f" ({len(found)})", "dim"))
    return Node("group", label, lambda _wide: [label], lambda: record_nodes(found, book))
