"""What the flows say, claim by claim (see `reading`): pure, from the check's own observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from callcheck.api import Evidence
from callcheck_stream.earlier import together
from callcheck_stream.reading.carries import controls_carry, stream_carries
from callcheck_stream.reading.deaths import stream_cut_off
from callcheck_stream.reading.delays import stream_delayed
from callcheck_stream.reading.excess import stream_loses_more
from callcheck_stream.reading.limits import stream_rate_limited
from callcheck_stream.reading.pattern import loss_independent
from callcheck_stream.reading.shared import CALL_PARTS, controls_of, informative, subjects_of
from callcheck_stream.series import Observed, Series, all_series, plan_of

# Without a plan the depth is not known, and the larger number is asked for.
_PACKETS_NEEDED = 500


def read(observations: Sequence[Observed]) -> Iterable[Evidence]:
    """The claims about each service whose call endpoints took part, and controls_carry for the neutral hosts."""
    observations = together(observations)
    streams = all_series(observations)
    neutral = controls_of(streams)
    calls = [stream for stream in neutral if stream.part in CALL_PARTS]
    known = informative(calls)
    if calls:
        yield controls_carry(calls, known)
    packets_needed = int(plan_of(observations).get("packets_needed", _PACKETS_NEEDED))
    for service in dict.fromkeys(stream.target.service for stream in streams if stream.target.role == "subject"):
        yield from _of_service(service, subjects_of(streams, service), known, neutral, packets_needed)


def _of_service(
    service: str, own: Sequence[Series], known: Sequence[Series], neutral: Sequence[Series], packets_needed: int
) -> Iterator[Evidence]:
    calls = [stream for stream in own if stream.part in CALL_PARTS]
    yield stream_carries(service, calls, known, packets_needed=packets_needed)
    seen = informative(calls)
    if not seen:
        return
    renewable = [stream for stream in own if stream.part in {"stream", "revival"}]
    claims = (
        stream_cut_off(service, renewable, [stream for stream in neutral if stream.part in {"stream", "revival"}]),
        stream_loses_more(service, seen, known),
        stream_delayed(service, seen, known),
        stream_rate_limited(service, own, neutral),
        loss_independent(service, calls),
    )
    yield from (claim for claim in claims if claim is not None)
