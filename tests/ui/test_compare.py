"""Two runs beside each other: chosen, judged anew, and told in the words of `callcheck compare`."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from callcheck.engine.plugins import load_checks
from callcheck.redaction.redact import redact
from callcheck.session import report_of
from callcheck.ui.glyphs import ASCII, UNICODE
from callcheck.ui.opened import run_of
from callcheck.ui.paint import plain
from callcheck.ui.screens.compare import compared
from callcheck.ui.views import comparison as views
from callcheck.ui.views.look import Look
from tests.ui.driving import JOURNALS, an_app, drive, events_of, read, text_of, until

DROPPED, CLEAN = "cutoff-packets", "clean-wired"


def _save(family: str, path: Path) -> None:
    path.write_bytes(gzip.decompress((JOURNALS / f"{family}.ndjson.gz").read_bytes()))


def test_the_run_shown_is_compared_with_the_one_chosen(tmp_path: Path) -> None:
    _save(CLEAN, tmp_path / "other.ndjson")
    app = an_app(DROPPED)

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        await pilot.press("с")
        await until(pilot, lambda: "Compare with which run?" in text_of(app) and "other.ndjson" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "What the difference says" in text_of(app))
        text = text_of(app)
        assert "Network A" in text
        assert "Network B" in text
        assert "other.ndjson" in text
        assert f"{DROPPED}.ndjson" in text
        assert app.run_shown.name == f"{DROPPED}.ndjson"

    drive(app, steps, size=(100, 60))


def test_the_same_run_is_refused_and_another_can_be_chosen(tmp_path: Path) -> None:
    _save(DROPPED, tmp_path / "same.ndjson")
    app = an_app(DROPPED)

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "same.ndjson" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "both files hold the same run" in text_of(app))
        await pilot.press("c")
        await until(pilot, lambda: "Compare with which run?" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: "both files hold the same run" in text_of(app))

    drive(app, steps, size=(100, 40))


def test_whoever_chooses_nothing_is_back_at_the_result() -> None:
    app = an_app(DROPPED)

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        before = app.screen
        await pilot.press("c")
        await until(pilot, lambda: "Compare with which run?" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is before)

    drive(app, steps)


def test_a_report_without_addresses_compares_as_its_journal_does() -> None:
    checks = load_checks()[0]
    saved = redact(report_of(events_of(DROPPED), checks, "en"))
    whole, redacted = run_of("a", None, events_of(DROPPED)), run_of("a", saved, [])
    other = run_of("b", None, events_of(CLEAN))
    first, second = (compared(one, other, checks, "en") for one in (whole, redacted))
    assert [one.conclusion for one in first.conclusions] == [one.conclusion for one in second.conclusions]
    assert [one.a.outcome for one in first.conclusions] == [one.a.outcome for one in second.conclusions]
    with pytest.raises(ValueError, match="same run"):
        compared(whole, redacted, checks, "en")


def test_columns_stand_beside_each_other_or_below_and_never_too_wide() -> None:
    checks = load_checks()[0]
    a, b = (run_of(name, None, events_of(name)) for name in (DROPPED, CLEAN))
    for language in ("en", "ru"):
        found = compared(a, b, checks, language)
        for columns in (40, 64, 78, 198):
            look = Look(language, UNICODE if columns > 64 else ASCII, columns)
            lines = views.sides_lines(found, ("a" * 90, "\x1b[2J"), look)
            assert max(len(one) for one in plain(lines).splitlines()) <= columns
            assert "\x1b" not in plain(lines)
    english = compared(a, b, checks, "en")
    beside = plain(views.sides_lines(english, ("", ""), Look("en", UNICODE, 78)))
    assert beside.count("Telegram: calls") == 1
    row = next(one for one in beside.splitlines() if one.startswith("Telegram: calls"))
    assert row.count("✗") == 1
    assert row.index("✗") < row.index("✓")
    said = plain(views.said_lines(english, Look("en", UNICODE, 78)))
    assert " ".join(english.conclusions[0].sentence.split()) in " ".join(said.split())


def test_two_runs_without_services_are_said_to_be_empty() -> None:
    checks = load_checks()[0]
    a, b = (run_of(name, None, events_of(name)) for name in (DROPPED, CLEAN))
    nothing = msgspec.structs.replace(compared(a, b, checks, "en"), conclusions=(), caveats=())
    assert "nothing to compare" in plain(views.said_lines(nothing, Look("en", UNICODE, 78)))
