"""What rules match, when they act, and what they count."""

from typing import Any

import pytest

from callcheck.lab.wire import memory
from callcheck.lab.wire.frames import Packet
from callcheck.lab.wire.rules import PASSES, RuleBook, Ruling
from callcheck.lab.wire.spec import read_wire
from callcheck.lab.wire.strict import Table

SECOND = 1_000_000_000
RELAY, OTHER, CLIENT = bytes([149, 154, 167, 51]), bytes([8, 8, 8, 8]), bytes([198, 51, 100, 2])
RELAY6 = bytes.fromhex("20010db8") + bytes(11) + b"\x07"
STUN = bytes.fromhex("000100002112a442") + bytes(12)
DNS = bytes.fromhex("1234010000010000000000000377656208576861747341707003636f6d0000010001")
DROPS = Ruling(False, 0, ())


def book(*rules: dict[str, Any], seed: int = 1, start_ns: int = 0) -> RuleBook:
    """Rules that drop everything unless they say what else they do."""
    made = [rule if "action" in rule or "penalty" in rule else rule | {"action": {"drop": 1.0}} for rule in rules]
    return RuleBook(read_wire(Table({"rule": made})).rules, seed=seed, wire="core", start_ns=start_ns)


def packet(**changes: Any) -> Packet:
    plain = Packet(True, 17, CLIENT, 40000, RELAY, 597, 188, b"x" * 160, 60)
    return plain._replace(**changes)


def drops(rules: RuleBook, one: Packet, number: int = 0, now_ns: int = 0) -> bool:
    """For rules that look at no more of the frame than what the packet says."""
    return not rules.judge(one, b"", number, now_ns).passes


@pytest.mark.parametrize(
    ("match", "inside", "outside"),
    [
        ({"proto": "udp"}, {}, {"protocol": 6}),
        ({"proto": "tcp"}, {"protocol": 6}, {}),
        ({"proto": "icmp"}, {"protocol": 1}, {"protocol": 58}),
        ({"proto": "icmpv6"}, {"protocol": 58}, {"protocol": 1}),
        ({"prefixes": ["149.154.160.0/20"]}, {}, {"remote_address": OTHER}),
        ({"prefixes": ["2001:db8::/32"]}, {"remote_address": RELAY6}, {}),
        ({"ports": [597, 598]}, {"remote_port": 598}, {"remote_port": 1400}),
        ({"ports": [597]}, {"is_up": False}, {"remote_port": 40000, "near_port": 597}),
        ({"direction": "up"}, {}, {"is_up": False}),
        ({"direction": "down"}, {"is_up": False}, {}),
        ({"direction": "both", "ports": [597]}, {"is_up": False}, {"is_up": False, "remote_port": 598}),
        ({"min_len": 188}, {}, {"ip_bytes": 187}),
        ({"min_ttl": 4}, {"ttl": 4}, {"ttl": 3}),
        ({"payload": "stun"}, {"payload": STUN}, {}),
        ({"payload": "dns", "names": ["whatsapp.com"]}, {"remote_port": 53, "payload": DNS}, {"remote_port": 53}),
        ({"payload": "dns", "names": ["web.whatsapp.com"]}, {"remote_port": 53, "payload": DNS}, {"payload": DNS}),
    ],
)
def test_a_rule_hits_what_it_matches_and_nothing_else(
    match: dict[str, object], inside: dict[str, object], outside: dict[str, object]
) -> None:
    rules = book({"match": match})
    for _ in range(2):  # the second answer comes from memory
        assert drops(rules, packet(**inside))
        assert not drops(rules, packet(**outside))


def test_a_name_matches_whole_labels_only() -> None:
    rules = book({"match": {"payload": "dns", "names": ["atsapp.com"]}})
    assert not drops(rules, packet(remote_port=53, payload=DNS))


def test_a_share_of_the_flows_is_hit_wholly_and_in_both_directions() -> None:
    rules = book({"match": {"proto": "udp", "flow_share": 0.3}})
    hit = [port for port in range(1000, 2000) if drops(rules, packet(near_port=port))]
    # Six standard errors of a share of 0.3 in 1000.
    assert abs(len(hit) - 300) < 87
    again = book({"match": {"proto": "udp", "flow_share": 0.3}})
    assert [port for port in range(1000, 2000) if drops(again, packet(near_port=port, is_up=False))] == hit


def test_the_seed_and_the_rule_choose_the_share() -> None:
    rule = {"match": {"flow_share": 0.5}}
    idle = {"match": {"ports": [1]}}

    def hit(rules: RuleBook) -> list[bool]:
        return [drops(rules, packet(near_port=port)) for port in range(1000, 1100)]

    assert len({tuple(hit(rules)) for rules in (book(rule), book(rule, seed=2), book(idle, rule))}) == 3


def test_after_packets_grants_them_to_each_flow_and_direction() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 3}})
    for flow in ({}, {"near_port": 40001}, {"is_up": False}):
        assert [drops(rules, packet(**flow), n) for n in range(5)] == [False, False, False, True, True]


def test_after_both_ways_counts_both_directions_together() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 3, "both_ways": True}})
    assert [drops(rules, packet(is_up=n % 2 == 0), n) for n in range(5)] == [False, False, False, True, True]
    assert not drops(rules, packet(near_port=40001))


def test_after_bytes_counts_ip_bytes() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"bytes": 400}})
    assert [drops(rules, packet(), n) for n in range(4)] == [False, False, True, True]


def test_after_seconds_runs_from_the_first_packet_that_matched() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"seconds": 5}})
    times = [1.0, 3.0, 5.9, 6.0, 9.0]
    answers = [drops(rules, packet(), n, int(s * SECOND)) for n, s in enumerate(times)]
    assert answers == [False, False, False, True, True]


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


def test_a_rule_may_say_how_long_a_flow_must_be_silent_to_start_anew() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 1}, "expiry_s": 5})
    times = [0, 4, 8, 13.1]
    assert [drops(rules, packet(), n, int(s * SECOND)) for n, s in enumerate(times)] == [False, True, True, False]


def test_a_rule_is_in_force_only_when_it_says() -> None:
    rules = book({"when": {"from_s": 10, "to_s": 30, "on_s": 5, "off_s": 5}}, start_ns=100 * SECOND)
    times = [0, 9.9, 10, 14.9, 15, 19.9, 20, 24.9, 25, 30, 99]
    answers = [drops(rules, packet(), 0, int((100 + s) * SECOND)) for s in times]
    assert answers == [False, False, True, True, False, False, True, True, False, False, False]
    assert rules.rules[0].matched == 4


def test_the_log_keeps_the_first_64_flows_with_the_packet_and_second_of_the_first_hit() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 2}})
    for n in range(4):
        drops(rules, packet(), n, n * SECOND)
    for port in range(1000, 1100):
        drops(rules, packet(near_port=port, is_up=False), 0, 4 * SECOND)
    log = rules.rules[0].log()
    assert isinstance(log["flows"], list)
    assert (log["matched"], log["hits"], log["flows_seen"], log["penalty_drops"]) == (104, 2, 101, 0)
    assert len(log["flows"]) == 64
    assert log["flows"][:2] == [
        {
            "flow": "17 198.51.100.2 40000 > 149.154.167.51 597",
            "matched": 4,
            "hits": 2,
            "first_hit_packet": 3,
            "first_hit_s": 2.0,
        },
        {
            "flow": "17 198.51.100.2 1000 < 149.154.167.51 597",
            "matched": 1,
            "hits": 0,
            "first_hit_packet": None,
            "first_hit_s": None,
        },
    ]


def test_a_flow_counted_both_ways_is_logged_so_also_in_ipv6() -> None:
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 9, "both_ways": True}})
    drops(rules, packet(remote_address=RELAY6))
    log = rules.rules[0].log()
    assert isinstance(log["flows"], list)
    assert log["flows"][0]["flow"] == "17 198.51.100.2 40000 <> 2001:0db8:0000:0000:0000:0000:0000:0007 597"


def test_the_memory_of_flows_is_bounded_and_the_stalest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("callcheck.lab.wire.memory", "callcheck.lab.wire.rules"):
        monkeypatch.setattr(f"{module}.MOST_REMEMBERED", 10)
    rules = book({"match": {"proto": "udp"}, "after": {"packets": 1}})
    assert not drops(rules, packet())
    for port in range(100):
        assert not drops(rules, packet(near_port=port))
        assert drops(rules, packet())
    assert not drops(rules, packet(near_port=50))


def test_memory_forgets_what_was_not_touched() -> None:
    known: memory.Memory[str] = memory.Memory(10)
    known.put("a", "A", 0)
    known.put("b", "B", 5)
    assert known.get("a", 10) == "A"
    known.put("c", "C", 16)
    assert (len(known), known.get("b", 16), known.get("a", 20), known.get("a", 31)) == (2, None, "A", None)


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


def test_a_packet_that_no_rule_means_passes_unchanged() -> None:
    assert book({"match": {"ports": [1]}}).judge(packet(), b"", 0, 0) is PASSES
    assert book().judge(packet(), b"", 0, 0) is PASSES


def test_delays_add_up_and_the_next_rules_are_asked() -> None:
    rules = book(
        {"match": {"proto": "udp"}, "action": {"delay_ms": 10}},
        {"match": {"ports": [597]}, "action": {"delay_ms": 2.5}},
        {"match": {"ports": [598]}},
    )
    assert rules.judge(packet(), b"", 0, 0) == Ruling(True, 12_500_000, ())
    assert not rules.judge(packet(remote_port=598), b"", 0, 0).passes
    assert [rule.hits for rule in rules.rules] == [2, 1, 1]


def test_a_stall_silences_the_connection_both_ways_until_it_was_silent() -> None:
    match = {"proto": "tcp", "direction": "down", "min_len": 100, "min_ttl": 3}
    rules = book({"match": match, "after": {"bytes": 300}, "action": {"stall": True}, "expiry_s": 10})
    down, up = packet(protocol=6, is_up=False), packet(protocol=6, ip_bytes=52)
    answers = [drops(rules, one, 0, n * SECOND) for n, one in enumerate([up, down, up, down, up, down])]
    assert answers == [False, False, False, True, True, True]
    assert not drops(rules, up._replace(near_port=40001), 0, 6 * SECOND)
    assert not drops(rules, up._replace(ttl=2), 0, 6 * SECOND)  # it expires before the middlebox and is not looked at
    assert drops(rules, up, 0, 14 * SECOND)
    assert not drops(rules, up, 0, 25 * SECOND)
    assert (rules.rules[0].matched, rules.rules[0].hits) == (5, 4)


TRIGGER = {"match": {"payload": "stun"}, "penalty": {"seconds": 10, "match": {"proto": "udp"}}}


def test_a_penalty_without_an_action_lets_the_trigger_pass_and_drops_what_follows() -> None:
    rules = book(TRIGGER)
    trigger = packet(payload=STUN)
    assert not drops(rules, packet(), 0, 0)
    assert rules.judge(trigger, b"", 0, SECOND) is PASSES
    later = {"any flow of the client": packet(remote_address=OTHER), "an answer": packet(is_up=False)}
    assert {name: drops(rules, one, 0, 2 * SECOND) for name, one in later.items()} == dict.fromkeys(later, True)
    spared = {"another client": packet(near_address=OTHER), "another protocol": packet(protocol=6)}
    assert {name: drops(rules, one, 0, 2 * SECOND) for name, one in spared.items()} == dict.fromkeys(spared, False)
    log = rules.rules[0].log()
    assert (log["matched"], log["hits"], log["penalty_drops"]) == (1, 1, 2)


def test_a_penalty_lasts_from_the_last_hit_and_what_it_drops_is_no_hit() -> None:
    rules = book(TRIGGER)
    trigger = packet(payload=STUN)
    times = [0, 9.9, 10, 19.9, 20]
    assert [drops(rules, trigger, 0, int(s * SECOND)) for s in times] == [False, True, False, True, False]


def test_a_penalty_can_follow_a_drop_and_hits_prolong_it() -> None:
    rules = book(TRIGGER | {"action": {"drop": 1}, "penalty": {"seconds": 10, "match": {"ports": [443]}}})
    trigger, punished = packet(payload=STUN), packet(remote_port=443)
    assert not drops(rules, punished, 0, 0)
    assert drops(rules, trigger, 0, 0)
    assert drops(rules, trigger, 0, 8 * SECOND)
    assert drops(rules, punished, 0, 17 * SECOND)
    assert not drops(rules, punished, 0, 18 * SECOND)


def test_a_rule_that_only_sets_off_a_penalty_leaves_its_packet_to_the_next_rule() -> None:
    rules = book(TRIGGER, {"match": {"payload": "stun"}})
    assert rules.judge(packet(payload=STUN), b"", 0, 0) == DROPS
    assert [rule.hits for rule in rules.rules] == [1, 1]


def test_clients_with_a_penalty_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcheck.lab.wire.rules.MOST_REMEMBERED", 2)
    rules = book(TRIGGER)
    clients = [bytes([10, 0, 0, n]) for n in range(3)]
    for client in clients:
        drops(rules, packet(near_address=client, payload=STUN))
    assert [drops(rules, packet(near_address=client), 0, SECOND) for client in clients] == [False, True, True]
