"""Other people's packets: real queues on the wires, and the void of a fault that nothing met."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from callcheck.lab import play
from callcheck.lab.lab import Lab, Process
from callcheck.lab.scenario import parse
from callcheck.lab.traffic_ends import traffic_ends

from .conftest import CONTROL, PORT, RELAY, TRUTH, echo_process

MakeLab = Callable[..., Lab]
InClient = Callable[..., Any]
# Round trips in ms to both echoes, asked side by side every 20 ms; null for silence.
ROUND_TRIPS = """
import json, socket, sys, time
found = {}
sockets = {}
for address in sys.argv[3:]:
    one = sockets[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.connect((address, int(sys.argv[1])))
    one.settimeout(1.5)
    found[address] = []
time.sleep(1.5)  # until the others' flows have filled what they fill
for n in range(int(sys.argv[2])):
    for address, one in sockets.items():
        start = time.monotonic()
        one.send(b"%d" % n)
        try:
            while one.recv(99) != b"%d" % n:
                pass
            found[address].append((time.monotonic() - start) * 1000)
        except TimeoutError:
            found[address].append(None)
    time.sleep(0.02)
print(json.dumps(found))
"""


def wait_until_traffic_gave_up(lab: Lab) -> None:
    """Until the traffic's process is gone; a process that only waits to be collected has no command line."""
    assert lab.directory is not None
    config = str(lab.directory / "traffic.json").encode()
    deadline_s = time.monotonic() + 30
    while any(config in command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline")):
        assert time.monotonic() < deadline_s, "the traffic went on for 30 s"
        time.sleep(0.05)


def command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def lab_with(make_lab: MakeLab, text: str) -> Lab:
    scenario = parse(f'id = "test"\nsummary = "s"\nseed = 1\n{text}\n{TRUTH}')
    ends = traffic_ends(scenario)
    hosts = {"inet": [RELAY, CONTROL, *(end.far_address for end in ends if end.far_namespace == "inet")]}

    def processes(directory: Path) -> list[Process]:
        config = directory / "traffic.json"
        config.write_text(json.dumps([asdict(end) for end in ends]), encoding="utf-8")
        argv = (sys.executable, "-S", "-P", "-m", "callcheck.lab.traffic", str(config))
        return [echo_process(), *([Process("traffic", "inet", argv)] if ends else [])]

    return make_lab(text, processes=processes, hosts=hosts)


def median(values: list[float | None]) -> float:
    answered = sorted(value for value in values if value is not None)
    return answered[len(answered) // 2]


@pytest.mark.lab
@pytest.mark.parametrize("nat", ["cone", "cgnat"])
def test_a_download_fills_the_queue_before_the_home(make_lab: MakeLab, in_client: InClient, nat: str) -> None:
    text = f'[topology]\nnat = "{nat}"\n[[wire.access.down]]\nrate_kbps = 8000\nqueue_kb = 200\n'
    quiet = lab_with(make_lab, text)
    busy = lab_with(make_lab, text + '[[cross_traffic]]\nwire = "access"\ndirection = "down"\ntcp_flows = 2')
    idle_ms, loaded_ms = (median(in_client(lab, ROUND_TRIPS, PORT, 20, CONTROL)[CONTROL]) for lab in (quiet, busy))
    # 200 kB at 8 Mbit/s take 200 ms; TCP keeps such a queue at least half full.
    assert loaded_ms > idle_ms + 80
    outcome = busy.stop()
    (down,) = (wire for wire in outcome.wires if (wire.wire, wire.direction) == ("access", "down"))
    assert down.bytes > 1_000_000


@pytest.mark.lab
def test_traffic_to_one_prefix_holds_up_that_prefix_alone(make_lab: MakeLab, in_client: InClient) -> None:
    lab = lab_with(
        make_lab,
        '[[wire.far.down]]\nrate_kbps = 4000\nqueue_kb = 100\nprefixes = ["149.154.160.0/20"]\n'
        '[[cross_traffic]]\nwire = "far"\ndirection = "down"\ntcp_flows = 3\nprefixes = ["149.154.160.0/20"]',
    )
    found = in_client(lab, ROUND_TRIPS, PORT, 20, RELAY, CONTROL)
    assert median(found[RELAY]) > median(found[CONTROL]) + 50


@pytest.mark.lab
def test_udp_traffic_upward_comes_at_its_rate_and_pauses(make_lab: MakeLab, in_client: InClient) -> None:
    lab = lab_with(
        make_lab, '[[cross_traffic]]\nwire = "core"\ndirection = "up"\nrate_kbps = 2000\non_s = 0.5\noff_s = 0.5'
    )
    in_client(lab, ROUND_TRIPS, PORT, 40, CONTROL)
    outcome = lab.stop()
    count = {(wire.wire, wire.direction): wire for wire in outcome.wires}
    # Half of 2 Mbit/s for the two seconds and more that the client runs; nothing of it on other wires.
    assert count["core", "up"].bytes > 150_000
    assert count["far", "up"].bytes < 50_000
    assert count["access", "up"].bytes < 50_000


@pytest.mark.lab
def test_traffic_begins_although_the_first_packets_are_lost_and_is_missed_where_it_never_comes(
    make_lab: MakeLab, in_client: InClient
) -> None:
    down = '[[cross_traffic]]\nwire = "core"\ndirection = "down"\nrate_kbps = 2000\n'
    late = lab_with(make_lab, "[[wire.core.up]]\nloss = 1\nwhen = {to_s = 1.5}\n" + down)
    never = lab_with(make_lab, "[[wire.core.up]]\nloss = 1\n" + down)
    wait_until_traffic_gave_up(never)
    (core,) = (wire for wire in late.stop().wires if (wire.wire, wire.direction) == ("core", "down"))
    assert core.bytes > 300_000
    assert any("never got through" in reason for reason in never.stop().void)


def test_every_stream_of_the_catalogue_has_two_ends() -> None:
    for name in play.built_in():
        scenario = play.find(name)
        assert len(traffic_ends(scenario)) == len(scenario.cross_traffic)


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
def test_a_fault_that_nothing_meets_makes_a_run_void_and_is_told_apart_from_mishaps() -> None:
    with play.lab_of(play.find("telegram-relays-down"), real_servers=False) as lab:
        outcome = lab.stop()
    assert set(outcome.unmet) == {
        "nothing was sent to telegram-relay, which has a fault",
        "nothing was sent to telegram-turn, which has a fault",
    }
    assert set(outcome.unmet) <= set(outcome.void)
