"""What the lab's network is told to be."""

from ipaddress import ip_interface

import pytest

from callcheck.lab import topology
from callcheck.lab.topology import Shape
from callcheck.lab.wire.spec import WIRES


def addresses(namespace: str) -> list[str]:
    batch = topology.namespace_batch(namespace, Shape())
    return [line.split()[2] for line in batch.splitlines() if line.startswith("addr add")]


def test_every_wire_of_a_scenario_is_a_link() -> None:
    assert tuple(link.wire for link in topology.LINKS) == WIRES


def test_both_ends_of_every_link_are_neighbours() -> None:
    for link in topology.LINKS:
        near = {ip_interface(address).network for address in addresses(link.near_namespace)}
        far = {ip_interface(address).network for address in addresses(link.far_namespace)}
        assert len(near & far) == 1, link


def test_every_device_is_made_and_brought_up_once() -> None:
    made = topology.creation_batch().split()
    for namespace in topology.NAMESPACES:
        batch = topology.namespace_batch(namespace, Shape())
        for device in topology.devices(namespace):
            assert batch.count(f"link set dev {device} up\n") == 1
            assert device in made
            assert 3 <= len(device) <= 15


def test_hosts_are_local_to_their_own_namespace() -> None:
    for namespace in topology.NAMESPACES:
        batch = topology.namespace_batch(namespace, Shape(hosts={"inet": ["8.8.8.8"], "transit": ["77.88.8.8"]}))
        found = [line for line in batch.splitlines() if line.startswith("route add local")]
        wanted = {"inet": ["route add local 8.8.8.8/32 dev lo"], "transit": ["route add local 77.88.8.8/32 dev lo"]}
        assert found == wanted.get(namespace, [])


def test_the_home_network_is_routed_only_where_nothing_translates_it() -> None:
    for namespace in ("isp", "transit", "inet"):
        assert topology.HOME_NETWORK in topology.namespace_batch(namespace, Shape(nat="none"))
        assert topology.HOME_NETWORK not in topology.namespace_batch(namespace, Shape())
    assert "masquerade" in topology.tables("cpe", Shape())
    assert topology.tables("cpe", Shape(nat="none")) == ""


def test_only_routers_forward_and_only_the_client_pings() -> None:
    for namespace in topology.NAMESPACES:
        pins = topology.settings(namespace, Shape())
        assert ("ipv4/ip_forward" in pins) == (namespace in ("cpe", "isp", "transit"))
        assert ("ipv4/ping_group_range" in pins) == (namespace == "client")
        assert "ipv4/ping_group_range" not in topology.settings(namespace, Shape(icmp_ping=False))


def test_hosts_are_taken_once_each() -> None:
    assert topology.checked_hosts(["8.8.8.8", "1.1.1.1", "8.8.8.8"]) == ("8.8.8.8", "1.1.1.1")


@pytest.mark.parametrize("host", ["192.168.1.7", "198.51.100.53", "203.0.113.6", "::1", "telegram.org", ""])
def test_a_host_that_is_no_address_or_belongs_to_the_routers_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"which the lab's own routers use|Expected 4 octets|Address cannot be empty"):
        topology.checked_hosts([host])
