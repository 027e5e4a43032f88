"""The checks against the servers that they will meet outside: unbound, coturn, Caddy, OpenSSL, on loopback."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from callcheck.api import Knowledge, Target, Transport
from callcheck.engine import plugins
from callcheck.lab.servers.certificates import Certificates, make_certificates
from callcheck.lab.servers.real import unbound_command, which
from tests.checks.live import by_claim, observed
from tests.lab_servers.real_servers import coturn, free_port, running

CHECKS = plugins.load_checks()[0]
NAME = "resolver.example"
SERVICE_NAMES = {"g.whatsapp.net": "157.240.0.60", "web.whatsapp.com": "157.240.0.53"}
_QUESTION = bytes.fromhex("12340100000100000000000001670877686174736170700363") + b"om\0\0\1\0\1"


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """The servers' certificates; their authority is trusted."""
    made = make_certificates(tmp_path, names=[NAME], addresses=["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def needs(program: str) -> str:
    path = which(program) or shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@contextmanager
def unbound(directory: Path, certificates: Certificates) -> Iterator[Mapping[str, int]]:
    """unbound on loopback, by the ports of its four ways."""
    ports = {"dns": free_port(), "dot": free_port(), "doh": free_port()}
    command = unbound_command(
        directory,
        addresses=["127.0.0.1"],
        zone={name: [address] for name, address in SERVICE_NAMES.items()}
        | {"example.com": ["93.184.216.34"], "example.org": ["93.184.216.35"]},
        missing=(),
        forged={},
        port=ports["dns"],
        certificates=certificates,
        tls_port=ports["dot"],
        https_port=ports["doh"],
    )
    with running(command, _QUESTION, ("127.0.0.1", ports["dns"]), directory / "unbound.log"):
        yield ports


def test_unbound_is_asked_by_udp_tls_and_https(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("unbound")
    with unbound(tmp_path, certificates) as ports:
        targets = [
            Target(service="whatsapp", function="messaging", host=name, port=443, transport="tcp", protocol="noise")
            for name in SERVICE_NAMES
        ]
        for protocol, port in ports.items():
            targets.append(
                Target(
                    role="control",
                    host="" if protocol == "dns" else NAME,
                    address="127.0.0.1",
                    port=port,
                    transport="udp" if protocol == "dns" else "tcp",
                    protocol=protocol,
                    network="here",
                    answers={"query": "confirmed"},
                )
            )
        seen = observed(CHECKS["dns"], targets, monkeypatch, depth="standard", names=SERVICE_NAMES)
    answered = {one.value.target.protocol for one in seen if one.value.target and one.value.failure is None}
    assert answered >= {"dns", "dot", "doh"}
    evidence = by_claim(CHECKS["dns"], seen)
    assert evidence["names_present", "whatsapp"].strength == 3
    assert evidence["names_true", "whatsapp"].strength >= 0
    assert all(
        item.strength <= 0
        for (claim, _), item in evidence.items()
        if claim in {"answers_doubled", "resolvers_intercepted"}
    )


def test_coturn_answers_stun_by_udp_and_tcp_and_discovers_the_translation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("turnserver")
    with coturn(tmp_path, other_port=free_port()) as (address, port):
        here = Target(role="control", address=address, port=port, network="here")
        kinds: list[tuple[str, Transport, dict[str, Knowledge]]] = [
            ("stun", "udp", {"cookie": "confirmed", "classic": "confirmed"}),
            ("stun_tcp", "tcp", {"cookie": "confirmed"}),
            ("nat_discovery", "udp", {"mapping": "confirmed"}),
        ]
        targets = [
            msgspec.structs.replace(here, protocol=protocol, transport=transport, answers=answers)
            for protocol, transport, answers in kinds
        ]
        seen = observed(CHECKS["stun"], targets, monkeypatch, depth="standard")
    answered = {
        (one.value.target.protocol, one.value.form)
        for one in seen
        if one.value.target is not None and one.value.failure is None
    }
    assert answered >= {("stun", "cookie"), ("stun", "classic"), ("stun_tcp", "cookie")}
    assert any(protocol == "nat_discovery" for protocol, _ in answered)


def test_openssls_dtls_server_answers_the_hello(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = needs("openssl")
    (tmp_path / "server.pem").write_bytes(certificates.server_pem())
    port = free_port()
    command = [program, "s_server", "-dtls", "-quiet", "-port", str(port), "-cert", str(tmp_path / "server.pem")]
    target = Target(
        role="control", address="127.0.0.1", port=port, protocol="dtls", network="here", answers={"hello": "confirmed"}
    )
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait_for_udp(port)
            seen = observed(CHECKS["stun"], [target], monkeypatch)
        finally:
            server.kill()
    assert any(one.value.failure is None for one in seen if one.value.target and one.value.target.protocol == "dtls")


def test_caddy_answers_the_whole_ladder_of_quic(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = needs("caddy")
    pem = tmp_path / "server.pem"
    pem.write_bytes(certificates.server_pem())
    port = free_port()
    (tmp_path / "Caddyfile").write_text(
        f"{{\n admin off\n auto_https disable_redirects\n skip_install_trust\n}}\n"
        f"https://{NAME}:{port} {{\n bind 127.0.0.1\n tls {pem} {pem}\n respond here\n}}\n"
    )
    environment = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    command = [program, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
    target = Target(
        role="control",
        host=NAME,
        address="127.0.0.1",
        port=port,
        protocol="quic",
        network="here",
        answers={"version": "confirmed", "initial": "confirmed"},
    )
    with (
        (tmp_path / "caddy.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as server,
    ):
        try:
            _wait_for_tls(port, tmp_path / "ca.pem")
            seen = observed(CHECKS["quic"], [target], monkeypatch)
        finally:
            server.terminate()
    by_form = {(one.value.op, one.value.failure) for one in seen if one.value.target and one.value.target.port == port}
    assert ("quic.version", None) in by_form, (tmp_path / "caddy.log").read_text()
    assert ("quic.hello", None) in by_form
    assert by_claim(CHECKS["quic"], seen)["quic_passes", ""].strength > 0


def _wait_for_udp(port: int) -> None:
    """Until something is bound there: /proc/net/udp lists local ports in hex."""
    give_up_s = time.monotonic() + 10
    while f":{port:04X} " not in Path("/proc/net/udp").read_text() + Path("/proc/net/udp6").read_text():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)


def _wait_for_tls(port: int, authority: Path) -> None:
    import socket

    give_up_s = time.monotonic() + 20
    context = ssl.create_default_context(cafile=authority)
    while True:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), 1) as plain,
                context.wrap_socket(plain, server_hostname=NAME),
            ):
                return
        except OSError:
            assert time.monotonic() < give_up_s
            time.sleep(0.05)
