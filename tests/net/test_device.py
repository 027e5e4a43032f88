"""What else runs here, and which way a packet would leave: read from the system, by yes and no."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcheck.api import DeviceState, Route
from callcheck.net.device import device_state, has_proxy
from callcheck.net.route import route_to
from callcheck.words import Failure


def system(root: Path, *, programs: tuple[str, ...] = (), load: str = "0.50 0.40 0.30 1/99 7") -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/loadavg").write_text(load)
    for number, name in enumerate(programs):
        (root / f"proc/{100 + number}").mkdir()
        (root / f"proc/{100 + number}/comm").write_text(f"{name}\n")
    (root / "proc/999").mkdir()  # it ended while we read
    return root


def test_a_mangler_is_seen_and_not_named(tmp_path: Path) -> None:
    state = device_state(system(tmp_path, programs=("bash", "NFQWS")), {})
    assert state.filters is True
    assert "nfqws" not in repr(state).lower()
    assert device_state(system(tmp_path / "other", programs=("bash", "firefox")), {}).filters is False


def test_a_container_says_so(tmp_path: Path) -> None:
    root = system(tmp_path)
    assert device_state(root, {}).container is False
    (root / ".dockerenv").touch()
    assert device_state(root, {}).container is True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"https_proxy": "http://p:1"}, True),
        ({"ALL_PROXY": "socks5://p"}, True),
        ({"HTTP_PROXY": ""}, False),
    ],
)
def test_a_configured_proxy_is_seen_in_either_spelling(environment: dict[str, str], expected: bool) -> None:
    assert has_proxy(environment) is expected


def test_load_is_told_for_each_processor_and_left_out_where_it_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert device_state(system(tmp_path, load="6.00 1 1 1/9 7"), {}).load_ratio == 1.5
    assert device_state(system(tmp_path / "odd", load="many"), {}).load_ratio is None


def test_a_system_that_tells_nothing_gives_nothing(tmp_path: Path) -> None:
    assert device_state(tmp_path, {}) == DeviceState(container=None, filters=None, proxy=False, load_ratio=None)


def test_the_way_to_loopback_is_the_loopback_interface() -> None:
    assert route_to("127.0.0.1") == Route("lo", False)


def test_the_interface_of_an_ipv6_address_is_read_from_the_table(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/if_inet6").write_text(f"{1:032x} 01 80 10 80       lo\n")
    found = route_to("::1", tmp_path)
    assert found == Route("lo", None) or isinstance(found, Failure), "a machine without IPv6 says why"


def test_what_is_no_address_of_a_host_has_a_failure() -> None:
    assert isinstance(route_to("255.255.255.255"), Failure)
