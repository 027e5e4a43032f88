"""The wheel as a stranger installs it: what is in it, and that it works without the checkout."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.journals.golden import all_golden

ROOT = Path(__file__).parents[2]


def run(*command: str, cwd: Path, **environment: str) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**clean, "LC_ALL": "C.UTF-8", **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT), cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has nothing but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "env", with_pip=True, symlinks=True)
    python = str(folder / "env/bin/python")
    run(python, "-m", "pip", "install", "--quiet", str(wheel), cwd=folder)
    return folder / "env/bin"


def test_every_top_level_name_begins_with_callcheck(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert all(name.startswith("callcheck") for name in top)


def test_every_package_is_typed_and_the_data_is_there(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packages = {name.split("/")[0] for name in names if name.endswith("/__init__.py")}
    assert all(f"{package}/py.typed" in names for package in packages)
    for data in (
        "callcheck/catalog/telegram.toml",
        "callcheck/lab/catalog.toml",
        "callcheck/lab/scenarios/clean/clean.toml",
        "callcheck/lab/profiles.toml",
        "callcheck/lab/world.toml",
        "callcheck_html/templates/page.html.j2",
        "callcheck_html/templates/style.css",
        "callcheck/lab/README.md",
        "callcheck/locale/ru/LC_MESSAGES/callcheck.mo",
    ):
        assert data in names


def test_the_installed_command_lists_what_pyproject_does(installed: Path, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tables = project["entry-points"]
    wanted = {("check", name) for name in tables["callcheck.checks"]}
    wanted |= {("reporter", name) for name in tables["callcheck.reporters"]}
    listed = run(str(installed / "callcheck"), "checks", cwd=tmp_path).splitlines()
    assert {tuple(line.split()[:2]) for line in listed} == wanted
    assert all(line.split()[2] == "callcheck" for line in listed)


def test_the_installed_command_speaks_russian_and_knows_its_scenarios(installed: Path, tmp_path: Path) -> None:
    assert "Только" in run(str(installed / "callcheck"), "run", "--help", cwd=tmp_path, LC_ALL="ru_RU.UTF-8")
    assert "telegram-calls-dropped" in run(str(installed / "callcheck"), "lab", "list", cwd=tmp_path)


def test_the_installed_command_writes_every_form(installed: Path, tmp_path: Path) -> None:
    saved = tmp_path / "run.ndjson"
    saved.write_bytes(gzip.decompress(all_golden()["udp-prefix"].path.read_bytes()))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for form in project["entry-points"]["callcheck.reporters"]:
        assert "Telegram" in run(str(installed / "callcheck"), "report", str(saved), "--format", form, cwd=tmp_path)
