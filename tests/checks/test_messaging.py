"""The messaging check before scripted chat servers."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Literal

import pytest

from callcheck.api import Claim, Evidence, Failure, Target
from callcheck.testing import FakeContext, StreamAnswers, StreamPeer, run_check
from callcheck_messaging import CHECK
from tests.checks.peers import Answer, chat, data_centre, res_pq, server_hello
from tests.checks.test_messaging_peers import centre

FORMS = ("abridged", "intermediate", "obfuscated")


def telegram(count: int = 3, knowledge: Literal["confirmed", "inferred"] = "confirmed") -> list[Target]:
    return [
        Target(
            service="telegram",
            function="messaging",
            address=f"149.154.167.{number}",
            port=443,
            transport="tcp",
            protocol="mtproto",
            answers=dict.fromkeys(FORMS, knowledge),
        )
        for number in range(50, 50 + count)
    ]


def whatsapp(knowledge: Literal["confirmed", "inferred"] = "inferred") -> list[Target]:
    return [
        Target(
            service="whatsapp",
            function="messaging",
            host="g.whatsapp.net",
            port=port,
            transport="tcp",
            protocol="noise",
            answers={"noise": knowledge},
        )
        for port in (443, 5222)
    ]


CONTROLS = [
    Target(role="control", address=address, port=443, transport="tcp", protocol="tcp")
    for address in ("8.8.8.8", "9.9.9.9", "1.0.0.1")
]
DOMESTIC = Target(role="domestic", address="77.88.8.8", port=53, transport="tcp", protocol="tcp")


MUTE = StreamPeer(lambda: lambda _data: [])
CLOSING = StreamPeer(lambda: lambda data: [(0.02, Failure.eof)] if data else [])
RESETTING = StreamPeer(lambda: lambda data: [(0.02, Failure.reset)] if data else [])
ADDRESS: dict[str, list[str] | Failure] = {"g.whatsapp.net": ["157.240.0.60"]}


def checked(
    targets: Sequence[Target],
    peers: StreamPeer | Failure,
    *,
    names: Mapping[str, list[str] | Failure] = ADDRESS,
    depth: Literal["quick", "standard"] = "quick",
    others: Mapping[str, StreamPeer | Failure] | None = None,
) -> FakeContext:
    ctx = FakeContext(targets, names=names, depth=depth, info=CHECK.info)
    ctx.other_streams = peers
    for endpoint, peer in (others or {}).items():
        ctx.stream_peer(endpoint, peer)
    run_check(CHECK, ctx)
    return ctx


def evidence(ctx: FakeContext, claim: Claim) -> Evidence:
    return next(item for item in CHECK.read(ctx.observations) if item.claim is claim)


def test_a_res_pq_with_our_nonce_proves_the_text_path() -> None:
    found = evidence(checked(telegram(), data_centre(res_pq)), Claim.text_answers)
    assert (found.service, found.function, found.strength, found.group) == ("telegram", "messaging", 3, "text:telegram")
    assert found.facts["answered"] == found.facts["asked"] == found.facts["informative"] == 3
    assert found.facts["rtt_ms"] == pytest.approx(50.0)


def test_quick_spreads_the_forms_over_the_endpoints_and_standard_asks_each_in_all() -> None:
    quick = checked(telegram(), data_centre(res_pq))
    assert sorted(one.value.form for one in quick.observations) == sorted(FORMS)
    standard = checked(telegram(), centre(), depth="standard")
    asked = [one.value for one in standard.observations if one.value.op == "messaging.ask"]
    assert sorted(one.form for one in asked) == sorted(FORMS * 3)
    assert all(one.failure is None for one in asked)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (lambda question: res_pq(question, nonce=b"n" * 16), Failure.not_ours),
        (lambda _question: b"garbage!" * 3, Failure.malformed),
        (lambda _question: struct.pack("<i", -404), Failure.error_answer),
    ],
    ids=["wrong nonce", "garbage", "error frame"],
)
def test_an_answer_that_is_not_ours_is_neither_life_nor_silence(answer: Answer, failure: Failure) -> None:
    ctx = checked(telegram(), data_centre(answer))
    assert {one.value.failure for one in ctx.observations} == {failure}
    found = evidence(ctx, Claim.text_answers)
    assert (found.strength, found.facts["answered"]) == (0, 0)


def test_the_code_of_an_error_frame_is_kept() -> None:
    ctx = checked(telegram(1), data_centre(lambda _question: struct.pack("<i", -429)))
    assert ctx.observations[0].value.data["error_code"] == -429


@pytest.mark.parametrize("peer", [MUTE, CLOSING, RESETTING], ids=["mute", "closing", "resetting"])
@pytest.mark.parametrize(("knowledge", "strength"), [("confirmed", -3), ("inferred", 0)])
def test_silence_after_opening_counts_only_for_a_confirmed_form(
    peer: StreamPeer, knowledge: Literal["confirmed", "inferred"], strength: int
) -> None:
    found = evidence(checked(telegram(knowledge=knowledge), peer), Claim.text_answers)
    assert (found.strength, found.facts["opened"], found.facts["answered"]) == (strength, 3, 0)


@pytest.mark.parametrize("failure", [Failure.timeout, Failure.refused])
def test_where_no_connection_opens_the_form_does_not_matter(failure: Failure) -> None:
    ctx = checked([*telegram(knowledge="inferred"), *whatsapp()], failure)
    assert [item.strength for item in CHECK.read(ctx.observations)] == [-3, -3, -3]


def test_one_silent_endpoint_is_too_few() -> None:
    assert evidence(checked(telegram(1), Failure.timeout), Claim.text_answers).strength == 0


def test_one_answering_endpoint_outweighs_the_silent_ones_and_makes_its_form_informative() -> None:
    targets = telegram(7, "inferred")
    ctx = checked(targets, MUTE, others={targets[0].endpoint: data_centre(res_pq)})
    found = evidence(ctx, Claim.text_answers)
    assert (found.strength, found.facts["answered"], found.facts["informative"]) == (3, 1, 3)


def test_whatsapp_answers_with_a_server_hello_cut_into_pieces() -> None:
    ctx = checked(whatsapp(), chat(server_hello()))
    found = evidence(ctx, Claim.text_answers)
    assert (found.service, found.strength, found.facts["answered"]) == ("whatsapp", 3, 2)
    assert {one.value.target.address for one in ctx.observations if one.value.target} == {"157.240.0.60"}


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n", b"\x00\x00\x04\x1a\x02\x0a\x00"], ids=["web server", "no keys"]
)
def test_something_else_at_whatsapps_address_is_unclear(answer: bytes) -> None:
    assert evidence(checked(whatsapp("confirmed"), chat(answer)), Claim.text_answers).strength == 0


@pytest.mark.parametrize("failure", [Failure.name_missing, Failure.name_empty, Failure.resolver_timeout])
def test_names_that_do_not_resolve_are_said_so_and_nothing_is_asked(failure: Failure) -> None:
    ctx = checked(whatsapp(), Failure.timeout, names={"g.whatsapp.net": failure})
    assert [one.value.failure for one in ctx.observations] == [failure, failure]
    assert ctx.bytes_moved == 0
    found = evidence(ctx, Claim.text_answers)
    assert (found.strength, found.facts["asked"]) == (-2, 0)
    assert [item.claim for item in CHECK.read(ctx.observations)] == [Claim.text_answers]


def test_an_empty_list_of_addresses_is_a_name_without_address() -> None:
    ctx = checked(whatsapp(), Failure.timeout, names={"g.whatsapp.net": []})
    assert {one.value.failure for one in ctx.observations} == {Failure.name_empty}


def test_a_forged_private_address_is_no_place_of_the_service() -> None:
    ctx = checked(whatsapp("confirmed"), Failure.timeout, names={"g.whatsapp.net": ["10.10.34.35"]})
    found = evidence(ctx, Claim.text_answers)
    assert (found.strength, found.facts["asked"]) == (-2, 0)


@pytest.mark.parametrize(
    ("targets", "peer", "strength", "opened"),
    [
        (CONTROLS, MUTE, 3, 3),
        (CONTROLS, Failure.timeout, -3, 0),
        (CONTROLS[:2], Failure.refused, 0, 0),
        (telegram(3), Failure.timeout, -3, 0),
        (telegram(1), MUTE, 3, 1),
    ],
)
def test_tcp_passes_if_any_foreign_connection_opens_and_three_must_fail_to_deny_it(
    targets: list[Target], peer: StreamPeer | Failure, strength: int, opened: int
) -> None:
    found = evidence(checked(targets, peer), Claim.tcp_passes)
    assert (found.strength, found.facts) == (strength, {"asked": len(targets), "opened": opened})


def test_a_connection_to_a_name_or_at_home_does_not_show_that_tcp_reaches_abroad() -> None:
    ctx = checked([*whatsapp(), DOMESTIC], chat(server_hello()))
    assert [item.claim for item in CHECK.read(ctx.observations)] == [Claim.text_answers]


def test_controls_are_opened_and_closed_without_a_word() -> None:
    told: list[bytes] = []

    def handler(data: bytes) -> StreamAnswers:
        told.append(data)
        return []

    ctx = checked(CONTROLS, StreamPeer(lambda: handler))
    assert told == [b""] * 3
    assert not ctx.open_sockets
    assert all(one.value.form == "connect" and one.value.failure is None for one in ctx.observations)


@pytest.mark.parametrize("peers", [Failure.timeout, MUTE, StreamPeer(lambda: lambda _: [], connect_s=2.4)])
def test_it_is_over_within_five_seconds_whatever_the_servers_do(peers: StreamPeer | Failure) -> None:
    ctx = FakeContext([*telegram(), *whatsapp(), *CONTROLS], names=ADDRESS, depth="standard")
    ctx.other_streams = peers
    assert run_check(CHECK, ctx) <= 5.0
