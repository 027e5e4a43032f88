"""What a fault does to answers, by a clock of the test's own and over loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.lab.servers import echo, telegram_relay, whatsapp_chat
from callcheck.lab.servers.faults import AskerLimit, Fault, Outlet, limited_datagrams, limited_streams
from callcheck.lab.servers.tcp_accept import Listener
from tests.lab_servers.harness import (
    CLIENT,
    PATIENCE_S,
    ask_udp,
    connection,
    endpoint,
    read_exactly,
    serving,
    setting,
    udp_socket,
)

BINDING = bytes.fromhex("000100002112a442") + bytes(12)
SLOW = "slow 31"
"""A name for which the seed draws delays near 2 s on both transports."""


@dataclass
class _Timer:
    due_s: float
    callback: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class _Clock:
    """A scheduler whose time passes only when told to."""

    now_s: float = 1000.0
    timers: list[_Timer] = field(default_factory=list)

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay: float, callback: Callable[[], None], /) -> _Timer:
        self.timers.append(_Timer(self.now_s + delay, callback))
        return self.timers[-1]

    def run_out(self) -> None:
        for timer in sorted(self.timers, key=lambda timer: timer.due_s):
            if not timer.is_cancelled:
                timer.callback()


def _passed_on(fault: Fault | None, answers: list[bytes], seed: int = 7) -> list[bytes]:
    delivered: list[bytes] = []
    outlet = Outlet(fault, Random(seed), _Clock())
    for answer in answers:
        outlet.pass_on(answer, delivered.append)
    return delivered


def test_without_a_fault_answers_leave_at_once_as_they_are() -> None:
    assert _passed_on(None, [b"a", b"b"]) == [b"a", b"b"]


def test_a_silent_server_gives_nothing() -> None:
    assert _passed_on("silent", [b"a", b"b"]) == []


def test_garbage_replaces_each_answer_and_follows_the_seed() -> None:
    answers = [b"answer"] * 20
    garbage = _passed_on("garbage", answers)
    assert len(garbage) == 20
    assert all(1 <= len(junk) <= 512 and junk != b"answer" for junk in garbage)
    assert garbage == _passed_on("garbage", answers)
    assert garbage != _passed_on("garbage", answers, seed=8)


@given(seed=st.integers(), gaps_s=st.lists(st.floats(0, 10), min_size=1, max_size=30))
def test_slow_answers_leave_after_2_to_6_seconds_in_their_order(seed: int, gaps_s: list[float]) -> None:
    clock, delivered = _Clock(), list[bytes]()
    outlet = Outlet("slow", Random(seed), clock)
    for number, gap_s in enumerate(gaps_s):
        clock.now_s += gap_s
        outlet.pass_on(bytes([number]), delivered.append)
        assert 1.999 <= clock.timers[-1].due_s - clock.now_s <= 6.001
    assert delivered == []
    clock.run_out()
    assert delivered == [bytes([number]) for number in range(len(gaps_s))]


def test_answers_that_wait_are_bounded_and_die_with_the_outlet() -> None:
    clock, delivered = _Clock(), list[bytes]()
    outlet = Outlet("slow", Random(1), clock)
    for _ in range(5000):
        outlet.pass_on(b"answer", delivered.append)
    assert len(clock.timers) == 4096
    outlet.close()
    clock.run_out()
    assert delivered == []


@given(
    gaps_s=st.lists(st.floats(0, 3), min_size=1, max_size=100),
    per_second=st.floats(0.5, 20),
    at_once=st.integers(1, 20),
)
def test_a_limit_admits_a_burst_and_then_so_many_a_second(gaps_s: list[float], per_second: float, at_once: int) -> None:
    clock_s = 1000.0
    limit = AskerLimit(lambda: clock_s, per_second=per_second, at_once=at_once)
    admitted_s: list[float] = []
    for gap_s in gaps_s:
        clock_s += gap_s
        if limit.admits("192.0.2.1"):
            admitted_s.append(clock_s)
        else:
            # It refuses only who has had the burst and, within one, all that came in since.
            assert len(admitted_s) >= at_once
    for first, start_s in enumerate(admitted_s):
        for count, end_s in enumerate(admitted_s[first:], start=1):
            assert count <= at_once + (end_s - start_s) * per_second + 1e-6


def test_a_client_that_asks_too_often_is_heard_again_when_it_slows_down_and_others_are_heard_meanwhile() -> None:
    clock_s = 1000.0
    limit = AskerLimit(lambda: clock_s)
    assert [limit.admits("192.0.2.1") for _ in range(12)] == [True] * 10 + [False] * 2
    assert limit.admits("192.0.2.2")
    clock_s += 0.1
    assert [limit.admits("192.0.2.1") for _ in range(2)] == [True, False]
    clock_s += 100.0
    assert [limit.admits("192.0.2.1") for _ in range(11)] == [True] * 10 + [False]


def test_a_limit_remembers_4096_clients_and_those_longest_that_asked_last() -> None:
    limit = AskerLimit(lambda: 0.0, at_once=1)
    assert limit.admits("first")
    for number in range(4095):
        limit.admits(str(number))
    assert len(limit) == 4096
    assert not limit.admits("first")
    limit.admits("one more")
    assert len(limit) == 4096
    assert not limit.admits("first")
    assert limit.admits("0")


def test_a_rate_limited_echo_drops_what_is_too_much_whatever_the_port() -> None:
    clock_s = 0.0
    responder = limited_datagrams(echo.datagram_responder)(setting(monotonic_s=lambda: clock_s))
    answered = [len(tuple(responder.received(b"?", (CLIENT[0], 1024 + number)))) for number in range(15)]
    assert answered == [1] * 10 + [0] * 5
    assert len(tuple(responder.received(b"?", ("192.0.2.1", 1024)))) == 1
    clock_s = 0.25
    assert [len(tuple(responder.received(b"?", CLIENT))) for _ in range(3)] == [1, 1, 0]


def test_a_rate_limited_relay_forwards_all_it_gets_but_greets_no_more_than_its_share() -> None:
    responder = limited_datagrams(telegram_relay.datagram_responder)(setting())
    hellos = [bytes([side]) + bytes(11) + b"\0\0\0" + bytes([side]) for side in (0, 1)]
    special = b"\xff" * 12 + bytes.fromhex("feffffff") + bytes(8)
    greeted = [len(tuple(responder.received(hellos[number % 2] + special, CLIENT))) for number in range(12)]
    assert greeted == [1] * 10 + [0] * 2
    data = bytes(12) + b"\0\0\0\1" + bytes(4) + (4).to_bytes(4) + b"data"
    forwarded = [responder.received(data, ("192.0.2.1", 1024)) for _ in range(50)]
    assert [[answer.destination for answer in answers] for answers in forwarded] == [[CLIENT]] * 50


def test_a_rate_limited_stream_server_leaves_the_connections_too_many_unanswered() -> None:
    clock_s = 0.0
    make = limited_streams(whatsapp_chat.stream_responder, lambda: clock_s)
    made = [make(setting(), (CLIENT[0], 1024 + number)) for number in range(12)]
    assert [isinstance(responder, Listener) for responder in made] == [False] * 10 + [True] * 2
    assert not isinstance(make(setting(), ("192.0.2.1", 1024)), Listener)
    clock_s = 0.1
    assert [isinstance(make(setting(), CLIENT), Listener) for _ in range(2)] == [False, True]


def test_refusing_endpoints_are_not_bound_while_silent_ones_are(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free_port = probe.getsockname()[1]
    endpoints = [
        endpoint("stun", fault="refusing", name="udp refuses") | {"port": free_port},
        endpoint("stun", transport="tcp", fault="refusing", name="tcp refuses") | {"port": free_port},
        endpoint("stun", fault="silent", name="udp silent"),
        endpoint("whatsapp_chat", transport="tcp", fault="silent", name="tcp silent"),
        endpoint("stun", name="well"),
        endpoint("whatsapp_chat", transport="tcp", name="well"),
    ]
    with serving(tmp_path, endpoints) as servers:
        assert servers.bound["udp refuses"] == servers.bound["tcp refuses"] == []
        with udp_socket() as sock:
            sock.connect(("127.0.0.1", free_port))
            sock.send(BINDING)
            with pytest.raises(ConnectionRefusedError):
                sock.recv(100)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", free_port), timeout=PATIENCE_S)
        with udp_socket() as sock:
            sock.connect(servers.place("udp silent"))
            sock.send(BINDING)
            # The well endpoint is served by the same loop after the silent one, so nothing is still on its way.
            assert ask_udp(servers.place("well"), BINDING)
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(100)
        with connection(servers.place("tcp silent")) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            # A well server closes on this; one that was asked later and has closed shows that the silent one will not.
            with connection(servers.place("well", 1)) as later:
                later.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert later.recv(100) == b""
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(100)


def test_slow_and_garbage_servers_on_both_transports(tmp_path: Path) -> None:
    endpoints = [
        endpoint("stun", fault="slow", name=SLOW),
        endpoint("stun", transport="tcp", fault="slow", name=SLOW),
        endpoint("stun", fault="garbage", name="garbage"),
        endpoint("stun", transport="tcp", fault="garbage", name="garbage"),
    ]
    with serving(tmp_path, endpoints) as servers, udp_socket() as udp, connection(servers.place(SLOW, 1)) as tcp:
        udp.sendto(BINDING, servers.place(SLOW))
        tcp.sendall(BINDING)
        assert ask_udp(servers.place("garbage"), BINDING)[:8] != bytes.fromhex("0101003c2112a442")
        with connection(servers.place("garbage", 1)) as sock:
            sock.sendall(BINDING)
            assert sock.recv(1000)[:8] != bytes.fromhex("0101003c2112a442")
        for answer in (udp.recv(1000), read_exactly(tcp, 80)):
            assert answer[:8] == bytes.fromhex("0101003c2112a442")


def test_rate_limited_servers_answer_the_first_of_a_burst(tmp_path: Path) -> None:
    endpoints = [
        endpoint("echo", fault="rate_limited", name="limited"),
        endpoint("stun", transport="tcp", fault="rate_limited", name="limited"),
        endpoint("echo", name="well"),
    ]
    with serving(tmp_path, endpoints) as servers, udp_socket() as sock:
        for number in range(200):
            sock.sendto(number.to_bytes(2), servers.place("limited"))
        # The well endpoint is served by the same loop after the limited one.
        assert ask_udp(servers.place("well"), b"well") == b"well"
        assert [sock.recv(100) for _ in range(10)] == [number.to_bytes(2) for number in range(10)]
        sock.setblocking(False)
        assert len(_all_waiting(sock)) < 190
        with connection(servers.place("limited", 1)) as stream:
            stream.sendall(BINDING)
            assert read_exactly(stream, 80)[:2] == bytes.fromhex("0101")


def _all_waiting(sock: socket.socket) -> list[bytes]:
    answers = []
    with suppress(BlockingIOError):
        while True:
            answers.append(sock.recv(2048))
    return answers
