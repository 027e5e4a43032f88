"""What the transfers and the questions beside them say: is there room for a call, and does it wait in a queue?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from callcheck.api import NEVER_LEFT, Claim, Evidence, Numbered, Observation

# A call takes some 100 kbit/s each way; with three times that it need not fear a neighbour.
_TOO_LITTLE_KBPS = 100.0
_ENOUGH_KBPS = 300.0
_LONG_MORE_MS = 100.0
_SHORT_MORE_MS = 40.0
# An idle line that is slow already may be full of somebody else's traffic: that the load adds nothing clears it not.
_QUICK_IDLE_MS = 150.0
_FEWEST_ANSWERS = 5
_FEWEST_HOSTS = 2
# What moved less than this, or stood still for so long at its end, did not load the line and says nothing of it.
_LEAST_BYTES = 30_000
_LONGEST_STILL_MS = 2_500.0
_LEAST_MS = 200.0

Numbers = Sequence[Numbered[Observation]]


def read(observations: Numbers) -> Iterable[Evidence]:
    """stays_quick_under_load and throughput_enough; see each claim's rule in the code."""
    transfers = [one for one in observations if one.value.op == "throughput.transfer"]
    asked = [one for one in observations if one.value.op == "throughput.ask" and one.value.failure not in NEVER_LEFT]
    evidence = [_quick(transfers, asked), _enough(transfers, asked)]
    return [item for item in evidence if item is not None]


def _quick(transfers: Numbers, asked: Numbers) -> Evidence | None:
    """Denied firmly where the median under load, one way at least, is 100 ms above idle; held where it stays within
    40 ms both ways. Each median rests on five answers of either host, and each load on bytes that moved."""
    if not asked:
        return None
    idle_ms = _median_ms(asked, "idle")
    loaded = {way: _median_ms(asked, way) if _moves(transfers, way) else None for way in ("down", "up")}
    facts: dict[str, object] = {"asked": len(asked)}
    if idle_ms is not None:
        facts["idle_ms"] = round(idle_ms, 1)
    facts |= {f"loaded_{way}_ms": round(value, 1) for way, value in loaded.items() if value is not None}
    more_ms = [value - idle_ms for value in loaded.values() if value is not None and idle_ms is not None]
    strength = 0
    if any(more > _LONG_MORE_MS for more in more_ms):
        strength = -3
    elif len(more_ms) == 2 and max(more_ms) < _SHORT_MORE_MS and idle_ms is not None and idle_ms < _QUICK_IDLE_MS:
        strength = 2
    return Evidence(
        claim=Claim.stays_quick_under_load,
        facts=facts,
        strength=strength,
        group="load",
        seqs=tuple(one.seq for one in (*asked, *transfers)),
    )


def _enough(transfers: Numbers, asked: Numbers) -> Evidence | None:
    """Denied where what came, or could have come, stays below 100 kbit/s one way while it kept moving; held where more
    than 300 kbit/s came both ways. A transfer that failed or stood still is no slow line, and where answers are slow
    already when idle, it is the handshakes that take the time."""
    if not transfers:
        return None
    rates = {way: _rates(transfers, way) for way in ("down", "up")}
    facts: dict[str, object] = {
        f"{way}_kbps": round(least) for way, bounds in rates.items() if bounds for least in bounds[:1]
    }
    moved = sum(_number(one.value, "confirmed_bytes") for one in transfers)
    facts["megabytes"] = round(moved / 1e6, 1)
    idle_ms = _median_ms(asked, "idle")
    is_near = idle_ms is not None and idle_ms < _QUICK_IDLE_MS
    strength = 0
    if is_near and any(bounds is not None and bounds[1] < _TOO_LITTLE_KBPS for bounds in rates.values()):
        strength = -2
    elif all(bounds is not None and bounds[0] > _ENOUGH_KBPS for bounds in rates.values()):
        strength = 2
    return Evidence(
        claim=Claim.throughput_enough,
        facts=facts,
        strength=strength,
        group="throughput",
        seqs=tuple(one.seq for one in transfers),
    )


def _rates(transfers: Numbers, way: str) -> tuple[float, float] | None:
    """Bounds of the rate in kbit/s: of what is known to have come, and of what may be on its way as well."""
    one = _transfer(transfers, way)
    if one is None or not _moves(transfers, way):
        return None
    took_ms, elapsed_ms = _number(one, "confirmed_ms"), _number(one, "elapsed_ms")
    confirmed = _number(one, "confirmed_bytes")
    most = max(confirmed, _number(one, "offered_bytes"))
    return confirmed * 8 / max(took_ms, _LEAST_MS), most * 8 / max(elapsed_ms, _LEAST_MS)


def _moves(transfers: Numbers, way: str) -> bool:
    """Whether bytes went this way until the end: a transfer that is cut off leaves the line idle."""
    one = _transfer(transfers, way)
    if one is None or one.failure is not None:
        return False
    still_ms = _number(one, "elapsed_ms") - _number(one, "moved_ms")
    return _number(one, "confirmed_bytes") >= _LEAST_BYTES and 0 <= still_ms <= _LONGEST_STILL_MS


def _transfer(transfers: Numbers, way: str) -> Observation | None:
    return next((one.value for one in transfers if one.value.form == way), None)


def _median_ms(asked: Numbers, phase: str) -> float | None:
    """The median over all hosts' answers in a phase; None unless two hosts gave five each."""
    by_host: dict[str, list[float]] = {}
    for one in asked:
        rtt_ms = one.value.data.get("rtt_ms")
        if one.value.form == phase and one.value.target and isinstance(rtt_ms, int | float):
            by_host.setdefault(one.value.target.endpoint, []).append(rtt_ms)
    if len(by_host) < _FEWEST_HOSTS or min(map(len, by_host.values())) < _FEWEST_ANSWERS:
        return None
    return median(value for values in by_host.values() for value in values)


def _number(observation: Observation, key: str) -> float:
    value = observation.data.get(key)
    return float(value) if isinstance(value, int | float) else 0.0
