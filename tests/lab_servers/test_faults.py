"""What a fault does to answers, by a clock of the test's own and over loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.lab.servers.faults import Fault, Outlet
from tests.lab_servers.harness import PATIENCE_S, ask_udp, connection, endpoint, read_exactly, serving, udp_socket

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
