"""The relay check before scripted call endpoints."""

from __future__ import annotations

import itertools
import struct

import msgspec
import pytest

from callcheck.api import Claim, Evidence, Failure, IcmpError, Target
from callcheck.testing import Answers, FakeContext, run_check
from callcheck.words import Knowledge
from callcheck_relay import CHECK

SPECIAL = b"\xff" * 12


def reflector(address: str, known: Knowledge = "confirmed") -> Target:
    return Target(
        service="telegram",
        function="calls",
        address=address,
        port=596,
        protocol="reflector",
        answers={"hello": known},
    )


def whatsapp(address: str, known: Knowledge) -> Target:
    return Target(
        service="whatsapp",
        function="calls",
        address=address,
        port=3478,
        protocol="whatsapp_relay",
        answers={"dtls": known, "stun": known},
    )


TELEGRAM = [reflector("91.108.13.10"), reflector("91.108.9.1"), reflector("91.108.17.2")]


def self_info(hello: bytes) -> Answers:
    """The 64-byte answer of the capture of 2020-05-06: tag, 12 x ff, c7 72 15 c0, date, query id, address, port."""
    body = (
        struct.pack("<I", 0) + hello[32:40] + bytes(10) + b"\xff\xff" + bytes([203, 0, 113, 7]) + struct.pack("<I", 9)
    )
    return [(0.05, hello[:16] + SPECIAL + b"\xc7\x72\x15\xc0" + body)]


def found(targets: list[Target], answers: dict[str, object] | None = None) -> dict[tuple[str, Claim], Evidence]:
    ctx = FakeContext(targets, info=CHECK.info)
    for endpoint, handler in (answers or {}).items():
        ctx.peer(endpoint, handler)  # type: ignore[arg-type]  # handlers of the fake's shape
    run_check(CHECK, ctx)
    return {(item.service, item.claim): item for item in CHECK.read(ctx.observations)}


def test_silence_of_confirmed_relays_on_three_ports_each_is_a_firm_denial() -> None:
    item = found(TELEGRAM)[("telegram", Claim.relays_answer)]
    assert item.strength == -3
    assert item.facts == {"endpoints": 3, "answered": 0, "informative": 3, "source_ports": 3, "sites": 3}


def test_one_relay_alone_is_too_few_to_deny() -> None:
    assert found(TELEGRAM[:1])[("telegram", Claim.relays_answer)].strength == 0


@pytest.mark.parametrize(
    ("asks", "strength"),
    [((2, 2, 2), 0), ((3, 2, 2), 0), ((3, 3, 2), -3), ((3, 3), -3), ((1, 1, 1), 0)],
)
def test_a_relay_denies_only_when_three_source_ports_were_tried_on_it_and_on_a_second(
    asks: tuple[int, ...], strength: int
) -> None:
    """A balancer may lose one or two flows by their port; `asks` says on how many ports each relay was asked."""
    ctx = FakeContext(TELEGRAM[: len(asks)], info=CHECK.info)
    run_check(CHECK, ctx)
    kept = []
    for relay, ports in zip(TELEGRAM, asks, strict=False):
        kept += [one for one in ctx.observations if one.value.target == relay][:ports]
    item = next(item for item in CHECK.read(kept) if item.claim == Claim.relays_answer)
    assert (item.strength, item.facts["source_ports"]) == (strength, min(asks))


def test_an_answer_with_our_tag_is_an_answer_and_any_other_is_not() -> None:
    def another_tag(hello: bytes) -> Answers:
        return [(0.01, bytes(64))] if len(hello) == 40 else []

    two: dict[str, object] = {"udp/91.108.13.10:596": self_info, "udp/91.108.9.1:596": self_info}
    item = found(TELEGRAM, two)[("telegram", Claim.relays_answer)]
    assert (item.strength, item.facts["answered"], item.facts["rtt_ms"]) == (3, 2, 50.0)
    item = found(TELEGRAM, {"udp/91.108.13.10:596": another_tag})[("telegram", Claim.relays_answer)]
    assert (item.strength, item.facts["answered"]) == (-3, 0)


def test_a_lucky_answer_among_silent_relays_supports_little() -> None:
    """OONI reported a partial block as no block (probe#2466): one relay of three, or only those of a second kind."""
    one = found(TELEGRAM, {"udp/91.108.13.10:596": self_info})[("telegram", Claim.relays_answer)]
    assert one.strength == 1
    turn = Target(service="telegram", function="calls", address="91.108.9.35", port=1400, protocol="turn")
    confirmed = msgspec.structs.replace(turn, answers={"binding": "confirmed"})

    def binding(request: bytes) -> Answers:
        return [(0.02, b"\x01\x01\x00\x00" + request[4:20])] if request[:2] == b"\x00\x01" else []

    second_kind = found([*TELEGRAM, confirmed], {"udp/91.108.9.35:1400": binding})[("telegram", Claim.relays_answer)]
    assert (second_kind.facts["answered"], second_kind.strength) == (1, 1)


def test_packets_that_never_left_this_machine_are_no_silence() -> None:
    ctx = FakeContext(TELEGRAM)
    ctx.udp_failure = Failure.permission
    run_check(CHECK, ctx)
    assert [item.claim for item in CHECK.read(ctx.observations)] == [Claim.relays_answer_by_tcp]


@pytest.mark.parametrize(
    ("known", "strength", "informative"), [("inferred", 0, 0), ("reported", 0, 0), ("confirmed", -3, 3)]
)
def test_silence_of_a_form_that_nobody_confirmed_is_no_information(
    known: Knowledge, strength: int, informative: int
) -> None:
    relays = [whatsapp(f"57.144.{number}.57", known) for number in (41, 49, 129)]
    item = found(relays)[("whatsapp", Claim.relays_answer)]
    assert (item.strength, item.facts["informative"]) == (strength, informative)


def test_one_answer_makes_the_form_informative_for_its_kind() -> None:
    def hello_verify(hello: bytes) -> Answers:
        if hello[:1] != b"\x16":
            return []
        handshake = struct.pack("!B3sH3s3s", 3, b"\x00\x00\x17", 0, b"\x00\x00\x00", b"\x00\x00\x17")
        body = b"\xfe\xff\x14" + bytes(20)
        return [(0.02, b"\x16\xfe\xff" + bytes(8) + struct.pack("!H", len(handshake + body)) + handshake + body)]

    relays = [whatsapp(f"57.144.{number}.57", "inferred") for number in (41, 49, 129)]
    item = found(relays, {"udp/57.144.41.57:3478": hello_verify})[("whatsapp", Claim.relays_answer)]
    assert (item.strength, item.facts["answered"], item.facts["informative"]) == (1, 1, 3)


def test_a_refusal_counts_only_from_the_relay_itself() -> None:
    def refused_by(hop: str) -> object:
        return lambda _hello: IcmpError(Failure.refused, hop, 3, 3, 0)

    own = found(TELEGRAM, {"udp/91.108.13.10:596": refused_by("91.108.13.10")})
    assert own[("telegram", Claim.relays_refuse)].facts == {"endpoints": 3, "refused": 1}
    other = found(TELEGRAM, {"udp/91.108.13.10:596": refused_by("10.0.0.1")})
    assert ("telegram", Claim.relays_refuse) not in other


def test_politeness_no_relay_is_asked_more_than_ten_times_a_second() -> None:
    ctx = FakeContext(TELEGRAM)
    times: list[int] = []
    ctx.peer("udp/91.108.13.10:596", lambda _hello: times.append(ctx.now_us()) or [])  # type: ignore[func-returns-value]  # append returns None
    run_check(CHECK, ctx)
    assert len(times) == 3
    assert all(later - earlier >= 100_000 for earlier, later in itertools.pairwise(times))
