"""The quic check's hellos before aioquic's server on loopback: Retry, another protocol, a stranger's certificate."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from callcheck.api import Failure, Observation, Target
from callcheck.engine.context import RealContext, RunState
from callcheck.engine.events import Bus, Event
from callcheck.net.clock import Clock
from callcheck_quic import CHECK
from callcheck_quic.handshake import Shaken, shake_hands

T = TypeVar("T")

NAME = "chat.example"
# A test judges what came, never how fast: a server that is there answers within this.
PATIENCE_S = 10.0
NO_COMMON_PROTOCOL = 0x178


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for NAME that signs itself, and its key."""
    directory = tmp_path_factory.mktemp("quic")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


@pytest.fixture(autouse=True)
def _no_news_of_strangers() -> None:
    logging.getLogger("quic").addHandler(logging.NullHandler())


@asynccontextmanager
async def serving(
    certificate: tuple[Path, Path], *, retry: bool = False, alpn: str = "h3", host: str = "127.0.0.1"
) -> AsyncIterator[Target]:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[alpn])
    configuration.load_cert_chain(*certificate)
    server = await serve(host, 0, configuration=configuration, retry=retry)
    transport = server._transport  # aioquic does not say where it listens
    assert transport is not None
    try:
        port = transport.get_extra_info("sockname")[1]
        yield Target(role="control", host=NAME, address=host, port=port, protocol="quic", network="here")
    finally:
        server.close()
        transport.close()
        await asyncio.sleep(0)


def real_context(target: Target, sink: Callable[[Event], None] = lambda _event: None) -> RealContext:
    clock = Clock()
    return RealContext(RunState([target], "quick", clock, Bus(clock.now_us, [sink])), CHECK.info)


def run(coroutine: Coroutine[None, None, T]) -> T:
    return asyncio.run(coroutine)


async def hello(
    certificate: tuple[Path, Path], *, name: str = NAME, retry: bool = False, alpn: str = "h3", to_the_end: bool = True
) -> Shaken:
    async with serving(certificate, retry=retry, alpn=alpn) as target:
        ctx = real_context(target)
        try:
            return await shake_hands(ctx, target, name, limit_s=PATIENCE_S, to_the_end=to_the_end)
        finally:
            ctx.close()


@pytest.mark.parametrize("retry", [False, True])
def test_a_handshake_goes_to_its_end(
    certificate: tuple[Path, Path], retry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    shaken = run(hello(certificate, retry=retry))
    assert (shaken.failure, shaken.handshake, shaken.retried) == (None, True, retry)
    assert shaken.rtt_ms is not None
    assert 0 < shaken.initials <= 5


def test_any_answer_will_do_where_only_that_was_asked(certificate: tuple[Path, Path]) -> None:
    shaken = run(hello(certificate, retry=True, to_the_end=False))
    assert (shaken.failure, shaken.handshake, shaken.retried) == (None, False, True)


def test_another_protocol_is_an_answer(certificate: tuple[Path, Path]) -> None:
    shaken = run(hello(certificate, alpn="other"))
    assert (shaken.failure, shaken.error_code) == (Failure.error_answer, NO_COMMON_PROTOCOL)
    assert shaken.rtt_ms is not None


@pytest.mark.parametrize(
    ("name", "trusted"), [("www.example.org", True), (NAME, False)], ids=["another's name", "an unknown authority"]
)
def test_a_certificate_that_does_not_hold_is_an_answer(
    certificate: tuple[Path, Path], name: str, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    shaken = run(hello(certificate, name=name))
    assert (shaken.failure, shaken.handshake) == (Failure.tls_invalid, False)
    assert shaken.rtt_ms is not None


def test_a_closed_port_refuses() -> None:
    async def refused() -> Shaken:
        target = Target(address="127.0.0.1", port=9, protocol="quic")
        ctx = real_context(target)
        try:
            return await shake_hands(ctx, target, NAME, limit_s=PATIENCE_S, to_the_end=True)
        finally:
            ctx.close()

    assert run(refused()).failure is Failure.refused


def test_the_whole_ladder_is_climbed(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    async def climbed() -> list[Event]:
        seen: list[Event] = []
        async with serving(certificate) as target:
            ctx = real_context(target, seen.append)
            try:
                await CHECK.run(ctx, CHECK.params())
            finally:
                ctx.close()
        return seen

    seen = [msgspec.convert(event.data, Observation) for event in run(climbed())]
    assert sorted(one.op for one in seen) == ["quic.hello"] * 3 + ["quic.version"]
    assert {one.failure for one in seen} == {None}
    shaken = {one.data["try"]: one.data["handshake"] for one in seen if one.op == "quic.hello"}
    assert shaken == {1: True, 2: False, 3: False}
