"""Evidence as the judge reads it: the firmest word on each claim, group by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

import msgspec

from callcheck.model import Evidence, Json
from callcheck.words import Claim, Where

# Of the strengths of evidence, -3 to 3.
FIRM, CERTAIN = 2, 3
# No fact that callcheck measures comes near; what does is a damaged or foreign file.
_LARGEST = 1_000_000_000


class Key(msgspec.Struct, frozen=True):
    """What a piece of evidence speaks about."""

    claim: Claim
    service: str = ""
    function: str = ""


def number_of(facts: Mapping[str, Json], name: str) -> float | None:
    """The fact as a number; None where it is missing, no number, negative or beyond all measure."""
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _LARGEST else None


class Findings:
    """An index over evidence. What is missing has strength 0: it is neither support nor denial; and so has what is said
    and denied equally firmly."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._firmest: dict[Key, int] = {}
        self._contradicted: set[Key] = set()
        self._evidence = evidence
        for position, item in enumerate(evidence):
            key = Key(item.claim, item.service, item.function)
            known = self._firmest.get(key)
            if known is None or abs(item.strength) > abs(evidence[known].strength):
                self._firmest[key] = position
                self._contradicted.discard(key)
            elif item.strength == -evidence[known].strength != 0:
                self._contradicted.add(key)

    def services(self) -> tuple[str, ...]:
        """Services that any evidence speaks of, in the order of first mention."""
        return tuple(dict.fromkeys(item.service for item in self._evidence if item.service))

    def strength(self, key: Key) -> int:
        position = self._firmest.get(key)
        return 0 if position is None or key in self._contradicted else self._evidence[position].strength

    def says(self, key: Key) -> bool:
        return self.strength(key) >= FIRM

    def denies(self, key: Key) -> bool:
        return self.strength(key) <= -FIRM

    def number(self, key: Key, fact: str) -> float:
        """A numeric fact, 0 where it is missing or no sane number (a saved report may hold anything)."""
        position = self._firmest.get(key)
        return 0.0 if position is None else float(number_of(self._evidence[position].facts, fact) or 0)

    def word(self, key: Key, fact: str) -> str:
        position = self._firmest.get(key)
        value = None if position is None else self._evidence[position].facts.get(fact)
        return value if isinstance(value, str) else ""

    def group(self, key: Key) -> str:
        """What else shares this evidence's source of failure; "" where nothing is known."""
        position = self._firmest.get(key)
        return "" if position is None else self._evidence[position].group

    def where(self, route: Key) -> Where:
        """The stretch in which packets stop, where the path's evidence says that they stop short of others."""
        word = self.word(route, "where")
        return cast("Where", word) if self.denies(route) and word in get_args(Where) else "unknown"

    def cited(self, keys: Iterable[Key]) -> tuple[int, ...]:
        """Positions in the evidence of those keys that anything was found out about."""
        found = (self._firmest.get(key) for key in keys)
        return tuple(dict.fromkeys(position for position in found if position is not None))
