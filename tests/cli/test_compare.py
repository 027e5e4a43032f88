"""`callcheck compare` as a stranger meets it, on golden journals of the lab and on files that are none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from callcheck import session
from callcheck.cli.compare import is_same_run
from callcheck.cli.main import main
from callcheck.engine import plugins
from callcheck.engine.events import decode_lines
from callcheck.model import Report
from callcheck.redaction.redact import redact
from tests.journals.golden import HERE

CLEAN, DROPPED, OUTAGE = "clean-wired", "udp-prefix", "outage"  # udp-prefix is telegram-calls-dropped


def journal(folder: Path, family: str, **header: str) -> str:
    """A golden journal as a file, its header changed as told."""
    first, _, rest = gzip.decompress((HERE / f"{family}.ndjson.gz").read_bytes()).partition(b"\n")
    started = json.loads(first)
    started["data"] |= header
    path = folder / f"{family}.ndjson"
    path.write_bytes(json.dumps(started).encode() + b"\n" + rest)
    return str(path)


def report_of(file: str) -> Report:
    return session.report_of(decode_lines(Path(file).read_bytes()), plugins.load_checks()[0], "en")


def saved(report: Report, path: Path) -> str:
    path.write_bytes(msgspec.json.encode(report))
    return str(path)


def compared(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["compare", *arguments])
    out, err = capfd.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_calls_that_are_dropped_on_one_network_alone_belong_to_that_network(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, err = compared(capfd, journal(tmp_path, DROPPED), journal(tmp_path, CLEAN))
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    assert "Telegram: calls" in text
    assert "On network B Telegram calls should work, on network A they" in text
    assert "the trouble belongs to network A" in text
    assert "On both networks WhatsApp calls should work." in text
    assert all(len(line) <= 80 for line in out.splitlines())


def test_json_holds_both_runs_conclusions_and_caveats(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = compared(capfd, journal(tmp_path, CLEAN), journal(tmp_path, DROPPED), "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["b"]["depth"]) == (0, "callcheck-comparison/1", "quick")
    said = {(one["service"], one["function"]): one["conclusion"] for one in found["conclusions"]}
    assert said == {
        ("telegram", "calls"): "belongs_to_b",
        ("telegram", "messaging"): "works_on_both",
        ("whatsapp", "calls"): "works_on_both",
        ("whatsapp", "messaging"): "works_on_both",
    }
    assert [one["kind"] for one in found["caveats"]] == ["device"]


def test_the_time_and_the_lists_between_the_runs_are_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    late = journal(tmp_path, CLEAN, started_utc="2026-11-28T00:00:00Z", catalogue_as_of="2026-11-27")
    _, out, _ = compared(capfd, late, journal(tmp_path, DROPPED))
    text = " ".join(out.split())
    assert "Between the two tests lie 132 hours" in text
    assert "different dates: 2026-11-27 and 2026-11-22" in text


def test_a_redacted_report_compares_as_its_journal_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    dropped, clean = journal(tmp_path, DROPPED), journal(tmp_path, CLEAN)
    export = saved(redact(report_of(dropped)), tmp_path / "export.json")
    _, whole, _ = compared(capfd, dropped, clean)
    code, redacted, _ = compared(capfd, export, clean)
    assert (code, redacted) == (0, whole)


def test_the_same_run_twice_is_refused_in_whatever_form(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clean = journal(tmp_path, CLEAN)
    report = report_of(clean)
    one, other = (saved(redact(report), tmp_path / f"{name}.json") for name in ("one", "other"))
    for a, b in ((clean, clean), (clean, one), (one, other)):
        code, out, err = compared(capfd, a, b)
        assert (code, out) == (64, "")
        assert "the same run" in err
    assert not is_same_run(redact(report), redact(report_of(journal(tmp_path, DROPPED))))


def test_runs_that_tell_nothing_of_calls_exit_3(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = compared(capfd, journal(tmp_path, "bufferbloat"), journal(tmp_path, CLEAN))
    assert code == 3
    assert "did not settle" in " ".join(out.split())


def test_out_saves_and_does_not_overwrite(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = journal(tmp_path, DROPPED), journal(tmp_path, CLEAN)
    target = tmp_path / "comparison.txt"
    assert compared(capfd, *files, "--out", str(target))[:2] == (0, "")
    assert "the trouble belongs to" in " ".join(target.read_text().split())
    target.write_text("mine")
    code, _, err = compared(capfd, *files, "--out", str(target))
    assert (code, "exists already" in err, "--force" in err) == (64, True, True)
    assert target.read_text() == "mine"
    assert compared(capfd, *files, "--out", str(target), "--force")[:2] == (0, "")
    assert "the trouble belongs to" in " ".join(target.read_text().split())


@pytest.mark.parametrize("data", [b"", b"{}", b"hello\n", b'{"schema": "other/1"}'])
def test_foreign_files_are_refused_in_one_line(data: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "foreign\x1b[2J").write_bytes(data)
    code, out, err = compared(capfd, journal(tmp_path, CLEAN), str(tmp_path / "foreign\x1b[2J"))
    assert (code, out, len(err.splitlines())) == (65, "", 1)
    assert "\x1b" not in err


def test_a_report_whose_times_are_impossible_is_bad_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clean = journal(tmp_path, CLEAN)
    report = report_of(clean)
    odd = msgspec.structs.replace(report.observations[-1], t_us=10**17)
    damaged = msgspec.structs.replace(report, observations=(*report.observations[:-1], odd))
    code, _, err = compared(capfd, saved(damaged, tmp_path / "damaged.json"), journal(tmp_path, DROPPED))
    assert (code, "t_us is beyond" in err) == (65, True)


def test_usage_errors_exit_64(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert compared(capfd, "only-one")[0] == 64
    assert compared(capfd, "-", "-")[0] == 64
    assert compared(capfd, "/nonexistent/a", "/nonexistent/b")[0] == 64


def test_nothing_in_a_file_acts_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = report_of(journal(tmp_path, CLEAN))
    hostile = "\x1b]0;pwned\x07"
    renamed = [msgspec.structs.replace(one, service=hostile) if one.service else one for one in report.evidence]
    evil = msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, redacted=True, started_utc=hostile),
        tool=msgspec.structs.replace(report.tool, version=hostile),
        evidence=tuple(renamed),
    )
    file = saved(evil, tmp_path / "evil.json")
    for form in ("plain", "json"):
        _, out, err = compared(capfd, file, journal(tmp_path, DROPPED), "--format", form)
        assert "?" in out
        assert "pwned" not in out + err
        assert not {"\x1b", "\x07"} & set(out + err)
