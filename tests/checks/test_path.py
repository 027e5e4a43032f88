"""The path check before scripted routers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callcheck.api import Claim, Evidence, Failure, IcmpError, Target
from callcheck.testing import Answers, FakeContext, run_check
from callcheck_path import CHECK

HOPS = {1: "192.168.1.1", 2: "198.51.100.1", 3: "203.0.113.2", 4: "203.0.113.9"}
RELAY = Target(service="telegram", function="calls", address="91.108.13.10", port=596, protocol="reflector")
CENTRE = Target(
    service="telegram", function="messaging", address="149.154.167.51", port=443, protocol="mtproto", transport="tcp"
)
CONTROL = Target(role="control", address="74.125.250.129", port=19302, protocol="stun", network="google")
TCP_CONTROL = Target(role="control", address="8.8.8.8", port=443, protocol="tcp", transport="tcp", network="google")

Router = Callable[[bytes, int], Answers]


def expiring(last: int, hops: dict[int, str] | None = None) -> Router:
    """Packets expire at each hop up to `last`; nothing comes back from further on."""
    known = HOPS if hops is None else hops

    def route(_payload: bytes, ttl: int) -> Answers:
        return IcmpError(Failure.expired, known[ttl], 11, 0, 0) if ttl <= last and ttl in known else []

    return route


def is_hello(payload: bytes) -> bool:
    return payload[16:28] == b"\xff" * 12


def only(shape: Callable[[bytes], bool], stopped: Router, other: Router) -> Router:
    return lambda payload, ttl: stopped(payload, ttl) if shape(payload) else other(payload, ttl)


def probed(
    relay: Router, *, other_port: Router | None = None, control: Router | None = None, relay_answered: bool = False
) -> Evidence | None:
    answered = [CONTROL, *([RELAY] if relay_answered else [])]
    ctx = FakeContext([RELAY, CONTROL], answered=answered, info=CHECK.info)
    ctx.hops("udp/91.108.13.10:596", relay)
    ctx.hops("udp/91.108.13.10:40321", other_port or relay)
    ctx.hops("udp/74.125.250.129:19302", control or expiring(4))
    run_check(CHECK, ctx)
    return next(iter(CHECK.read(ctx.observations)), None)


def told(item: Evidence | None) -> tuple[int, object, object]:
    assert item is not None
    assert (item.service, item.function, item.claim) == ("telegram", "calls", Claim.path_open)
    return item.strength, item.facts["where"], item.facts["mechanism"]


@pytest.mark.parametrize(
    ("relay", "other_port", "expected"),
    [
        pytest.param(only(is_hello, expiring(2), expiring(4)), None, (-3, "provider", "payload"), id="by payload"),
        pytest.param(expiring(2), expiring(4), (-3, "provider", "port"), id="by port"),
        pytest.param(expiring(2), None, (-2, "provider", "address"), id="by address"),
        pytest.param(expiring(1), None, (-2, "access", "address"), id="behind the home router"),
        pytest.param(expiring(0), None, (-2, "home", "address"), id="in the home router"),
        pytest.param(expiring(4), None, (2, "beyond", "unknown"), id="as far as the control"),
    ],
)
def test_a_stop_is_told_by_what_goes_further(
    relay: Router, other_port: Router | None, expected: tuple[int, object, object]
) -> None:
    assert told(probed(relay, other_port=other_port)) == expected


def test_behind_silent_routers_nothing_can_be_told() -> None:
    assert told(probed(expiring(0), control=expiring(0))) == (0, "unknown", "unknown")


def test_another_way_to_another_place_proves_nothing() -> None:
    """The control's hop 2 is a router that the relay's packets never meet."""
    elsewhere = expiring(4, {1: "192.168.1.1", 2: "192.0.2.1", 3: "192.0.2.2", 4: "192.0.2.3"})
    assert told(probed(expiring(2), control=elsewhere))[0] == 0


def test_a_stop_far_out_is_not_laid_at_the_providers_door() -> None:
    far = {ttl: f"203.0.113.{ttl}" for ttl in range(1, 9)}
    assert told(probed(expiring(6, far), control=expiring(8, far)))[0] == 0


def test_nothing_is_sent_when_nothing_is_silent_or_no_control_lives() -> None:
    assert probed(expiring(2), relay_answered=True) is None
    ctx = FakeContext([RELAY, CONTROL])
    run_check(CHECK, ctx)
    assert not ctx.observations


def test_no_probe_uses_full_ttl_and_every_one_has_its_own_source_port() -> None:
    ctx = FakeContext([RELAY, CONTROL], answered=[CONTROL])
    full_ttl: list[bytes] = []
    ctx.peer("udp/91.108.13.10:596", lambda payload: full_ttl.append(payload) or [])  # type: ignore[func-returns-value]  # append returns None
    run_check(CHECK, ctx)
    assert ctx.observations
    assert not full_ttl
    assert not ctx.open_sockets


def test_a_silent_text_path_is_probed_by_syn() -> None:
    ctx = FakeContext([CENTRE, TCP_CONTROL], answered=[TCP_CONTROL], info=CHECK.info)
    ctx.hops("tcp/149.154.167.51:443", expiring(2))
    ctx.hops("tcp/8.8.8.8:443", expiring(4))
    run_check(CHECK, ctx)
    item = next(iter(CHECK.read(ctx.observations)))
    assert (item.service, item.function, item.strength, item.facts["where"]) == (
        "telegram",
        "messaging",
        -2,
        "provider",
    )
