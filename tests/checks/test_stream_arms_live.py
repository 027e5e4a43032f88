"""The stream check's arms in the flow process, before the lab's servers and before coturn."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from callcheck.api import Arm, FlowCodec, FlowSecond, Target
from callcheck.codec import stun
from callcheck.flow.runner import run_flows
from callcheck.lab.servers.echo import Echo
from callcheck.lab.servers.real import coturn_command, which
from callcheck.lab.servers.responder import Address, Datagram, DatagramResponder, Setting
from callcheck.lab.servers.stun import StunOverUdp
from callcheck.lab.servers.stun_answers import PASSWORD, USER
from callcheck.lab.servers.telegram_relay import TelegramRelay
from callcheck.lab.servers.telegram_turn import TelegramTurn
from callcheck.lab.servers.whatsapp_relay import WhatsAppRelay
from callcheck_stream.arms import AllocateQuestions, EchoQuestions, ReflectorLoop, StunQuestions, TurnLoop
from callcheck_stream.arms.dtls import DtlsQuestions
from tests.flow.echo import UdpThread
from tests.lab_servers.harness import udp_socket
from tests.lab_servers.real_servers import BINDING, running
from tests.lab_servers.started import started

KEY = b"k" * 16
TAGS = (b"\x01abc", b"\x02def")
RATE_PPS = 25
PACKETS = 15


class CountingEcho:
    """Gives back every second datagram only, and says how many it had."""

    def __init__(self) -> None:
        self.had = 0

    def received(self, data: bytes, source: Address) -> list[Datagram]:
        self.had += 1
        return [Datagram(data + self.had.to_bytes(4, "big"), source)] if self.had % 2 else []


def served(responder: Callable[[Setting], DatagramResponder]) -> UdpThread:
    """A server of the lab, which reads the facts for itself, on loopback."""
    server = responder(Setting(local=("127.0.0.1", 0), random=random.Random(7), names={}))
    return UdpThread(lambda data, source: [(item.data, item.destination) for item in server.received(data, source)])


def at(place: Address) -> Target:
    return Target(address=place[0], port=place[1])


def flown(arms: dict[str, tuple[Target, FlowCodec]]) -> dict[str, FlowSecond]:
    """The one second of each arm, in which it sends `PACKETS`."""

    async def flow() -> list[FlowSecond]:
        made = [Arm(name=name, target=target, codec=codec, rate_pps=RATE_PPS) for name, (target, codec) in arms.items()]
        seconds = PACKETS / RATE_PPS
        return [second async for second in run_flows(made, seconds=seconds, origin_ns=time.monotonic_ns())]

    return {second.arm: second for second in asyncio.run(flow())}


def came(second: FlowSecond) -> tuple[int, int]:
    """How many packets came back, and their size at the IP layer."""
    return sum(at_us is not None for at_us in second.received_us), second.ip_bytes


def test_every_arm_carries_its_packets_through_the_labs_servers() -> None:
    with (
        served(TelegramRelay) as relay,
        served(StunOverUdp) as neutral,
        served(TelegramTurn) as telegram,
        served(WhatsAppRelay) as whatsapp,
        served(lambda _: Echo()) as echo,
        started("turn") as turn_place,
    ):
        found = flown(
            {
                "down": (relay.target, ReflectorLoop(b"c" * 11, TAGS, KEY)),
                "up": (relay.target, ReflectorLoop(b"d" * 11, TAGS, KEY, sender=1)),
                "cookie": (neutral.target, StunQuestions(KEY)),
                "classic": (neutral.target, StunQuestions(KEY, 10, cookie=False)),
                "allocate": (telegram.target, AllocateQuestions(KEY, 10)),
                "echo": (echo.target, EchoQuestions(KEY)),
                "channel": (at(turn_place), TurnLoop(USER, PASSWORD, KEY)),
                "indications": (at(turn_place), TurnLoop(USER, PASSWORD, KEY, indications=True)),
                "dtls": (whatsapp.target, DtlsQuestions()),
            }
        )
    assert len(found) == 9
    assert came(found.pop("dtls")) == (PACKETS, 234)
    assert {came(second) for second in found.values()} == {(PACKETS, 188)}


def test_a_far_end_that_counts_tells_that_what_is_missing_was_lost_on_the_way_back() -> None:
    with served(lambda _: CountingEcho()) as echo:
        second = flown({"echo": (echo.target, EchoQuestions(KEY))})["echo"]
    assert came(second) == (8, 188)
    assert second.far_received == PACKETS


# --- coturn

with_coturn = pytest.mark.skipif(which("turnserver") is None, reason="coturn is not installed")


@contextmanager
def coturn(directory: Path, *, allow_loopback_peers: bool) -> Iterator[Address]:
    """coturn on loopback, on a port below those that the system hands out.

    Asking again and again whether a port of that range answers may end in a socket that got it and answers itself.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        place = next(("127.0.0.1", port) for port in random.sample(range(10_000, 30_000), 50) if binds(probe, port))
    command = coturn_command(
        directory,
        port=place[1],
        addresses=[place[0]],
        transports=["udp"],
        allow_loopback_peers=allow_loopback_peers,
    )
    with running(command, BINDING, place, directory / "coturn.log"):
        yield place


def binds(sock: socket.socket, port: int) -> bool:
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


@with_coturn
def test_every_arm_of_stun_and_turn_carries_its_packets_through_coturn(tmp_path: Path) -> None:
    with coturn(tmp_path, allow_loopback_peers=True) as place:
        found = flown(
            {
                "cookie": (at(place), StunQuestions(KEY)),
                "classic": (at(place), StunQuestions(KEY, cookie=False)),
                "allocate": (at(place), AllocateQuestions(KEY)),
                "channel": (at(place), TurnLoop(USER, PASSWORD, KEY)),
                "indications": (at(place), TurnLoop(USER, PASSWORD, KEY, indications=True)),
            }
        )
    assert len(found) == 5
    assert {came(second) for second in found.values()} == {(PACKETS, 188)}


@with_coturn
@pytest.mark.parametrize("indications", [False, True])
def test_a_coturn_that_refuses_its_own_addresses_as_peers_is_never_ready(tmp_path: Path, indications: bool) -> None:
    codec = TurnLoop(USER, PASSWORD, KEY, indications)
    codes = []
    with coturn(tmp_path, allow_loopback_peers=False) as place, ExitStack() as opened:
        sockets = [opened.enter_context(udp_socket()) for _ in range(codec.legs)]
        while questions := codec.greet(bytes(range(64))):
            for leg, question in questions:
                sockets[leg].sendto(question, place)
                datagram = sockets[leg].recv(2048)
                codes.append(code_of(datagram))
                codec.received(leg, datagram)
    assert codes == [401, 401, None, None, 403, 403]
    assert [client.state for client in codec.clients] == ["refused", "refused"]
    assert not codec.ready


def code_of(datagram: bytes) -> int | None:
    heard = stun.decode(datagram)
    error = stun.error_code(heard) if isinstance(heard, stun.Message) else None
    return error and error[0]
