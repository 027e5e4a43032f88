"""The stream check reads whatever a journal holds: any seconds, parts of runs, earlier versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import FlowSecond, Numbered, Observation
from callcheck_stream import CHECK
from tests.checks.stream_made import DEEP, TELEGRAM, neutral, observed, relay, whatsapp
from tests.checks.stream_rules import Bucket, Rule, both, clear, cut_after_packets, in_runs, one_by_one, subjects_only


def evidence_of(observations: Sequence[Numbered[Observation]]) -> list[bytes]:
    return [msgspec.json.encode(one) for one in CHECK.read(observations)]


_TARGETS = [relay(1).target, relay(2).target, whatsapp(1).target, *(neutral(last).target for last in range(1, 4))]


@st.composite
def any_second(draw: st.DrawFn) -> Observation:
    """A well-formed second, of this version or of one that did not know the later fields."""
    target = draw(st.sampled_from(_TARGETS))
    packets = draw(st.integers(0, 30))
    begin_us = draw(st.integers(0, 100_000_000))
    sent_us = sorted(draw(st.lists(st.integers(0, 1_000_000), min_size=packets, max_size=packets)))
    lost = draw(st.lists(st.booleans(), min_size=packets, max_size=packets))
    first = draw(st.integers(0, 2000))
    data: dict[str, Any] = {
        "arm": draw(st.sampled_from(["a", "b", "c"])) + target.address,
        "second": draw(st.integers(0, 60)),
        "first_number": first,
        "ip_bytes": draw(st.integers(28, 1500)),
        "scheduled_us": [begin_us + at_us for at_us in sent_us],
        "sent_us": [begin_us + at_us for at_us in sent_us],
        "received_us": [
            None if is_lost else begin_us + at_us + draw(st.integers(-5000, 900_000))
            for at_us, is_lost in zip(sent_us, lost, strict=True)
        ],
    }
    newer = {
        "part": st.sampled_from(["stream", "revival", "single", "twins", "ladder"]),
        "round": st.integers(0, 3),
        "opened_us": st.none() | st.integers(0, 100_000_000),
        "sent_before": st.integers(0, 2000),
        "unsent": st.lists(st.integers(first, first + 40), max_size=4),
        "far_received": st.none() | st.integers(0, 2000),
        "events": st.sampled_from([[], ["clock_set"], ["suspended"]]),
        "late": st.integers(0, 50),
    }
    known = draw(st.sets(st.sampled_from(sorted(newer))))
    data |= {name: draw(newer[name]) for name in sorted(known)}
    return Observation(op="flow.second", target=target, form=draw(st.sampled_from(["loop", "padded"])), data=data)


@given(st.lists(any_second(), max_size=25), st.none() | st.integers(1, 1000))
@settings(max_examples=60, deadline=None)
def test_any_well_formed_seconds_are_read_in_the_same_way_twice(seconds: list[Observation], needed: int | None) -> None:
    plan = [Observation(op="flow.plan", data={"packets_needed": needed})] if needed else []
    observations = [Numbered(seq, one) for seq, one in enumerate([*plan, *seconds])]
    first = evidence_of(observations)
    assert evidence_of(observations) == first
    assert all(-3 <= msgspec.json.decode(one)["strength"] <= 3 for one in first if b"strength" in one)


MADE: list[Rule] = [
    subjects_only(cut_after_packets(12)),
    subjects_only(Bucket(lambda packet: packet.five_tuple, 24_000)),
    both(in_runs(Random(1), 0.2, 6.0), subjects_only(one_by_one(Random(2), 0.2))),
]
_OLD_FIELDS = {"arm", "second", "first_number", "ip_bytes", "scheduled_us", "sent_us", "received_us"}


@pytest.fixture(scope="module")
def runs() -> list[list[Numbered[Observation]]]:
    return [observed(TELEGRAM, rule, rounds=DEEP, seconds=9.0) for rule in MADE]


def parts_of(run: Sequence[Numbered[Observation]]) -> Iterator[list[Numbered[Observation]]]:
    """With holes, cut short, without its plan, and as a journal of an earlier version had it."""
    random = Random(5)
    yield [one for one in run if random.random() < 0.7]
    yield list(run[: len(run) // 3])
    yield list(run[1:])
    yield [Numbered(one.seq, _earlier(one.value)) for one in run[1:]]


def _earlier(observation: Observation) -> Observation:
    data = {name: value for name, value in observation.data.items() if name in _OLD_FIELDS}
    return msgspec.structs.replace(observation, data=data)


def test_parts_of_real_runs_and_journals_of_earlier_versions_are_read(runs: list[list[Numbered[Observation]]]) -> None:
    for run in runs:
        for part in parts_of(run):
            first = evidence_of(part)
            assert first
            replayed = msgspec.json.decode(msgspec.json.encode([one.value for one in part]), type=list[Observation])
            assert evidence_of([Numbered(one.seq, value) for one, value in zip(part, replayed, strict=True)]) == first


def test_a_journal_that_does_not_know_ports_tells_no_cut_off(runs: list[list[Numbered[Observation]]]) -> None:
    earlier = [Numbered(one.seq, _earlier(one.value)) for one in runs[0][1:]]
    assert not any(b"stream_cut_off" in one for one in evidence_of(earlier))
    assert any(b"stream_cut_off" in one for one in evidence_of(runs[0]))


def test_the_fake_second_holds_every_field_that_is_read() -> None:
    """The seconds made here are those of the flow process: nothing is read that it does not write."""
    made = next(one.value.data for one in observed(TELEGRAM, clear, seconds=1.0) if one.value.op == "flow.second")
    assert set(made) - {"part", "round"} <= {field.name for field in msgspec.structs.fields(FlowSecond)}
