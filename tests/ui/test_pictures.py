"""Every screen, at two sizes and in two languages, looks as it did when somebody last looked at it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from tests.ui.pictures import FOLDER, LANGUAGES, PICTURES, README, SIZES, draw, path_of


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_screen_looks_as_it_did(name: str, language: str) -> None:
    for size, (drawn, _svg) in zip(SIZES, draw(name, SIZES, language), strict=True):
        assert f"{drawn}\n" == path_of(name, size, language).read_text(encoding="utf-8")


def test_no_picture_is_left_over_and_the_readme_shows_those_that_are_there() -> None:
    wanted = {path_of(*one).name for one in itertools.product(PICTURES, SIZES, LANGUAGES)}
    assert {path.name for path in FOLDER.glob("*.txt")} == wanted
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"tests/ui/drawn/([\w-]+)\.svg", readme))
    assert shown == set(README)
    assert all((FOLDER / f"{name}.svg").stat().st_size < 150_000 for name in README)
