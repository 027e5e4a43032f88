"""What a comparison of two runs is made of: its words, and what `callcheck compare --format json` prints."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from callcheck.model import Instrument, Report, Verdict
from callcheck.words import Cause, Depth, Function, Mechanism, Outcome, Where

COMPARISON_SCHEMA = "callcheck-comparison/1"
Letter = Literal["a", "b"]


class Conclusion(StrEnum):
    """What the difference says. `belongs_to_a`: to network A or the way from it. `same_on_both` accuses nobody."""

    works_on_both = "works_on_both"
    belongs_to_a = "belongs_to_a"
    belongs_to_b = "belongs_to_b"
    device_in_a = "device_in_a"
    device_in_b = "device_in_b"
    worse_on_a = "worse_on_a"
    worse_on_b = "worse_on_b"
    no_clear_difference = "no_clear_difference"
    changed_between = "changed_between"
    same_on_both = "same_on_both"
    different_troubles = "different_troubles"
    singled_out_on_a = "singled_out_on_a"
    singled_out_on_b = "singled_out_on_b"
    singled_out_on_both = "singled_out_on_both"
    cannot_tell = "cannot_tell"

    @property
    def mirrored(self) -> Conclusion:
        """The same with the networks' names changed over."""
        swap = {"_a": "_b", "_b": "_a"}
        return Conclusion(self[:-2] + swap[self[-2:]]) if self[-2:] in swap else self


class Lack(StrEnum):
    """What one side lacks for a comparison."""

    not_measured = "not_measured"
    not_settled = "not_settled"
    moved = "moved"  # the device changed networks while it measured
    tunnel = "tunnel"
    unsteady = "unsteady"  # an invalid instrument
    filters = "filters"  # programs on the device that change traffic, on this side only
    no_counts = "no_counts"


class CaveatKind(StrEnum):
    """What weakens a comparison as a whole."""

    depth = "depth"
    catalogue = "catalogue"
    version = "version"
    incomplete = "incomplete"
    unsteady = "unsteady"
    moved = "moved"
    tunnel = "tunnel"
    only_in = "only_in"
    far_apart = "far_apart"
    time_unknown = "time_unknown"
    device = "device"  # nothing tells whether both runs are from one device


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Share of lost packets in the stream of a call, 0 to 1, and the 95 % interval of A's less B's, -1 to 1."""

    ratio_a: float
    ratio_b: float
    low: float
    high: float

    @property
    def mirrored(self) -> Loss:
        return Loss(ratio_a=self.ratio_b, ratio_b=self.ratio_a, low=-self.high, high=-self.low)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One run's verdict on one function of one service; all unknown where it was not measured."""

    outcome: Outcome = "unknown"
    cause: Cause = "unknown"
    mechanism: Mechanism = "unknown"
    where: Where = "unknown"
    confidence: float = 0.0
    lacks: tuple[Lack, ...] = ()
    sentence: str = ""

    @property
    def is_well(self) -> bool:
        return self.outcome == "works" and self.cause != "selective"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One function of one service on both sides; `loss` is of the stream of a call, None where it was not counted."""

    service: str
    function: Function
    conclusion: Conclusion
    a: Side
    b: Side
    loss: Loss | None = None
    sentence: str = ""


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What of a run the comparison rests on. `started_utc` is ISO 8601, to the hour; "" is "not known"."""

    started_utc: str
    depth: Depth
    complete: bool
    tool_version: str
    catalogue_as_of: str
    tunnel: bool | None
    instrument: Instrument


class Caveat(msgspec.Struct, frozen=True, kw_only=True):
    """`network` is the side that it concerns, "" for both."""

    kind: CaveatKind
    network: Letter | Literal[""] = ""
    service: str = ""
    sentence: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    schema: str
    a: RunFacts
    b: RunFacts
    hours_apart: float | None
    conclusions: tuple[Compared, ...]
    caveats: tuple[Caveat, ...]

    @property
    def tells_of_calls(self) -> bool:
        """Whether the difference says anything for the calls of at least one service."""
        silent = {Conclusion.cannot_tell, Conclusion.changed_between}
        return any(one.function == "calls" and one.conclusion not in silent for one in self.conclusions)


def verdict_on(report: Report, service: str, function: Function) -> Verdict | None:
    """A run's verdict on one function of one service; None where it has none."""
    both = (service, function)
    return next((one for one in report.verdicts if (one.service, one.function) == both), None)
