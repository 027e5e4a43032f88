"""No bytes whatsoever kill a stand-in."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers.config import KINDS
from callcheck.lab.servers.responder import Datagram, StreamReply
from tests.lab_servers.harness import CLIENT, Running, ask_udp, connection, setting, udp_socket

STARTS = [
    "",
    "000100002112a442",
    "000300082112a442",
    "080100002112a442",
    "16feff0000000000000000",
    "abcd01000001000000000000",
    "57410603000024",
    "5741060300002412220a20",
    "00" * 16 + "ff" * 12 + "feffffff",
    "ef",
    "ef0a",
    "eeeeeeee28000000",
    "dddddddd",
    "0002",
    "474554202f20485454502f312e310d0a0d0a",
    "504f5354202f646e732d717565727920485454502f312e310d0a",
]
"""Beginnings that lead deep into one stand-in or another."""

NOISE = st.builds(lambda start, rest: bytes.fromhex(start) + rest, st.sampled_from(STARTS), st.binary(max_size=400))
MODULES = {kind: importlib.import_module(f"callcheck.lab.servers.{kind}") for kind in KINDS}
DATAGRAM_KINDS = sorted(kind for kind, module in MODULES.items() if hasattr(module, "datagram_responder"))
STREAM_KINDS = sorted(kind for kind, module in MODULES.items() if hasattr(module, "stream_responder"))
BINDING = bytes.fromhex("000100002112a442") + bytes(12)


def test_every_kind_can_be_started() -> None:
    starters = {kind for kind, module in MODULES.items() if hasattr(module, "start")}
    assert starters | set(DATAGRAM_KINDS) | set(STREAM_KINDS) == KINDS.keys()


@pytest.mark.parametrize("kind", DATAGRAM_KINDS)
@given(datagrams=st.lists(NOISE, max_size=5))
@settings(max_examples=150, deadline=None)
def test_a_datagram_server_takes_any_datagrams(kind: str, datagrams: list[bytes]) -> None:
    responder = MODULES[kind].datagram_responder(setting(names={"a": ("192.0.2.1",)}))
    for datagram in datagrams:
        answers: Iterable[Datagram] = responder.received(datagram, CLIENT)
        for answer in answers:
            # Nobody can use a stand-in to multiply traffic, which also bounds what one datagram costs.
            assert len(answer.data) <= len(datagram) + 100


@pytest.mark.parametrize("kind", STREAM_KINDS)
@given(stream=st.lists(NOISE, max_size=4).map(b"".join), cuts=st.lists(st.integers(0, 400), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_stream_server_answers_the_same_however_the_stream_is_cut(kind: str, stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    answers = []
    for parts in ([stream], pieces):
        responder = MODULES[kind].stream_responder(setting(names={"a": ("192.0.2.1",)}), CLIENT)
        answer = b""
        for part in parts:
            reply: StreamReply = responder.received(part)
            answer += reply.data
            if reply.close:
                break
        answers.append(answer)
    assert answers[0] == answers[1]


def test_servers_that_were_sent_noise_still_answer(servers: Running) -> None:
    random = Random(20261122)
    udp_names = ["stun", "telegram_turn", "telegram_relay", "whatsapp_relay", "dns"]
    with udp_socket() as sock:
        for name in udp_names:
            for _ in range(40):
                noise = bytes.fromhex(random.choice(STARTS)) + random.randbytes(random.randrange(200))
                sock.sendto(noise, servers.place(name))
    for name in ("telegram_dc", "whatsapp_chat", "tcp_accept"):
        for _ in range(5):
            with connection(servers.place(name)) as stream:
                stream.sendall(bytes.fromhex(random.choice(STARTS)) + random.randbytes(200))
    assert ask_udp(servers.place("stun"), BINDING)[:2] == bytes.fromhex("0101")
    assert servers.process.poll() is None
