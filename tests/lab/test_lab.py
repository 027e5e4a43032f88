"""The lab on a real kernel: routers, translation, delay, loss, rules and streams."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callcheck.lab.lab import Lab, Listening, Process

from .conftest import ASK, CONTROL, PORT, RELAY

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
InClient = Callable[..., Any]

# For each time to live: who sent the ICMP error, its type and its code.
HOPS = """
import json, select, socket, struct, sys
found = []
for ttl in range(1, 6):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        one.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        one.sendto(b"hello", (sys.argv[1], 9))
        poll = select.poll()
        poll.register(one, select.POLLERR)
        if not poll.poll(1000):
            found.append(None)
            continue
        _, ancillary, _, _ = one.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        error = ancillary[0][2]
        kind, code = error[5], error[6]
        found.append([socket.inet_ntoa(error[20:24]), kind, code])
print(json.dumps(found))
"""
WHO = """
import json, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.settimeout(2)
    one.sendto(b"who", (sys.argv[1], int(sys.argv[2])))
    print(json.dumps(eval(one.recv(200))[0]))
"""
MAY = """
import json, socket
def may(kind, protocol):
    try:
        socket.socket(socket.AF_INET, kind, protocol).close()
    except PermissionError:
        return False
    return True
icmp = socket.IPPROTO_ICMP
print(json.dumps({"raw": may(socket.SOCK_RAW, icmp), "ping": may(socket.SOCK_DGRAM, icmp)}))
"""
# Serves 2 MB to whoever connects; and takes them, saying how many bytes came and with which congestion control.
BULK_SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], 8000)) as server:
    while True:
        one, _ = server.accept()
        with one:
            one.sendall(bytes(2_000_000))
"""
BULK_CLIENT = """
import json, socket, sys
total = 0
with socket.create_connection((sys.argv[1], 8000), 10) as one:
    control = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(bytes(1)).decode()
    while chunk := one.recv(65536):
        total += len(chunk)
print(json.dumps([total, control]))
"""


def test_every_router_answers_in_its_turn_and_the_last_host_says_that_the_port_is_closed(
    make_lab: MakeLab, in_client: InClient
) -> None:
    hops = in_client(make_lab(), HOPS, RELAY)
    expired, closed = [11, 0], [3, 3]
    assert hops == [
        ["192.168.1.1", *expired],
        ["198.51.100.1", *expired],
        ["203.0.113.2", *expired],
        [RELAY, *closed],
        [RELAY, *closed],
    ]


@pytest.mark.parametrize(("nat", "seen"), [("cone", "198.51.100.2"), ("none", "192.168.1.10")])
def test_the_home_router_translates_or_does_not(make_lab: MakeLab, in_client: InClient, nat: str, seen: str) -> None:
    lab = make_lab(scenario=f'[topology]\nnat = "{nat}"')
    assert in_client(lab, WHO, CONTROL, PORT) == seen


def test_the_client_has_the_labs_resolver_and_no_rights(make_lab: MakeLab, in_client: InClient) -> None:
    lab = make_lab()
    resolver = 'import json; print(json.dumps(open("/etc/resolv.conf").read().split()[:2]))'
    assert in_client(lab, resolver) == ["nameserver", CONTROL]
    assert in_client(lab, MAY) == {"raw": False, "ping": True}
    assert in_client(lab, MAY, unprivileged=False)["raw"]
    assert CONTROL not in Path("/etc/resolv.conf").read_text(encoding="utf-8")


def test_ping_without_rights_can_be_withheld(make_lab: MakeLab, in_client: InClient) -> None:
    assert in_client(make_lab(icmp_ping=False), MAY) == {"raw": False, "ping": False}


def test_delays_of_all_wires_add_up_and_little_comes_on_top(make_lab: MakeLab, in_client: InClient) -> None:
    delays = {"core.up": 60, "far.down": 80, "lan.down": 20}
    lab = make_lab("\n".join(f"[[wire.{wire}]]\ndelay_ms = {delay_ms}" for wire, delay_ms in delays.items()))
    _, shortest_ms = in_client(lab, ASK, 100, PORT, CONTROL)
    # The shortest of 100 round trips is one that hardly anything held up; a delay counted twice makes it 180.
    assert 160 <= shortest_ms[CONTROL] < 180


def test_the_wires_counters_agree_with_what_the_client_sees(make_lab: MakeLab, in_client: InClient) -> None:
    lab = make_lab("[[wire.lan.up]]\nloss = 0.3\n[[wire.far.down]]\nloss = 0.1")
    answers, _ = in_client(lab, ASK, 200, PORT, CONTROL)
    outcome = lab.stop()
    count = {(wire.wire, wire.direction): wire for wire in outcome.wires}
    assert count["lan", "up"].packets == 200
    assert count["access", "up"].packets == 200 - count["lan", "up"].lost
    assert count["far", "down"].packets == count["access", "up"].packets
    assert answers[CONTROL] == count["lan", "down"].packets == 200 - count["lan", "up"].lost - count["far", "down"].lost
    assert count["lan", "up"].lost > 0
    assert count["far", "down"].lost > 0


def test_one_seed_loses_as_many_packets_in_every_lab(make_lab: MakeLab, in_client: InClient) -> None:
    wires = "[[wire.core.up]]\nloss = 0.5"
    first, second = (in_client(make_lab(wires), ASK, 60, PORT, CONTROL)[0] for _ in range(2))
    assert first == second
    assert 0 < first[CONTROL] < 60


def test_a_rule_drops_its_own_flows_and_counts_them(make_lab: MakeLab, in_client: InClient) -> None:
    wires = """
[[wire.core.rule]]
match = {proto = "udp", prefixes = ["149.154.160.0/20"], direction = "up"}
after = {packets = 12}
action = {drop = 1.0}
[[wire.far.rule]]
match = {proto = "tcp"}
action = {drop = 1.0}
"""
    lab = make_lab(wires)
    answers, _ = in_client(lab, ASK, 30, PORT, RELAY, CONTROL)
    assert answers == {RELAY: 12, CONTROL: 30}
    outcome = lab.stop()
    assert [(rule.name, rule.matched, rule.hits) for rule in outcome.rules] == [
        ("rule 1 on core", 30, 18),
        ("rule 1 on far", 0, 0),
    ]
    assert "rule 1 on far never hit" in outcome.void


def test_a_tcp_stream_arrives_whole_in_frames_of_the_wires_size(make_lab: MakeLab, in_client: InClient) -> None:
    server = Process(
        "bulk", "inet", (sys.executable, "-c", BULK_SERVER, CONTROL), ready=(Listening("tcp", CONTROL, 8000),)
    )
    lab = make_lab("[[wire.access.down]]\nrate_kbps = 40000\nqueue_kb = 200", processes=lambda _: [server])
    assert in_client(lab, BULK_CLIENT, CONTROL) == [2_000_000, "reno"]
    outcome = lab.stop()
    (into_home,) = (wire for wire in outcome.wires if (wire.wire, wire.direction) == ("lan", "down"))
    assert into_home.bytes >= 2_000_000 + 40 * (2_000_000 // 1460)
    assert into_home.bytes / into_home.packets <= 1500
    # A frame larger than the wire's would have been cut, and counted as lost by the lab.
    assert not any("itself" in reason for reason in outcome.void)
