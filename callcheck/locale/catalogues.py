"""Keeps the .po and .mo files in step with the source. For developers: it needs babel, callcheck itself does not."""

from __future__ import annotations

import io
import string
from collections.abc import Iterable, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from callcheck.locale import DOMAIN, LANGUAGES, Language
from callcheck.locale.extract import Marked, marked_in_checkout


class _Undated(Catalog):
    """A catalogue whose header holds no date, so that writing it twice gives the same bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def po_path(folder: Path, language: Language) -> Path:
    return folder / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def update(root: Path, folder: Path) -> None:
    """Bring both languages in step with the source under `root`. What has been translated stays as it is."""
    marked = marked_in_checkout(root)
    for language in LANGUAGES:
        path = po_path(folder, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = _merged(marked, _read(path, language), language)
        path.write_bytes(po_bytes(catalogue))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalogue))


def faults(root: Path, folder: Path) -> list[str]:
    """One line for each thing that is missing, untranslated, obsolete or out of step; [] when all is well."""
    found = []
    marked = marked_in_checkout(root)
    for language in LANGUAGES:
        path = po_path(folder, language)
        if not path.is_file():
            found.append(f"{language}: there is no {path.name}")
            continue
        catalogue = _read(path, language)
        found += [f"{language}: {line}" for line in _message_faults(marked, catalogue)]
        compiled = path.with_suffix(".mo")
        if not compiled.is_file() or compiled.read_bytes() != mo_bytes(catalogue):
            found.append(f"{language}: {compiled.name} is out of step with {path.name}")
    return found


def po_bytes(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalogue, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def _read(path: Path, language: Language) -> Catalog:
    catalogue = _empty(language)
    if path.is_file():
        with path.open("rb") as file:
            read = read_po(file, locale=language)
        for message in read:
            if message.id:
                catalogue[message.id] = message
        catalogue.obsolete = read.obsolete
    return catalogue


def _empty(language: Language) -> Catalog:
    return _Undated(locale=language, domain=DOMAIN, header_comment=f"# callcheck: {language}", fuzzy=False)


def _merged(marked: Sequence[Marked], known: Catalog, language: Language) -> Catalog:
    catalogue = _empty(language)
    for one in marked:
        message_id = _id(one.texts)
        old = known.get(one.texts[0])
        string_ = old.string if old is not None and _id_texts(old) == one.texts else _first_string(one, language)
        catalogue.add(message_id, string_, locations=[(one.place, 0)])
    return catalogue


def _first_string(one: Marked, language: Language) -> str | tuple[str, ...]:
    if language == "en":
        return _id(one.texts)
    return "" if len(one.texts) == 1 else ("",) * 3


def _id(texts: tuple[str, ...]) -> str | tuple[str, ...]:
    return texts[0] if len(texts) == 1 else texts


def _id_texts(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def _message_faults(marked: Iterable[Marked], catalogue: Catalog) -> list[str]:
    wanted = {one.texts: one.place for one in marked}
    present = {_id_texts(message): message for message in catalogue if message.id}
    found = [
        f"{place}: {texts[0]!r} is not in the catalogue" for texts, place in wanted.items() if texts not in present
    ]
    found += [f"{texts[0]!r} is obsolete" for texts in present if texts not in wanted]
    found += [f"{message.id!r} is obsolete" for message in catalogue.obsolete.values()]
    for texts, message in present.items():
        if message.fuzzy or not all(_strings(message)):
            found.append(f"{texts[0]!r} is not translated")
        elif any(placeholders(text) != placeholders(texts[-1]) for text in _strings(message)):
            found.append(f"{texts[0]!r} has other placeholders than its translation")
    return found


def placeholders(text: str) -> frozenset[str]:
    """The names in braces of a format string. A broken format string has the placeholder "broken format"."""
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:
        return frozenset({"broken format"})
