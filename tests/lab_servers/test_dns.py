"""The resolver stand-in (RFC 1035), read by dnspython and by eye."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from callcheck.lab.servers.dns import answer_query
from tests.lab_servers.harness import PATIENCE_S, Running, ask_udp, connection

NAMES = {"g.whatsapp.net": ("157.240.0.60",)}
QUERY = bytes.fromhex("abcd01000001000000000000 0167 087768617473617070 036e6574 00 0001 0001")


def test_an_address_comes_in_one_record_of_60_seconds() -> None:
    expected = (
        bytes.fromhex("abcd85800001000100000000") + QUERY[12:] + bytes.fromhex("c00c000100010000003c00049df0003c")
    )
    assert answer_query(QUERY, NAMES) == expected


@pytest.mark.parametrize(
    ("query", "head"),
    [
        (QUERY[:-3] + b"\x1c\0\x01", "abcd85800001000000000000"),
        (QUERY.replace(b"\x01g", b"\x01h"), "abcd85830001000000000000"),
        (QUERY[:12] + b"\0" + QUERY[-4:], "abcd85830001000000000000"),
        (QUERY[:2] + b"\0" + QUERY[3:], "abcd84800001000100000000"),
        (QUERY[:-1] + b"\x03", "abcd81850001000000000000"),
        (QUERY[:2] + b"\x11" + QUERY[3:], "abcd91040001000000000000"),
        (QUERY[:-1], "abcd81010001000000000000"),
        (QUERY[:12] + b"\xc0\x0c" + QUERY[-4:], "abcd81010001000000000000"),
        (QUERY[:12] + b"\x3fcut", "abcd81010001000000000000"),
        (QUERY[:12], "abcd81010001000000000000"),
        (QUERY[:5] + b"\x02" + QUERY[6:], "abcd81010002000000000000"),
        (QUERY[:5] + b"\x00" + QUERY[6:], "abcd81010000000000000000"),
        (QUERY[:12] + (b"\x3f" + b"x" * 63) * 4 + b"\0" + QUERY[-4:], "abcd81010001000000000000"),
    ],
    ids=[
        "AAAA is empty",
        "unknown name",
        "root",
        "no recursion desired",
        "another class",
        "another opcode",
        "cut short",
        "compressed question",
        "label past the end",
        "no question",
        "two questions",
        "none announced",
        "name too long",
    ],
)
def test_the_header_says_what_unbound_says(query: bytes, head: str) -> None:
    answer = answer_query(query, NAMES)
    assert answer is not None
    assert answer[:12] == bytes.fromhex(head)


@pytest.mark.parametrize("message", [b"", QUERY[:11], QUERY[:2] + b"\x81" + QUERY[3:]])
def test_what_is_no_query_gets_no_answer(message: bytes) -> None:
    assert answer_query(message, NAMES) is None


@pytest.mark.parametrize(
    ("name", "rcode", "addresses"),
    [
        ("g.whatsapp.net", dns.rcode.NOERROR, {"157.240.0.60", "157.240.0.61"}),
        ("G.WhatsApp.NET", dns.rcode.NOERROR, {"157.240.0.60", "157.240.0.61"}),
        ("web.whatsapp.com", dns.rcode.NOERROR, {"10.10.34.35"}),
        ("mmg.whatsapp.net", dns.rcode.NXDOMAIN, set()),
        ("sub.g.whatsapp.net", dns.rcode.NXDOMAIN, set()),
        ("whatsapp.net", dns.rcode.NXDOMAIN, set()),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_dnspython_reads_the_same_answer_over_both_transports(
    servers: Running, transport: str, name: str, rcode: int, addresses: set[str]
) -> None:
    query = dns.message.make_query(name, "A", use_edns=0)
    if transport == "udp":
        address, port = servers.place("dns")
        answer = dns.query.udp(query, address, port=port, timeout=PATIENCE_S)
    else:
        address, port = servers.place("dns", 1)
        answer = dns.query.tcp(query, address, port=port, timeout=PATIENCE_S)
    assert answer.rcode() == rcode
    assert {record.to_text() for rrset in answer.answer for record in rrset} == addresses
    assert answer.flags & dns.flags.RA


def test_over_tcp_queries_follow_one_another_on_one_connection(servers: Running) -> None:
    framed = len(QUERY).to_bytes(2) + QUERY
    answer_bytes = len(QUERY) + 2 * 16
    with connection(servers.place("dns", 1)) as sock:
        sock.sendall(b"\0\0" + framed + framed)
        answers = b""
        while len(answers) < 2 * (2 + answer_bytes):
            answers += sock.recv(4096)
    assert answers[:2] == answers[2 + answer_bytes :][:2] == answer_bytes.to_bytes(2)


def test_over_udp_noise_does_not_hinder_a_query(servers: Running) -> None:
    assert ask_udp(servers.place("dns"), b"noise", QUERY)[:4] == bytes.fromhex("abcd8580")
