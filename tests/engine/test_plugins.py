"""Plugins are found by name, loaded one by one, and two of one name are an error."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from callcheck.engine import plugins
from callcheck.engine.errors import PluginError

BUILT_IN = {"dns", "link", "messaging", "path", "relay", "stream", "stun"}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path in which distributions can be laid out."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def lay_out(folder: Path, distribution: str, entry_points: str, modules: dict[str, str]) -> None:
    info = folder / f"{distribution}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text(f"[callcheck.checks]\n{entry_points}\n")
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    importlib.invalidate_caches()


def test_the_checkout_offers_what_pyproject_lists() -> None:
    assert {found.name for found in plugins.find(plugins.CHECKS)} >= BUILT_IN
    assert {found.name for found in plugins.find(plugins.REPORTERS)} >= {"json", "plain"}


def test_finding_imports_nothing(elsewhere: Path) -> None:
    lay_out(elsewhere, "callcheck-quiet", "quiet = callcheck_quiet_test:CHECK", {"callcheck_quiet_test": "1 / 0"})
    found = {one.name: one for one in plugins.find(plugins.CHECKS)}
    assert (found["quiet"].distribution, found["quiet"].version) == ("callcheck-quiet", "1.5")
    assert "callcheck_quiet_test" not in sys.modules


def test_a_plugin_that_cannot_be_imported_costs_itself_and_says_so_in_one_line(elsewhere: Path) -> None:
    lay_out(elsewhere, "callcheck-broken", "broken = callcheck_broken_test:CHECK", {"callcheck_broken_test": "1 / 0"})
    loaded, problems = plugins.load_checks()
    assert set(loaded) >= BUILT_IN
    assert "broken" not in loaded
    assert problems == ("check 'broken' of callcheck-broken: ZeroDivisionError: division by zero",)


def test_two_plugins_of_one_name_are_an_error_that_names_both(elsewhere: Path) -> None:
    lay_out(elsewhere, "callcheck-other", "dns = callcheck_other_test:CHECK", {})
    with pytest.raises(PluginError) as caught:
        plugins.find(plugins.CHECKS)
    assert "two checks are called 'dns'" in str(caught.value)
    assert "callcheck-other" in str(caught.value)


def test_a_check_that_goes_by_another_name_than_its_entry_point_is_refused(elsewhere: Path) -> None:
    lay_out(elsewhere, "callcheck-alias", "alias = callcheck_dns:CHECK", {})
    loaded, problems = plugins.load_checks()
    assert "alias" not in loaded
    assert problems == ("check 'alias' of callcheck-alias calls itself 'dns'",)


def test_an_unknown_reporter_is_refused_with_those_there_are() -> None:
    with pytest.raises(PluginError, match=r"no reporter 'pdf' \(there are: html, json, .*, text\)"):
        plugins.load_reporter("pdf")
