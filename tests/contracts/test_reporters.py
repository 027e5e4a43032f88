"""Every reporter in pyproject.toml keeps the rules for reporters, and the README's first one works as it stands."""

from __future__ import annotations

import importlib
import io
import re
import tomllib
import types
from pathlib import Path

import msgspec
import pytest

from callcheck.api import Report, Reporter
from callcheck.digest import digest_of
from callcheck.redaction.redact import redact
from tests.journals.golden import report_of_family

ROOT = Path(__file__).parents[2]
ENTRY_POINTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "entry-points"
]["callcheck.reporters"]
# A form for programs has a field for it, no sentence.
_FOR_PEOPLE = sorted(set(ENTRY_POINTS) - {"json"})


def reporter(name: str) -> Reporter:
    module, _, attribute = ENTRY_POINTS[name].partition(":")
    found: Reporter = getattr(importlib.import_module(module), attribute)
    return found


def written(one: Reporter, report: Report, language: str) -> str:
    out = io.BytesIO()
    one.write(report, language, out)
    return out.getvalue().decode("utf-8")


def words(text: str) -> str:
    """The words alone: forms break lines and escape in their own ways."""
    return " ".join(re.findall(r"\w+", text))


@pytest.fixture(scope="module")
def full() -> Report:
    return report_of_family("cutoff-packets")


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_it_is_called_as_it_is_registered_and_its_suffix_is_one(name: str) -> None:
    assert reporter(name).name == name
    assert re.fullmatch(r"\.[a-z]{2,4}", reporter(name).suffix)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_the_same_report_is_the_same_bytes_which_end_with_a_line_end(full: Report, name: str, language: str) -> None:
    shared = redact(full)
    once = written(reporter(name), shared, language)
    assert once == written(reporter(name), shared, language)
    assert once.endswith("\n")
    assert "\r" not in once


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", _FOR_PEOPLE)
def test_a_full_report_says_first_that_it_is_not_for_sharing(full: Report, name: str, language: str) -> None:
    # The shortest form says it in fewer words.
    warning = " ".join(words(digest_of(full, language).warnings[0]).split()[:2])
    assert warning in words(written(reporter(name), full, language))
    assert warning not in words(written(reporter(name), redact(full), language))


@pytest.mark.parametrize("name", _FOR_PEOPLE)
def test_a_run_that_was_cut_short_is_said_to_be_one(full: Report, name: str) -> None:
    cut = msgspec.structs.replace(full, run=msgspec.structs.replace(full.run, complete=False, redacted=True))
    assert "stopped early" in written(reporter(name), cut, "en")


def test_the_readmes_first_reporter_works_as_it_stands(full: Report) -> None:
    text = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    source = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    module = types.ModuleType("callcheck_headline")
    exec(compile(source, "callcheck_headline/__init__.py", "exec"), module.__dict__)
    assert digest_of(full, "en").title in written(module.REPORTER, redact(full), "en")
