"""`python -m callcheck.lab.supervisor DIRECTORY`: the first process of a lab's pid namespace; standard library only.

Builds the network, starts the bridge and the servers that DIRECTORY/lab.json names, prints `{"ready": true}` or
`{"error": TEXT}`, waits for `stop` or the end of stdin, and prints `{"died": [TEXT]}`. When it ends, the kernel ends
every process of the lab. The lower half says how such a process is made and its namespaces entered.
"""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from callcheck.lab import topology, translation
from callcheck.lab.namespaces import inside, run_with_input

_READY_SECONDS: Final = 15.0
_BRIDGE_END_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.005
_TAIL_CHARACTERS: Final = 400
_TCP_LISTEN: Final = "0A"  # net/tcp_states.h
_RESOLV_CONF: Final = Path("/etc/resolv.conf")
_TOOLS: Final = ("unshare", "nsenter", "setpriv", "mount", "ip", "nft")
_PYTHON: Final = (sys.executable, "-S", "-P", "-m")
_BRIDGE: Final = {"name": "bridge", "namespace": "wire"}
_PROBE: Final = """set -e
mount -t tmpfs none /run
mkdir /run/netns
ip netns add cclab
ip link add name probe0 netns cclab type veth peer name probe1
ip netns exec cclab nft -f -
"""


class _NotReadyError(Exception):
    """The lab cannot be started; the text is one line."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A process of the lab, the sockets that say that it is ready, and where it writes."""

    name: str
    namespace: str
    process: "subprocess.Popen[bytes]"
    log: Path
    sockets: frozenset[tuple[str, str]]  # the namespace, and the socket in it
    file: str | None = None

    def death(self) -> str | None:
        """One line about how it ended; None while it runs."""
        if self.process.poll() is None:
            return None
        tail = " ".join(self.log.read_text(encoding="utf-8", errors="replace").split())[-_TAIL_CHARACTERS:]
        return f"{self.name} ended with {self.process.returncode}: {tail or 'it said nothing'}"


def main(directory: Path) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that made the lab decides when it ends
    try:
        running = _start(directory)
    except (_NotReadyError, OSError, ValueError, subprocess.CalledProcessError) as problem:
        _say({"error": _one_line(problem)})
        os._exit(1)
    _say({"ready": True})
    sys.stdin.readline()
    died = [death for one in running if (death := one.death())]
    _end_bridge(running[0])
    _say({"died": died})
    # The kernel kills what is left in the pid namespace; nothing here needs an orderly end.
    os._exit(0)


def _start(directory: Path) -> list[_Running]:
    plan = json.loads((directory / "lab.json").read_text(encoding="utf-8"))
    _cover_files(directory / "resolv.conf")
    bridge = _start_early(directory, _BRIDGE | {"argv": [*_PYTHON, "callcheck.lab.wire", str(directory / "wire.json")]})
    # Only the bridge keeps the real-time scheduling that `real_time` may have given. Some kernel settings are set by
    # trying a lock until it is free, and a real-time process that does so keeps the lock's owner from running.
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    early = [bridge, *(_start_early(directory, process) for process in plan["processes"] if process["waits"])]
    topology.build(topology.Shape(**plan["shape"]))
    for one in early:
        _let_go(one)
    running = [*early, *(_spawn(directory, process) for process in plan["processes"] if not process["waits"])]
    _wait_until_ready(running)
    return running


def _start_early(directory: Path, process: dict[str, Any]) -> _Running:
    """A program that loads while the network is being made, and waits for a line before it enters namespaces."""
    return _open(directory, process, stdin=subprocess.PIPE)


def _spawn(directory: Path, process: dict[str, Any]) -> _Running:
    """A program that lives in its namespace from the start."""
    return inside(process["namespace"], lambda: _open(directory, process, stdin=subprocess.DEVNULL))


def _open(directory: Path, process: dict[str, Any], *, stdin: int) -> _Running:
    log = directory / f"{process['name']}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(process["argv"], stdin=stdin, stdout=output, stderr=output, cwd="/")
    return _Running(process["name"], process["namespace"], child, log, _sockets(process), process.get("writes"))


def _let_go(one: _Running) -> None:
    assert one.process.stdin is not None
    try:
        one.process.stdin.write(b"\n")
        one.process.stdin.close()
    except BrokenPipeError:
        raise _NotReadyError(one.death() or f"{one.name} ended before it began") from None


def _cover_files(resolv_conf: Path) -> None:
    """Give the lab's own mount namespace a place for network namespaces and a resolv.conf."""
    covered = _RESOLV_CONF.resolve()
    _run("mount", "-t", "tmpfs", "none", "/run")
    if not covered.exists():  # it was below /run, which is covered
        covered.parent.mkdir(parents=True, exist_ok=True)
        covered.touch()
    _run("mount", "--bind", str(resolv_conf), str(covered))


def _run(*command: str) -> None:
    run_with_input(command, "")


def _sockets(process: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (one["namespace"] or process["namespace"], _socket_key(one["transport"], one["address"], one["port"]))
        for one in process.get("ready", ())
    )


def _wait_until_ready(running: Sequence[_Running]) -> None:
    """Wait until every socket is bound, every file written and the bridge open. Raises _NotReadyError."""
    waiting = list(running)
    deadline_s = time.monotonic() + _READY_SECONDS
    while waiting:
        for one in running:
            if death := one.death():
                raise _NotReadyError(death)
        namespaces = {namespace for one in waiting for namespace, _ in one.sockets}
        bound = frozenset((name, key) for name in namespaces for key in inside(name, _bound_sockets))
        waiting = [one for one in waiting if not _is_ready(one, bound)]
        if waiting and time.monotonic() > deadline_s:
            missing = sorted(waiting[0].sockets - bound) or waiting[0].file
            raise _NotReadyError(f"{waiting[0].name} was not ready in {_READY_SECONDS:.0f} s; missing: {missing}")
        time.sleep(_POLL_SECONDS if waiting else 0)


def _is_ready(one: _Running, bound: frozenset[tuple[str, str]]) -> bool:
    if one.name == "bridge":
        return one.log.read_bytes().startswith(b"ready\n")
    return one.sockets <= bound and (one.file is None or Path(one.file).exists())


def _bound_sockets() -> frozenset[str]:
    """The UDP and listening TCP sockets of the namespace that this thread is in."""
    bound = set()
    for transport, table in (("udp", "udp"), ("tcp", "tcp"), ("udp", "udp6"), ("tcp", "tcp6")):
        path = Path(f"/proc/thread-self/net/{table}")
        for line in path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else ():
            _, local, _, state, *_rest = line.split()
            if transport == "udp" or state == _TCP_LISTEN:
                bound.add(f"{transport} {local}")
    return frozenset(bound)


def _socket_key(transport: str, address: str, port: int) -> str:
    """A socket as /proc/net shows it: the address in numbers of 32 bits in this machine's byte order, all in hex."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    numbers = struct.unpack(f"={len(packed) // 4}I", packed)
    return f"{transport} {''.join(f'{number:08X}' for number in numbers)}:{port:04X}"


def _end_bridge(bridge: _Running) -> None:
    """Let the bridge write its log; a lab without one is void, so a bridge that hangs is not waited for."""
    bridge.process.terminate()
    try:
        bridge.process.wait(_BRIDGE_END_SECONDS)
    except subprocess.TimeoutExpired:
        bridge.process.kill()


def _one_line(problem: Exception) -> str:
    text = str(problem)
    if isinstance(problem, subprocess.CalledProcessError):
        text = f"{' '.join(problem.cmd)}: {problem.stderr.strip() or problem.returncode}"
    return " ".join(text.split())


def _say(message: dict[str, object]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class WayIn:
    """How namespaces are made and entered here, or why they cannot be."""

    unshare: tuple[str, ...] = ()
    enter: tuple[str, ...] = ()
    refusal: str | None = None


@cache
def way_in() -> WayIn:
    """Try the real operations: in a user namespace, which anyone may have, and else as the machine's own root."""
    rootless = WayIn(("-Urnmpf", "--mount-proc"), ("-U", "--preserve-credentials"))
    refusal = _try(rootless.unshare)
    if refusal is None:
        return rootless
    if os.geteuid() == 0:
        rooted = WayIn(("-nmpf", "--mount-proc"))
        refusal = _try(rooted.unshare)
        if refusal is None:
            return rooted
    return WayIn(refusal=f"this system refuses network namespaces: {refusal}")


@cache
def real_time() -> tuple[str, ...]:
    """What starts the lab with real-time scheduling, which the bridge inherits: packets then leave on time even when
    the servers and the client keep every processor busy. Empty where this user may not."""
    return _if_allowed(tool("chrt"), "--fifo", "10")


@cache
def precedence() -> tuple[str, ...]:
    """What starts the client before the servers and after the bridge: servers, and other labs, take processor time
    here that in the world is other machines'. Empty where this user may not."""
    return _if_allowed(tool("chrt"), "--rr", "1")


def _if_allowed(*command: str) -> tuple[str, ...]:
    """The start of a command line, or nothing where this user may not run it."""
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False, env=environment())
    except OSError:
        return ()
    return command if allowed.returncode == 0 else ()


def _try(unshare: Sequence[str]) -> str | None:
    """What the system says against the lab's operations; None if it allows them."""
    trial = subprocess.run(
        [tool("unshare"), *unshare, "--kill-child", "sh", "-c", _PROBE],
        input=translation.home_table("cone"),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    if trial.returncode == 0:
        return None
    lines = trial.stderr.strip().splitlines()
    return lines[0] if lines else f"unshare ended with {trial.returncode}"


def _find(name: str) -> str | None:
    return shutil.which(name, path=environment()["PATH"])


def tool(name: str) -> str:
    """The path of a system program, or its bare name where it is not found."""
    return _find(name) or name


def missing_tool() -> str | None:
    """What must be installed first, in one line; None if nothing is missing."""
    return next((f"{name} is not installed" for name in _TOOLS if _find(name) is None), None)


@cache
def environment() -> dict[str, str]:
    """This environment, with the system programs on PATH and this checkout first on PYTHONPATH."""
    packages = str(Path(__file__).resolve().parents[2])
    python_path = [packages, *filter(None, [os.environ.get("PYTHONPATH")])]
    path = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    return os.environ | {"PATH": os.pathsep.join(path), "PYTHONPATH": os.pathsep.join(python_path)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
