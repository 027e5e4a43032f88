"""Speed, and delay under load: what the figures may claim, and the transfers before scripted servers."""

from __future__ import annotations

import math

import msgspec
import pytest

from callcheck.api import Claim, Evidence, Failure, Fetched, Numbered, Observation, Target
from callcheck.testing import Answers, FakeContext, conformance, run_check
from callcheck_throughput import CHECK, Params

SPEED = Target(role="control", host="speed.example", address="198.18.50.1", port=443, transport="tcp", protocol="speed")
HOSTS = [
    Target(role="control", address=f"198.18.{n}.1", port=3478, protocol="stun", network=f"n{n}", large=True)
    for n in range(2)
]
Made = list[Numbered[Observation]]


def transfer(
    way: str, kbps: float, *, offered_kbps: float = 0.0, moved_ms: int = 6000, failed: bool = False
) -> Observation:
    data = {
        "confirmed_bytes": round(kbps * 6000 / 8),
        "offered_bytes": round(max(kbps, offered_kbps) * 6000 / 8),
        "elapsed_ms": 6000,
        "confirmed_ms": moved_ms,
        "moved_ms": moved_ms,
    }
    failure = Failure.timeout if failed else None
    return Observation(op="throughput.transfer", target=SPEED, form=way, failure=failure, data=data)


def asks(phase: str, rtt_ms: float, *, hosts: int = 2, count: int = 8) -> list[Observation]:
    return [
        Observation(op="throughput.ask", target=host, form=phase, data={"rtt_ms": rtt_ms})
        for host in HOSTS[:hosts]
        for _ in range(count)
    ]


def numbered(observations: list[Observation]) -> Made:
    return [Numbered(n, one) for n, one in enumerate(observations)]


def found(observations: list[Observation], claim: Claim) -> Evidence:
    (item,) = [one for one in CHECK.read(numbered(observations)) if one.claim is claim]
    return item


def line(
    idle: float, down: float, up: float, *, hosts: int = 2, count: int = 8, kbps: float = 5000
) -> list[Observation]:
    phases = (("idle", idle), ("down", down), ("up", up))
    asked = [one for phase, rtt in phases for one in asks(phase, rtt, hosts=hosts, count=count)]
    return [*asked, transfer("down", kbps), transfer("up", kbps)]


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        pytest.param(line(30, 45, 50), 2, id="quick"),
        pytest.param(line(30, 250, 50), -3, id="slow down"),
        pytest.param(line(30, 45, 400), -3, id="slow up"),
        pytest.param(line(30, 100, 100), 0, id="in between"),
        pytest.param(line(400, 410, 405), 0, id="slow already when idle"),
        pytest.param(line(30, 250, 250, count=4), 0, id="too few answers"),
        pytest.param(line(30, 250, 250, hosts=1), 0, id="one host"),
        pytest.param(line(30, 45, 50, kbps=20), 0, id="next to nothing moved"),
        pytest.param(line(30, 45, 50)[:-2], 0, id="no transfer"),
        pytest.param([*line(30, 45, 50)[:-1], transfer("up", 5000, moved_ms=1000)], 0, id="cut off in the midst"),
        pytest.param([*line(30, 45, 50)[:-1], transfer("up", 5000, failed=True)], 0, id="failed"),
    ],
)
def test_delay_under_load(observations: list[Observation], expected: int) -> None:
    assert found(observations, Claim.stays_quick_under_load).strength == expected


@pytest.mark.parametrize(
    ("down", "up", "expected"),
    [
        pytest.param(transfer("down", 5000), transfer("up", 900), 2, id="enough"),
        pytest.param(transfer("down", 5000), transfer("up", 80), -2, id="too little up"),
        pytest.param(transfer("down", 60), transfer("up", 900), -2, id="too little down"),
        pytest.param(transfer("down", 5000), transfer("up", 80, offered_kbps=150), 0, id="more may be on its way"),
        pytest.param(transfer("down", 5000), transfer("up", 200), 0, id="in between"),
        pytest.param(transfer("down", 60, moved_ms=500), transfer("up", 900), 0, id="cut off is not slow"),
        pytest.param(transfer("down", 0, failed=True), transfer("up", 0, failed=True), 0, id="failed is not slow"),
    ],
)
def test_speed(down: Observation, up: Observation, expected: int) -> None:
    item = found([*asks("idle", 30), down, up], Claim.throughput_enough)
    assert item.strength == expected
    # Where every handshake takes a second, a low figure is no low speed.
    far = found([*asks("idle", 900), down, up], Claim.throughput_enough)
    assert far.strength == max(expected, 0)
    assert item.facts["megabytes"] >= 0


def test_facts_are_medians_and_rates() -> None:
    observations = line(30, 250, 50)
    assert found(observations, Claim.stays_quick_under_load).facts == {
        "asked": 48, "idle_ms": 30.0, "loaded_down_ms": 250.0, "loaded_up_ms": 50.0,
    }  # fmt: skip
    facts = found(observations, Claim.throughput_enough).facts
    assert facts == {"down_kbps": 5000, "up_kbps": 5000, "megabytes": 7.5}


def test_odd_observations_are_read_without_harm() -> None:
    odd = [
        Observation(op="throughput.transfer", form="down", data={"confirmed_bytes": "many", "elapsed_ms": None}),
        Observation(op="throughput.transfer", form="sideways"),
        Observation(op="throughput.ask", form="idle", data={"rtt_ms": "soon"}),
        Observation(op="throughput.ask", form="down", target=HOSTS[0], data={"rtt_ms": [1]}),
        Observation(op="throughput.prepare", failure=Failure.timeout),
    ]
    assert all(item.strength == 0 for item in CHECK.read(numbered(odd)))
    assert len(list(CHECK.read(numbered(line(30, 45, 50) * 100)))) == 2
    assert list(CHECK.read(())) == []


def answering(delay_s: float):  # type: ignore[no-untyped-def]  # a handler, whose type is the fake's own
    def answer(question: bytes) -> Answers:
        return [(delay_s, b"\x01\x01\x00\x00\x21\x12\xa4\x42" + question[8:20])]

    return answer


def server(kbps: float, status: int = 200):  # type: ignore[no-untyped-def]  # a site, whose type is the fake's own
    def site(method: str, path: str, body: bytes) -> Fetched | Failure:
        size_bytes = len(body) if method == "POST" else int(path.rpartition("=")[2])
        took_ms = 50 + size_bytes * 8 / kbps
        sent_back = 0 if method == "POST" else size_bytes if status == 200 else 20
        return Fetched(status, {}, b"", sent_back, 30.0, took_ms)

    return site


def made(kbps: float = 4000, status: int = 200, params: Params | None = None) -> FakeContext:
    ctx = FakeContext([SPEED, *HOSTS], answered=HOSTS, depth="deep", info=CHECK.info)
    for host in HOSTS:
        ctx.peer(f"udp/{host.address}:3478", answering(0.03))
    ctx.site(f"tcp/{SPEED.address}:443", server(kbps, status))
    assert run_check(CHECK, ctx, params or Params()) <= 20
    return ctx


def test_a_good_line_is_found_good_both_ways() -> None:
    ctx = made()
    assert {item.claim: item.strength for item in CHECK.read(ctx.observations)} == {
        Claim.stays_quick_under_load: 2,
        Claim.throughput_enough: 2,
    }
    assert ctx.bytes_moved <= CHECK.info.max_bytes
    assert not ctx.open_sockets


def test_megabytes_are_announced_before_anything_moves() -> None:
    assert made().progress_calls[0] == (0.0, "this moves up to 12 MB down and 12 MB up")


def test_no_more_bytes_are_asked_for_than_allowed() -> None:
    ctx = made(kbps=10_000_000, params=Params(megabytes=2))
    moved = [one.value.data for one in ctx.observations if one.value.op == "throughput.transfer"]
    assert [one["confirmed_bytes"] for one in moved] == [2_000_000, 2_000_000]


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_server_that_refuses_is_no_slow_line(status: int) -> None:
    ctx = made(status=status)
    assert {item.strength for item in CHECK.read(ctx.observations)} == {0}
    asked = [one.value.data for one in ctx.observations if one.value.op == "throughput.transfer"]
    assert all(one["requests"] <= 4 for one in asked)


def test_hosts_are_asked_five_times_a_second_on_new_ports() -> None:
    ctx = made()
    idle = [one for one in ctx.observations if one.value.form == "idle"]
    assert len(idle) == 20
    questions = [name for name, _ in ctx.sent if name.startswith("udp/198.18.0.1")]
    assert len(questions) <= 5 * math.ceil(14)


def test_without_a_server_nothing_is_sent() -> None:
    ctx = FakeContext(HOSTS, answered=HOSTS, depth="deep", info=CHECK.info)
    run_check(CHECK, ctx)
    assert (ctx.observations, ctx.sent) == ([], [])


def test_it_keeps_the_rules_for_checks() -> None:
    def good(ctx: FakeContext) -> None:
        for host in HOSTS:
            ctx.peer(f"udp/{host.address}:3478", answering(0.03))
        ctx.other_sites = server(3000)

    by_name = msgspec.structs.replace(SPEED, address="")
    assert conformance(CHECK, [SPEED, *HOSTS], worlds={"good": good}) == []
    assert conformance(CHECK, [by_name, *HOSTS]) == []
