"""The last look at an export: nothing that leads to a person leaves, in whatever disguise, and nothing else is held."""

from __future__ import annotations

import base64
import html
import ipaddress
import json
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.catalog import load as catalog
from callcheck.model import Network, Run, Target
from callcheck.redaction.leaving import LeakError, checked
from callcheck.redaction.own import secrets_of
from callcheck.redaction.redact import redact
from callcheck.redaction.scan import Finding, scan
from tests.report.made import RELAY, a_report, observed

COOKIE = 0x2112A442
SECRETS = {
    "own IPv4": "95.31.18.119",
    "own IPv6": "2a02:2168:84d:5500:9c3a:11ff:fe22:7b01",
    "IPv4 in IPv6": "::ffff:95.31.18.119",
    "local address": "192.168.178.23",
    "gateway": "192.168.178.1",
    "resolver": "213.234.192.8",
    "reflexive address": "188.162.64.77",
    "MAC": "a4:5e:60:c1:7b:09",
    "network name": "Petrov Home 5G",
    "host name": "ivans-laptop.fritz.box",
    "user name": "ivan_petrov1987",
    "e-mail": "ivan.petrov@example.net",
    "home folder": "/home/ivan/calls/run.json",
    "home folder elsewhere": "C:\\Users\\Ivan Petrov\\calls",
    "phone number": "+7 495 123-45-67",
    "provider": "OOO Tverskie Seti",
    "exact time": "2026-11-21T10:42:31Z",
    "run number": "9ffb1c525d3e4f79b03bfb7f1d76100c",
    "terminal title": "\x1b]0;ivan@laptop\x07",
    "program": "SuperProxy 4.2 (ivan)",
}
SHAPED = (
    *("own IPv4", "own IPv6", "IPv4 in IPv6", "local address", "gateway", "resolver", "reflexive address", "MAC"),
    *("host name", "e-mail", "home folder"),
)


def number_of(secret: str) -> int | None:
    try:
        return int(ipaddress.IPv4Address(secret.removeprefix("::ffff:")))
    except ValueError:
        return None


def _ofnumber_of(form: Callable[[int], str]) -> Callable[[str], str]:
    def made(secret: str) -> str:
        number = number_of(secret)
        return secret if number is None else form(number)

    return made


def _in_ipv6(prefix: str) -> Callable[[str], str]:
    return _ofnumber_of(lambda number: str(ipaddress.IPv6Address(f"{prefix}{number >> 16:x}:{number & 0xFFFF:x}")))


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "reversed": lambda text: text[::-1],
    "hex": lambda text: text.encode().hex(),
    "upper hex": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex with spaces": lambda text: text.encode().hex(" "),
    "hex of reversed": lambda text: text.encode()[::-1].hex(),
    "escaped hex": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 within": lambda text: base64.b64encode(b"x=" + text.encode() + b";").decode(),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "JSON escapes": lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    "HTML decimal": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML hex": lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    "escaped twice": lambda text: html.escape("".join(f"&#{ord(one)};" for one in text)),
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "full width": lambda text: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text),
    "upper": str.upper,
}
OF_ADDRESSES: dict[str, Callable[[str], str]] = {
    "decimal": _ofnumber_of(str),
    "hex number": _ofnumber_of(lambda number: f"0x{number:08X}"),
    "packed": _ofnumber_of(lambda number: f"{number:08x}"),
    "packed, other order": _ofnumber_of(lambda number: number.to_bytes(4, "little").hex()),
    "decimal, other order": _ofnumber_of(lambda number: str(int.from_bytes(number.to_bytes(4, "big"), "little"))),
    "XORed": _ofnumber_of(lambda number: f"{number ^ COOKIE:08x}"),
    "XORed with colons": _ofnumber_of(lambda number: (number ^ COOKIE).to_bytes(4, "big").hex(":")),
    "XORed decimal": _ofnumber_of(lambda number: str(number ^ COOKIE)),
    "packed in base64": _ofnumber_of(lambda number: base64.b64encode(number.to_bytes(4, "big")).decode()),
    "mapped": _in_ipv6("::ffff:"),
    "NAT64": _in_ipv6("64:ff9b::"),
    "6to4": _ofnumber_of(lambda number: str(ipaddress.IPv6Address(f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"))),
    "Teredo": _ofnumber_of(
        lambda number: str(
            ipaddress.IPv6Address((0x20010000 << 96) | (0x4136E378 << 64) | (0x8000F227 << 32) | (number ^ 0xFFFFFFFF))
        )
    ),
    "dashes": _ofnumber_of(lambda number: str(ipaddress.IPv4Address(number)).replace(".", "-")),
}


def around(planted: str) -> bytes:
    """An export with something planted, past the redaction."""
    return json.dumps({"sentence": f"seen {planted} there", "t_us": 1200000}, ensure_ascii=False).encode()


def kinds(found: tuple[Finding, ...]) -> set[str]:
    return {one.kind for one in found}


# --- what is found


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_the_run_is_found_in_every_disguise(name: str, encoding: str) -> None:
    secret = SECRETS[name]
    assert "secret" in kinds(scan(around(ENCODINGS[encoding](secret)), {secret}))


@pytest.mark.parametrize("encoding", OF_ADDRESSES)
@pytest.mark.parametrize("name", ["own IPv4", "local address", "gateway", "resolver", "reflexive address"])
def test_an_address_is_found_by_its_bytes_and_in_ipv6(name: str, encoding: str) -> None:
    secret = SECRETS[name]
    assert "secret" in kinds(scan(around(OF_ADDRESSES[encoding](secret)), {secret}))


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name not in {"hex of reversed"}])
@pytest.mark.parametrize("name", SHAPED)
def test_what_has_a_shape_is_found_though_nobody_knew_it(name: str, encoding: str) -> None:
    secret = SECRETS[name]
    if encoding == "reversed" and name in {"host name", "home folder"}:
        pytest.skip("what is a name or a path backwards is a word")
    assert scan(around(ENCODINGS[encoding](secret))) != ()


@settings(max_examples=200, deadline=None)
@given(
    address=st.ip_addresses().map(str),
    encoding=st.sampled_from(sorted({*ENCODINGS} - {"reversed"})),
    before=st.sampled_from(["", " ", "(", '"', "=", "a "]),
)
def test_every_address_is_found(address: str, encoding: str, before: str) -> None:
    if ipaddress.ip_address(address) == ipaddress.ip_address("::"):
        return
    assert scan(around(before + ENCODINGS[encoding](address)), {address}) != ()


@pytest.mark.parametrize("number", ["1595871863", "[1, 1595871863, 2]", '{"asked": 1595871863}'])
def test_an_own_address_as_a_number_is_found_and_another_number_is_none(number: str) -> None:
    data = json.dumps(json.loads(number), indent=2).encode()
    assert kinds(scan(data, {SECRETS["own IPv4"]})) == {"secret"}
    assert kinds(scan(number.encode(), {SECRETS["own IPv4"]})) == {"secret"}
    assert scan(data, {SECRETS["gateway"]}) == ()


def test_a_secret_that_a_line_was_broken_in_is_found() -> None:
    data = b"the router\n  192.168.\n  178.1 answered, and\n  a4-5e-60-\n  c1-7b-09"
    assert {one.value for one in scan(data, {"192.168.178.1", "a4:5e:60:c1:7b:09"})} == {
        "192.168.178.1",
        "a4:5e:60:c1:7b:09",
    }


@pytest.mark.parametrize("data", [b"\xff\xfe", b'{"a": "\xc3"}', b"a\0b"])
def test_what_is_no_text_does_not_leave(data: bytes) -> None:
    assert kinds(scan(data)) == {"no_text"}


def test_what_is_too_large_to_look_through_does_not_leave() -> None:
    assert kinds(scan(b" " * (64 * 1024 * 1024 + 1))) == {"too_large"}


def test_a_finding_tells_its_value_to_nobody_who_does_not_ask() -> None:
    with pytest.raises(LeakError) as caught:
        checked(b"from 95.31.18.119", a_report())
    assert "95.31" not in str(caught.value) + repr(caught.value) + repr(caught.value.findings)
    assert [one.value for one in caught.value.findings] == ["95.31.18.119"]
    assert str(caught.value) == "address"


# --- what may stand there

HARMLESS = (
    "",
    "callcheck 0.1.0, 2026-11-21 from 10:00 (UTC), 38.5 ms, 1.2 %",
    '{"op": "messaging.name", "id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}',
    "callcheck-2026-11-21-telegram.json, callcheck-report.md",
    '<html xmlns="http://www.w3.org/1999/xhtml"><style>li::before{width:1.5em}@media print{a::after{}}</style>',
    "Звонки в Telegram не проходят: 12 из 540 (2,2 %), и т.д.",
    "|:---|:---:|\n| a | b |",
    "7 of 7, 999.999.999.999, 3 @ 4, 12:30:45",
    "\\u041f\\u0440\\u0438 &quot;a&quot; &#39;b&#39; 100%",
)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_passes(text: str) -> None:
    assert scan(text.encode(), set(SECRETS.values())) == ()


def test_the_number_of_a_run_passes_whatever_it_is() -> None:
    chance = Random(1)
    for _ in range(3_000):
        assert scan(f'{{"id": "{chance.randbytes(16).hex()}"}}'.encode()) == ()


def test_every_endpoint_of_the_catalogue_passes() -> None:
    for target in catalog.shipped():
        assert scan(f"{target.endpoint} ({target.host or target.address}), {target.protocol}".encode()) == ()


# --- what a run knew


def test_what_a_run_knew_is_collected_and_the_catalogue_is_not() -> None:
    report = a_report(
        run=Run(id="9ffb1c525d3e4f79", started_utc="2026-11-21T10:42:31Z", duration_s=9, depth="quick", complete=True),
        network=Network(asn=12345, region="Tver oblast"),
        observations=(
            observed(data={"reflexive_address": "188.162.64.77", "hop": "10.0.0.1", "rtt_ms": 3.2}),
            observed(seq=3, data={"name": "e1.whatsapp.net", "addresses": ["157.240.0.61", "188.162.64.9"]}),
            observed(seq=4, target=Target(role="gateway", address="192.168.178.1", host="ivans-nas.lan")),
        ),
        problems=("link: crashed: OSError at ivans-nas.local",),
    )
    secrets = secrets_of(report)
    assert {"188.162.64.77", "10.0.0.1", "157.240.0.61", "188.162.64.9", "192.168.178.1", "ivans-nas.lan"} <= secrets
    assert {"9ffb1c525d3e4f79", "10:42:31", "Tver oblast", "AS12345", "ivans-nas.local"} <= secrets
    assert not secrets & {RELAY.address, "e1.whatsapp.net"}
    assert secrets_of(redact(report)) == frozenset()
