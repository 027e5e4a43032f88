"""The lab on a real kernel: routers, translation, delay, loss, rules, and that nothing outlives it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callcheck.lab.lab import Lab, LabError, LabUnavailable, Process
from callcheck.lab.scenario import parse

from .conftest import CONTROL, PORT, RELAY, TRUTH, echo_process

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
InClient = Callable[..., Any]

# Sends `count` datagrams to each address and counts the answers; the shortest round trip in ms, or null.
ASK = """
import json, socket, sys, time
answers, shortest_ms = {}, {}
for address in sys.argv[3:]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((address, int(sys.argv[2])))
        sent = {}
        for n in range(int(sys.argv[1])):
            sent[n] = time.monotonic()
            one.send(n.to_bytes(2, "big") * 50)
            time.sleep(0.002)
        one.settimeout(0.4)
        times = []
        try:
            while len(times) < len(sent):
                n = int.from_bytes(one.recv(2048)[:2], "big")
                times.append((time.monotonic() - sent[n]) * 1000)
        except TimeoutError:
            pass
        answers[address] = len(times)
        shortest_ms[address] = min(times, default=None)
print(json.dumps([answers, shortest_ms]))
"""
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
# Runs a lab until it is killed or told to stop, and says where its directory is.
MAKER = """
import sys
from callcheck.lab.lab import Lab, Process
from callcheck.lab.scenario import parse
echo = Process("echo", "inet", (sys.executable, "-c", sys.argv[2], "7000", "8.8.8.8"), ready_udp=(("8.8.8.8", 7000),))
lab = Lab(parse(sys.argv[1]), processes=lambda directory: [echo], addresses=["8.8.8.8"], resolver="8.8.8.8")
if reason := Lab.why_not():
    sys.exit("unavailable: " + reason)
with lab:
    import subprocess
    print(lab.directory, flush=True)
    subprocess.run(lab.argv([sys.executable, "-S", "-c", sys.argv[3], "5", "7000", "8.8.8.8"]), check=True)
    sys.stdout.flush()
    sys.stdin.readline()
print(lab.stop().void)
"""


def lab_processes(directory: Path) -> list[int]:
    """The processes that live (zombies do not) and whose command line or open log names the lab's directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            named = str(directory) in (entry / "cmdline").read_text(encoding="utf-8", errors="replace")
            named = named or str(directory) in os.readlink(entry / "fd" / "1")  # noqa: PTH115  a text, not a path
            if named and (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX":
                found.append(int(entry.name))
        except OSError:  # it ended while we looked
            continue
    return found


def wait_until_gone(directory: Path) -> list[int]:
    """The processes that are left when all are gone or ten seconds have passed."""
    deadline_s = time.monotonic() + 10
    while (left := lab_processes(directory)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return left


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
    lab = make_lab("[[wire.core.up]]\ndelay_ms = 15\n[[wire.far.down]]\ndelay_ms = 20\n[[wire.lan.down]]\ndelay_ms = 5")
    _, shortest_ms = in_client(lab, ASK, 100, PORT, CONTROL)
    # The shortest of 100 round trips is one that no other process of the machine held up.
    assert 40 <= shortest_ms[CONTROL] < 45


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


def test_labs_run_side_by_side_and_leave_nothing(make_lab: MakeLab, in_client: InClient, tmp_path: Path) -> None:
    directories = []
    labs = [make_lab(keep=tmp_path / "kept"), make_lab("[[wire.core.rule]]\naction = {drop = 1}")]
    seen = [in_client(lab, ASK, 5, PORT, CONTROL)[0][CONTROL] for lab in labs]
    assert seen == [5, 0]
    for lab in labs:
        assert lab.directory is not None
        directories.append(lab.directory)
        assert lab_processes(lab.directory)
        assert lab.stop() is lab.stop()
    for directory in directories:
        assert not directory.exists()
        assert wait_until_gone(directory) == []
    assert (tmp_path / "kept" / "wire-log.json").exists()
    assert not Path("/run/netns/client").exists()


def test_a_stopped_lab_runs_nothing(make_lab: MakeLab) -> None:
    lab = make_lab()
    with pytest.raises(LabError, match="no namespace moon"):
        lab.argv(["true"], namespace="moon")
    with pytest.raises(LabError, match="only once"):
        lab.start()
    lab.stop()
    with pytest.raises(LabError, match="not running"):
        lab.argv(["true"])


def test_a_server_that_cannot_start_is_named_with_its_last_words(make_lab: MakeLab) -> None:
    broken = Process("broken", "isp", (sys.executable, "-c", "raise SystemExit('no such luck')"))
    with pytest.raises(LabError, match="broken ended with 1: no such luck"):
        make_lab(processes=lambda _directory: [broken])


def test_a_server_that_dies_later_makes_the_run_void(make_lab: MakeLab) -> None:
    lab = make_lab()
    assert lab.directory is not None
    (pid,) = (pid for pid in lab_processes(lab.directory) if RELAY in command_line(pid))
    os.kill(pid, signal.SIGKILL)
    deadline_s = time.monotonic() + 10
    while pid in lab_processes(lab.directory) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert any(reason.startswith("echo ended with -9") for reason in lab.stop().void)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def test_an_address_of_the_routers_cannot_be_a_server() -> None:
    scenario = parse(f'id = "a"\nsummary = "s"\n{TRUTH}')
    lab = Lab(scenario, processes=lambda _: [], addresses=["192.168.1.9"], resolver=CONTROL)
    with pytest.raises((LabError, LabUnavailable)):
        lab.start()
    assert lab.directory is None or not lab.directory.exists()


def start_maker(*prefix: str, python: str = sys.executable, directory: str = "/") -> "subprocess.Popen[str]":
    scenario = f'id = "a"\nsummary = "s"\n{TRUTH}'
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": "/nonexistent"}
    words = [*prefix, python, "-c", MAKER, scenario, echo_process().argv[2], ASK]
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=directory
    )


def first_line(process: "subprocess.Popen[str]") -> Path:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line.startswith("/"), line
    return Path(line)


@pytest.mark.parametrize("victim", ["supervisor", "unshare", "maker"])
def test_no_process_survives_when_one_is_killed(lab_possible: None, victim: str) -> None:
    with start_maker() as maker:
        directory = first_line(maker)
        assert maker.stdout is not None
        maker.stdout.readline()
        processes = sorted(lab_processes(directory))
        assert len(processes) >= 4  # unshare, supervisor, bridge, echo
        by_name = {command_line(pid).split("\0")[0].rsplit("/", 1)[-1]: pid for pid in reversed(processes)}
        python_pids = [pid for pid in processes if "callcheck.lab.supervisor" in command_line(pid)]
        pid = {"supervisor": python_pids[-1], "unshare": by_name["unshare"], "maker": maker.pid}[victim]
        os.kill(pid, signal.SIGKILL)
        assert wait_until_gone(directory) == []
        maker.kill()
    shutil.rmtree(directory, ignore_errors=True)


def test_what_a_killed_lab_left_is_swept_by_the_next(make_lab: MakeLab) -> None:
    with start_maker() as maker:
        left = first_line(maker)
        maker.kill()
    assert wait_until_gone(left) == []
    long_ago_s = time.time() - 3600
    os.utime(left, (long_ago_s, long_ago_s))
    running = make_lab()
    assert running.directory is not None
    os.utime(running.directory, (long_ago_s, long_ago_s))
    make_lab()
    assert not left.exists()
    assert running.directory.exists()


def finished(maker: "subprocess.Popen[str]") -> list[str]:
    output, _ = maker.communicate("stop\n", timeout=30)
    assert maker.returncode == 0, output
    return output.splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_the_lab(lab_possible: None) -> None:
    python = shutil.which("python3.11", path="/usr/bin") or shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("no Python that every user may read")
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    with start_maker(*become, python=python) as maker:
        lines = finished(maker)
    assert '{"8.8.8.8": 5}' in lines[1]


def test_root_runs_the_lab_where_user_namespaces_are_refused(lab_possible: None) -> None:
    refuse = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    with start_maker("unshare", "-Ur", "sh", "-c", refuse, "sh") as maker:
        lines = finished(maker)
    assert '{"8.8.8.8": 5}' in lines[1]


def test_a_machine_that_refuses_namespaces_is_told_in_one_line(lab_possible: None) -> None:
    refuse = 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"'
    ask = "from callcheck.lab.lab import Lab; print(Lab.why_not())"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    words = ["unshare", "-Ur", "sh", "-c", refuse, "sh", sys.executable, "-c", ask]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    (line,) = done.stdout.splitlines()
    assert line.startswith("this system refuses network namespaces: ")
    assert done.stderr == ""


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcheck.lab.supervisor._TOOLS", ("sh", "no-such-program"))
    assert Lab.why_not() == "no-such-program is not installed"
    with pytest.raises(LabUnavailable, match="no-such-program"):
        Lab(parse(f'id = "a"\nsummary = "s"\n{TRUTH}'), processes=lambda _: [], addresses=[], resolver=CONTROL).start()
