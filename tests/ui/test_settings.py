"""What is changed applies at once and is saved; what was kept can be removed."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, RadioSet

from callcheck.submit import consent, runs, settings
from callcheck.submit.settings import Settings
from callcheck.ui.screens.settings import SettingsScreen
from callcheck.ui.widgets.choice import Check, Radio
from tests.ui.driving import an_app, drive, text_of, until

SIZE = (100, 40)


async def _open(pilot: Pilot[int]) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
    await pilot.pause(0.05)


def _is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def _radio(pilot: Pilot[int], choice: str, value: str) -> Radio:
    found = pilot.app.screen.query_one(f"#{choice}", RadioSet).query(Radio)
    return next(one for one in found if one.name == value)


def test_looking_alone_writes_nothing(tmp_path: Path) -> None:
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert _is_empty(tmp_path)

    drive(app, steps, size=SIZE)


def test_every_choice_is_saved() -> None:
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        _radio(pilot, "theme", "light").value = True
        _radio(pilot, "depth", "deep").value = True
        app.screen.query_one("#keep", Check).value = True
        next(one for one in app.screen.query(".service").results(Check) if one.name == "whatsapp").value = False
        wanted = Settings(language="en", theme="light", depth="deep", keeps_runs=True, services=("telegram",))
        await until(pilot, lambda: settings.load() == wanted)
        assert app.settings == wanted
        assert app.theme == "callcheck-light"
        # The start screen begins with what was chosen.
        await pilot.press("escape")
        await until(pilot, lambda: "(•) deep" in text_of(app))
        assert "[ ] WhatsApp" in text_of(app)

    drive(app, steps, size=SIZE)


def test_a_run_without_services_cannot_be_chosen() -> None:
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        first, second = app.screen.query(".service").results(Check)
        first.value = False
        await until(pilot, lambda: settings.load().services == (second.name,))
        second.value = False
        await until(pilot, lambda: "Choose at least one service." in text_of(app))
        assert settings.load().services == app.settings.services == (second.name,)

    drive(app, steps, size=SIZE)


class _Marked(gettext.NullTranslations):
    """A language whose words anybody can tell from English ones."""

    def gettext(self, message: str) -> str:
        return f"~{message}"


def test_the_language_applies_at_once_everywhere_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    tongues = {"ru": _Marked(), "en": gettext.NullTranslations()}
    monkeypatch.setattr("callcheck.locale._catalogue", lambda language: tongues[language])
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        _radio(pilot, "language", "ru").value = True
        await until(pilot, lambda: "~Language" in text_of(app) and "~Back" in text_of(app))
        assert _radio(pilot, "language", "ru").value
        assert app._bindings.key_to_bindings["o"][0].description == "~Open a saved run"
        await pilot.press("escape")
        await until(pilot, lambda: "~What do you notice?" in text_of(app) and "MB to and from" in text_of(app))
        await _open(pilot)
        _radio(pilot, "language", "en").value = True
        await until(pilot, lambda: "~" not in text_of(app) and "Language" in text_of(app))
        assert app._bindings.key_to_bindings["o"][0].description == "Open a saved run"
        await pilot.press("escape")
        await until(pilot, lambda: "MB to and from" in text_of(app) and "~" not in text_of(app))

    drive(app, steps, size=SIZE)


def test_what_cannot_be_saved_lasts_for_now_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        _radio(pilot, "theme", "light").value = True
        await until(pilot, lambda: "cannot be saved" in text_of(app))
        assert app.theme == "callcheck-light"

    drive(app, steps, size=SIZE)


def test_the_consent_is_taken_back() -> None:
    consent.accept()
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        await until(pilot, lambda: "You have agreed to measuring" in text_of(app))
        app.screen.query_one("#withdraw", Button).press()
        await until(pilot, lambda: "You have not agreed" in text_of(app))
        assert not consent.is_given()

    drive(app, steps, size=SIZE)


@pytest.mark.parametrize(("key", "is_removed"), [("#yes", True), ("#no", False)])
def test_removing_everything_asks_first(key: str, is_removed: bool, tmp_path: Path) -> None:
    consent.accept()
    chosen = Settings(language="en", keeps_runs=True)
    settings.save(chosen)
    runs.new_path().write_text("{}\n")
    app = an_app(settings=chosen)

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        await pilot.press("ц")
        await until(pilot, lambda: "cannot reach" in text_of(app))
        assert "kept runs: 1." in text_of(app)
        assert consent.is_given()
        app.screen.query_one(key, Button).press()
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.pause(0.2)
        assert consent.is_given() is not is_removed
        assert _is_empty(tmp_path) is is_removed
        assert app.settings.keeps_runs is not is_removed
        # Leaving writes nothing anew.
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert _is_empty(tmp_path) is is_removed

    drive(app, steps, size=SIZE)


@pytest.mark.parametrize("size", [(20, 5), (200, 60)])
def test_any_size_of_screen_will_do(size: tuple[int, int]) -> None:
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        await pilot.press("w")
        await pilot.pause(0.1)
        assert text_of(app).strip()

    drive(app, steps, size=size)
