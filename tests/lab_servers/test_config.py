"""The configuration is read strictly, and the command says in one line what is wrong with it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from callcheck.lab.servers.config import ConfigError, parse_config
from tests.lab_servers.harness import PATIENCE_S, endpoint, start_servers


def _document(**changes: object) -> dict[str, Any]:
    return {"seed": 1, "endpoints": [endpoint("echo")], **changes}


def test_a_config_may_leave_out_names_and_fault() -> None:
    entry = endpoint("echo")
    del entry["fault"]
    config = parse_config(_document(endpoints=[entry]))
    assert config.endpoints[0].fault is None
    assert config.resolver_answers() == {}


def test_missing_names_vanish_and_forged_names_replace_the_zone() -> None:
    config = parse_config(
        _document(
            zone={"A.example.": ["192.0.2.1", "192.0.2.2"], "b.example": ["192.0.2.3"], "c.example": ["192.0.2.4"]},
            missing=["B.Example"],
            forged={"C.example": "10.10.34.35", "d.example": "10.10.34.36"},
        )
    )
    assert config.resolver_answers() == {
        "a.example": ("192.0.2.1", "192.0.2.2"),
        "c.example": ("10.10.34.35",),
        "d.example": ("10.10.34.36",),
    }


BAD_DOCUMENTS: list[tuple[object, str]] = [
    ([], "the configuration: expected an object, got []"),
    (_document(colour="red"), "the configuration: unknown key 'colour'"),
    ({"seed": 1}, "endpoints: expected a list, got None"),
    (_document(seed="7"), "seed: expected a whole number, got '7'"),
    (_document(seed=True), "seed: expected a whole number, got True"),
    (_document(endpoints=[7]), "endpoint 0: expected an object, got 7"),
    (_document(endpoints=[endpoint("echo") | {"ttl": 4}]), "endpoint 0: unknown key 'ttl'"),
    (_document(endpoints=[endpoint("ftp")]), "endpoint ftp kind: 'ftp' is not one of dns, dtls, echo"),
    (_document(endpoints=[endpoint("echo", fault="tired")]), "endpoint echo fault: 'tired' is not one of garbage"),
    (_document(endpoints=[endpoint("echo", fault="")]), "endpoint echo fault: '' is not one of garbage"),
    (_document(endpoints=[endpoint("echo", transport="tcp")]), "endpoint echo transport: 'tcp' is not one of udp"),
    (_document(endpoints=[endpoint("echo") | {"port": 65536}]), "endpoint echo port: 65536 is not between 0 and"),
    (_document(endpoints=[endpoint("echo") | {"address": "host"}]), "endpoint echo address: 'host' is not an IP"),
    (_document(endpoints=[endpoint("echo") | {"name": ""}]), "endpoint 0 name: expected a text, got ''"),
    (_document(zone={"a": "192.0.2.1"}), "zone a: expected a list, got '192.0.2.1'"),
    (_document(zone={"a": ["2001:db8::g"]}), "zone a: '2001:db8::g' is not an IP address"),
    (_document(endpoints=[endpoint("echo") | {"namespace": "../inet"}]), "endpoint echo namespace: '../inet' is not"),
    (_document(endpoints=[endpoint("echo") | {"options": []}]), "endpoint echo options: expected an object, got []"),
    (_document(endpoints=[endpoint("echo") | {"options": {"a": 1.5}}]), "endpoint echo options a: expected a number"),
    (_document(endpoints=[endpoint("echo") | {"options": {"a": [[]]}}]), "endpoint echo options a: expected a number"),
    (_document(endpoints=[endpoint("dns", transport="tls")]), "endpoint dns needs a directory for certificates"),
    (_document(endpoints=[endpoint("quic")]), "endpoint quic needs a directory for certificates"),
    (_document(certificates=7), "certificates: expected a text, got 7"),
    (_document(zone={'a" b': []}), "zone: 'a\" b' is not a host name"),
    (_document(zone={"a": [], "A.": []}), "zone: a name stands there twice"),
    (_document(missing=["a"], forged={"a": "192.0.2.1"}), "a is both missing and forged"),
    (_document(missing=["x" * 64]), "missing: 'xxxxx"),
]


@pytest.mark.parametrize(("document", "complaint"), BAD_DOCUMENTS)
def test_a_bad_config_is_refused_by_the_name_of_what_is_wrong(document: object, complaint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config(document)
    assert str(raised.value).startswith(complaint)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (json.dumps(_document(endpoints=[endpoint("echo", fault="tired")])), "fault: 'tired' is not one of"),
        ("{", "is not JSON"),
        ("\udcff\udcfe", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (None, "cannot read"),
    ],
)
def test_the_command_ends_with_65_and_one_line_on_stderr(tmp_path: Path, text: str | None, complaint: str) -> None:
    config = tmp_path / "servers.json"
    if text is not None:
        config.write_bytes(text.encode(errors="surrogateescape"))
    process = start_servers(config)
    output, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 65
    assert output == ""
    assert complaint in complaints
    assert complaints.count("\n") == 1


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (endpoint("echo") | {"options": {"a": 1}}, "endpoint echo options: kind echo has none"),
        (endpoint("tcp_accept", transport="tcp", fault="silent") | {"options": {"a": 1}}, "kind tcp_accept has none"),
        (endpoint("http", transport="tcp") | {"options": {"a": 1}}, "endpoint http options: http: unknown key 'a'"),
        (endpoint("http", transport="tcp") | {"options": {"reflectors": "x"}}, "reflectors: expected a list, got 'x'"),
        (endpoint("http", transport="tcp") | {"options": {"reflectors": ["x"]}}, "'x' is not ADDRESS:PORT"),
        (endpoint("quic") | {"options": {"retry": 1}}, "endpoint quic options: retry: expected true or false, got 1"),
    ],
)
def test_an_option_that_the_kind_does_not_understand_ends_with_65(
    tmp_path: Path, entry: dict[str, object], complaint: str
) -> None:
    config = tmp_path / "servers.json"
    first = endpoint("echo", name="first")
    config.write_text(json.dumps(_document(endpoints=[first, entry], certificates=str(tmp_path))))
    process = start_servers(config)
    output, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 65
    assert output == ""
    assert complaint in complaints
    assert complaints.count("\n") == 1


def test_certificates_that_cannot_be_written_end_with_69(tmp_path: Path) -> None:
    config = tmp_path / "servers.json"
    config.write_text(json.dumps(_document(certificates=str(config / "below a file"))))
    process = start_servers(config)
    _, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 69
    assert "cannot write certificates into" in complaints
    assert complaints.count("\n") == 1


def test_a_namespace_that_is_not_there_ends_with_69(tmp_path: Path) -> None:
    config = tmp_path / "servers.json"
    entry = endpoint("echo") | {"namespace": "callcheck-is-not-there"}
    config.write_text(json.dumps(_document(endpoints=[entry])))
    process = start_servers(config)
    _, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 69
    assert "endpoint echo: cannot bind udp 127.0.0.1" in complaints
    assert complaints.count("\n") == 1


def test_a_port_in_use_ends_with_69_and_names_the_endpoint(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        config = tmp_path / "servers.json"
        entry = endpoint("echo") | {"port": taken.getsockname()[1]}
        config.write_text(json.dumps(_document(endpoints=[endpoint("dns", transport="tcp"), entry])))
        process = start_servers(config)
        _, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 69
    assert "endpoint echo: cannot bind udp 127.0.0.1" in complaints
    assert complaints.count("\n") == 1


def test_with_fixed_ports_the_ready_line_is_the_word_alone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "servers.json"
    config.write_text(json.dumps(_document(endpoints=[endpoint("echo") | {"port": port}])))
    process = start_servers(config)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
