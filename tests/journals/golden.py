"""The golden journals: what each family's is made from, what it must show, and how it is read."""

from __future__ import annotations

import gzip
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from callcheck import session
from callcheck.engine import plugins
from callcheck.engine.events import Event, decode_lines
from callcheck.model import Evidence, Report
from callcheck.words import Depth

HERE = Path(__file__).parent
_BOUND = re.compile(r"([<>])(-?\d)")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the evidence of one claim about one service must be: `+`, `-`, `0`, or a bound such as `<1`."""

    claim: str
    service: str
    sign: str

    def is_met(self, evidence: Iterable[Evidence]) -> bool:
        """Some evidence of this claim has such a strength, and none firmly the opposite of a sign."""
        strengths = [item.strength for item in evidence if (item.claim, item.service) == (self.claim, self.service)]
        if bound := _BOUND.fullmatch(self.sign):
            limit = int(bound[2])
            return all(strength < limit if bound[1] == "<" else strength > limit for strength in strengths)
        if self.sign == "0":
            return all(strength == 0 for strength in strengths)
        wanted = 1 if self.sign == "+" else -1
        return bool(strengths) and max(strengths, key=abs) * wanted > 0


@dataclass(frozen=True, slots=True)
class Golden:
    """One family: the scenario that is played, at which depth, with which checks alone (all, if empty)."""

    family: str
    scenario: str
    depth: Depth
    only: tuple[str, ...]
    shows: tuple[Shown, ...]

    @property
    def path(self) -> Path:
        return HERE / f"{self.family}.ndjson.gz"

    def events(self) -> list[Event]:
        return list(decode_lines(gzip.decompress(self.path.read_bytes())))


def all_golden() -> dict[str, Golden]:
    """Every family of families.toml, by its name."""
    table = tomllib.loads((HERE / "families.toml").read_text(encoding="utf-8"))
    return {
        family: Golden(
            family,
            entry["scenario"],
            cast("Depth", entry.get("depth", "quick")),
            tuple(entry.get("only", ())),
            tuple(Shown(*one) for one in entry["shows"]),
        )
        for family, entry in table.items()
    }


def report_of_family(family: str, language: str = "en") -> Report:
    """What the family's journal amounts to today, with the checks that are installed."""
    return session.report_of(all_golden()[family].events(), plugins.load_checks()[0], language)
