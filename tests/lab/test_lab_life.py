"""How labs begin and end: who may run one, what is said when it cannot start, and that nothing outlives it."""

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

from callcheck.lab.lab import Lab, LabError, LabUnavailable, Listening, Process
from callcheck.lab.scenario import parse

from .conftest import ASK, CONTROL, PORT, RELAY, TRUTH, echo_process

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
InClient = Callable[..., Any]

# Runs a lab until it is killed or told to stop, and says where its directory is.
MAKER = """
import sys
from callcheck.lab.lab import Lab, Listening, Process
from callcheck.lab.scenario import parse
argv = (sys.executable, "-c", sys.argv[2], "7000", "8.8.8.8")
echo = Process("echo", "inet", argv, (Listening("udp", "8.8.8.8", 7000),))
lab = Lab(parse(sys.argv[1]), processes=lambda directory: [echo], hosts={"inet": ["8.8.8.8"]}, resolver="8.8.8.8")
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
    argv = (sys.executable, "-c", "raise SystemExit('no such luck')")
    broken = Process("broken", "isp", argv, (Listening("udp", RELAY, PORT),))
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
    assert any(reason.startswith("echo-inet ended with -9") for reason in lab.stop().void)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def test_a_tunnel_that_this_user_may_not_make_is_said_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, lab_possible: None
) -> None:
    monkeypatch.setattr("callcheck.lab.lab.TUN_DEVICE", "/dev/net/no-such-thing")
    scenario = parse(f'id = "a"\nsummary = "s"\n[topology]\ntunnel = true\n{TRUTH}')
    with pytest.raises(LabUnavailable, match="may not open /dev/net/no-such-thing"):
        Lab(scenario, processes=lambda _: [], hosts={}, resolver=CONTROL).start()


def test_an_address_of_the_routers_cannot_be_a_server() -> None:
    scenario = parse(f'id = "a"\nsummary = "s"\n{TRUTH}')
    lab = Lab(scenario, processes=lambda _: [], hosts={"inet": ["192.168.1.9"]}, resolver=CONTROL)
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
        Lab(parse(f'id = "a"\nsummary = "s"\n{TRUTH}'), processes=lambda _: [], hosts={}, resolver=CONTROL).start()
