"""What a saved file is, by its first and last kilobytes: enough for a line of a list, never for a verdict.

Nothing here is decoded as a whole, as the kilobytes end anywhere; each word that is taken comes from a closed list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, cast

from callcheck.engine.events import JOURNAL_SCHEMA
from callcheck.report.schema import REPORT_SCHEMA
from callcheck.words import Depth, Function, Outcome

_SCHEMA: Final = re.compile(rb'"schema"\s*:\s*"([a-z/0-9-]{1,40})"')
_STARTED: Final = re.compile(rb'"started_utc"\s*:\s*"([0-9T:Z-]{1,20})"')
_DEPTH: Final = re.compile(rb'"depth"\s*:\s*"(quick|standard|deep)"')
_COMPLETE: Final = re.compile(rb'"complete"\s*:\s*(true|false)')
_OUTCOME: Final = re.compile(
    rb'"service"\s*:\s*"([a-z][a-z0-9_-]{0,23})"\s*,\s*"function"\s*:\s*"(calls|messaging|)"\s*,\s*'
    rb'"outcome"\s*:\s*"(works|degraded|fails|unknown)"'
)
_JUDGED: Final = b'"kind":"judged"'
_FINISHED: Final = b'"kind":"run_finished"'


class Found(NamedTuple):
    """What was said last of one function of one service."""

    service: str
    function: Function
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`started_utc` is ISO 8601, "" for not told; `outcomes` only where the kilobytes hold them."""

    kind: Literal["journal", "report"]
    started_utc: str = ""
    depth: Depth | None = None
    is_complete: bool = False
    outcomes: tuple[Found, ...] = ()


def sniff(head: bytes, tail: bytes) -> Sniffed | None:
    """What the file with these ends seems to be; None for a stranger's."""
    schema = _word(_SCHEMA, head)
    if schema == JOURNAL_SCHEMA:
        last_line = tail.rstrip().rpartition(b"\n")[2]
        is_complete = _FINISHED in last_line and _word(_COMPLETE, last_line) == "true"
        judged = tail.rpartition(_JUDGED)[2] if _JUDGED in tail else b""
        outcomes = _outcomes(judged.partition(b"\n")[0])
        return Sniffed("journal", _word(_STARTED, head), _depth(head), is_complete, outcomes)
    if schema == REPORT_SCHEMA:
        # Half of the verdicts would look like all of them.
        verdicts, follows, _rest = head.partition(b'"evidence"')
        outcomes = _outcomes(verdicts) if follows else ()
        return Sniffed("report", _word(_STARTED, head), _depth(head), _word(_COMPLETE, head) == "true", outcomes)
    return None


def _word(shape: re.Pattern[bytes], text: bytes) -> str:
    found = shape.search(text)
    return found[1].decode() if found else ""


def _depth(head: bytes) -> Depth | None:
    return cast("Depth | None", _word(_DEPTH, head) or None)


def _outcomes(text: bytes) -> tuple[Found, ...]:
    found = [[part.decode() for part in one] for one in _OUTCOME.findall(text)]
    return tuple(Found(service, cast("Function", what), cast("Outcome", how)) for service, what, how in found)
