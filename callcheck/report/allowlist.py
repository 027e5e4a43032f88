"""Which words and numbers a redacted report may hold; whatever stands nowhere here is left out (DESIGN 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

from callcheck.model import Json
from callcheck.report.leaks import leaks
from callcheck.verdict.explain import SERVICES
from callcheck.words import Depth, FlowEvent, Function, Mechanism, Where

OTHER = "other"
# Sources of failure that claims name; evidence of any other group is kept under "other".
GROUPS = frozenset(
    {
        "controls",
        "cookie",
        "device_load",
        "device_programs",
        "domestic",
        "dtls",
        "forms",
        "gateway",
        "gateway_steady",
        "hold",
        "hoster",
        "ipv6",
        "load",
        "nat",
        "path",
        "portal",
        "ports",
        "quic",
        "relay",
        "relay_list",
        "relay_tcp",
        "resolver",
        "route",
        "sni",
        "stream",
        "stun_tcp",
        "tcp",
        "text",
        "throughput",
        "transfer",
        "way_out",
        "web_abroad",
        "web_at_home",
    }
)

# What a value may be is said by its key.
_COUNT_KEYS = frozenset(
    {
        "addresses",
        "addresses_count",
        "again_answered",
        "again_asked",
        "age_days",
        "agreed",
        "answered",
        "answered_flags",
        "answered_numbers",
        "answers",
        "asked",
        "asked_networks",
        "batch",
        "batches",
        "batches_held",
        "body_bytes",
        "catalogued",
        "certificates_refused",
        "confirmed_bytes",
        "confirmed_ms",
        "controls",
        "controls_died",
        "controls_limited",
        "controls_outlived",
        "controls_sent",
        "died",
        "differing",
        "doubled",
        "down_kbps",
        "duplicates",
        "earliest_packets",
        "elapsed_ms",
        "elsewhere",
        "endpoints",
        "error_code",
        "failed_requests",
        "false",
        "false_elsewhere",
        "family",
        "far_received",
        "finished",
        "first_number",
        "flow",
        "flows",
        "flows_cut",
        "frozen",
        "frozen_high_bytes",
        "frozen_low_bytes",
        "held",
        "hello",
        "hello_ipv6",
        "hop",
        "hosts",
        "http_status",
        "icmp_code",
        "icmp_errors",
        "icmp_type",
        "informative",
        "initials",
        "ip_bytes",
        "ip_version",
        "known",
        "last_answered",
        "last_answered_number",
        "last_hop_call",
        "last_hop_control",
        "last_hop_neutral",
        "last_hop_other_port",
        "late",
        "limit_ms",
        "listed",
        "lost_down",
        "lost_up",
        "missing",
        "moved_bytes",
        "moved_ms",
        "names",
        "networks",
        "number",
        "offered_bytes",
        "opened",
        "packets",
        "packets_high",
        "packets_low",
        "packets_needed",
        "pairs",
        "penalty",
        "ports",
        "received",
        "redirected",
        "refused",
        "renewed",
        "renewed_answered",
        "renewed_asked",
        "reordered",
        "requests",
        "resolvers_count",
        "retransmitted",
        "round",
        "rounds",
        "rounds_held",
        "second",
        "segments_received",
        "segments_sent",
        "sent",
        "sent_before",
        "sent_late",
        "silent",
        "sites",
        "source_ports",
        "stalls",
        "status",
        "strange_certificates",
        "subjects",
        "tries",
        "try",
        "ttl",
        "tunnelled",
        "twins",
        "twins_both_lost",
        "unnumbered",
        "unsent",
        "untold",
        "up_kbps",
        "versions",
        "versions_count",
        "wanted_answers",
        "wanted_bytes",
        "with_cookie",
        "with_name",
        "without_cookie",
        "without_name",
        "wrong_answer",
    }
)
# Decimal digits that stay.
_MEASURE_KEYS: Mapping[str, int] = {
    "after_ms": 0,
    "after_s": 0,
    "burst_ratio": 2,
    "connect_ms": 0,
    "controls_loss_ratio": 3,
    "delay_rises_ratio": 2,
    "earliest_s": 1,
    "handshake_ms": 0,
    "idle_ms": 0,
    "ipv4_connect_ms": 0,
    "jitter_ms": 0,
    "limit_high_kbps": 0,
    "limit_low_kbps": 0,
    "line_kbps": 0,
    "load_ratio": 1,
    "loaded_down_ms": 0,
    "loaded_up_ms": 0,
    "longest_stall_ms": 0,
    "loop_ms": 0,
    "loss_high_ratio": 3,
    "loss_low_ratio": 3,
    "loss_ratio": 3,
    "mean_run": 1,
    "megabytes": 1,
    "more_high_ratio": 3,
    "more_low_ratio": 3,
    "nearest_rtt_ms": 0,
    "offered_kbps": 0,
    "p_value": 3,
    "queue_ms": 0,
    "retransmitted_ratio": 3,
    "rtt_max_ms": 0,
    "rtt_ms": 0,
    "rtt_p95_ms": 0,
    "seconds": 1,
    "seconds_high": 1,
    "seconds_low": 1,
    "sent_late_ms": 0,
    "slowest_rtt_ms": 0,
    "took_ms": 0,
    "twins_correlation": 1,
    "waited_ms": 0,
}
# `opened` counts in facts and is yes or no in an observation.
_FLAG_KEYS = frozenset(
    {
        "acknowledged",
        "answered",
        "asked_again",
        "by_tcp",
        "changed",
        "container",
        "default_route",
        "default_tunnel",
        "elsewhere",
        "ended_by_host",
        "fell_silent",
        "filters",
        "handshake",
        "ipv6",
        "kernel_stamped",
        "nearest",
        "needed",
        "opened",
        "other_address_told",
        "port_kept",
        "proxy",
        "refused_by_target",
        "retried",
        "translated",
        "tunnel",
        "version_1",
        "went_silent",
        "wireless",
    }
)
_STAMP_KEYS = frozenset(["opened_us", "received_us", "scheduled_us", "sent_us", "taken_us"])
# Counts in facts, lists of packet numbers in an observation.
_NUMBERS_KEYS = frozenset(
    {
        "answered_flags",
        "answered_numbers",
        "unsent",
    }
)
_EVENTS_KEYS = frozenset(["events"])
_EVENTS = frozenset(get_args(FlowEvent))
_WORD_KEYS: Mapping[str, frozenset[str]] = {
    "about_function": frozenset(get_args(Function)),
    "about_service": frozenset(SERVICES),
    "depth": frozenset(get_args(Depth)),
    "direction": frozenset(["up", "down", "unknown"]),
    "mechanism": frozenset(get_args(Mechanism)),
    "part": frozenset(["stream", "revival", "single", "twins", "ladder"]),
    "service": frozenset(["", *SERVICES]),
    "backend": frozenset(["mini", "web"]),
    "place": frozenset(["own", "elsewhere"]),
    "silent_form": frozenset(["binding", "allocate", "stun", "dtls", "hello"]),
    "sni": frozenset(["neutral", "service"]),
    "stage": frozenset(["sweep", "confirm", "common_sweep", "common", "after", "live"]),
    "unit": frozenset(["packets", "seconds", "unknown"]),
    "where": frozenset(get_args(Where)),
}
# Large enough for every count of a run, too small to hold an IPv4 address as a number.
_LARGEST_NUMBER = 10_000_000
_LARGEST_STAMP_US = 3_600_000_000
_STAMP_STEP_US = 1_000

# Words that our own code wrote: too short and too plain to be a name, an address or a host.
_WORD = re.compile(r"[a-z][a-z0-9_]{0,23}")
_OPERATION = re.compile(r"[a-z][a-z0-9_]{0,23}\.[a-z][a-z0-9_]{0,23}")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?((a|b|rc|\.dev|\.post)[0-9]{1,4})?")
_COUNTRY = re.compile(r"[A-Z]{2}")


def word(text: str) -> str:
    """A bare word of our code, "" for anything else."""
    return _matching(_WORD, text)


def operation(text: str) -> str:
    """An observation's `check.operation`, "" for anything else."""
    return _matching(_OPERATION, text)


def host(text: str) -> str:
    """A public host name in lower case, "" for anything else."""
    return _matching(_HOST, text)


def version(text: str) -> str:
    """A version of two or three numbers, without a local part; "" for anything else."""
    return _matching(_VERSION, text)


def country(text: str) -> str:
    """Two letters of ISO 3166, "" for anything else."""
    return _matching(_COUNTRY, text)


def service(text: str) -> str:
    """A service that callcheck knows, "" for the network itself, "other" for anything else."""
    return text if not text or text in SERVICES else OTHER


def facts(values: Mapping[str, Json]) -> dict[str, Json]:
    """Facts or data with only known keys, numbers coarsened: times to 1 ms, ratios to 3 digits."""
    kept = {key: _value(key, value) for key, value in values.items()}
    return {key: value for key, value in kept.items() if value is not None}


def rounded(value: float | None, digits: int) -> float | None:
    """The number with `digits` decimals; None for none and for what no run comes near."""
    return round(float(value), digits) if value is not None and abs(value) <= _LARGEST_NUMBER else None


def stepped(value: int, step: int) -> int:
    """The nearest multiple of `step`, in whole numbers: a foreign file may hold one that no float can."""
    return (value + step // 2) // step * step


def _value(key: str, value: Json) -> Json:
    if key in _WORD_KEYS:
        return value if isinstance(value, str) and value in _WORD_KEYS[key] else None
    if key in _FLAG_KEYS and isinstance(value, bool):
        return value
    if key in _STAMP_KEYS:
        return _stamps(value)
    if isinstance(value, list | tuple):
        return _list(key, value)
    return _number(key, value)


def _list(key: str, values: Sequence[Json]) -> Json:
    if key in _EVENTS_KEYS:
        return list(events(values))
    if key in _NUMBERS_KEYS:
        return [value for value in values if _number(key, value) is not None]
    return None


def time_of_run(value_us: int, step_us: int) -> int:
    """A time within a run, to the nearest multiple of `step_us`; 0 for what is none."""
    return stepped(value_us, step_us) if _is_stamp(value_us) else 0


def events(values: Iterable[Json]) -> tuple[FlowEvent, ...]:
    """Of what befell a flow, the words that callcheck knows."""
    return tuple(cast("FlowEvent", value) for value in values if isinstance(value, str) and value in _EVENTS)


def _number(key: str, value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST_NUMBER:
        return None
    if key in _MEASURE_KEYS:
        return rounded(value, _MEASURE_KEYS[key])
    return value if key in _COUNT_KEYS and isinstance(value, int) else None


def _stamps(values: Json) -> Json:
    """Times of run, or None for each packet that did not come back."""
    if _is_stamp(values):
        return stepped(values, _STAMP_STEP_US)
    if not isinstance(values, list | tuple):
        return None
    return [stepped(value, _STAMP_STEP_US) if _is_stamp(value) else None for value in values]


def _is_stamp(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_STAMP_US


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) and not leaks(text, ()) else ""
