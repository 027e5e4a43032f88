"""What the flows say: does the stream of a call come through, and does the same stream to neutral hosts?"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from callcheck.api import Claim, Evidence, Numbered, Observation, Target

# Loss classes of the claims: up to 3 % carries a call, above that it is fair, poor, unusable (facts/inference.md 7).
_LOSS_CLASSES = ((0.03, 3), (0.10, -1), (0.30, -2))
_UNUSABLE = -3
_FEWEST_CONTROLS = 2
# Without a plan the depth is not known, and the larger number is asked for.
_PACKETS_NEEDED = 500

Observed = Numbered[Observation]


@dataclass(frozen=True, slots=True)
class _Stream:
    """All seconds of one arm. `rtts_us` has receiving less sending time of every packet that came."""

    target: Target
    form: str
    seqs: tuple[int, ...]
    seconds: frozenset[int]
    sent: int
    rtts_us: tuple[int, ...]

    @property
    def received(self) -> int:
        return len(self.rtts_us)

    @property
    def asked_for(self) -> tuple[object, ...]:
        """Targets of one kind and network run the same software: one speaks for the form of the others (DESIGN 5.5)."""
        return (self.target.kind, self.target.network, self.form)


def read(observations: Sequence[Observed]) -> Iterable[Evidence]:
    """stream_carries for each service whose call endpoints took part, controls_carry for the neutral hosts."""
    streams = tuple(_streams(observations))
    neutral = [stream for stream in streams if stream.target.role == "control"]
    controls = _informative(neutral)
    evidence = [_controls_carry(neutral, controls)] if neutral else []
    subjects = [stream for stream in streams if stream.target.role == "subject"]
    for service in dict.fromkeys(stream.target.service for stream in subjects):
        own = [stream for stream in subjects if stream.target.service == service]
        evidence.append(_stream_carries(service, own, controls, _packets_needed(observations)))
    return evidence


def _streams(observations: Sequence[Observed]) -> Iterator[_Stream]:
    arms: dict[str, list[Observed]] = defaultdict(list)
    for one in observations:
        if one.value.op == "flow.second" and one.value.target is not None:
            arms[one.value.data["arm"]].append(one)
    for seconds in arms.values():
        data = [one.value.data for one in seconds]
        target = seconds[0].value.target
        assert target is not None
        yield _Stream(
            target,
            seconds[0].value.form,
            seqs=tuple(one.seq for one in seconds),
            seconds=frozenset(second["second"] for second in data),
            sent=sum(len(second["sent_us"]) for second in data),
            rtts_us=tuple(rtt_us for second in data for rtt_us in _rtts_us(second)),
        )


def _rtts_us(data: dict[str, Any]) -> Iterator[int]:
    """Never below 0, which only a clock that was set meanwhile could make."""
    for sent_us, received_us in zip(data["sent_us"], data["received_us"], strict=True):
        if received_us is not None:
            yield max(0, received_us - sent_us)


def _packets_needed(observations: Sequence[Observed]) -> int:
    plans = [one.value.data["packets_needed"] for one in observations if one.value.op == "flow.plan"]
    return int(plans[0]) if plans else _PACKETS_NEEDED


def _informative(streams: Sequence[_Stream]) -> list[_Stream]:
    """Streams whose silence would mean something: the form is confirmed for the kind, or answered in this run.

    That a host answers a short question does not say that it answers a padded one, so an arm that brought nothing at
    all counts only where another of its kind, asked in the same form, brought something.
    """
    answering = {stream.asked_for for stream in streams if stream.received}
    return [
        stream
        for stream in streams
        if stream.asked_for in answering or stream.target.answers.get(stream.form) == "confirmed"
    ]


def _stream_carries(
    service: str, streams: Sequence[_Stream], controls: Sequence[_Stream], packets_needed: int
) -> Evidence:
    informative = _informative(streams)
    sent, received = _totals(informative or streams)
    loss_ratio = _loss_ratio(sent, received)
    enough = bool(informative) and sent >= packets_needed
    facts: dict[str, Any] = {
        "sent": sent,
        "received": received,
        "loss_ratio": round(loss_ratio, 4),
        "endpoints": len({stream.target.endpoint for stream in informative}),
        "seconds": len(frozenset[int]().union(*(stream.seconds for stream in streams))),
        **_delays(informative),
    }
    if controls:
        facts["controls_loss_ratio"] = round(_loss_ratio(*_totals(controls)), 4)
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_carries,
        facts=facts,
        strength=_strength(loss_ratio) if enough else 0,
        group=f"stream:{service}",
        seqs=tuple(sorted(seq for stream in streams for seq in stream.seqs)),
    )


def _controls_carry(streams: Sequence[_Stream], informative: Sequence[_Stream]) -> Evidence:
    sent, received = _totals(informative)
    loss_ratio = _loss_ratio(sent, received)
    return Evidence(
        claim=Claim.controls_carry,
        facts={"sent": sent, "received": received, "loss_ratio": round(loss_ratio, 4), "flows": len(informative)},
        strength=_strength(loss_ratio) if sent and len(informative) >= _FEWEST_CONTROLS else 0,
        group="controls",
        seqs=tuple(sorted(seq for stream in streams for seq in stream.seqs)),
    )


def _totals(streams: Sequence[_Stream]) -> tuple[int, int]:
    return sum(stream.sent for stream in streams), sum(stream.received for stream in streams)


def _loss_ratio(sent: int, received: int) -> float:
    return (sent - received) / sent if sent else 0.0


def _strength(loss_ratio: float) -> int:
    return next((strength for most, strength in _LOSS_CLASSES if loss_ratio <= most), _UNUSABLE)


def _delays(streams: Sequence[_Stream]) -> dict[str, float]:
    """`loop_ms` is the way there and back over both legs of a call relay, so it is no round-trip time of one leg."""
    by_fact: dict[str, list[int]] = defaultdict(list)
    for stream in streams:
        by_fact["loop_ms" if stream.form == "loop" else "rtt_ms"] += stream.rtts_us
    return {fact: round(statistics.median(values) / 1000, 1) for fact, values in by_fact.items() if values}
