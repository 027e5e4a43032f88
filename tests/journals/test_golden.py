"""One golden journal a family: what tells it from its neighbours is in it, and is read with the right sign."""

from __future__ import annotations

import tomllib

import pytest

from callcheck import session
from callcheck.engine import plugins
from callcheck.lab import play
from tests.journals.golden import Golden, all_golden

CHECKS = plugins.load_checks()[0]


@pytest.mark.parametrize("golden", all_golden().values(), ids=lambda one: one.family)
def test_the_journal_shows_what_tells_its_family_from_its_neighbours(golden: Golden) -> None:
    evidence = session.report_of(golden.events(), CHECKS, "en").evidence
    strengths = {(item.claim.value, item.service): item.strength for item in evidence}
    assert [one for one in golden.shows if not one.is_met(evidence)] == [], strengths


def test_every_family_of_the_catalogue_has_its_journal() -> None:
    texts = (path.read_text(encoding="utf-8") for path in play.built_in().values())
    families = {tomllib.loads(text)["family"] for text in texts}
    assert families == set(all_golden())
    assert [one.family for one in all_golden().values() if not one.path.exists()] == []


@pytest.mark.parametrize("golden", all_golden().values(), ids=lambda one: one.family)
def test_the_scenario_is_of_the_family(golden: Golden) -> None:
    assert play.find(golden.scenario).family == golden.family
