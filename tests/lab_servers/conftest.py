"""One process that plays every kind, without faults, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab_servers.harness import Running, endpoint, serving


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    endpoints = [
        endpoint("stun"),
        endpoint("stun", transport="tcp"),
        endpoint("telegram_turn"),
        endpoint("telegram_relay"),
        endpoint("telegram_dc", transport="tcp"),
        endpoint("whatsapp_chat", transport="tcp"),
        endpoint("whatsapp_relay"),
        endpoint("dns"),
        endpoint("dns", transport="tcp"),
        endpoint("echo"),
        endpoint("tcp_accept", transport="tcp"),
        endpoint("http", transport="tcp") | {"options": {"reflectors": ["91.108.13.2:596", "91.108.9.1:599"]}},
        endpoint("http", transport="tls"),
        endpoint("whatsapp_web", transport="tls"),
    ]
    directory = tmp_path_factory.mktemp("servers")
    with serving(
        directory,
        endpoints,
        certificates=str(directory),
        zone={"g.whatsapp.net": ["157.240.0.60", "157.240.0.61"], "mmg.whatsapp.net": ["157.240.0.62"]},
        missing=["mmg.whatsapp.net"],
        forged={"web.whatsapp.com": "10.10.34.35"},
    ) as running:
        yield running
