"""Files of other versions of callcheck: which are read, and what is said of one that cannot be.

A report or journal names its schema, `callcheck-report/1` or `callcheck-journal/1`. Since the first of them only fields
were added, each with a default, so that there is nothing to convert: an older file is read with the defaults, and an
older callcheck leaves alone what it does not know. Were a field ever to change its meaning, the number would rise; what
turns /1 into /2 would then stand here, one function for each step, and `saved` would ask for it before it decodes.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from callcheck import __version__
from callcheck.locale import N_

_SCHEMA: Final = re.compile(r"(callcheck-[a-z]{1,20})/([0-9]{1,6})")
_VERSION: Final = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?")

Reason = tuple[str, dict[str, str]]
"""A sentence in English that can be translated, and what fills its gaps."""


class _Tool(msgspec.Struct, frozen=True):
    version: str = ""


class _Header(msgspec.Struct, frozen=True):
    schema: Any = ""
    tool: _Tool = _Tool()


class _Said(msgspec.Struct, frozen=True):
    """What a file says of itself: a report at once, a journal in its first line's data."""

    schema: Any = ""
    tool: _Tool = _Tool()
    kind: Any = ""
    data: _Header = _Header()


def why_not(said: object, ours: str) -> Reason | None:
    """Why a file whose schema is `said` cannot be read by a callcheck that reads `ours`; None where it can."""
    if said == ours:
        return None
    named = {"said": f"{said!s:.60}", "ours": ours}
    theirs, own = _SCHEMA.fullmatch(str(said)), _SCHEMA.fullmatch(ours)
    if theirs and own and theirs[1] == own[1] and int(theirs[2]) > int(own[2]):
        text = N_("the file is {said}, which a newer callcheck wrote; this one reads {ours}: update callcheck")
        return text, named
    return N_("the file says it is {said}, and this callcheck reads {ours}"), named


def journal_schema(first_line: bytes) -> object:
    """What the first line of a journal says it is; None where it is none."""
    said = _said(first_line)
    return said.data.schema if said is not None and said.kind == "run_started" else None


def newer_writer(text: bytes) -> str:
    """The version of the callcheck that wrote this report or journal, where it is newer than this one; else ""."""
    said = _said(text) or _said(text.lstrip().partition(b"\n")[0])
    if said is None:
        return ""
    version = said.data.tool.version if said.kind else said.tool.version
    return version if _numbers(version) > _numbers(__version__) else ""


def _said(text: bytes) -> _Said | None:
    try:
        return msgspec.json.decode(text, type=_Said)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
