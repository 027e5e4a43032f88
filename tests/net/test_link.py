"""What the system's own tables say about the way out."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from callcheck.net.link import link_state, parse_default_route, parse_resolvers

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


def route(interface: str, gateway: str, flags: str = "0003", metric: int = 0, destination: str = "00000000") -> str:
    return f"{interface}\t{destination}\t{gateway}\t{flags}\t0\t0\t{metric}\t{'0' * 8}\t0\t0\t0\n"


def test_the_default_route_of_least_metric_wins() -> None:
    table = HEAD + route("wlan0", "FE01A8C0", metric=600) + route("eth0", "0101A8C0", metric=100)
    assert parse_default_route(table) == ("eth0", "192.168.1.1")


def test_a_route_that_is_down_rejecting_or_not_default_is_none() -> None:
    rows = route("a", "0101A8C0", flags="0000") + route("b", "0101A8C0", flags="0201")
    assert parse_default_route(HEAD + rows + route("c", "0101A8C0", destination="0001A8C0")) is None


def test_a_tunnel_is_told_by_its_kind_and_a_link_without_gateway_by_its_absence(tmp_path: Path) -> None:
    device = tmp_path / "sys/class/net/tun0"
    device.mkdir(parents=True)
    (device / "type").write_text("65534\n")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(HEAD + route("tun0", "00000000"))
    state = link_state(tmp_path)
    assert (state.default_route, state.gateway, state.interface, state.tunnel) == (True, "", "tun0", True)


def test_an_empty_table_is_no_way_out_and_no_table_is_not_told(tmp_path: Path) -> None:
    assert link_state(tmp_path).default_route is None
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(HEAD)
    assert link_state(tmp_path).default_route is False


def test_a_way_out_by_ipv6_alone_is_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(HEAD)
    zero, router = "0" * 32, "fe80" + "0" * 27 + "1"
    rejecting = f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n"
    (tmp_path / "proc/net/ipv6_route").write_text(rejecting)
    assert link_state(tmp_path).default_route is False
    ours = f"{zero} 00 {zero} 00 {router} 00000400 00000001 00000000 00000003     eth0\n"
    (tmp_path / "proc/net/ipv6_route").write_text(rejecting + ours)
    state = link_state(tmp_path)
    assert (state.default_route, state.interface, state.gateway) == (True, "eth0", "")


def test_resolvers_are_addresses_in_order_and_nothing_else() -> None:
    text = "# nameserver 9.9.9.9\nnameserver 192.168.1.1\nsearch lan\nnameserver fe80::1%eth0\nnameserver nonsense\n"
    assert parse_resolvers(text) == ("192.168.1.1", "fe80::1")


@given(st.text(max_size=400))
def test_no_table_makes_the_reader_raise(text: str) -> None:
    parse_default_route(text)
    parse_resolvers(text)
