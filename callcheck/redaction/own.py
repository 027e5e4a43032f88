"""What a run knew of the line, the device and the person, and no export may tell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from callcheck.model import Json, Report
from callcheck.redaction.allowed_words import FORMS, OPERATIONS, WORD_KEYS
from callcheck.redaction.known import is_known, known_words
from callcheck.redaction.leaks import leaks

_NOBODYS: Final = frozenset({"0.0.0.0", "127.0.0.1", "255.255.255.255", "::1", "::"})  # noqa: S104 - not bound
_PLAIN: Final = re.compile(r"[a-z][a-z0-9_ ]{0,23}|[0-9.]{1,7}|\d{4}-\d\d-\d\d")
_HOST: Final = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+")
_TIMES: Final = frozenset({"received_us", "scheduled_us", "sent_us", "taken_us"})
_SHORTEST: Final = 4
_LONGEST: Final = 200


def secrets_of(report: Report) -> frozenset[str]:
    """The addresses and names that stand in a report that was not redacted, without the catalogue's endpoints: those of
    the line, the device, its router and resolvers, the stations on the way, what resolvers answered, every other text
    that a check wrote down, the provider, the region, the run's number and its exact time."""
    found = {secret for text in _texts(report) for secret in _in(text)}
    if report.run.redacted:
        return frozenset(found)
    return frozenset({*found, *_of_the_run(report)})


def _of_the_run(report: Report) -> Iterator[str]:
    if len(report.run.id) > _SHORTEST:
        yield report.run.id
    if report.network.asn is not None:
        yield f"AS{report.network.asn}"
    try:
        moment = dt.datetime.fromisoformat(report.run.started_utc)
    except ValueError:
        return
    if moment.minute or moment.second:
        moment = moment.replace(tzinfo=moment.tzinfo or dt.UTC)
        yield from (report.run.started_utc, f"{moment:%H:%M:%S}", str(int(moment.timestamp())))


def _texts(report: Report) -> set[str]:
    """Everything that was written down freely."""
    texts = {text for text in (report.network.region, report.network.access) if text}
    texts.update(report.problems)
    for observation in report.observations:
        if observation.target is not None:
            texts.update((observation.target.host, observation.target.address))
        for key, value in observation.data.items():
            kind = type(value)
            if kind is str:
                if key not in WORD_KEYS:
                    texts.add(value)
            elif (kind is list or kind is tuple or kind is dict) and key not in _TIMES:
                texts.update(_strings(value))
    for item in report.evidence:
        texts.update(text for key, value in item.facts.items() if key not in WORD_KEYS for text in _strings(value))
    return texts


def _strings(value: Json) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _strings(one)


def _in(text: str) -> Iterator[str]:
    """The text where it is a name, and every address and host in it."""
    whole = text.strip()
    lower = whole.lower()
    if is_known(lower) or lower in FORMS or lower in OPERATIONS:
        return
    parts = [*leaks(whole[:_LONGEST], ()), *_HOST.findall(whole[:_LONGEST])]
    if _SHORTEST <= len(whole) <= _LONGEST and not _PLAIN.fullmatch(whole) and not whole.count(": "):
        parts.append(whole)
    for part in parts:
        if len(part) >= _SHORTEST and part not in _NOBODYS and not _is_public(part.lower()):
            yield part


def _is_public(lower: str) -> bool:
    """An endpoint of the catalogue, or a name that leads into one of its domains: every run asks for those."""
    return is_known(lower) or _domain(lower) in _public_domains()


@cache
def _public_domains() -> frozenset[str]:
    return frozenset(_domain(known) for known in known_words() if "." in known)


def _domain(name: str) -> str:
    return ".".join(name.split(".")[-2:])
