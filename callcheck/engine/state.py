"""What the checks of one run share, and what they know of the run that this one continues."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from callcheck.api import LinkState, Numbered
from callcheck.engine.events import Bus, Event
from callcheck.model import Observation, Target
from callcheck.net.clock import Clock
from callcheck.words import Depth, Failure


@dataclass(slots=True)
class RunState:
    """What the checks of one run share: the catalogue, the clock, the journal, names looked up, who answered.

    `earlier` holds what each check observed before the run was continued, `begun` the checks that had begun by then.
    """

    targets: Sequence[Target]
    depth: Depth
    clock: Clock
    bus: Bus
    names: dict[tuple[str, bool], asyncio.Task[Sequence[str] | Failure]] = field(default_factory=dict)
    answered: dict[tuple[str, str], Target] = field(default_factory=dict)
    link: LinkState | None = None
    earlier: dict[str, list[Numbered[Observation]]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def note(self, observation: Observation) -> None:
        """Remember who answered."""
        target = observation.target
        if observation.failure is None and target is not None and target.role != "gateway":
            self.answered.setdefault((target.endpoint, target.protocol), target)

    def go_on_from(self, event: Event) -> None:
        """Take in an event of the run that is continued: the journal has it, and the checks know what it says."""
        event = self.bus.repeat(event)
        if event.kind == "check_started":
            self.begun.add(event.check)
        elif event.kind == "observed":
            observation = msgspec.convert(event.data, type=Observation)
            self.earlier.setdefault(event.check, []).append(Numbered(event.seq, observation))
            self.note(observation)
