"""The catalogue: strict, dated, and what an overlay may change."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.catalog import load
from callcheck.lab import world
from callcheck.model import Target

GROUP = """
[[group]]
role = "control"
protocol = "stun"
transport = "udp"
network = "here"
source = "a test"
as_of = "2026-11-22"
answers = { cookie = "confirmed" }
endpoints = ["192.0.2.1:3478"]
"""


def laid_over(tmp_path: Path, text: str) -> tuple[Target, ...]:
    path = tmp_path / "overlay.toml"
    path.write_text(text)
    return load.with_overlay(path)


def test_every_shipped_entry_has_a_source_a_date_and_a_place() -> None:
    for target in load.shipped():
        assert target.source
        assert dt.date.fromisoformat(target.as_of) <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        assert target.host or target.address
        assert target.answers


def test_controls_are_diverse_as_the_design_asks() -> None:
    controls = [target for target in load.shipped() if target.role == "control" and target.protocol == "stun"]
    assert len(controls) >= 5
    assert len({target.network for target in controls}) >= 4
    assert len({target.network for target in load.shipped() if target.role == "domestic"}) >= 2
    assert sum(target.large for target in controls) >= 2


def test_no_probe_form_of_a_whatsapp_relay_is_said_to_be_confirmed() -> None:
    relays = [target for target in load.shipped() if target.protocol == "whatsapp_relay"]
    assert relays
    assert all(known != "confirmed" for target in relays for known in target.answers.values())


def test_telegram_relays_stand_in_telegrams_published_prefixes() -> None:
    """core.telegram.org/resources/cidr.txt, as in the facts."""
    prefixes = [
        "91.108.56.0/22",
        "91.108.4.0/22",
        "91.108.8.0/22",
        "91.108.16.0/22",
        "91.108.12.0/22",
        "149.154.160.0/20",
    ]
    networks = [ipaddress.ip_network(prefix) for prefix in prefixes]
    for target in load.shipped():
        if target.service == "telegram" and target.address:
            assert any(ipaddress.ip_address(target.address) in network for network in networks)


def test_the_labs_overlay_changes_what_is_known_and_nothing_else() -> None:
    before, after = load.shipped(), load.with_overlay(world.OVERLAY)
    kept = [target for target in after if target.network != "lab"]
    assert [target.endpoint for target in kept] == [target.endpoint for target in before]
    changed = {new.protocol for old, new in zip(before, kept, strict=True) if old != new}
    assert changed == {"noise", "whatsapp_relay", "websocket", "media", "quic", "dtls", "nat_discovery", "stun_tcp"}


def test_an_overlay_adds_and_replaces_by_kind_and_network(tmp_path: Path) -> None:
    added = laid_over(tmp_path, GROUP)
    assert len(added) == len(load.shipped()) + 1
    replaced = laid_over(tmp_path, GROUP.replace('"here"', '"twilio"'))
    assert len(replaced) == len(load.shipped())
    assert not any(target.host == "global.stun.twilio.com" and target.protocol == "stun" for target in replaced)


def test_a_name_may_come_with_its_address(tmp_path: Path) -> None:
    (added,) = (
        target
        for target in laid_over(tmp_path, GROUP.replace("192.0.2.1:3478", "stun.example.org=[2001:db8::1]:3478"))
        if target.network == "here"
    )
    assert (added.host, added.address, added.port) == ("stun.example.org", "2001:db8::1", 3478)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("role", "rule"), "missing required field `role`|unknown field `rule`"),
        (('"control"', '"enemy"'), "Invalid enum value 'enemy'"),
        (('"confirmed"', '"certain"'), "Invalid enum value 'certain'"),
        (("2026-11-22", "yesterday"), "as_of is no date"),
        (('source = "a test"', 'source = ""'), "needs a source"),
        ((":3478", ""), "has no port"),
        ((":3478", ":99999"), "has no port"),
        (("192.0.2.1", "not a host"), "neither a host name nor an address"),
        (("192.0.2.1", "stun.example.org=here"), "gives its name something else than an address"),
        (("192.0.2.1", "not a host=192.0.2.1"), "neither a host name nor an address"),
        (('role = "control"', 'role = "control"\nservice = "telegram"'), "belongs to no service"),
        (('role = "control"', 'role = "subject"'), "needs a service and a function"),
        (('role = "control"', 'role = "gateway"'), "is found, not listed"),
        (("[[group]]", "[[group"), "Expected"),
    ],
)
def test_a_bad_entry_is_refused_in_one_line_that_names_the_file(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    with pytest.raises(load.CatalogError, match=words) as caught:
        laid_over(tmp_path, GROUP.replace(*change))
    assert "\n" not in str(caught.value)
    assert "overlay.toml" in str(caught.value)


def test_one_endpoint_cannot_play_two_roles(tmp_path: Path) -> None:
    with pytest.raises(load.CatalogError, match="listed both as control and as domestic"):
        laid_over(tmp_path, GROUP + GROUP.replace('"control"', '"domestic"'))


def test_knowledge_of_a_kind_that_has_no_endpoints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(load.CatalogError, match="has no endpoints"):
        laid_over(tmp_path, GROUP.replace('endpoints = ["192.0.2.1:3478"]', "").replace('"stun"', '"other"'))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(load.CatalogError, match="No such file"):
        load.with_overlay(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(load.CatalogError, match="not a text file"):
        load.with_overlay(tmp_path / "binary.toml")


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise_anything_else(text: str) -> None:
    with contextlib.suppress(load.CatalogError):
        load.parse(text, "x")


def test_a_catalogue_that_points_everything_at_one_host_is_refused(tmp_path: Path) -> None:
    endpoints = ", ".join(f'"192.0.2.1:{port}"' for port in range(3000, 3009))
    with pytest.raises(load.CatalogError, match=r"192\.0\.2\.1: 9 entries lead to one host"):
        laid_over(tmp_path, GROUP.replace('"192.0.2.1:3478"', endpoints))
