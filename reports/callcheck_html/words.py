"""Every word of the page itself: titles, columns, legends. What the report says stands in its digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from callcheck.locale import N_, translator
from callcheck.words import Outcome

_WORDS: Final[Mapping[str, str]] = {
    "nav": N_("On this page"),
    "one_run": N_(
        "One run, on one line, at one time. What speaks against the answer and what was not measured stands below."
    ),
    "overview": N_("At a glance"),
    "overview_caption": N_("What works, and what does not"),
    "service": N_("Service"),
    "function": N_("What"),
    "result": N_("Result"),
    "ways": N_("Where on the way"),
    "ways_note": N_("Times are there and back, from this device."),
    "here": N_("it happens here"),
    "somewhere": N_("somewhere on the way"),
    "not_measured": N_("not measured"),
    "way_title": N_("The way to {service}"),
    "call": N_("Second by second"),
    "call_note": N_(
        "Packets of the size and pace of a call go to the services and, in the same seconds, to neutral servers. What"
        " meets both is the line's; what meets a service alone is not."
    ),
    "no_call": N_("No stream of packets was sent in this run, so there is nothing to show here."),
    "loss": N_("Lost in each second"),
    "delay": N_("Delay in each second, there and back, ms"),
    "seconds": N_("seconds"),
    "legend_loss": N_(
        "A bar is the share of packets lost in that second; a second with any loss has at least a thin one."
    ),
    "legend_gone": N_("A dashed foot under the delay: in that second nothing came back."),
    "legend_death": N_("A cross on a dashed line: here a flow of packets fell silent."),
    "more_rounds": N_("Further rounds"),
    "rounds_left": N_("Rounds that are not drawn here: {count}. The JSON form of this report has them."),
    "sides_left": N_("Sides that are not drawn here: {count}. The JSON form of this report has them."),
    "as_table": N_("The same, as a table"),
    "second": N_("Second"),
    "lost_of": N_("lost of sent"),
    "ms": N_("ms"),
    "seconds_left": N_("The table ends here; the JSON form of this report has every second."),
    "totals": N_("Loss and delay in figures"),
    "totals_caption": N_("All rounds that were played like a call, taken together"),
    "side": N_("Sent to"),
    "sent": N_("Packets sent"),
    "came": N_("came back"),
    "lost": N_("Lost"),
    "bounds": N_("95 % bounds"),
    "typical": N_("Usual delay"),
    "span": N_("fastest to slowest second"),
    "plot_loss": N_("Lost, % (the line: 95 % bounds)"),
    "plot_delay": N_("Delay, ms (the line: fastest to slowest second)"),
    "band": N_(
        "The pale band is where the neutral servers are; a service whose line reaches into it cannot be told from them"
        " by this picture."
    ),
    "sounds": N_("How it would sound"),
    "reasons": N_("For and against"),
    "supporting": N_("For"),
    "against": N_("Against"),
    "nothing_against": N_("Nothing was found that speaks against it."),
    "nothing_for": N_("Nothing was found that speaks for it."),
    "changes": N_("This could change the answer"),
    "steps": N_("What you can do"),
    "gaps": N_("Not measured"),
    "problems": N_("Problems during the run"),
    "methods": N_("How it was measured"),
    "glossary": N_("Words"),
    "data": N_("The data"),
    "data_note": N_(
        "For those who want to check. Names in this part are those of the JSON form of the report, which holds every"
        " record; callcheck writes it from the same saved run."
    ),
    "chances": N_("How likely each explanation is"),
    "explanation": N_("Explanation"),
    "chance": N_("Chance"),
    "evidence": N_("Evidence"),
    "evidence_caption": N_("What was found out. Strength: from +3, firmly so, to -3, firmly not so; 0, cannot tell."),
    "finding": N_("Finding"),
    "strength": N_("Strength"),
    "facts": N_("Numbers"),
    "rests_on": N_("records: {count}"),
    "group": N_("counts once with: {group}"),
    "left_evidence": N_("Findings that are not listed here: {count}. The JSON form of this report has them."),
    "records": N_("Records of each check"),
    "records_note": N_(
        "Of each kind of record the first few are shown, with how many there are in all. A failure names what became of"
        " a packet; packets with a short life are meant to end so."
    ),
    "print_note": N_("Records and tables of seconds are left out on paper; the file itself has them."),
    "kind": N_("Kind"),
    "count": N_("Records"),
    "failed": N_("Failures"),
    "number": N_("No."),
    "at_s": N_("At, s"),
    "target": N_("Target"),
    "outcome": N_("Outcome"),
    "left_records": N_("Further records of this kind: {count}, in the JSON form of this report."),
    "left_kinds": N_("Further kinds of records: {count}, in the JSON form of this report."),
    "left_checks": N_("Further checks: {count}, in the JSON form of this report."),
    "flows": N_("Flows of packets"),
    "round": N_("Round"),
    "flow": N_("Flow"),
    "left_flows": N_("Further flows: {count}, in the JSON form of this report."),
    "run": N_("Run and instrument"),
    "field": N_("Field"),
    "value": N_("Value"),
    "plugins": N_("Plugins"),
    "name": N_("Name"),
    "version": N_("Version"),
    "origin": N_("Comes from"),
    "footer": N_("Written by callcheck {version}. This page runs no program, loads nothing and sends nothing."),
    "redacted": N_("Redacted: addresses of this line and exact times were left out."),
    "neutral": N_("neutral servers"),
}  # fmt: skip
_PARTS: Final = {
    "stream": N_("numbered packets like those of a call, all at once"),
    "twins": N_("doubled packets: is each lost by itself?"),
    "single": N_("doubled packets: is each lost by itself?"),
    "ladder": N_("rising speed to one call server"),
}
_ROUND: Final = N_("round {number}")
_ICONS: Final[Mapping[Outcome, str]] = {"works": "good", "degraded": "warn", "fails": "bad", "unknown": "doubt"}


def words(language: str) -> dict[str, str]:
    """The page's words by name, in `language`."""
    return dict(zip(_WORDS, map(translator(language), _WORDS.values()), strict=True))


def icon(outcome: Outcome) -> str:
    """The name of the sign beside an outcome."""
    return _ICONS.get(outcome, "doubt")


def round_title(number: int, part: str, language: str) -> str:
    """What one round of packets was, numbered from 1."""
    _ = translator(language)
    said = f"{_(_ROUND).format(number=number)}: {_(_PARTS.get(part, _PARTS['stream']))}"
    return said[:1].upper() + said[1:]
