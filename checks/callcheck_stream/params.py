"""What a person may choose of the flows: for how long they run, and a TURN server of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from callcheck.api import Depth


class Lengths(msgspec.Struct, frozen=True):
    """How long a round lasts, and how long it may where losses come in runs. In seconds."""

    usual_s: float
    longest_s: float


class TurnAccess(msgspec.Struct, frozen=True):
    """A TURN server that lets the user in, to bear a neutral loop; `host` and `port` name it."""

    host: str
    port: int
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Params:
    """How long the flows of a round last at each depth, and how long they may where losses come in runs.

    The TURN server, where one is given, bears a loop of its own beside the others: a neutral way out and back that is
    built like the way through a call relay.
    """

    quick_s: float = 5.2
    standard_s: float = 30.0
    standard_longest_s: float = 42.0
    deep_s: float = 30.0
    deep_longest_s: float = 45.0
    turn_host: str = ""
    turn_port: int = 3478
    turn_username: str = ""
    turn_password: str = field(default="", repr=False)

    def lengths(self, depth: Depth) -> Lengths:
        return {
            "quick": Lengths(self.quick_s, self.quick_s),
            "standard": Lengths(self.standard_s, self.standard_longest_s),
            "deep": Lengths(self.deep_s, self.deep_longest_s),
        }[depth]

    @property
    def turn_access(self) -> TurnAccess | None:
        if not self.turn_host:
            return None
        return TurnAccess(self.turn_host, self.turn_port, self.turn_username, self.turn_password)
