"""What plugins share when they ask: why a connection did not open is one name, whoever said so."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from callcheck.api import Context, Failure, IcmpError, Stream, Target
from callcheck.asking import connect

HOST = Target(address="192.0.2.1", port=443, transport="tcp")


@pytest.mark.parametrize(
    ("came", "told"),
    [
        (Failure.refused, Failure.refused),
        (IcmpError(Failure.host_unreachable, "203.0.113.1", 3, 1, 0), Failure.host_unreachable),
    ],
)
def test_a_connection_that_did_not_open_says_why(came: Failure | IcmpError, told: Failure) -> None:
    assert connected(came) is told


def test_an_open_connection_is_handed_on() -> None:
    stream = cast("Stream", object())
    assert connected(stream) is stream


def connected(came: object) -> Stream | Failure:
    ctx: Any = AsyncMock()
    ctx.tcp.return_value = came
    found = asyncio.run(connect(cast("Context", ctx), HOST, timeout_s=1.5))
    ctx.tcp.assert_awaited_once_with(HOST, timeout_s=1.5)
    return found
