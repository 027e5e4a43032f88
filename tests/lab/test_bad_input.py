"""What hostile servers and broken plugins do to a whole run: an abstention, and everything measured is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from callcheck.lab import play
from callcheck.lab.scenario import parse
from callcheck.lab.supervisor import environment
from callcheck.model import Report

from .playing import unexpected

GARBAGE = """
id = "garbage"
summary = "every server answers random bytes"
seed = 5
{servers}
[[truth]]
service = "telegram"
function = "calls"
outcome = ["unknown", "fails"]
cause = ["unknown"]
"""
NAMES = (
    "telegram-dc",
    "telegram-relay",
    "telegram-turn",
    "whatsapp-chat",
    "whatsapp-relay",
    "control-stun",
    "domestic-stun",
    "public-resolver",
    "domestic-resolver",
)
PLUGIN = """
import asyncio, time
from dataclasses import dataclass
from callcheck.api import CheckInfo, Claim, Evidence, Observation

@dataclass(frozen=True)
class Params:
    pass

class Base:
    @property
    def params(self):
        return Params
    async def run(self, ctx, params):
        ctx.emit(Observation(op="{name}.before"))
        {body}
    def read(self, observations):
        {read}

class Made(Base):
    info = CheckInfo(name="{name}", version="1", title="t", max_seconds=0.3, max_bytes=10, discloses="d")

CHECK = Made()
"""


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
def test_servers_that_answer_random_bytes_lead_to_no_accusation() -> None:
    servers = "\n".join(f'[[server]]\nname = "{name}"\nfault = "garbage"' for name in NAMES)
    scenario = parse(GARBAGE.format(servers=servers))
    command = play.run_arguments("--depth", "quick", "--format", "json")
    done = play.play(play.lab_of(scenario), command, capture=True)
    report = msgspec.json.decode(done.output, type=Report)
    assert b"Traceback" not in done.errors
    assert report.run.complete
    assert unexpected(report) == []
    assert {verdict.cause for verdict in report.verdicts} & {"selective", "none"} == set()
    assert done.exit_code in {1, 3}


def distribution(folder: Path, name: str, body: str, read: str = "return []") -> None:
    info = folder / f"callcheck_{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: callcheck-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[callcheck.checks]\n{name} = callcheck_{name}:CHECK\n")
    (folder / f"callcheck_{name}.py").write_text(PLUGIN.format(name=name, body=body, read=read))


def run_in_an_empty_network(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    env = environment()
    env = {**env, "PYTHONPATH": f"{env['PYTHONPATH']}:{folder}"}
    command = ["unshare", "-rn", sys.executable, "-m", "callcheck", "run", "--yes", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, env=env)


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
def test_plugins_that_raise_hang_or_read_wrongly_cost_themselves_alone(tmp_path: Path) -> None:
    distribution(tmp_path, "raises", "raise ValueError('broken')")
    distribution(tmp_path, "hangs", "await asyncio.Event().wait()")
    distribution(tmp_path, "misreads", "pass", read="raise RuntimeError('cannot read')")
    done = run_in_an_empty_network(tmp_path, "--format", "json", "--depth", "quick")
    report = msgspec.json.decode(done.stdout, type=Report)
    assert done.returncode == 1
    assert {verdict.cause for verdict in report.verdicts} == {"offline"}
    assert sorted(unexpected(report)) == [
        "hangs: timed_out: took longer than 0.3 s",
        "misreads: not_readable: RuntimeError: cannot read",
        "raises: crashed: ValueError: broken",
    ]
    kept = {observation.op for observation in report.observations}
    assert {"raises.before", "hangs.before", "misreads.before"} <= kept


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
def test_two_plugins_of_one_name_end_the_run_before_it_begins(tmp_path: Path) -> None:
    distribution(tmp_path, "dns", "pass")
    done = run_in_an_empty_network(tmp_path)
    assert done.returncode == 64
    assert b"two checks are called 'dns'" in done.stderr
    assert not done.stdout
