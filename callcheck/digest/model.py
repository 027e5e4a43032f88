"""The shape of a digest: sentences of one language, numbers in their units, and what is missing said to be missing."""

from __future__ import annotations

import msgspec

from callcheck.words import Cause, Depth, Function, Outcome, Where


class Row(msgspec.Struct, frozen=True):
    """One function of one service. `cause_name` is "" where nothing is wrong or nobody knows what."""

    service: str
    function: Function
    outcome: Outcome
    service_name: str
    function_name: str
    outcome_name: str
    cause_name: str


class Answer(msgspec.Struct, frozen=True):
    """One sentence, and what it rests on. Functions that share a sentence share an answer.

    `sureness` is "" where there is nothing to be sure of; `how` is "" where nothing is done to anybody."""

    service: str
    function: Function
    outcome: Outcome
    cause: Cause
    sentence: str
    sureness: str
    how: str
    supporting: tuple[str, ...]
    against: tuple[str, ...]


class Station(msgspec.Struct, frozen=True):
    """A place on the way of a call; `delay_ms` is there and back, None where it was not measured."""

    name: str
    delay_ms: float | None = None


class Way(msgspec.Struct, frozen=True):
    """The way to one service: `stretches[i]` lies between station i and station i + 1.

    `broken` is the index of the stretch on which packets are lost or held, None where none is or where it is not known
    which (`is_unknown`). `is_whole` where calls come through; where neither holds, nobody looked or the trouble lies
    elsewhere. `sentence` says it in words."""

    service: str
    function: Function
    stations: tuple[Station, ...]
    stretches: tuple[Where, ...]
    broken: int | None
    is_unknown: bool
    is_whole: bool
    sentence: str


class Measured(msgspec.Struct, frozen=True):
    """What packets met on one side: a service's call servers, or the neutral hosts (`service` "").

    Ratios are 0 to 1 with the 95 % bounds that losing packets in bursts leaves; delays are there and back in
    milliseconds, of the fastest, the middle and the slowest second, None where nothing came back."""

    service: str
    name: str
    sent: int
    received: int
    loss_ratio: float
    loss_low_ratio: float
    loss_high_ratio: float
    delay_low_ms: float | None
    delay_ms: float | None
    delay_high_ms: float | None


class Digest(msgspec.Struct, frozen=True):
    """A report in one language: every text is one sentence or a few words, none is escaped. What packets met is not in
    it but in `call_of(report.observations)` and `measured_of` that, as a long run has many.

    `title` is the sentence that matters most. `warnings` must stand on every page: that the report is whole and not for
    sharing, that the run was cut short, that the instrument was unfit. `glossary` explains the terms that occur."""

    language: str
    is_full: bool
    version: str
    started_utc: str
    depth: Depth
    seconds: int
    head: str
    title: str
    warnings: tuple[str, ...]
    rows: tuple[Row, ...]
    answers: tuple[Answer, ...]
    ways: tuple[Way, ...]
    sounds: tuple[str, ...]
    would_change: tuple[str, ...]
    steps: tuple[str, ...]
    gaps: tuple[str, ...]
    problems: tuple[str, ...]
    methods: tuple[str, ...]
    glossary: tuple[tuple[str, str], ...]
