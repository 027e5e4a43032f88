"""Whom a run contacts, in words: each place with its door, what it is there, and how much goes to and from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.api import CheckInfo
from callcheck.catalog.cost import Moved, place_of
from callcheck.locale import N_
from callcheck.model import Target
from callcheck.ui.paint import Line, Piece, line, safe
from callcheck.ui.views.look import Look, cut, wrapped
from callcheck.ui.views.progress import DEPTHS
from callcheck.verdict.figures import decimal
from callcheck.verdict.names import service_name
from callcheck.words import Depth

_RELAY: Final = N_("carries calls (a relay)")
_OWN_ADDRESS: Final = N_("tells your address (STUN)")
_LONG: Final = N_("repeated questions (STUN)")
_PROTOCOLS: Final[dict[str, str]] = {
    "mtproto": N_("messages"),
    "noise": N_("messages"),
    "websocket": N_("messages in a browser"),
    "media": N_("web site, downloads"),
    "reflector": _RELAY,
    "turn": _RELAY,
    "whatsapp_relay": _RELAY,
    "stun": _OWN_ADDRESS,
    "stun_tcp": _OWN_ADDRESS,
    "nat_discovery": N_("tells how your router hands out addresses (STUN)"),
    "hoster": _LONG,
    "hoster_tcp": _LONG,
    "dns": N_("name server (DNS)"),
    "dot": N_("name server, encrypted (DoT)"),
    "doh": N_("name server by web (DoH)"),
    "https": N_("web site"),
    "portal": N_("shows whether one has to log in"),
    "quic": N_("web site, newer way (QUIC)"),
    "tcp": N_("connection, closed at once"),
    "dtls": N_("encrypted greeting (DTLS)"),
    "speed": N_("speed test"),
}
_PLACE_COLUMNS: Final = 23
_DOOR_COLUMNS: Final = 10
_SIZE_COLUMNS: Final = 9
_RANKS: Final = {"subject": 0, "control": 1, "domestic": 2}
_GROUPS: Final[dict[str, str]] = {
    "control": N_("Neutral hosts, to compare with"),
    "domestic": N_("Hosts inside the country, to compare with"),
}
# Below this the words stand on a line of their own.
_ONE_LINE_COLUMNS: Final = 70


@dataclass(frozen=True, slots=True)
class Place:
    """One door of one host: what callcheck takes it for, and `moved`, packets and bytes of a usual run, both ways; None
    where such a run does not ask it."""

    group: str
    host: str
    door: str
    uses: tuple[str, ...]
    moved: Moved | None


def places(targets: Iterable[Target], moved: Mapping[str, Moved], look: Look) -> list[Place]:
    """The catalogue's places, services first, then the hosts to compare them with."""
    found: dict[tuple[str, str], Place] = {}
    for target in sorted(targets, key=lambda one: (_RANKS.get(one.role, 3), one.service)):
        key = (_group(target, look), place_of(target))
        known = _PROTOCOLS.get(target.protocol)
        use = look.translate(known) if known else safe(target.protocol)
        earlier = found[key].uses if key in found else ()
        uses = tuple(dict.fromkeys((*earlier, use)))
        door = f"{target.transport.upper()} {target.port}"
        found[key] = Place(key[0], safe(target.host or target.address), door, uses, moved.get(place_of(target)))
    return list(found.values())


def those_with(text: str, listed: Iterable[Place]) -> list[Place]:
    """The places in which each word of `text` stands, in whatever case."""
    words = text.casefold().split()
    return [one for one in listed if all(word in _searched(one) for word in words)]


def places_lines(listed: Sequence[Place], look: Look) -> list[Line]:
    """A line each, under the heading of their group."""
    lines: list[Line] = []
    for group in dict.fromkeys(one.group for one in listed):
        own = [one for one in listed if one.group == group]
        count_bytes = sum(one.moved[1] for one in own if one.moved)
        lines += wrapped(f"{group}: {_size(count_bytes, look)}", look, tone="accent")
        lines += [some for one in own for some in _place_lines(one, look)]
        lines.append(())
    if not listed:
        return wrapped(look.translate(N_("Nothing in the list has these words.")), look, tone="dim")
    if any(one.moved is None for one in listed):
        text = look.translate(N_("{dash} : not asked in a usual run of this depth")).format(dash=look.glyphs.dash)
        lines += [*wrapped(text, look, tone="dim"), ()]
    return lines


def totals_line(moved: Mapping[Depth, Mapping[str, Moved]], chosen: Depth, look: Look) -> Line:
    """How much a run of each depth moves, the chosen one marked; where that does not fit, the chosen one alone."""
    pieces: list[Piece] = []
    for depth, hosts in moved.items():
        size = _size(sum(count_bytes for _packets, count_bytes in hosts.values()), look)
        mark = look.glyphs.bullet if depth == chosen else " "
        pieces.append((f"{mark} {look.translate(DEPTHS[depth])} {size}  ", "strong" if depth == chosen else "dim"))
    if sum(len(text) for text, _tone in pieces) > look.columns:
        pieces = [piece for piece in pieces if piece[1] == "strong"]
    return line(*pieces)


def learn_lines(infos: Iterable[CheckInfo], look: Look) -> list[Line]:
    """What those that are asked learn, by what they are asked for."""
    lines: list[Line] = []
    for info in infos:
        text = f"{look.translate(info.title)}: {look.translate(info.discloses)}"
        lines += wrapped(safe(text), look, first=f"{look.glyphs.bullet} ", rest="  ")
    return lines


def _group(target: Target, look: Look) -> str:
    if target.role == "subject":
        return service_name(target.service)
    return look.translate(_GROUPS[target.role]) if target.role in _GROUPS else safe(target.role)


def _searched(one: Place) -> str:
    return " ".join((one.group, one.host, one.door, *one.uses)).casefold()


def _place_lines(one: Place, look: Look) -> list[Line]:
    size = _size(one.moved[1], look) if one.moved else look.glyphs.dash
    host = min(_PLACE_COLUMNS, max(8, look.columns - _DOOR_COLUMNS - _SIZE_COLUMNS - 4))
    lead = line(
        f"  {cut(one.host, host, look).ljust(host)}  ",
        (one.door.ljust(_DOOR_COLUMNS), "dim"),
        size.rjust(_SIZE_COLUMNS),
    )
    uses = ", ".join(one.uses)
    if look.columns < _ONE_LINE_COLUMNS:
        return [lead, *wrapped(uses, look, first="    ", rest="    ", tone="dim")]
    taken = 2 + host + 2 + _DOOR_COLUMNS + _SIZE_COLUMNS + 2
    first, *rest = wrapped(uses, Look(look.language, look.glyphs, look.columns - taken), tone="dim")
    return [(*lead, ("  ", ""), *first), *((((" " * taken), ""), *more) for more in rest)]


def _size(count_bytes: int, look: Look) -> str:
    if count_bytes >= 1_000_000:
        return look.translate(N_("{number} MB")).format(number=decimal(count_bytes / 1e6, look.language))
    return look.translate(N_("{number} kB")).format(number=decimal(count_bytes / 1e3, look.language))
