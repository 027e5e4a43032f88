"""The shapes that the lab's network may take, as programs inside it see them."""

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from callcheck.lab.lab import Lab, Listening, Process
from callcheck.lab.servers.real import which
from callcheck.lab.topology import ipv6_of

from .conftest import CONTROL, PORT, RELAY, echo_process

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
InClient = Callable[..., Any]

# How an echo at each address sees one socket of the client, asked again after each pause; null for silence.
WHO = """
import json, socket, sys, time
seen = []
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.settimeout(0.7)
    for pause in map(float, sys.argv[3].split(",")):
        time.sleep(pause)
        one.sendto(b"who", (sys.argv[1], int(sys.argv[2])))
        try:
            seen.append(list(eval(one.recv(200))))
        except TimeoutError:
            seen.append(None)
print(json.dumps(seen))
"""
# How two echoes see one socket, at once and again after a pause.
TWO_PLACES = """
import json, socket, sys, time
pairs = []
for pause in (0, float(sys.argv[2])):
    time.sleep(pause)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(2)
        pair = []
        for address in sys.argv[3:]:
            one.sendto(b"who", (address, int(sys.argv[1])))
            pair.append(list(eval(one.recv(200))))
        pairs.append(pair)
print(json.dumps(pairs))
"""
# How many of so many sockets get an answer.
SOCKETS = """
import json, socket, sys
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(int(sys.argv[3]))]
for one in sockets:
    one.settimeout(0.3)
    one.sendto(b"x", (sys.argv[1], int(sys.argv[2])))
answers = 0
for one in sockets:
    try:
        answers += one.recv(9) == b"x"
    except TimeoutError:
        pass
    one.close()
print(json.dumps(answers))
"""
ECHO_IPV6 = """
import socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
    one.bind((sys.argv[1], 7000))
    while True:
        data, sender = one.recvfrom(99)
        one.sendto(data, sender)
"""
ASK_IPV6 = """
import json, socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
    one.settimeout(2)
    one.sendto(b"x", (sys.argv[1], 7000))
    try:
        print(json.dumps(one.recv(9) == b"x"))
    except TimeoutError:
        print("false")
"""
HOPS = """
import json, select, socket, sys
count, found = int(sys.argv[2]), {}
for ttl in (1, 2, 3):
    found[ttl] = 0
    for _ in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            one.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
            one.sendto(b"hello", (sys.argv[1], 9))
            poll = select.poll()
            poll.register(one, select.POLLERR)
            found[ttl] += bool(poll.poll(150))
print(json.dumps(found))
"""
TUNNEL = '[topology]\ntunnel = true\n[[wire.core.rule]]\nmatch = {proto = "udp", ports = [7000]}\naction = {drop = 1}'
SPLIT = TUNNEL.replace("tunnel = true", 'tunnel_prefixes = ["149.154.160.0/20"]')


def test_each_translation_is_what_coturns_own_client_calls_it(make_lab: MakeLab) -> None:
    turnserver = which("turnserver")
    if turnserver is None:
        pytest.skip("coturn is not installed")
    one, other = "198.18.6.1", "198.18.6.2"
    options = ("-n", "--no-cli", "--no-tls", "--no-dtls", "--lt-cred-mech", "--user", "callcheck:lab", "--realm", "lab")
    ready = (Listening("udp", one, 3478), Listening("udp", other, 3479))

    def processes(directory: Path) -> list[Process]:
        files = ("--userdb", str(directory / "turn.db"), "--pidfile", str(directory / "turn.pid"))
        return [Process("coturn", "inet", (turnserver, *options, *files, "-L", one, "-L", other), ready)]

    def discovered(nat: str) -> list[str]:
        lab = make_lab(scenario=f'[topology]\nnat = "{nat}"', processes=processes, hosts={"inet": [one, other]})
        command = lab.argv(["timeout", "25", "turnutils_natdiscovery", "-m", "-f", one])
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return re.findall(r"NAT with (.*?) (?:Mapping|Filtering)", said)

    independent, by_address, by_both = "Endpoint Independent", "Address Dependent", "Address and Port Dependent"
    wanted = {
        "cone": [independent, by_both],
        "full_cone": [independent, independent],
        "restricted": [independent, by_address],
        "symmetric": [by_both, by_both],
        "cgnat": [independent, by_both],
    }
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        assert dict(zip(wanted, pool.map(discovered, wanted), strict=True)) == wanted


def test_a_provider_that_translates_shows_its_own_address_and_caps_the_flows(
    make_lab: MakeLab, in_client: InClient
) -> None:
    lab = make_lab(scenario='[topology]\nnat = "cgnat"\nnat_sessions = 20')
    ((address, _port),) = in_client(lab, WHO, CONTROL, PORT, "0")
    assert address == "203.0.113.1"
    assert in_client(lab, SOCKETS, CONTROL, PORT, 40) == 19  # the flow before still counts


def test_a_home_that_gets_another_address_keeps_its_port(make_lab: MakeLab, in_client: InClient) -> None:
    mover = Process("rebind", "cpe", (sys.executable, "-S", "-P", "-m", "callcheck.lab.rebind", "1.5", "cone"))
    lab = make_lab(scenario="[topology]\nrebind_s = 1.5", processes=lambda _: [echo_process(), mover])
    seen = in_client(lab, WHO, CONTROL, PORT, "0,0.3,0.3,0.3,0.3,0.3")
    assert seen[0][0] == "198.51.100.2"
    assert "198.51.100.6" in [address for address, _ in seen]
    assert len({port for _, port in seen}) == 1


def test_a_router_that_forgets_soon_gives_a_flow_that_paused_another_port(
    make_lab: MakeLab, in_client: InClient
) -> None:
    lab = make_lab(scenario='[topology]\nnat = "symmetric"\nnat_idle_s = 1')
    ports = [port for _, port in in_client(lab, WHO, CONTROL, PORT, "0,0.2,2.5")]
    assert ports[0] == ports[1] != ports[2]


@pytest.mark.parametrize(
    ("scenario", "seen"),
    [
        (TUNNEL, {RELAY: "192.0.2.2", CONTROL: "192.0.2.2"}),
        (SPLIT, {RELAY: "192.0.2.2", CONTROL: None}),
    ],
)
def test_a_tunnel_goes_around_the_middlebox(
    make_lab: MakeLab, in_client: InClient, scenario: str, seen: dict[str, str | None]
) -> None:
    is_whole = "tunnel = true" in scenario
    words = ("client", "192.168.1.1", "default") if is_whole else ("cpe", "198.51.100.1", "149.154.160.0/20")
    argv = (sys.executable, "-S", "-P", "-m", "callcheck.lab.tunnel", *words)
    mover = Process("tunnel", words[0], argv, (Listening("udp", "198.18.250.1", 51820, "inet"),))
    hosts = {"inet": [RELAY, CONTROL, "198.18.250.1"]}
    lab = make_lab(scenario=scenario, processes=lambda _: [echo_process(), mover], hosts=hosts)
    for address, wanted in seen.items():
        (answer,) = in_client(lab, WHO, address, PORT, "0")
        assert (answer and answer[0]) == wanted
    devices = 'import json, os; print(json.dumps(os.path.exists("/sys/class/net/tun0")))'
    assert in_client(lab, devices) == is_whole


@pytest.mark.parametrize("rule", ["", '[[wire.core.rule]]\nmatch = {prefixes = ["::/0"]}\naction = {drop = 1}'])
def test_servers_have_an_ipv6_address_too_which_rules_can_name(
    make_lab: MakeLab, in_client: InClient, rule: str
) -> None:
    address = ipv6_of(CONTROL)
    process = Process("echo6", "inet", (sys.executable, "-c", ECHO_IPV6, address), (Listening("udp", address, 7000),))
    lab = make_lab(scenario="[topology]\nipv6 = true", wires=rule, processes=lambda _: [echo_process(), process])
    assert in_client(lab, ASK_IPV6, address) == (not rule)
    assert in_client(lab, WHO, CONTROL, PORT, "0") != [None]


@pytest.mark.parametrize(
    ("manner", "least", "most"),
    [("answers", [8, 8, 8], [8, 8, 8]), ("limited", [8, 1, 1], [8, 7, 7]), ("withheld", [8, 0, 0], [8, 0, 0])],
)
def test_routers_answer_limit_or_withhold_their_icmp_errors(
    make_lab: MakeLab, in_client: InClient, manner: str, least: list[int], most: list[int]
) -> None:
    found = in_client(make_lab(scenario=f'[topology]\nicmp = "{manner}"'), HOPS, RELAY, 8)
    for count, low, high in zip(found.values(), least, most, strict=True):
        assert low <= count <= high


def test_a_symmetric_home_stays_symmetric_when_it_gets_another_address(make_lab: MakeLab, in_client: InClient) -> None:
    argv = (sys.executable, "-S", "-P", "-m", "callcheck.lab.rebind", "1", "symmetric")
    lab = make_lab(
        scenario='[topology]\nnat = "symmetric"\nrebind_s = 1',
        processes=lambda _: [echo_process(), Process("rebind", "cpe", argv)],
    )
    pairs = in_client(lab, TWO_PLACES, PORT, 1.5, RELAY, CONTROL)
    assert {address for pair in pairs for address, _ in pair} == {"198.51.100.2", "198.51.100.6"}
    assert all(here[1] != there[1] for here, there in pairs)


@pytest.mark.parametrize("closed", ["portal", "domestic_only"])
def test_the_newer_addresses_lead_around_no_closed_door(make_lab: MakeLab, in_client: InClient, closed: str) -> None:
    address = ipv6_of(CONTROL)
    process = Process("echo6", "inet", (sys.executable, "-c", ECHO_IPV6, address), (Listening("udp", address, 7000),))
    lab = make_lab(scenario=f"[topology]\nipv6 = true\n{closed} = true", processes=lambda _: [echo_process(), process])
    assert not in_client(lab, ASK_IPV6, address)
    assert in_client(lab, WHO, CONTROL, PORT, "0") == [None]


def test_a_homes_tunnel_starts_behind_a_provider_that_translates(make_lab: MakeLab, in_client: InClient) -> None:
    argv = (sys.executable, "-S", "-P", "-m", "callcheck.lab.tunnel", "cpe", "100.64.7.1", "149.154.160.0/20")
    mover = Process("tunnel", "cpe", argv, (Listening("udp", "198.18.250.1", 51820, "inet"),))
    lab = make_lab(
        scenario='[topology]\nnat = "cgnat"\ntunnel_prefixes = ["149.154.160.0/20"]',
        processes=lambda _: [echo_process(), mover],
        hosts={"inet": [RELAY, CONTROL, "198.18.250.1"]},
    )
    assert in_client(lab, WHO, RELAY, PORT, "0")[0][0] == "192.0.2.2"
    assert in_client(lab, WHO, CONTROL, PORT, "0")[0][0] == "203.0.113.1"


def test_only_the_domestic_part_is_left(make_lab: MakeLab, in_client: InClient) -> None:
    hosts = {"inet": [RELAY], "transit": [CONTROL]}
    processes = [
        echo_process(namespace="inet", addresses=[RELAY]),
        echo_process(namespace="transit", addresses=[CONTROL]),
    ]
    lab = make_lab(scenario="[topology]\ndomestic_only = true", processes=lambda _: processes, hosts=hosts)
    assert in_client(lab, WHO, RELAY, PORT, "0") == [None]
    assert in_client(lab, WHO, CONTROL, PORT, "0") != [None]
