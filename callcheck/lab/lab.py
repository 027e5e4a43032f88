"""A lab that runs: `Lab` starts the network and its servers, says how to run programs in it, and stops it."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from callcheck.lab import supervisor, topology
from callcheck.lab.directories import hold_lock, make_directory
from callcheck.lab.process import AUTHORITY, Listening, Process
from callcheck.lab.scenario import Scenario
from callcheck.lab.tunnel import TUN_DEVICE
from callcheck.lab.wire.outcome import LabOutcome, RuleCount, WireCount, read_outcome
from callcheck.lab.wire.spec import wire_as_table

__all__ = ["Lab", "LabError", "LabOutcome", "LabUnavailable", "Listening", "Process", "RuleCount", "WireCount"]

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0


class LabUnavailable(Exception):  # noqa: N818  it is a state of the machine, and callers know it by this name
    """This machine cannot run the lab; the text is one line that says why."""


class LabError(Exception):
    """The lab should have run and did not; the text is one line."""


class Lab:
    """One lab.

    `processes` is called with the lab's directory, where configuration may be written, and says what to run.
    `hosts` are the public addresses that servers may bind, by namespace; `resolver` is the client's nameserver. With
    `keep`, what passes each wire is recorded, and all logs are copied there when the lab stops. `icmp_ping` says
    whether the client may ping without privileges. `watched` are addresses of servers that have a fault: a run in which
    no packet goes there shows nothing.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        processes: Callable[[Path], Sequence[Process]],
        hosts: Mapping[str, Sequence[str]],
        resolver: str,
        watched: Mapping[str, Sequence[str]] | None = None,
        keep: Path | None = None,
        icmp_ping: bool = True,
    ) -> None:
        self._scenario = scenario
        self._processes = processes
        self._hosts = hosts
        self._resolver = resolver
        self._watched = watched or {}
        self._keep = keep
        self._icmp_ping = icmp_ping
        self.directory: Path | None = None  # where configuration and logs are, while the lab runs
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._first_pid: int | None = None
        self._outcome: LabOutcome | None = None

    @staticmethod
    def why_not() -> str | None:
        """Why this machine cannot run the lab, in one line; None if it can."""
        return supervisor.missing_tool() or supervisor.way_in().refusal

    def start(self) -> None:
        """Build the network and wait until every server is ready. Raises LabUnavailable or LabError."""
        if reason := self.why_not() or self._why_no_tunnel():
            raise LabUnavailable(reason)
        if self.directory is not None:
            raise LabError("a lab starts only once")
        self.directory = make_directory()
        try:
            self._write_plan(self.directory)
            self._launch(self.directory)
            answer = self._answer(_START_SECONDS)
            if "ready" not in answer:
                raise LabError(str(answer.get("error", "the supervisor said nothing that is known")))
            self._first_pid = self._find_first_pid()
        except (OSError, ValueError) as problem:
            self.stop()
            raise LabError(f"the lab did not start: {problem}") from problem
        except BaseException:
            self.stop()
            raise

    def stop(self) -> LabOutcome:
        """End every process of the lab and read what its wires did. A second call gives the same answer."""
        if self._outcome is None:
            try:
                died = self._end_supervisor()
            except BaseException:  # Ctrl-C once more: nothing may stay, and the wires' log is given up
                if self._supervisor is not None:
                    self._supervisor.kill()
                    self._supervisor.wait()
                self._outcome = LabOutcome((), (), ("the lab was interrupted",))
                self._clear_away()
                raise
            self._outcome = self._read_outcome(died)
            self._clear_away()
        return self._outcome

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def argv(self, command: Sequence[str], *, namespace: str = "client", unprivileged: bool = True) -> list[str]:
        """The command line that runs `command` inside the lab; without capabilities unless asked for."""
        if self._first_pid is None or self._outcome is not None:
            raise LabError("the lab is not running")
        if namespace not in topology.NAMESPACES:
            raise LabError(f"the lab has no namespace {namespace}")
        here = f"--wd={Path.cwd()}"
        enter = ["-t", str(self._first_pid), *supervisor.way_in().enter, "-m", "-p", "-n", here]
        shed = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        # A device that is busy with its own programs is what such a scenario wants to show.
        precedence = () if self._scenario.topology.busy else supervisor.precedence()
        return [
            *precedence,
            *(supervisor.tool("nsenter"), *enter),
            *(supervisor.tool("ip"), "netns", "exec", namespace),
            *((supervisor.tool("setpriv"), *shed) if unprivileged else ()),
            *self._trust(),
            *command,
        ]

    def _why_no_tunnel(self) -> str | None:
        if not self._scenario.topology.has_tunnel or os.access(TUN_DEVICE, os.R_OK | os.W_OK):
            return None
        return f"this scenario has a tunnel, and this user may not open {TUN_DEVICE}"

    def _trust(self) -> tuple[str, ...]:
        """What makes a program believe the certificates of the lab's servers, where there are any."""
        assert self.directory is not None
        authority = self.directory / AUTHORITY
        if not authority.exists():
            return ()
        return (supervisor.tool("env"), *(f"{name}={authority}" for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE")))

    def _write_plan(self, directory: Path) -> None:
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
        # The lock says that the lab lives; the supervisor holds it too, so it outlasts this process if need be.
        self._lock = hold_lock(directory)
        (directory / "resolv.conf").write_text(
            f"nameserver {self._resolver}\noptions timeout:2 attempts:1\n", encoding="ascii"
        )
        _write_json(directory / "wire.json", self._wire_plan(directory))
        processes = [asdict(process) for process in self._processes(directory)]
        _write_json(directory / "lab.json", {"shape": asdict(self._shape()), "processes": processes})

    def _wire_plan(self, directory: Path) -> dict[str, object]:
        return {
            "seed": self._scenario.seed,
            "log": str(directory / "wire-log.json"),
            "record": None if self._keep is None else str(directory),
            "watched": {name: list(addresses) for name, addresses in self._watched.items()},
            "wires": {
                link.wire: {
                    "near": link.bridge_near,
                    "far": link.bridge_far,
                    "spec": wire_as_table(self._scenario.wires[link.wire]),
                }
                for link in topology.LINKS
            },
        }

    def _shape(self) -> topology.Shape:
        wanted = self._scenario.topology
        return topology.Shape(
            nat=wanted.nat,
            ipv6=wanted.ipv6,
            tunnelled=[str(prefix) for prefix in wanted.tunnel_prefixes],
            tunnel=wanted.tunnel,
            portal=wanted.portal,
            domestic_only=wanted.domestic_only,
            icmp=wanted.icmp,
            icmp_ping=self._icmp_ping,
            nat_sessions=wanted.nat_sessions,
            nat_idle_s=wanted.nat_idle_s,
            rebinds=wanted.rebind_s is not None,
            hosts={namespace: topology.checked_hosts(found) for namespace, found in self._hosts.items()},
        )

    def _launch(self, directory: Path) -> None:
        assert self._lock is not None
        python = [sys.executable, "-S", "-P", "-m", "callcheck.lab.supervisor", str(directory)]
        with (directory / "supervisor.log").open("wb") as log:
            self._supervisor = subprocess.Popen(
                [
                    *supervisor.real_time(),
                    supervisor.tool("unshare"),
                    *supervisor.way_in().unshare,
                    "--kill-child",
                    *python,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=supervisor.environment(),
                pass_fds=(self._lock,),
                start_new_session=True,  # Ctrl-C is for this process, which stops the lab in order
            )

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        """The supervisor's next line. Raises LabError if none comes in time."""
        assert self._supervisor is not None
        assert self._supervisor.stdout is not None
        descriptor, line = self._supervisor.stdout.fileno(), b""
        deadline_s = time.monotonic() + timeout_s
        while not line.endswith(b"\n"):
            left_s = max(0.0, deadline_s - time.monotonic())
            if not select.select([descriptor], [], [], left_s)[0]:
                raise LabError(f"the lab's supervisor was silent for {timeout_s:.0f} s")
            chunk = os.read(descriptor, 65_536)
            if not chunk:
                raise LabError(f"the lab's supervisor died: {self._log_tail() or 'it said nothing'}")
            line += chunk
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _log_tail(self) -> str:
        assert self.directory is not None
        log = (self.directory / "supervisor.log").read_text(encoding="utf-8", errors="replace")
        return " ".join(log.split())[-400:]

    def _find_first_pid(self) -> int:
        assert self._supervisor is not None
        pid = self._supervisor.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])

    def _end_supervisor(self) -> list[str]:
        """Ask it to stop, wait, and kill it if it does not; the reports of processes that died before."""
        if self._supervisor is None:
            return ["the lab never ran"]
        died: list[str] = []
        assert self._supervisor.stdin is not None
        assert self._supervisor.stdout is not None
        with self._supervisor.stdout:
            with suppress(OSError):
                self._supervisor.stdin.close()
            try:
                died = self._answer(_STOP_SECONDS).get("died", [])
                self._supervisor.wait(_STOP_SECONDS)
            except (LabError, ValueError, subprocess.TimeoutExpired):
                died = ["the lab's supervisor ended too early"]
                self._supervisor.kill()
                self._supervisor.wait()
        return died

    def _read_outcome(self, died: list[str]) -> LabOutcome:
        if self.directory is None:
            return LabOutcome((), (), tuple(died))
        try:
            log = json.loads((self.directory / "wire-log.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return LabOutcome((), (), (*died, "the wires left no log"))
        return read_outcome(log, died)

    def _clear_away(self) -> None:
        if self.directory is not None:
            if self._keep is not None and self._keep.is_dir():
                shutil.copytree(self.directory, self._keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lock"))
            shutil.rmtree(self.directory, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
