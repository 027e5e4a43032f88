"""One flow to a hoster: questions on one 5-tuple until it ends or dies, then the same host from another port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

# So many last questions without an answer, after some with one, are no chance: at a loss of 30 % each way, one in 200.
DEAD_AFTER = 8
_ALIVE_AT_FIRST = 3


@dataclass(slots=True)
class Series:
    """Questions by number from 0: when each left, and when (run time, us) its answer came."""

    sent_us: dict[int, int] = field(default_factory=dict)
    heard_us: dict[int, int] = field(default_factory=dict)

    @property
    def answered(self) -> list[int]:
        return sorted(self.heard_us)

    @property
    def fell_silent(self) -> bool:
        """Whether it was answered at first and then, for many questions, not at all."""
        if len(self.heard_us) < _ALIVE_AT_FIRST:
            return False
        return len(self.sent_us) - 1 - self.answered[-1] >= DEAD_AFTER

    @property
    def packets(self) -> int:
        """How many datagrams, both ways, had passed when the last answer came."""
        if not self.heard_us:
            return 0
        last_us = max(self.heard_us.values())
        return sum(sent_us <= last_us for sent_us in self.sent_us.values()) + len(self.heard_us)

    @property
    def rtt_ms(self) -> float | None:
        rtts_us = [heard_us - self.sent_us[number] for number, heard_us in self.heard_us.items()]
        return round(max(median(rtts_us), 0) / 1000, 3) if rtts_us else None


def facts_of(series: Series) -> dict[str, object]:
    """The data of one flow: counts, and the numbers (from 1) of the questions that were answered."""
    numbers: Sequence[int] = [number + 1 for number in series.answered]
    facts: dict[str, object] = {
        "asked": len(series.sent_us),
        "answered": len(numbers),
        "answered_numbers": list(numbers),
        "last_answered_number": numbers[-1] if numbers else 0,
        "packets": series.packets,
    }
    return facts if series.rtt_ms is None else {**facts, "rtt_ms": series.rtt_ms}


def is_cut(facts: Mapping[str, object]) -> bool:
    """Whether a flow's data say that it died while the same host went on answering others."""
    renewed, again = (_count(facts, name) for name in ("renewed_answered", "again_answered"))
    return facts.get("fell_silent") is True and renewed is not None and renewed > 0 and again == 0


def _count(facts: Mapping[str, object], name: str) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
