"""Strict reading of one value of a configuration: each function returns it typed, or says what is wrong with it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, cast

Option = int | str | tuple[int | str, ...]
"""What an option of a kind may be; true and false are numbers to JSON's reader."""

_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NAMESPACE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")


class ConfigError(ValueError):
    """The configuration says something that cannot be served; the text is one line for a person."""


def table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected an object, got {shown(value)}")
    return cast("dict[str, object]", value)


def items(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise ConfigError(f"{where}: expected a list, got {shown(value)}")
    return value


def text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: expected a text, got {shown(value)}")
    return value


def whole_number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{where}: expected a whole number, got {shown(value)}")
    return value


def choice(value: object, choices: Collection[str], where: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ConfigError(f"{where}: {shown(value)} is not one of {', '.join(sorted(choices))}")
    return value


def ip_address(value: object, where: str) -> str:
    """An IPv4 or IPv6 address in its canonical spelling."""
    try:
        return str(ipaddress.ip_address(text(value, where)))
    except ValueError as error:
        raise ConfigError(f"{where}: {shown(value)} is not an IP address") from error


def namespace(value: object, where: str) -> str:
    """The name of a network namespace, which never leads out of the directory of namespaces."""
    name = text(value, where)
    if not _NAMESPACE.fullmatch(name):
        raise ConfigError(f"{where}: {shown(value)} is not the name of a namespace")
    return name


def named(value: object, where: str) -> dict[str, object]:
    """An object whose keys are host names, in lower case without a final dot."""
    written = table(value, where)
    entries = {host_name(name, where): entry for name, entry in written.items()}
    if len(entries) != len(written):
        raise ConfigError(f"{where}: a name stands there twice")
    return entries


def host_name(value: object, where: str) -> str:
    name = text(value, where).lower().removesuffix(".")
    if not _HOST_NAME.fullmatch(name):
        raise ConfigError(f"{where}: {shown(value)} is not a host name")
    return name


def options(value: object, where: str) -> Mapping[str, Option]:
    """Numbers, texts and lists of them by name; what they may say is for the kind to check."""
    return MappingProxyType({name: _option(entry, f"{where} {name}") for name, entry in table(value, where).items()})


def refuse_unknown_keys(written: Mapping[str, object], known: Collection[str], where: str) -> None:
    if unknown := sorted(written.keys() - set(known)):
        raise ConfigError(f"{where}: unknown key {shown(unknown[0])}")


def shown(value: object) -> str:
    """A value on one short line of printable ASCII, whatever it is."""
    line = ascii(value)
    return line if len(line) <= 60 else f"{line[:57]}..."


def _option(value: object, where: str) -> Option:
    if isinstance(value, int | str):
        return value
    if isinstance(value, list) and all(isinstance(entry, int | str) for entry in value):
        return tuple(value)
    raise ConfigError(f"{where}: expected a number, a text or a list of them, got {shown(value)}")
