"""The relay check before call endpoints that treat one form, one transport, or what follows a trigger differently."""

from __future__ import annotations

import struct
from collections.abc import Callable

import msgspec
import pytest

from callcheck.api import Claim, Depth, Evidence, Failure, Fetched, Numbered, Observation, Target
from callcheck.testing import Answers, FakeContext, StreamPeer, conformance, run_check
from callcheck_relay import CHECK
from callcheck_relay.listed import parse

COOKIE = b"\x21\x12\xa4\x42"
RELAYS = [
    Target(
        service="telegram",
        function="calls",
        address=f"91.108.{place}",
        port=596,
        protocol="reflector",
        network="telegram",
        as_of="2026-09-05",
        answers={"hello": "confirmed"},
    )
    for place in ("13.10", "9.1", "13.2")
]
TURNS = [
    Target(
        service="telegram",
        function="calls",
        address=f"91.108.{place}",
        port=1400,
        protocol="turn",
        network="telegram",
        answers={"binding": "confirmed", "allocate": "confirmed"},
    )
    for place in ("13.23", "9.35")
]
WHATSAPP = [
    Target(
        service="whatsapp",
        function="calls",
        address=f"57.144.{number}.57",
        port=3478,
        protocol="whatsapp_relay",
        network="meta",
        answers={"dtls": "confirmed", "stun": "confirmed"},
    )
    for number in (41, 49, 129)
]
SITE = Target(
    service="telegram",
    function="messaging",
    host="core.telegram.org",
    address="149.154.167.99",
    port=443,
    transport="tcp",
    protocol="media",
)
Handler = Callable[[bytes], Answers]


def form_of(request: bytes) -> str:
    if request[:1] == b"\x16":
        return "dtls"
    if request[16:28] == b"\xff" * 12:
        return "hello"
    if request[4:8] != COOKIE:
        return "classic"
    return "allocate" if request[:2] == b"\0\3" else "binding"


def relay(request: bytes) -> Answers:
    """Any relay: answers each form as its kind does, and sees us as 203.0.113.7:4660 (`mapped`)."""
    form = form_of(request)
    if form == "hello":
        body = struct.pack("<I", 0) + request[32:40] + bytes(10) + b"\xff\xff" + bytes([203, 0, 113, 7])
        return [(0.04, request[:16] + b"\xff" * 12 + b"\xc7\x72\x15\xc0" + body + struct.pack("<I", 4660))]
    if form == "dtls":
        body = b"\xfe\xff\x14" + bytes(20)
        handshake = struct.pack("!B3sH3s3s", 3, b"\x00\x00\x17", 0, b"\x00\x00\x00", b"\x00\x00\x17")
        return [(0.05, b"\x16\xfe\xff" + bytes(8) + struct.pack("!H", len(handshake + body)) + handshake + body)]
    attribute = struct.pack("!HHBBH4B", 0x0001, 8, 0, 1, 4660, 203, 0, 113, 7)
    kind = 0x0113 if form == "allocate" else 0x0101
    return [(0.05, struct.pack("!HH", kind, len(attribute)) + request[4:20] + attribute)]


def dropping(*forms: str) -> Handler:
    return lambda request: [] if form_of(request) in forms else relay(request)


def found(
    targets: list[Target], handler: Handler, depth: Depth = "quick", ctx: FakeContext | None = None
) -> dict[tuple[str, Claim], Evidence]:
    ctx = ctx or FakeContext(targets, depth=depth, info=CHECK.info)
    ctx.other_datagrams = handler
    run_check(CHECK, ctx)
    return {(item.service, item.claim): item for item in CHECK.read(ctx.observations)}


def alike(targets: list[Target], handler: Handler, depth: Depth = "quick") -> Evidence:
    return found(targets, handler, depth)[targets[0].service, Claim.call_forms_alike]


def world(ctx: FakeContext) -> None:
    ctx.other_datagrams = relay
    ctx.other_sites = lambda _method, _path, _body: Fetched(200, {}, LIST, len(LIST), 20.0, 40.0)


LIST = b"91.108.13.10:596\n91.108.9.1:596\n91.108.13.2:596\n"
EVERYBODY = [*RELAYS, *TURNS, *WHATSAPP, SITE]


def test_it_keeps_the_rules_for_checks_in_every_network() -> None:
    assert conformance(CHECK, EVERYBODY, worlds={"answering": world}) == []


@pytest.mark.parametrize(("depth", "longest_s"), [("quick", 3.4), ("standard", 8.0), ("deep", 12.0)])
@pytest.mark.parametrize("alive", [True, False])
def test_it_ends_in_time_dead_or_alive(depth: Depth, longest_s: float, alive: bool) -> None:
    named = msgspec.structs.replace(WHATSAPP[0], address="", host="relay.example.org")
    ctx = FakeContext([*EVERYBODY, named], depth=depth, info=CHECK.info)
    ctx.names["relay.example.org"] = Failure.resolver_timeout
    if alive:
        world(ctx)
    assert run_check(CHECK, ctx) <= longest_s


@pytest.mark.parametrize("targets", [[*RELAYS, *TURNS], WHATSAPP])
@pytest.mark.parametrize("handler", [relay, dropping("classic")])
def test_forms_that_are_all_answered_are_alike(targets: list[Target], handler: Handler) -> None:
    item = alike(targets, handler)
    assert (item.strength, item.facts["silent"], item.facts["penalty"]) == (2, 0, 0)


@pytest.mark.parametrize(
    ("targets", "dropped", "mechanism", "silent_form"),
    [
        (WHATSAPP, ("binding",), "stun_signature", "stun"),
        (WHATSAPP, ("binding", "classic"), "stun_signature", "stun"),
        (WHATSAPP, ("dtls", "classic"), "dtls_signature", "dtls"),
        (TURNS, ("allocate",), "payload", "allocate"),
    ],
)
def test_one_form_silent_beside_another_is_known_by_its_bytes(
    targets: list[Target], dropped: tuple[str, ...], mechanism: str, silent_form: str
) -> None:
    item = alike(targets, dropping(*dropped))
    assert (item.strength, item.facts["mechanism"], item.facts["silent_form"]) == (-3, mechanism, silent_form)
    assert (item.facts["silent"], item.facts["endpoints"]) == (len(targets), len(targets))


def test_the_cookie_alone_is_told_where_the_classic_form_is_answered() -> None:
    item = alike(TURNS, dropping("binding", "allocate"), "standard")
    assert (item.strength, item.facts["mechanism"], item.facts["silent_form"]) == (-3, "stun_signature", "binding")


def test_a_form_that_nobody_confirmed_accuses_only_weakly() -> None:
    """Relays may well be of two makes, one of which never answers it."""
    guessed = [msgspec.structs.replace(one, answers={"dtls": "inferred", "stun": "inferred"}) for one in WHATSAPP]
    assert alike(guessed, dropping("binding")).strength == 0
    ctx = FakeContext(guessed, info=CHECK.info)
    ctx.peer("udp/57.144.41.57:3478", relay)
    item = found(guessed, dropping("binding"), ctx=ctx)["whatsapp", Claim.call_forms_alike]
    assert (item.strength, item.facts["silent"]) == (-1, 2)


def test_a_relay_that_rations_its_answers_does_not_drop_dtls() -> None:
    """Each relay answers five questions: those asked last go unanswered, and so does the one after them."""
    ctx = FakeContext(WHATSAPP, info=CHECK.info)

    def rationed() -> Handler:
        given: list[int] = []

        def answer(request: bytes) -> Answers:
            given.append(1)
            return relay(request) if len(given) <= 5 else []

        return answer

    for one in WHATSAPP:
        ctx.peer(one.endpoint, rationed())
    item = found(WHATSAPP, dropping(), ctx=ctx)["whatsapp", Claim.call_forms_alike]
    assert (item.strength, item.facts["penalty"]) == (0, 3)


def test_a_penalty_after_the_hello_taints_the_comparison() -> None:
    hit: list[int] = []

    def punishing(request: bytes) -> Answers:
        if form_of(request) == "hello":
            hit.append(1)
        return [] if hit else relay(request)

    ctx = FakeContext([*RELAYS, *TURNS], info=CHECK.info)
    items = found([*RELAYS, *TURNS], punishing, ctx=ctx)
    assert items["telegram", Claim.call_forms_alike].strength == 0
    assert items["telegram", Claim.relays_answer].facts["penalty"] == 2
    after = [one.value for one in ctx.observations if one.value.op == "relay.after"]
    assert [one.data["went_silent"] for one in after] == [True, True]


@pytest.mark.parametrize(("dropped", "form"), [(("hello",), "hello"), (("binding", "allocate", "classic"), "binding")])
def test_a_silent_kind_beside_another_at_the_same_site_proves_no_signature(dropped: tuple[str, ...], form: str) -> None:
    item = alike([*RELAYS, *TURNS], dropping(*dropped))
    assert (item.strength, item.facts["mechanism"], item.facts["silent_form"]) == (-1, "unknown", form)


def test_silence_of_everything_is_no_difference() -> None:
    assert alike(WHATSAPP, lambda _request: []).strength == 0


def test_heavy_loss_is_hardly_ever_taken_for_a_signature() -> None:
    """Four of ten round trips are lost, whatever is asked."""
    firm = 0
    for seed in range(60):
        ctx = FakeContext(WHATSAPP, info=CHECK.info, seed=seed)
        lossy: Handler = lambda request, ctx=ctx: [] if ctx.random_bytes(1)[0] < 102 else relay(request)  # type: ignore[misc]  # a default binds it  # noqa: E731
        firm += found(WHATSAPP, lossy, ctx=ctx)["whatsapp", Claim.call_forms_alike].strength <= -2
    assert firm <= 1


def test_loss_and_the_nearest_relay_are_counted() -> None:
    ctx = FakeContext([*RELAYS, *TURNS], depth="standard", info=CHECK.info)
    counts: list[int] = []

    def every_second(request: bytes) -> Answers:
        counts.append(1)
        return relay(request) if len(counts) % 2 else []

    ctx.peer("udp/91.108.13.10:596", every_second)
    item = found([*RELAYS, *TURNS], relay, ctx=ctx)["telegram", Claim.relays_answer]
    sums = {
        one.value.target.endpoint: one.value.data
        for one in ctx.observations
        if one.value.op == "relay.endpoint" and one.value.target
    }
    assert (sums["udp/91.108.13.10:596"]["sent"], sums["udp/91.108.13.10:596"]["loss_ratio"]) == (8, 0.5)
    assert item.facts["nearest_rtt_ms"] == 40.0
    assert 0 < item.facts["loss_ratio"] < 0.1
    assert sum(data["nearest"] is True for data in sums.values()) == 3


def test_relays_that_disagree_about_our_address_show_two_ways_out() -> None:
    ctx = FakeContext(RELAYS, info=CHECK.info)
    assert ("telegram", Claim.one_way_out) not in found(RELAYS, relay)

    def elsewhere(request: bytes) -> Answers:
        answers = relay(request)
        assert isinstance(answers, list)
        return [(delay_s, data.replace(bytes([203, 0, 113, 7]), bytes([198, 51, 100, 9]))) for delay_s, data in answers]

    ctx.peer("udp/91.108.9.1:596", elsewhere)
    item = found(RELAYS, relay, ctx=ctx)["telegram", Claim.one_way_out]
    assert (item.service, item.function, item.facts["addresses"]) == ("telegram", "calls", 2)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"91.108.13.10:596", ("91.108.13.10", 596)),
        (b" 91.108.13.10:596\r", ("91.108.13.10", 596)),
        (b"[2001:67c:4e8::7]:599", ("2001:67c:4e8::7", 599)),
        (b"198.51.100.1:596", None),
        (b"91.108.13.10:0", None),
        (b"91.108.13.10:65536", None),
        (b"91.108.13.10:\xd9\xa3", None),
        (b"91.108.13.10", None),
        (b"relay.telegram.org:596", None),
        (b"<html>", None),
    ],
)
def test_the_list_is_read_strictly(line: bytes, read: tuple[str, int] | None) -> None:
    assert parse(line) == ((read,) if read else ())


def test_a_list_is_never_read_beyond_500_lines() -> None:
    assert len(parse(b"".join(b"91.108.13.%d:%d\n" % (number % 250, 500 + number) for number in range(900)))) == 500


@pytest.mark.parametrize(
    ("body", "strength", "known"),
    [(LIST, 2, 3), (LIST[:17], 0, 1), (b"91.108.16.1:596\n91.108.16.2:597\n91.108.16.3:598\n", -2, 0)],
)
def test_the_catalogue_is_compared_with_todays_list(body: bytes, strength: int, known: int) -> None:
    ctx = FakeContext([*RELAYS, SITE], depth="standard", info=CHECK.info)
    ctx.site("tcp/149.154.167.99:443", lambda _method, _path, _body: Fetched(200, {}, body, len(body), 20.0, 40.0))
    item = found([], relay, ctx=ctx)["telegram", Claim.relay_list_fresh]
    assert (item.strength, item.facts["known"], item.facts["catalogued"]) == (strength, known, 3)
    assert item.facts["age_days"] > 0


def test_where_the_known_relays_are_silent_some_of_todays_are_asked() -> None:
    fresh = b"".join(b"91.108.16.%d:596\n" % number for number in range(1, 9))
    ctx = FakeContext([*RELAYS, SITE], depth="standard", info=CHECK.info)
    ctx.site("tcp/149.154.167.99:443", lambda _method, _path, _body: Fetched(200, {}, fresh, 128, 20.0, 40.0))
    for number in range(1, 9):
        ctx.peer(f"udp/91.108.16.{number}:596", relay)
    item = found([], dropping("hello"), ctx=ctx)["telegram", Claim.relays_answer]
    assert (item.facts["endpoints"], item.facts["answered"]) == (7, 4)
    assert {one.value.target.source for one in ctx.observations if one.value.target} >= {"list of today"}


def framed(answer: Handler) -> Callable[[], Callable[[bytes], list[tuple[float, bytes | Failure]]]]:
    def conversation() -> Callable[[bytes], list[tuple[float, bytes | Failure]]]:
        def handler(data: bytes) -> list[tuple[float, bytes | Failure]]:
            if not data:
                return []
            assert data[:8] == b"\xee" * 4 + struct.pack("<I", 40)
            answers = answer(data[8:])
            assert isinstance(answers, list)
            return [(delay_s, struct.pack("<I", len(said)) + said) for delay_s, said in answers]

        return handler

    return conversation


@pytest.mark.parametrize(
    ("peer", "strength", "opened", "answered"),
    [
        (StreamPeer(framed(relay)), 2, 3, 3),
        (StreamPeer(framed(lambda _hello: [])), 1, 3, 0),
        (Failure.refused, 0, 0, 0),
        (Failure.timeout, -1, 0, 0),
    ],
)
@pytest.mark.parametrize("depth", ["quick", "standard"])
def test_relays_are_tried_by_tcp(
    peer: StreamPeer | Failure, strength: int, opened: int, answered: int, depth: Depth
) -> None:
    ctx = FakeContext(RELAYS, depth=depth, info=CHECK.info)
    ctx.other_streams = peer
    item = found([], lambda _request: [], ctx=ctx)["telegram", Claim.relays_answer_by_tcp]
    assert (item.strength, item.facts["opened"], item.facts["answered"]) == (strength, opened, answered)
    assert not [target for target in ctx.answered_targets if target.function == "calls"]


def test_at_quick_tcp_is_left_alone_where_udp_answers() -> None:
    assert ("telegram", Claim.relays_answer_by_tcp) not in found(RELAYS, relay)


@pytest.mark.parametrize("data", [{}, {"rtt_ms": "x", "source_port": None, "reflexive_address": 5}, {"rtt_ms": -1e300}])
def test_reading_survives_odd_and_many_observations(data: dict[str, object]) -> None:
    ops = ("relay.ask", "relay.after", "relay.tcp", "relay.list", "relay.endpoint", "other")
    forms = ("hello", "binding", "stun", "", "future")
    many = [
        Numbered(seq, Observation(op=ops[seq % 6], target=EVERYBODY[seq % 9 - 1], form=forms[seq % 5], data=data))
        for seq in range(6000)
    ]
    assert all(-3 <= item.strength <= 3 for item in CHECK.read(many))
