"""What rules match, when they act, and what they count."""

from typing import Any

import pytest

from callcheck.lab.wire.frames import Packet
from callcheck.lab.wire.rules import RuleBook, Verdict
from callcheck.lab.wire.spec import read_wire
from callcheck.lab.wire.strict import Table

SECOND = 1_000_000_000
RELAY, OTHER, CLIENT = bytes([149, 154, 167, 51]), bytes([8, 8, 8, 8]), bytes([198, 51, 100, 2])
STUN = bytes.fromhex("000100002112a442") + bytes(12)
DNS = bytes.fromhex("1234010000010000000000000377656208576861747341707003636f6d0000010001")


def book(*rules: dict[str, Any], seed: int = 1) -> RuleBook:
    wire = read_wire(Table({"rule": [{"action": {"drop": 1.0}} | rule for rule in rules]}))
    return RuleBook(wire.rules, seed=seed, wire="core")


def packet(**changes: Any) -> Packet:
    plain = Packet(True, 17, CLIENT, 40000, RELAY, 597, 188, b"x" * 160)
    return plain._replace(**changes)


def drops(rules: RuleBook, one: Packet, number: int = 0, now_ns: int = 0) -> bool:
    return rules.verdict(one, number, now_ns) is Verdict.drops


@pytest.mark.parametrize(
    ("match", "inside", "outside"),
    [
        ({"proto": "udp"}, {}, {"protocol": 6}),
        ({"prefixes": ["149.154.160.0/20"]}, {}, {"remote_address": OTHER}),
        ({"ports": [597, 598]}, {"remote_port": 598}, {"remote_port": 1400}),
        ({"ports": [597]}, {"is_up": False}, {"remote_port": 40000, "near_port": 597}),
        ({"direction": "up"}, {}, {"is_up": False}),
        ({"direction": "down"}, {"is_up": False}, {}),
        ({"direction": "both", "ports": [597]}, {"is_up": False}, {"is_up": False, "remote_port": 598}),
        ({"min_len": 188}, {}, {"ip_bytes": 187}),
        ({"payload": "stun"}, {"payload": STUN}, {}),
        ({"payload": "dns", "names": ["whatsapp.com"]}, {"remote_port": 53, "payload": DNS}, {"remote_port": 53}),
        ({"payload": "dns", "names": ["web.whatsapp.com"]}, {"remote_port": 53, "payload": DNS}, {"payload": DNS}),
    ],
)
def test_a_rule_hits_what_it_matches_and_nothing_else(
    match: dict[str, object], inside: dict[str, object], outside: dict[str, object]
) -> None:
    assert drops(book({"match": match}), packet(**inside))
    assert not drops(book({"match": match}), packet(**outside))


def test_a_name_matches_whole_labels_only() -> None:
    rules = book({"match": {"payload": "dns", "names": ["atsapp.com"]}})
    assert not drops(rules, packet(remote_port=53, payload=DNS))


def test_after_packets_grants_them_to_each_flow_and_direction() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 3}})
    for flow in ({}, {"near_port": 40001}, {"is_up": False}):
        assert [drops(rules, packet(**flow), n) for n in range(5)] == [False, False, False, True, True]


def test_after_bytes_counts_ip_bytes() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"bytes": 400}})
    assert [drops(rules, packet(), n) for n in range(4)] == [False, False, True, True]


def test_after_seconds_runs_from_the_first_packet_that_matched() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"seconds": 5}})
    times = [1.0, 3.0, 5.9, 6.0, 9.0]
    assert [drops(rules, packet(), n, int(s * SECOND)) for n, s in enumerate(times)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_packets_that_do_not_match_are_not_counted() -> None:
    rules = book({"match": {"payload": "stun"}, "after": {"packets": 1}})
    for n in range(5):
        assert not drops(rules, packet(), n)
    assert [drops(rules, packet(payload=STUN), n) for n in range(3)] == [False, True, True]


def test_a_flow_that_was_silent_for_two_minutes_starts_anew() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 1}})
    times = [0, 1, 2, 122, 123]
    assert [drops(rules, packet(), n, s * SECOND) for n, s in enumerate(times)] == [False, True, True, True, True]
    assert not drops(rules, packet(), 9, 300 * SECOND)


def test_silent_flows_are_forgotten() -> None:
    rules = book({"match": {"proto": "udp"}})
    for port in range(1000):
        drops(rules, packet(near_port=port), port, 0)
    drops(rules, packet(near_port=2000), 1000, 200 * SECOND)
    log = rules.rules[0].log()
    assert log["flows_seen"] == 1001
    assert log["flows"] == [{"flow": "17 198.51.100.2 2000 > 149.154.167.51 597", "matched": 1, "hits": 1}]


def test_the_memory_of_flows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcheck.lab.wire.rules._MOST_FLOWS", 10)
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 1}})
    for port in range(100):
        drops(rules, packet(near_port=port), port)
    flows = rules.rules[0].log()["flows"]
    assert isinstance(flows, list)
    assert len(flows) == 10


def test_a_random_drop_depends_on_the_packets_number_and_not_on_what_stands_between() -> None:
    rule = {"match": {"proto": "udp"}, "action": {"drop": 0.5}}
    all_of_them = [drops(book(rule), packet(), n) for n in range(300)]
    every_third = book(rule)
    assert [drops(every_third, packet(near_port=n), n) for n in range(0, 300, 3)] == all_of_them[::3]
    # Six standard errors of a fair coin.
    assert abs(sum(all_of_them) - 150) < 52
    assert [drops(book(rule), packet(is_up=False), n) for n in range(300)] != all_of_them
    assert [drops(book(rule, seed=2), packet(), n) for n in range(300)] != all_of_them


def test_the_first_rule_that_hits_decides_and_each_counts_its_own() -> None:
    rules = book(
        {"match": {"proto": "tcp"}}, {"match": {"ports": [597]}, "after": {"packets": 1}}, {"match": {"proto": "udp"}}
    )
    for n in range(3):
        assert drops(rules, packet(), n)
    counts = [(rule.name, rule.matched, rule.hits) for rule in rules.rules]
    assert counts == [("rule 1 on core", 0, 0), ("rule 2 on core", 3, 2), ("rule 3 on core", 1, 1)]
