"""Both catalogues hold what the source marks: nothing missing, nothing left over, compiled as written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from callcheck.locale import FOLDER, LANGUAGES, N_, language_from, plural, translator
from callcheck.locale.catalogues import faults, placeholders, po_path, update
from callcheck.locale.extract import marked_in_source

ROOT = Path(__file__).resolve().parents[2]


def test_every_marked_sentence_is_in_both_catalogues_translated_and_compiled() -> None:
    """On failure: `python -m callcheck.locale`, then fill in the empty msgstr and run it again."""
    assert faults(ROOT, FOLDER) == []


def test_updating_changes_nothing_when_all_is_in_step(tmp_path: Path) -> None:
    folder = tmp_path / "locale"
    shutil.copytree(FOLDER, folder)
    update(ROOT, folder)
    for language in LANGUAGES:
        for path in (po_path(folder, language), po_path(folder, language).with_suffix(".mo")):
            assert path.read_bytes() == (FOLDER / path.relative_to(folder)).read_bytes()


def test_catalogues_name_no_machine_and_no_date() -> None:
    for language in LANGUAGES:
        text = po_path(FOLDER, language).read_text(encoding="utf-8")
        assert "POT-Creation-Date" not in text
        assert "Revision-Date" not in text
        assert str(ROOT) not in text


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one marked sentence and catalogues in step."""
    (tmp_path / "callcheck").mkdir()
    (tmp_path / "callcheck" / "one.py").write_text('_("{count} of it")\n', encoding="utf-8")
    update(tmp_path, tmp_path / "locale")
    russian = po_path(tmp_path / "locale", "ru")
    _write(russian, _read(russian).replace('msgstr ""\n\n', 'msgstr "{count} этого"\n\n'))
    _fill(russian)
    update(tmp_path, tmp_path / "locale")
    assert faults(tmp_path, tmp_path / "locale") == []
    return tmp_path


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _fill(path: Path) -> None:
    before, _, after = _read(path).partition('msgid "{count} of it"\nmsgstr ')
    assert after
    _write(path, before + 'msgid "{count} of it"\nmsgstr "{count} этого"\n')


def _add_source(checkout: Path, text: str) -> None:
    (checkout / "callcheck" / "two.py").write_text(text, encoding="utf-8")


def test_a_new_sentence_is_missed(checkout: Path) -> None:
    _add_source(checkout, '_("new")')
    assert [line for line in faults(checkout, checkout / "locale") if "'new' is not in the catalogue" in line] != []


def test_a_sentence_that_is_gone_is_obsolete(checkout: Path) -> None:
    (checkout / "callcheck" / "one.py").write_text("", encoding="utf-8")
    assert [line.endswith("is obsolete") for line in faults(checkout, checkout / "locale")] == [True, True]


@pytest.mark.parametrize(
    ("translated", "fault"),
    [
        ('""', "is not translated"),
        ('"{number} этого"', "has other placeholders"),
        ('"{count этого"', "has other placeholders"),
        ('"нечто другое {count}"', "is out of step"),
    ],
)
def test_a_wrong_translation_is_a_fault(checkout: Path, translated: str, fault: str) -> None:
    russian = po_path(checkout / "locale", "ru")
    _write(russian, _read(russian).replace('"{count} этого"', translated))
    assert any(line.startswith("ru: ") and fault in line for line in faults(checkout, checkout / "locale"))


def test_a_fuzzy_translation_is_a_fault(checkout: Path) -> None:
    russian = po_path(checkout / "locale", "ru")
    _write(russian, _read(russian).replace("#, python-brace-format", "#, fuzzy, python-brace-format"))
    assert any("is not translated" in line for line in faults(checkout, checkout / "locale"))


def test_updating_keeps_what_was_edited_and_drops_what_is_gone(checkout: Path) -> None:
    english = po_path(checkout / "locale", "en")
    _write(english, _read(english).replace('msgstr "{count} of it"', 'msgstr "{count} of that"'))
    _add_source(checkout, '_("new")')
    update(checkout, checkout / "locale")
    assert '"{count} of that"' in _read(english)
    assert 'msgid "new"\nmsgstr "new"' in _read(english)
    (checkout / "callcheck" / "two.py").unlink()
    update(checkout, checkout / "locale")
    assert '"new"' not in _read(english)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('_("a " "b")', [("a b",)]),
        ('N_("a"); self._("b")', [("a",), ("b",)]),
        ('n_("one", "many", count)', [("one", "many")]),
        ('tr()("a"); translator(language)("b"); translate("c")', [("a",), ("b",), ("c",)]),
        ('CheckInfo(name="x", title="t", discloses="d")', [("t",), ("d",)]),
        ('api.CheckInfo(title="t")', [("t",)]),
        ('_(name); _(f"{name}"); n_("one", many, 2); other("a"); CheckInfo(title=name)', []),
    ],
)
def test_marked_sentences_are_found_by_syntax(source: str, found: list[tuple[str, ...]]) -> None:
    assert sorted(marked_in_source(source)) == sorted(found)


def test_placeholders_are_the_names_in_braces() -> None:
    assert placeholders("{a} {b:5.1f} {{c}}") == {"a", "b"}
    assert placeholders("{a") == {"broken format"}


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "run_RU.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": ""}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ru:en"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "de:en:ru"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "de"}, "ru"),
        ({"LANG": "C", "LANGUAGE": "ru"}, "en"),
        ({"LANGUAGE": "ru"}, "en"),
    ],
)
def test_the_language_is_the_one_that_the_environment_asks_for(environ: dict[str, str], language: str) -> None:
    assert language_from(environ) == language


def test_an_unknown_language_is_english() -> None:
    assert translator("tlh")("calls") == translator("en")("calls") == "calls"
    assert translator("ru")("calls") == "звонки"
    assert translator("../../ru")("calls") == "calls"


@pytest.mark.parametrize(
    ("count", "russian"),
    [(1, "сети"), (2, "сетях"), (5, "сетях"), (11, "сетях"), (21, "сети"), (22, "сетях"), (111, "сетях"), (0, "сетях")],
)
def test_russian_plurals_follow_the_number(count: int, russian: str) -> None:
    text = plural("ru")("in {count} network", "in {count} networks", count)
    assert text.format(count=count) == f"в {count} {russian}"


def test_marking_for_later_changes_nothing() -> None:
    assert N_("as it is") == "as it is"
