"""How the real servers are started in place of stand-ins: coturn and unbound, where they are installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callcheck.lab.servers.dns import ANSWER_TTL_S
from callcheck.lab.servers.stun_answers import PASSWORD, REALM, USER

if TYPE_CHECKING:
    from callcheck.lab.servers.certificates import Certificates  # cryptography is slow to import

_SYSTEM_DIRECTORIES: Final = ("/usr/sbin", "/sbin")


def which(name: str) -> str | None:
    """The program's path; it is also looked for where ordinary users' PATH does not lead. None when absent."""
    search_path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_DIRECTORIES))
    return shutil.which(name, path=search_path)


def coturn_command(
    directory: Path,
    *,
    port: int,
    addresses: Sequence[str],
    transports: Collection[str],
    other_port: int | None = None,
    allow_loopback_peers: bool = False,
) -> list[str]:
    """The arguments that start one coturn on one port of several addresses, for the transports named (udp, tcp).

    Its files are made in `directory` and carry the port, so that several can share it. With `other_port` it listens on
    both ports of exactly two addresses and lets clients discover their NAT (RFC 5780); otherwise not, as the addresses
    of unrelated services would show up in OTHER-ADDRESS (lab 2). Peers on the loopback network, which it refuses by
    default, are for tests. It needs no privilege but the port's.
    """
    refused = [f"--no-{transport}" for transport in ("udp", "tcp") if transport not in transports]
    listening = [argument for address in addresses for argument in ("--listening-ip", address)]
    discovery = ["--no-rfc5780"] if other_port is None else ["--alt-listening-port", str(other_port)]
    return [
        which("turnserver") or "turnserver",
        "-n",
        *("--log-file", "stdout", "--simple-log"),
        *("--no-cli", "--no-tls", "--no-dtls", *discovery),
        *("--lt-cred-mech", "--realm", REALM, "--user", f"{USER}:{PASSWORD}"),
        *("--userdb", str(directory / f"turn-{port}.db")),
        *("--pidfile", str(directory / f"turn-{port}.pid")),
        *("--relay-threads", "1"),
        *("--listening-port", str(port)),
        *listening,
        *("--relay-ip", addresses[0]),
        *(["--allow-loopback-peers"] if allow_loopback_peers else []),
        *refused,
    ]


def unbound_command(
    directory: Path,
    *,
    addresses: Sequence[str],
    zone: Mapping[str, Sequence[str]],
    missing: Collection[str],
    forged: Mapping[str, str],
    port: int = 53,
    certificates: Certificates | None = None,
    tls_port: int = 853,
    https_port: int = 443,
) -> list[str]:
    """Write `unbound.conf` into `directory` and return the arguments that start unbound in the foreground.

    It knows the zone's names exactly, those of `missing` left out and those of `forged` with the one address
    given; everything else does not exist. Names are in lower case without a final dot. With `certificates` it also
    answers in TLS (RFC 7858) and over HTTPS (RFC 8484, HTTP/2 alone) at `/dns-query`, each on its own port.
    """
    answers = {name: tuple(found) for name, found in zone.items() if name not in missing}
    answers |= {name: (address,) for name, address in forged.items()}
    lines = [
        "server:",
        'username: ""',
        'chroot: ""',
        f'directory: "{directory}"',
        'pidfile: ""',
        "use-syslog: no",
        "do-daemonize: no",
        "num-threads: 1",
        f"do-ip6: {'yes' if any(':' in address for address in addresses) else 'no'}",
        'module-config: "iterator"',
        "access-control: 0.0.0.0/0 allow",
        "access-control: ::0/0 allow",
        *(f"interface: {address}@{port}" for address in addresses),
        *([] if certificates is None else _encrypted(directory, addresses, certificates, tls_port, https_port)),
        'local-zone: "." static',
        # unbound knows localhost by itself, the stand-in resolver does not.
        'local-zone: "localhost." nodefault',
        *(line for name, found in sorted(answers.items()) for line in _zone_of_one_name(name, found)),
        "remote-control:",
        "control-enable: no",
    ]
    configuration = directory / "unbound.conf"
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [which("unbound") or "unbound", "-d", "-c", str(configuration)]


def _encrypted(
    directory: Path, addresses: Sequence[str], certificates: Certificates, tls_port: int, https_port: int
) -> list[str]:
    """What unbound must be told to answer in TLS and HTTPS; its certificate and key are written for it alone."""
    pem = directory / "unbound.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(certificates.server_pem())
    return [
        *(f"interface: {address}@{port}" for address in addresses for port in (tls_port, https_port)),
        f"tls-port: {tls_port}",
        f"https-port: {https_port}",
        f'tls-service-key: "{pem}"',
        f'tls-service-pem: "{pem}"',
    ]


def _zone_of_one_name(name: str, addresses: Sequence[str]) -> list[str]:
    """A zone of its own for each name, so that neither its parents nor its children exist by it."""
    records = (
        f'local-data: "{name}. {ANSWER_TTL_S} IN {"AAAA" if ":" in address else "A"} {address}"'
        for address in addresses
    )
    return [f'local-zone: "{name}." static', *records]
