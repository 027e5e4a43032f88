"""Small parts of the fake context: looking up, filtering, counting, and saying nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from callcheck.api import BudgetExceededError, DeviceState, Function, LinkState, Role, Target
from callcheck.testing.sockets import Answers

T = TypeVar("T")

HEALTHY_LINK = LinkState(
    default_route=True,
    gateway="192.168.1.1",
    interface="eth0",
    tunnel=False,
    wireless=False,
    resolvers=("192.168.1.1",),
)

HEALTHY_DEVICE = DeviceState(container=False, filters=False, proxy=False, load_ratio=0.1)


class FakeMeter:
    """Counts towards the budget of its host and of the check."""

    def __init__(self, max_bytes: int, charge: Callable[[int], None]) -> None:
        self._left_bytes = max_bytes
        self._charge = charge

    def add(self, count_bytes: int) -> None:
        self._left_bytes -= count_bytes
        self._charge(count_bytes)
        if self._left_bytes < 0:
            raise BudgetExceededError(f"{-self._left_bytes} bytes more than promised")


def silence(_payload: bytes) -> Answers:
    return []


def silent_hops(_payload: bytes, _ttl: int) -> Answers:
    return []


def first(table: Mapping[str, T], keys: Iterable[str], otherwise: T) -> T:
    return next((table[key] for key in keys if key in table), otherwise)


def matches(
    target: Target, role: Role | None, service: str | None, function: Function | None, protocol: str | None
) -> bool:
    wanted = ((role, target.role), (service, target.service), (function, target.function), (protocol, target.protocol))
    return all(value is None or value == actual for value, actual in wanted)
