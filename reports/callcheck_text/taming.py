"""Takes out of a report what a chat program could act on: markup, links, mentions, commands, telephone numbers."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from callcheck.model import Report
from callcheck.redaction.allowlist import version
from callcheck.verdict.explain import SERVICES

# What `explain.service_name` lets through without the underscore, which chats read as italics; a number with so many
# digits would be offered to be dialled.
_NAME: Final = re.compile(r"(?!.*[0-9]{5})[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_NAME: Final = 24
# Of digits, with what may part them: a chat offers to call a number of seven or more.
_TELEPHONE: Final = re.compile(r"\d(?:[ ,.()-]{0,2}\d){6,}")


def tamed(report: Report) -> Report:
    """The report with every foreign text that a chat form shows made harmless: the services' names and the version.

    The sentences are made of these and of our own words; problems are left out, as their notes may hold anything.
    """
    tool = msgspec.structs.replace(report.tool, version=version(report.tool.version))
    return msgspec.structs.replace(
        report,
        tool=tool,
        verdicts=tuple(msgspec.structs.replace(one, service=_name(one.service)) for one in report.verdicts),
        quality=tuple(msgspec.structs.replace(one, service=_name(one.service)) for one in report.quality),
        evidence=tuple(msgspec.structs.replace(one, service=_name(one.service)) for one in report.evidence),
        problems=(),
    )


def looks_dialled(sentence: str) -> bool:
    """Whether it holds a figure that a chat would offer to call; no measurement has one so long."""
    return _TELEPHONE.search(sentence) is not None


def _name(service: str) -> str:
    """The name with hyphens for underscores; "?" where it is no bare word, which is how `service_name` shows it."""
    if not service or service in SERVICES:
        return service
    name = service[: _LONGEST_NAME + 1].replace("_", "-").strip("-")
    return name if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) else "?"
