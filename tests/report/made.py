"""Hand-made runs and reports, and strategies for any of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from hypothesis import strategies as st

from callcheck.engine.events import JOURNAL_SCHEMA, Event, Kind
from callcheck.model import (
    Evidence,
    FlowSecond,
    Instrument,
    Network,
    Numbered,
    Observation,
    Plugin,
    Quality,
    Report,
    Run,
    SavedObservation,
    Target,
    Tool,
    Verdict,
)
from callcheck.report.schema import REPORT_SCHEMA
from callcheck.words import Claim, Depth, Failure, FlowEvent

BUILT_IN = tuple(
    Plugin(name=name, kind="check", distribution="callcheck", version="0.1.0") for name in ("link", "relay", "stun")
)
TOOL = Tool(name="callcheck", version="0.1.0", plugins=BUILT_IN)


def header(plan: Sequence[Sequence[str]] = (("link",), ("relay", "stun")), depth: Depth = "quick") -> dict[str, Any]:
    return {
        "schema": JOURNAL_SCHEMA,
        "run_id": "f00d",
        "started_utc": "2026-11-21T10:42:31Z",
        "depth": depth,
        "tool": {"name": "callcheck", "version": "0.1.0", "plugins": []},
        "catalogue_as_of": "2026-11-21",
        "plan": [list(stage) for stage in plan],
    }


def numbered(events: Iterable[tuple[Kind, str, dict[str, Any]]], step_us: int = 1000) -> list[Event]:
    return [
        Event(seq=position, t_us=position * step_us, kind=kind, check=check, data=data)
        for position, (kind, check, data) in enumerate(events)
    ]


def a_run(*middle: tuple[Kind, str, dict[str, Any]], complete: bool | None = True) -> list[Event]:
    end: list[tuple[Kind, str, dict[str, Any]]] = (
        [] if complete is None else [("run_finished", "", {"complete": complete})]
    )
    return numbered([("run_started", "", header()), *middle, *end])


def read_all(observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
    """A reader that says something of every observation it is given."""
    for one in observations:
        yield Evidence(
            claim=Claim.route_exists, facts={"sent": one.seq}, strength=1, group=one.value.op, seqs=(one.seq,)
        )


def judge_nothing(evidence: Sequence[Evidence], depth: Depth, instrument: Instrument) -> Sequence[Verdict]:
    return ()


def verdict(**changes: Any) -> Verdict:
    made: dict[str, Any] = {
        "service": "telegram",
        "function": "calls",
        "outcome": "fails",
        "cause": "selective",
        "mechanism": "address",
        "where": "provider",
        "confidence": 0.96,
        "causes": {"selective": 0.96, "unknown": 0.04},
    }
    return Verdict(**(made | changes))


def a_report(**changes: Any) -> Report:
    made: dict[str, Any] = {
        "schema": REPORT_SCHEMA,
        "tool": TOOL,
        "run": Run(id="f00d", started_utc="2026-11-21T10:42:31Z", duration_s=9.4, depth="quick", complete=True),
        "network": Network(),
        "instrument": Instrument(send_lateness_p99_ms=None, valid=None),
        "verdicts": (),
    }
    return Report(**(made | changes))


def quality(**changes: Any) -> Quality:
    made: dict[str, Any] = {
        "service": "telegram",
        "function": "calls",
        "mos": 3.34,
        "mos_low": 2.91,
        "mos_high": 3.62,
        "word": "fair",
        "heard": "gaps",
        "loss_ratio": 0.0412,
        "late_ratio": 0.0031,
        "delay_ms": 187.4,
        "packets": 540,
        "seconds": 30.1,
        "assumptions": ("opus_like_codec", "no_echo"),
    }
    return Quality(**(made | changes))


HOSTILE_SHAPES = (
    "192.0.2.77",
    "010.001.002.003",
    "2001:db8::dead:beef",
    "fe80::1",
    "::ffff:198.51.100.4",
    "00:1b:63:84:45:e6",
    "00-1b-63-84-45-e6",
    "001b.6384.45e6",
    "ivan.petrov@example.org",
    "Ivans-laptop.home",
)
_PADDING = st.sampled_from(["", " ", "see ", "(", '"', "\x1b[31m"])
hostile_text = st.builds(
    lambda before, shape, after: before + shape + after, _PADDING, st.sampled_from(HOSTILE_SHAPES), _PADDING
)
any_text = st.one_of(
    hostile_text, st.sampled_from(["", "telegram", "stun.ask", "cookie", "0.1.0"]), st.text(max_size=12)
)
# Whole numbers of any length can stand in JSON, and no float can hold these.
HUGE = 10**400
json_numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.sampled_from([HUGE, -HUGE, 0, 1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
json_values = st.recursive(
    st.one_of(json_numbers, any_text, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(any_text, inner, max_size=3)),
    max_leaves=5,
)
FLOW_KEYS = (*FlowSecond.__struct_fields__, "part", "round")
STREAM_FACTS = (
    *("died", "flows", "renewed", "unit", "packets_low", "packets_high", "seconds_low", "seconds_high"),
    *("loss_ratio", "controls_loss_ratio", "limit_low_kbps", "limit_high_kbps", "offered_kbps", "controls_limited"),
    *("mean_run", "twins_correlation", "earliest_s", "direction"),
)
fact_keys = st.one_of(
    st.sampled_from(["rtt_ms", "where", "mechanism", "reflexive_address", "local_port", "endpoints"]),
    st.sampled_from(FLOW_KEYS),
    st.sampled_from(STREAM_FACTS),
    any_text,
)
fact_values = st.one_of(
    json_values, st.lists(st.one_of(any_text, json_numbers, st.sampled_from(get_args(FlowEvent))), max_size=3)
)
facts = st.dictionaries(fact_keys, fact_values, max_size=5)
targets = st.builds(
    Target,
    service=any_text,
    function=st.sampled_from(["calls", "messaging", ""]),
    role=st.sampled_from(["subject", "control", "domestic", "gateway"]),
    host=any_text,
    address=st.one_of(st.sampled_from(["192.0.2.77", "10.1.2.3", "fe80::1", ""]), any_text),
    port=st.integers(-1, 70000),
    transport=st.sampled_from(["udp", "tcp", "icmp"]),
    protocol=any_text,
    network=any_text,
    source=any_text,
    as_of=any_text,
    answers=st.dictionaries(any_text, st.sampled_from(["confirmed", "reported", "inferred"]), max_size=2),
)
checks = st.one_of(st.sampled_from(["link", "relay", "stun"]), any_text)
saved_observations = st.builds(
    SavedObservation,
    op=st.one_of(st.sampled_from(["stun.ask", "relay.ask", "flow.second"]), any_text),
    target=st.none() | targets,
    form=any_text,
    failure=st.none() | st.sampled_from(Failure),
    data=facts,
    seq=st.integers(0, 10_000),
    t_us=st.one_of(st.integers(0, 240_000_000), st.sampled_from([HUGE, -HUGE])),
    check=checks,
)
evidences = st.builds(
    Evidence,
    service=any_text,
    function=st.sampled_from(["calls", "messaging", ""]),
    claim=st.sampled_from(Claim),
    facts=facts,
    strength=st.integers(-3, 3),
    group=any_text,
    seqs=st.lists(st.integers(0, 10_000), max_size=3).map(tuple),
)
hostile_verdicts = st.builds(
    lambda service, names, sentence: verdict(service=service, would_change=tuple(names), sentence=sentence),
    any_text,
    st.lists(any_text, max_size=2),
    any_text,
)
_floats = st.floats(allow_nan=False, allow_infinity=False)
qualities = st.builds(
    quality,
    service=any_text,
    word=st.sampled_from(["clear", "fair", "hopeless"]) | any_text,
    heard=st.sampled_from(["nothing", "gaps", "lag"]) | any_text,
    mos=st.floats(1, 4.5) | _floats,
    mos_high=st.floats(1, 4.5) | _floats,
    delay_ms=_floats,
    packets=st.integers(0, 1000) | st.sampled_from([HUGE, -HUGE]),
    assumptions=st.lists(st.sampled_from(["no_echo"]) | any_text, max_size=2).map(tuple),
)
instruments = st.builds(
    Instrument,
    send_lateness_p99_ms=st.none() | _floats,
    valid=st.sampled_from([None, True, False]),
    events=st.lists(st.sampled_from(get_args(FlowEvent)), max_size=3).map(tuple),
)
plugins = st.builds(Plugin, name=any_text, kind=any_text, distribution=any_text, version=any_text)


@st.composite
def hostile_reports(draw: st.DrawFn) -> Report:
    """Reports in which any free text may be an address, a name or an escape sequence."""
    return a_report(
        schema=draw(any_text),
        tool=Tool(
            name=draw(any_text),
            version=draw(any_text),
            plugins=(*BUILT_IN, *draw(st.lists(plugins, max_size=2))),
        ),
        run=Run(
            id=draw(any_text),
            started_utc=draw(any_text),
            duration_s=draw(st.floats(0, 1e6)),
            depth="deep",
            complete=True,
        ),
        network=Network(asn=draw(st.integers()), country=draw(any_text), region=draw(any_text), access=draw(any_text)),
        verdicts=tuple(draw(st.lists(hostile_verdicts, max_size=2))),
        instrument=draw(instruments),
        quality=tuple(draw(st.lists(qualities, max_size=2))),
        evidence=tuple(draw(st.lists(evidences, max_size=3))),
        observations=tuple(draw(st.lists(saved_observations, max_size=4))),
        problems=tuple(draw(st.lists(any_text.map(lambda text: f"stun: crashed: {text}") | any_text, max_size=2))),
    )


RELAY = Target(
    service="telegram",
    function="calls",
    address="91.108.13.2",
    port=598,
    protocol="reflector",
    network="telegram",
    source="a list of 2026",
    as_of="2026-11-21",
    answers={"hello": "confirmed"},
)


def observed(**changes: Any) -> SavedObservation:
    made: dict[str, Any] = {"op": "relay.ask", "target": RELAY, "form": "hello", "seq": 2, "t_us": 0, "check": "relay"}
    return SavedObservation(**(made | changes))
