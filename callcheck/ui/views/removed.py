"""What leaves with a report, what was taken out of it and why, and what it still says about a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, zip_longest
from typing import Final

from rich.cells import cell_len

from callcheck.locale import N_
from callcheck.model import Report
from callcheck.redaction.removed import Group, Kind, Removed, Value
from callcheck.report.printable import escape_json
from callcheck.ui.glyphs import ASCII, Glyphs
from callcheck.ui.paint import Line, line, safe, width_of
from callcheck.ui.views.look import Look, cut, wrapped
from callcheck.verdict.names import service_name

GONE: Final = "bad"
"""The tone of what is struck out; nothing else of these lines has it."""

_EXAMPLES: Final = 3
_LONGEST: Final = 34
_TITLES: Final[dict[Kind, str]] = {
    "own_address": N_("Addresses of your line"),
    "own_port": N_("Port numbers (doors) that your device used"),
    "time": N_("The exact time"),
    "provider": N_("Your provider and region"),
    "resolver": N_("What name servers were asked, and answered"),
    "place": N_("Places that are not on callcheck's own list"),
    "foreign": N_("What plugins wrote that do not come with callcheck"),
    "problem": N_("Notes on what went wrong"),
    "run_number": N_("The number of the run"),
    "label": N_("Inner names of packet flows"),
    "catalogue": N_("Where callcheck's list of places is from"),
    "figure": N_("Exact figures, rounded"),
    "number": N_("Other figures"),
    "text": N_("Other texts"),
}
_WHYS: Final[dict[Kind, str]] = {
    "own_address": N_("They lead to you: your own, your router's, your name server's, the first stations on the way."),
    "own_port": N_("Next to your provider's records they would lead to you."),
    "time": N_("The hour stays. The minute would pick your line out of your provider's records."),
    "provider": N_("They narrow down who you are."),
    "resolver": N_("Name servers answer by place and provider, so their answers tell of you."),
    "place": N_("A place that only you have asked tells of you."),
    "foreign": N_("Nobody knows what such a plugin writes."),
    "problem": N_("A message about an error can hold a name, or a folder of your computer."),
    "run_number": N_("A new one is made every time, so that two reports of yours cannot be matched."),
    "label": N_("Such a name can hold an address, so the flows are just counted."),
    "catalogue": N_("A list that you made yourself would tell of you."),
    "figure": N_("Exact times could be matched with what your provider has recorded."),
    "number": N_("Only figures that are known to be harmless leave."),
    "text": N_("Only words that are known to be harmless leave."),
}
_FLAGS: Final[dict[str, str]] = {
    "tunnel": N_("a tunnel"),
    "nat": N_("an address shared by several devices (NAT)"),
    "ipv6": N_("internet addresses of the newer kind (IPv6)"),
    "filters": N_("programs on your device that handle its traffic"),
}
_UNITS: Final = {"ms": N_("ms"), "us": N_("s"), "s": N_("s"), "kbps": N_("kbit/s")}
# What only a form with the numbered packets in it has.
_PACKETS: Final = b"sent_us"


def text_lines(data: bytes) -> list[str] | None:
    """What a form's bytes look like, a line each, nothing in them acting on the terminal; None where they are no
    text."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return escape_json(text.replace("\r\n", "\n").replace("\t", "    ")).removesuffix("\n").split("\n")


def shown_by(glyphs: Glyphs, lines: Sequence[str]) -> Sequence[str]:
    """The lines as a terminal of these signs can show them: one without letters beyond ASCII gets their numbers."""
    if glyphs is not ASCII:
        return lines
    return [text if text.isascii() else text.encode("ascii", "backslashreplace").decode() for text in lines]


def folded(lines: Sequence[str], columns: int, mark: str) -> list[str]:
    """The lines in at most so many columns, and a blank, torn between words where that can be; `mark` leads what was
    torn off."""
    if columns <= len(mark) + 1:
        return list(lines)
    found: list[str] = []
    for text in lines:
        if len(text) <= columns and (text.isascii() or cell_len(text) <= columns):
            found.append(text)
        else:
            found += _torn(text, columns, mark)
    return found


def _torn(text: str, columns: int, mark: str) -> Iterable[str]:
    """Pieces that make the text again when they are put together without their marks."""
    lead = ""
    while text:
        end = _fitting(text, columns - len(lead))
        if end < len(text):
            blank = text.rfind(" ", end // 2, end + 1) + 1
            end = blank or end
        yield lead + text[:end]
        text, lead = text[end:], mark


def _fitting(text: str, columns: int) -> int:
    """How many characters fit: one at least, whatever its width."""
    end = min(columns, len(text))
    while end > 1 and cell_len(text[:end]) > columns:
        end -= 1
    return end


def removed_lines(groups: Sequence[Group], look: Look) -> list[Line]:
    """Every group with some of what went, its sign before each; then why. What is of tone `GONE` is to be struck."""
    lines: list[Line] = []
    for group in groups:
        count = f": {len(group.items)}" if len(group.items) > 1 else ""
        lines += wrapped(look.translate(_TITLES[group.kind]) + count, look, first=" ", rest=" ", tone="strong")
        lines += _examples(group, look)
        lines += wrapped(look.translate(_WHYS[group.kind]), look, first="   ", rest="   ", tone="dim")
        lines.append(())
    return lines[:-1]


def readers_lines(look: Look) -> list[Line]:
    """Who could read it."""
    return _bulleted(
        (
            look.translate("Nobody but you, until you pass it on: callcheck sends it nowhere by itself."),
            look.translate("After that, whoever gets it, and whoever they give it to; it cannot be called back."),
            look.translate(
                "Your provider can see that this line was tested. If it also gets the report, it can guess by the hour"
                " that it is yours."
            ),
        ),
        look,
    )


def says_lines(redacted: Report, data: bytes, look: Look) -> list[Line]:
    """What it still says about the person who shares it."""
    return _bulleted(_said(redacted, data, look), look)


def _said(redacted: Report, data: bytes, look: Look) -> Iterable[str]:
    day, _, time = redacted.run.started_utc.partition("T")
    if time:
        yield look.translate("In which hour it was measured: {day}, from {hour}:00 (UTC)").format(
            day=day, hour=time[:2]
        )
    names = dict.fromkeys(service_name(verdict.service) for verdict in redacted.verdicts if verdict.service)
    if names:
        yield look.translate("What you tested ({services}), and how it went").format(services=", ".join(names))
    if any(verdict.where in {"access", "provider"} for verdict in redacted.verdicts):
        yield look.translate("That the trouble is at your provider, which is not named")
    if redacted.network.country:
        yield look.translate("Your country: {country}").format(country=safe(redacted.network.country))
    flags = [look.translate(text) for name, text in _FLAGS.items() if getattr(redacted.network, name) is not None]
    if flags:
        yield look.translate("Yes or no to: {things}").format(things="; ".join(flags))
    if _PACKETS in data:
        yield look.translate(
            "Every test packet by its number, with times to the thousandth of a second: whoever recorded your line"
            " could recognise the run by that. A form without them says less."
        )


def _bulleted(texts: Iterable[str], look: Look) -> list[Line]:
    lead = f" {look.glyphs.bullet} "
    return [one for text in texts for one in wrapped(text, look, first=lead, rest="   ")]


def _examples(group: Group, look: Look) -> list[Line]:
    """Some items in as few lines as they take, none of them torn apart."""
    chosen = list(islice(_telling(group), _EXAMPLES))
    drawn = [_item(one, group.kind, look) for one in chosen]
    if len(group.items) > len(chosen):
        more = look.translate("and {count} more").format(count=len(group.items) - len(chosen))
        drawn.append(line((more, "dim")))
    lines: list[Line] = []
    for one in drawn:
        joined = line(*(lines[-1] if lines else ()), "  ", *one)
        if lines and width_of(joined) <= look.columns:
            lines[-1] = joined
        else:
            lines.append(line("   ", *one))
    return lines


def _telling(group: Group) -> Iterable[Removed]:
    """One of each key in turn, of figures those first that have a unit: what differs tells more."""
    by_key: dict[str, list[Removed]] = {}
    for item in sorted(group.items, key=lambda one: not _unit(one.key)) if group.kind == "figure" else group.items:
        by_key.setdefault(item.key, []).append(item)
    return (item for row in zip_longest(*by_key.values()) for item in row if item is not None)


def _item(item: Removed, kind: Kind, look: Look) -> Line:
    room = min(_LONGEST, max(8, look.columns - 6))
    struck = line((f"{look.glyphs.dash} ", "dim"), (cut(_shown(item.original, item.key, look), room, look), GONE))
    if item.instead is None or item.instead == "":
        return struck
    arrow = " -> " if look.glyphs is ASCII else " → "
    stands = _shown(item.instead, item.key, look)
    if kind in {"time", "run_number"}:
        stands = stands[11:] if kind == "time" else look.translate("a new one")
    return line(*struck, (arrow, "dim"), (cut(stands, room, look), "good"))


def _shown(value: Value, key: str, look: Look) -> str:
    """A value for people: with its unit, a moment with its day and time apart."""
    if isinstance(value, str):
        return safe(value.replace("T", " ").removesuffix("Z") if key == "started_utc" else value)
    unit = look.translate(_UNITS.get(_unit(key), ""))
    if _unit(key) == "us":
        shown = f"{value / 1e6:.6f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else str(value)
    else:
        shown = f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)
    return f"{shown.replace('.', ',') if look.language == 'ru' else shown} {unit}".rstrip()


def _unit(key: str) -> str:
    name = key.rpartition("_")[2]
    return name if name in _UNITS else ""
