"""The command line as a stranger meets it: wrong words, files that are none, exit codes, clean streams."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callcheck.submit.consent import CONSENT_VERSION

ROOT = Path(__file__).parents[2]


def callcheck(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, in English, with a configuration folder that does not exist."""
    env = {"PATH": "/usr/bin:/bin", "CALLCHECK_CONFIG_DIR": "/nonexistent/callcheck", "LC_ALL": "C.UTF-8"}
    env |= {"PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "callcheck", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60, env=env)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate"], 64, "No such command 'frobnicate'"),
        (["run", "--depth", "endless"], 64, "'endless' is not one of"),
        (["run", "--yes", "--only", "dsn"], 64, "no check 'dsn'"),
        (["run", "--yes", "--without", "dsn"], 64, "no check 'dsn'"),
        (["run", "--yes", "--service", "signal"], 64, "no service 'signal'"),
        (["run", "--yes", "--format", "pdf"], 64, "no reporter 'pdf'"),
        (["run", "--yes", "--catalog", "/nonexistent.toml"], 65, "No such file"),
        (["run", "--yes", "--out", "/proc/version"], 64, "exists already"),
        (["run"], 64, "nothing was sent"),
        (["report"], 64, "name a saved report"),
        (["report", "/nonexistent.json"], 64, "No such file"),
        (["judge", "/nonexistent.json"], 64, "No such file"),
        (["report", "-"], 65, "the file is empty"),
        (["lab", "run", "atlantis"], 65, "no scenario and no file 'atlantis'"),
        (["lab", "run", "/etc/hostname"], 65, "/etc/hostname: "),
        (["lab", "score", "atlantis"], 65, "no scenario and no file 'atlantis'"),
        (["consent", "--accept"], 64, f"--version {CONSENT_VERSION} --accept"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_with_the_right_code(arguments: list[str], code: int, words: str) -> None:
    done = callcheck(*arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert not done.stdout


def test_without_a_terminal_the_bare_command_prints_help_and_exits_64() -> None:
    done = callcheck()
    assert done.returncode == 64
    assert b"Usage: callcheck" in done.stdout


def test_help_and_version_are_no_errors() -> None:
    assert callcheck("--help").returncode == 0
    assert b"0." in callcheck("--version").stdout


def test_help_speaks_russian_where_the_environment_does() -> None:
    assert "Только" in callcheck("run", "--help", LC_ALL="ru_RU.UTF-8").stdout.decode()


def test_checks_lists_each_plugin_with_distribution_and_version() -> None:
    lines = callcheck("checks").stdout.decode().splitlines()
    assert any(line.split()[:3] == ["check", "stun", "callcheck"] for line in lines)
    assert any(line.split()[:3] == ["reporter", "json", "callcheck"] for line in lines)


def test_targets_lists_every_endpoint_with_its_source_and_what_it_learns() -> None:
    text = callcheck("targets", "--cost").stdout.decode()
    assert "udp/91.108.13.10:596" in text
    assert "inferred" in text
    assert "kB" in text


def test_consent_is_kept_shown_and_wiped(tmp_path: Path) -> None:
    folder = str(tmp_path / "config")
    assert b"You have agreed" not in callcheck("consent", CALLCHECK_CONFIG_DIR=folder).stdout
    kept = callcheck("consent", "--version", str(CONSENT_VERSION), "--accept", CALLCHECK_CONFIG_DIR=folder)
    assert kept.returncode == 0
    assert b"You have agreed" in callcheck("consent", CALLCHECK_CONFIG_DIR=folder).stdout
    wiped = callcheck("wipe", "--yes", CALLCHECK_CONFIG_DIR=folder)
    assert (wiped.returncode, (tmp_path / "config").exists()) == (0, False)
    assert b"cannot reach" in wiped.stdout
    assert b"There was nothing" in callcheck("wipe", "--yes", CALLCHECK_CONFIG_DIR=folder).stdout


def test_the_json_schema_is_json() -> None:
    assert "$defs" in json.loads(callcheck("report", "--schema").stdout)


@pytest.mark.parametrize("data", [b"{}", b"[1,2]", b"\x00\x01", b'{"schema": "other/1"}', b"hello\n", b"{" * 5000])
@pytest.mark.parametrize("command", ["report", "judge"])
def test_foreign_files_are_refused_in_one_line(command: str, data: bytes) -> None:
    done = callcheck(command, "-", stdin=data)
    assert done.returncode == 65
    assert len(done.stderr.decode().splitlines()) == 1
    assert not done.stdout


def test_wipe_leaves_what_callcheck_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    callcheck("consent", "--version", str(CONSENT_VERSION), "--accept", CALLCHECK_CONFIG_DIR=str(tmp_path))
    assert callcheck("wipe", "--yes", CALLCHECK_CONFIG_DIR=str(tmp_path)).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_wipe_removes_settings_and_kept_runs_too(tmp_path: Path) -> None:
    config, data = tmp_path / "config", tmp_path / "data"
    (data / "runs").mkdir(parents=True)
    config.mkdir()
    (config / "settings.json").write_text("{}")
    (data / "runs" / "2026-11-22-100000-ab12.ndjson").write_text("")
    (data / "runs" / "\x1b[2Jmine.ndjson").write_text("mine")
    wiped = callcheck("wipe", "--yes", CALLCHECK_CONFIG_DIR=str(config), CALLCHECK_DATA_DIR=str(data))
    assert wiped.returncode == 0
    assert b"Removed." in wiped.stdout
    assert b"mine.ndjson" in wiped.stdout
    assert b"\x1b" not in wiped.stdout
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["\x1b[2Jmine.ndjson"]


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured() -> None:
    done = callcheck("run", "--yes", "--out", "/nonexistent/report.txt")
    assert done.returncode == 64
    assert b"cannot be written" in done.stderr
    assert b"measured" not in done.stderr


def test_a_file_without_end_is_read_only_as_far_as_a_report_can_go() -> None:
    done = callcheck("report", "/dev/zero")
    assert (done.returncode, b"larger than 64 MiB" in done.stderr) == (65, True)


JOURNAL = (
    b'{"seq":0,"t_us":0,"kind":"run_started","data":{"schema":"callcheck-journal/1","run_id":"r","started_utc":"",'
    b'"depth":"quick","tool":{"name":"callcheck","version":"1"},"plan":[["relay"]]}}\n'
    b'{"seq":1,"t_us":1,"kind":"observed","check":"relay","data":{"op":"relay.ask","form":"hello","target":'
    b'{"service":"\\u001b]0;pwned\\u0007","function":"calls","address":"192.0.2.1","port":1}}}\n'
)


@pytest.mark.parametrize("command", ["judge", "report"])
def test_nothing_in_a_file_acts_on_the_terminal(command: str) -> None:
    done = callcheck(command, "-", stdin=JOURNAL)
    assert b"Traceback" not in done.stderr
    assert done.stdout
    assert not {0x1B, 0x07} & set(done.stdout + done.stderr)


def test_targets_say_what_each_host_sees_at_each_depth() -> None:
    done = callcheck("targets", "--cost")
    assert done.returncode == 0
    text = done.stdout.decode()
    lines = text.splitlines()
    (place,) = (number for number, line in enumerate(lines) if line.startswith("udp/stun.fitauto.ru:3478"))
    assert [line.split(":")[0].strip() for line in lines[place + 1 : place + 4]] == ["quick", "standard", "deep"]
    assert all(re.fullmatch(r"    \w+: \d+ packets, \d+\.\d kB", line) for line in lines[place + 1 : place + 4])
    totals = re.findall(r"  (\w+): (\d+) packets, \d+\.\d MB", text)
    assert [depth for depth, _ in totals] == ["quick", "standard", "deep"]
    assert all(int(packets) > 1000 for _, packets in totals)
