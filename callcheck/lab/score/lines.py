"""What is kept of one scored run: which run it was, what callcheck said, and what the truth is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from callcheck.lab.truth import Truth
from callcheck.words import Cause, Depth, Mechanism, Outcome, Where

Result = Literal["right", "wrong", "void", "failed"]
Standing = Literal["right", "abstained", "wrong"]


@dataclass(frozen=True, slots=True)
class RunKey:
    """What makes a run this run: another scenario text, seed, depth, set of servers or callcheck is another run.

    `digest` is of the scenario as it is written and of the wires that its seed draws.
    """

    scenario: str
    digest: str
    seed: int
    depth: Depth
    servers: str
    version: str


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict without its reasons. `confidence` is the probability that callcheck gives to `cause`."""

    outcome: Outcome
    cause: Cause
    mechanism: Mechanism
    where: Where
    confidence: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One function of one service in one run. No `truth`: the function is held innocent, and nothing else is scored.
    `is_early`: the run is shallower than the truth's depth, so that "unknown" is right too. `announced_s`: the run time
    from which on the cause was said without a break; None for "unknown", and where nobody looked."""

    service: str
    function: str
    truth: Truth | None
    is_early: bool
    said: Said | None
    announced_s: float | None = None

    @property
    def is_innocent(self) -> bool:
        return self.truth is None or "selective" not in self.truth.cause

    @property
    def is_accused_falsely(self) -> bool:
        return self.is_innocent and self.said is not None and self.said.cause == "selective"

    @property
    def standing(self) -> Standing:
        """`abstained`: not right, but only because "unknown" was said where more could be told."""
        if self.is_accused_falsely or (self.truth is not None and self.said is None):
            return "wrong"
        words = {said for _aspect, said, _right in self.misses()}
        if not words:
            return "right"
        return "abstained" if words == {"unknown"} else "wrong"

    def misses(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Aspect, the word that was said, and the words that would be right; nothing where there is no verdict."""
        if self.truth is None or self.said is None:
            return
        aspects = (
            ("outcome", self.said.outcome, self.truth.outcome),
            ("cause", self.said.cause, self.truth.cause),
        )
        for aspect, said, right in aspects:
            if said not in right and not (self.is_early and said == "unknown"):
                yield aspect, said, right


@dataclass(frozen=True, slots=True)
class Line:
    """One finished run. `seconds` is how long callcheck took to its last verdict, by the run's own clock.

    `notes` say what was wrong, or why the run failed; `voids` has one text for each time it was played in vain, because
    lab or machine had trouble of their own. A run that is void to the end has the result `void`, one whose lab could
    not run at all has `failed`; neither says anything about callcheck, and neither has answers. `is_of_then`: it was
    remembered and could not be judged again.
    """

    key: RunKey
    family: str
    result: Result
    seconds: float
    answers: tuple[Answer, ...] = ()
    voids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_of_then: bool = False

    @property
    def is_valid(self) -> bool:
        return self.result in ("right", "wrong")

    @property
    def standing(self) -> Standing:
        """Of a valid run: the worst of its answers."""
        standings = {answer.standing for answer in self.answers}
        if self.result == "right":
            return "right"
        return "abstained" if standings <= {"right", "abstained"} and "abstained" in standings else "wrong"

    @property
    def could_accuse_falsely(self) -> bool:
        """Whether it holds a function that is innocent and has a verdict."""
        return any(answer.is_innocent and answer.said is not None for answer in self.answers)

    @property
    def is_innocent(self) -> bool:
        """Whether it could accuse falsely, and nothing at all in it is selective."""
        return self.could_accuse_falsely and all(answer.is_innocent for answer in self.answers)

    @property
    def accuses_falsely(self) -> bool:
        return any(answer.is_accused_falsely for answer in self.answers)
