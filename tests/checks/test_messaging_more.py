"""The messaging check beyond the first greeting: names, connections that are held, transfers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from callcheck.api import Claim, Failure, Observation, Target
from callcheck.testing import FakeContext, StreamPeer, conformance, run_check
from callcheck_messaging import CHECK
from tests.checks.peers import chat, server_hello
from tests.checks.test_messaging_peers import (
    EMPTY,
    MEDIA,
    NAMES,
    NEUTRAL,
    NO_ACKNOWLEDGEMENT,
    WEB,
    Cutting,
    centre,
    chat_room,
    data_centres,
    evidence,
    lab_site,
    numbered,
    page,
    run,
    seen,
)

WEB_AT, MEDIA_AT, NEUTRAL_AT, EMPTY_AT = (
    "tcp/157.240.0.53:443",
    "tcp/149.154.167.99:443",
    "tcp/142.250.74.4:443",
    "tcp/142.250.74.4:80",
)


def hiding(name: str, how: Failure) -> StreamPeer:
    return chat_room(lambda shown: how if shown == name else None)


def test_the_web_chat_answers_through_its_websocket() -> None:
    ctx = run([WEB], {WEB_AT: chat_room()})
    assert [(one.form, one.failure) for one in seen(ctx, "ask")] == [("noise", None)]
    found = evidence(ctx, Claim.text_answers, "whatsapp")
    assert (found.strength, found.facts["answered"]) == (3, 1)


@pytest.mark.parametrize(
    ("peer", "failure"),
    [
        (chat_room(status=b"403 Forbidden"), Failure.error_answer),
        (chat(server_hello()), Failure.timeout),
        (chat_room(lambda _name: Failure.reset), Failure.reset),
        (chat_room(lambda _name: Failure.other), Failure.eof),
    ],
    ids=["refused", "no web server", "reset in the handshake", "ended in the handshake"],
)
def test_what_the_web_chat_may_say_instead(peer: StreamPeer, failure: Failure) -> None:
    if failure is Failure.timeout:
        peer = StreamPeer(lambda: lambda _data: [])
    ctx = run([WEB], {WEB_AT: peer})
    assert [one.failure for one in seen(ctx, "ask")] == [failure]
    assert evidence(ctx, Claim.text_answers, "whatsapp").strength == 0


def test_telephones_that_are_silent_are_not_made_up_for_by_the_web() -> None:
    phones = [msgspec.structs.replace(WEB, protocol="noise", address=f"157.240.0.6{n}", host="") for n in (1, 2)]
    ctx = run([WEB, *phones], {WEB_AT: chat_room()})
    assert evidence(ctx, Claim.text_answers, "whatsapp").strength == 1


def test_telephones_whose_names_lead_nowhere_are_not_made_up_for_by_the_web() -> None:
    names = ("g.whatsapp.net", "e1.whatsapp.net")
    phones = [msgspec.structs.replace(WEB, protocol="noise", address="", host=name) for name in names]
    ctx = run([WEB, *phones], {WEB_AT: chat_room()})
    assert evidence(ctx, Claim.text_answers, "whatsapp").strength == 1


@pytest.mark.parametrize(("depth", "strength", "tries"), [("quick", -2, 2), ("standard", -3, 3)])
@pytest.mark.parametrize("how", [Failure.reset, Failure.timeout, Failure.eof])
def test_a_name_that_is_never_answered_beside_one_that_always_is(
    how: Failure, depth: Any, strength: int, tries: int
) -> None:
    ctx = run([WEB, NEUTRAL], {WEB_AT: hiding(WEB.host, how), NEUTRAL_AT: page()}, depth=depth)
    found = evidence(ctx, Claim.name_passes, "whatsapp")
    assert (found.strength, found.group) == (strength, "sni:whatsapp")
    assert found.facts == {"asked": tries, "with_name": 0, "without_name": tries}


def test_a_name_that_fails_elsewhere_too_is_told_of_its_own() -> None:
    hidden = hiding(WEB.host, Failure.reset)
    ctx = run([WEB, NEUTRAL], {WEB_AT: hidden, NEUTRAL_AT: hidden}, depth="standard")
    assert evidence(ctx, Claim.name_passes, "whatsapp").facts["elsewhere"] == 3
    elsewhere = [one for one in seen(ctx, "name") if one.data["place"] == "elsewhere"]
    assert {(one.data["about_service"], one.data["sni"], one.failure) for one in elsewhere} == {
        ("whatsapp", "service", Failure.reset),
        ("whatsapp", "neutral", None),
    }


@pytest.mark.parametrize(
    ("tls", "strength"),
    [
        (lambda _name: None, 3),
        (lambda _name: Failure.tls_failed, 3),
        (lambda _name: Failure.tls_invalid, 0),
        (lambda _name: Failure.timeout, 0),
        (lambda _name: Failure.reset, 0),
        (lambda name: None if name == WEB.host else Failure.reset, 3),
    ],
    ids=["all", "alerts", "certificates", "silence", "resets", "allow-list"],
)
def test_names_without_a_difference_accuse_nobody(tls: Any, strength: int) -> None:
    ctx = run([WEB, NEUTRAL], {WEB_AT: chat_room(tls)}, depth="standard")
    found = evidence(ctx, Claim.name_passes, "whatsapp")
    assert found.strength == strength
    assert ("certificates_refused" in found.facts) == (strength == 0 and tls("x") is Failure.tls_invalid)
    assert not [one for one in seen(ctx, "name") if one.data["place"] == "elsewhere"]


def test_each_connection_shows_one_name_and_quick_needs_no_more_than_four() -> None:
    shown: list[str] = []

    def tls(name: str) -> None:
        shown.append(name)

    run([MEDIA], {MEDIA_AT: StreamPeer(lambda: lambda _data: [], tls=tls)})
    assert sorted(shown) == ["core.telegram.org"] * 2 + ["www.example.com"] * 2


@pytest.mark.parametrize(
    ("waited_ms", "connect_ms", "strength"),
    [(2400, 50, -3), (2400, 900, 0), (None, 50, 0), ("x", 50, 0), (2400, None, 0)],
)
def test_a_slow_line_s_timeout_is_no_silence(waited_ms: object, connect_ms: object, strength: int) -> None:
    data = {"place": "own", "opened": True, "waited_ms": waited_ms, "connect_ms": connect_ms}
    made = [
        Observation(op="messaging.name", target=WEB, failure=failure, data={**data, "sni": sni})
        for sni, failure in (("service", Failure.timeout), ("neutral", None))
        for _ in range(3)
    ]
    assert [one.strength for one in CHECK.read(numbered(made)) if one.claim is Claim.name_passes] == [strength]


def held(peer: StreamPeer, neutral: StreamPeer | None = None, depth: Any = "standard") -> FakeContext:
    streams: dict[str, StreamPeer | Failure] = {target.endpoint: peer for target in data_centres()}
    return run([*data_centres(), EMPTY], {**streams, EMPTY_AT: neutral or page()}, depth=depth)


def test_connections_that_are_answered_after_fifteen_seconds_stay() -> None:
    ctx = held(centre())
    assert {one.data["after_s"] for one in seen(ctx, "hold")} == {0.0, 5.0, 15.0}
    found = evidence(ctx, Claim.text_stays, "telegram")
    assert (found.strength, found.facts) == (3, {"asked": 2, "held": 2, "frozen": 0})
    assert not seen(ctx, "fresh")


@pytest.mark.parametrize("answers", [2, 3])
def test_connections_that_fall_silent_while_new_ones_are_answered(answers: int) -> None:
    found = evidence(held(centre(answers, state=NO_ACKNOWLEDGEMENT)), Claim.text_stays, "telegram")
    assert (found.strength, found.facts) == (-3, {"asked": 2, "held": 0, "frozen": 2})


def test_a_router_that_forgets_every_connection_accuses_nobody() -> None:
    found = evidence(held(centre(2, state=NO_ACKNOWLEDGEMENT), page(2)), Claim.text_stays, "telegram")
    assert (found.strength, found.facts["frozen"]) == (-1, 2)


def test_a_server_that_answers_once_only_is_no_freeze() -> None:
    assert evidence(held(centre(1)), Claim.text_stays, "telegram").strength == 0


def hold(after_s: object, failure: Failure | None, place: int = 50, **data: object) -> Observation:
    target = data_centres(60)[place - 50]
    kept = {"after_s": after_s, "asked_again": True, "answered": failure is None, **data}
    return Observation(op="messaging.hold", target=target, form="abridged", failure=failure, data=kept)


NEUTRAL_HELD = [
    Observation(op="messaging.hold", target=EMPTY, data={"after_s": after_s, "asked_again": True, "answered": True})
    for after_s in (0.0, 15.0)
]


@pytest.mark.parametrize(
    ("last", "is_fresh", "strength"),
    [
        (hold(15.0, Failure.timeout), True, -3),
        (hold(15.0, Failure.timeout, acknowledged=False), True, -3),
        (hold(15.0, Failure.timeout, acknowledged=True), True, 0),
        (hold(15.0, Failure.timeout), False, 0),
        (hold(15.0, Failure.reset), True, 0),
        (hold("x", Failure.timeout), True, 0),
    ],
)
def test_what_makes_a_freeze(last: Observation, is_fresh: bool, strength: int) -> None:
    made = [*NEUTRAL_HELD]
    for place in data_centres(2):
        made.append(msgspec.structs.replace(hold(0.0, None), target=place))
        made.append(msgspec.structs.replace(last, target=place))
        if is_fresh:
            made.append(Observation(op="messaging.fresh", target=place, form="abridged"))
    assert [one.strength for one in CHECK.read(numbered(made)) if one.service] == [strength]


def test_raw_noise_is_only_watched() -> None:
    phone = msgspec.structs.replace(WEB, protocol="noise", address="157.240.0.61", host="")
    ctx = run([phone], {phone.endpoint: chat(server_hello())}, depth="standard")
    assert [(one.data["asked_again"], one.failure) for one in seen(ctx, "hold")] == [(False, Failure.timeout)] * 2
    assert evidence(ctx, Claim.text_stays, "whatsapp").facts["asked"] == 0


def moved(ctx: FakeContext, *, peers: StreamPeer | None = None) -> FakeContext:
    ctx.other_sites = lab_site
    return run([], dict.fromkeys([target.endpoint for target in data_centres()], peers or centre()), ctx=ctx)


def test_transfers_that_finish() -> None:
    ctx = moved(FakeContext([MEDIA, NEUTRAL], names=NAMES, depth="standard", info=CHECK.info))
    found = evidence(ctx, Claim.transfers_finish, "telegram")
    assert (found.strength, found.facts) == (3, {"asked": 2, "finished": 2})
    assert {one.data["round"] for one in seen(ctx, "transfer")} == {0, 1}


@pytest.mark.parametrize(("host", "strength"), [(MEDIA.host, -3), (NEUTRAL.host, 3)])
def test_transfers_that_freeze_twice_beside_neutral_ones_that_finish(host: str, strength: int) -> None:
    ctx = Cutting([MEDIA, NEUTRAL], names=NAMES, depth="standard", info=CHECK.info)
    ctx.host = host
    found = evidence(moved(ctx), Claim.transfers_finish, "telegram")
    assert found.strength == strength
    if strength < 0:
        assert found.facts == {"asked": 2, "finished": 0, "frozen_low_bytes": 16_000, "frozen_high_bytes": 16_000}
        assert {one.data["round"] for one in seen(ctx, "transfer")} == {0, 1, 2}


def test_without_a_neutral_site_nothing_is_firm() -> None:
    ctx = Cutting([MEDIA], names=NAMES, depth="standard", info=CHECK.info)
    ctx.host = MEDIA.host
    assert evidence(moved(ctx), Claim.transfers_finish, "telegram").strength == 0


def test_a_page_that_is_too_short_tells_nothing() -> None:
    ctx = FakeContext([MEDIA, NEUTRAL], names=NAMES, depth="standard", info=CHECK.info)
    ctx.other_sites = lambda method, _path, _body: Failure.reset if method == "POST" else lab_site("GET", "/", b"")
    run([], {}, ctx=ctx)
    assert evidence(ctx, Claim.transfers_finish, "telegram").strength == 0


def transfer(target: Target, form: str, number: int, failure: Failure | None, **data: object) -> Observation:
    return Observation(
        op="messaging.transfer", target=target, form=form, failure=failure, data={"round": number, **data}
    )


@pytest.mark.parametrize(
    ("data", "strength"),
    [
        ({"answers": 8, "acknowledged": False}, -3),
        ({"answers": 8, "acknowledged": True}, 0),
        ({"answers": 8}, 0),
        ({"answers": 1, "acknowledged": False}, 0),
        ({"answers": "8", "acknowledged": False}, 0),
    ],
)
def test_chains_that_freeze(data: dict[str, object], strength: int) -> None:
    """Only a question that the other side's kernel never had was held up on its way."""
    counted = {"wanted_answers": 10, "segments_sent": 12, "retransmitted": 3, "moved_bytes": 1_200, **data}
    made = [
        one
        for number in (1, 2)
        for one in (
            *(transfer(place, "chain", number, Failure.timeout, **counted) for place in data_centres(2)),
            transfer(NEUTRAL, "download", number, None, moved_bytes=65_536),
        )
    ]
    found = [one for one in CHECK.read(numbered(made)) if one.service == "telegram"]
    assert [one.strength for one in found] == [strength]
    assert found[0].facts["retransmitted_ratio"] == 0.25


def test_reading_survives_anything() -> None:
    odd: list[Any] = [None, True, "x", -1, 1e300, [1], {"a": 1}]
    keys = ("sni", "place", "opened", "after_s", "answered", "round", "moved_bytes", "answers", "rtt_ms", "connect_ms")
    ops = ("ask", "name", "hold", "fresh", "transfer")
    targets = [None, WEB, MEDIA, NEUTRAL]
    made = [
        Observation(op=f"messaging.{op}", target=targets[n % 4], form="download", failure=failure, data={key: value})
        for n, (op, key, value, failure) in enumerate(
            (op, key, value, failure)
            for op in ops
            for key in keys
            for value in odd
            for failure in (None, Failure.timeout, Failure.reset)
        )
    ]
    read = {one.claim: one.strength for one in CHECK.read(numbered(made)) if one.service == "telegram"}
    assert set(read) == {Claim.text_answers, Claim.text_stays, Claim.transfers_finish}
    assert read[Claim.text_stays] == 0
    assert read[Claim.transfers_finish] >= 0


WORLD = [*data_centres(), WEB, MEDIA, NEUTRAL, EMPTY]


def healthy(ctx: FakeContext) -> None:
    ctx.names = dict(NAMES)
    ctx.other_sites = lab_site
    for target in data_centres():
        ctx.stream_peer(target.endpoint, centre())
    for place, peer in ((WEB_AT, chat_room()), (MEDIA_AT, page()), (NEUTRAL_AT, page()), (EMPTY_AT, page())):
        ctx.stream_peer(place, peer)


def test_it_keeps_the_rules_for_checks() -> None:
    assert conformance(CHECK, WORLD, worlds={"healthy": healthy}) == []


@pytest.mark.parametrize(("depth", "seconds"), [("quick", 3.5), ("standard", 20.0), ("deep", 24.0)])
def test_where_everything_is_dead_it_is_soon_over(depth: Any, seconds: float) -> None:
    forty = [msgspec.structs.replace(data_centres(1)[0], address=f"149.154.160.{n}") for n in range(40)]
    ctx = FakeContext([*forty, *WORLD], names=NAMES, depth=depth, info=CHECK.info)
    assert run_check(CHECK, ctx) <= seconds
    firm = {(one.claim, one.strength) for one in CHECK.read(ctx.observations) if one.strength}
    assert firm == {(Claim.text_answers, -3), (Claim.tcp_passes, -3)}
