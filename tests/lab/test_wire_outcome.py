"""When a run of the lab may not be scored."""

import copy
from typing import Any

import pytest

from callcheck.lab.wire.outcome import RuleCount, WireCount, read_outcome

QUIET = {"packets": 0, "bytes": 0, "lost": 0, "queue_drops": 0, "entries": []}
LOG: dict[str, Any] = {
    "wires": {
        "core": {
            "up": {
                "packets": 100,
                "bytes": 18800,
                "lost": 3,
                "queue_drops": 1,
                "entries": [{"asks": False, "hits": 0}, {"asks": True, "hits": 3}],
            },
            "down": QUIET,
            "visits": {"telegram-relay": 4},
            "rules": [{"name": "rule 1 on core", "matched": 9, "hits": 4, "flows_seen": 1, "flows": []}],
        }
    },
    "instrument": {
        "socket_drops": 0,
        "send_errors": 0,
        "truncated": 0,
        "forwarded": 1000,
        "late": 0,
    },
}


def changed(*path: Any, value: object) -> dict[str, Any]:
    log = copy.deepcopy(LOG)
    part: Any = log
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return log


def test_a_run_in_which_everything_hit_is_not_void() -> None:
    outcome = read_outcome(LOG)
    assert outcome.void == ()
    assert outcome.rules == (RuleCount("rule 1 on core", "core", 9, 4),)
    assert outcome.wires == (WireCount("core", "up", 100, 18800, 3, 1), WireCount("core", "down", 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (changed("wires", "core", "rules", 0, "hits", value=0), "rule 1 on core never hit"),
        (changed("wires", "core", "up", "entries", 1, "hits", value=0), "entry 2 of core up never did anything"),
        (
            changed("wires", "core", "visits", "telegram-relay", value=0),
            "nothing was sent to telegram-relay, which has a fault",
        ),
        (changed("instrument", "socket_drops", value=3), "the lab lost 3 packets itself"),
        (changed("instrument", "send_errors", value=1), "the lab lost 1 packet itself"),
        (changed("instrument", "truncated", value=2), "the lab lost 2 packets itself"),
        (
            changed("instrument", "late", value=150),
            "the lab was late: 15.0% of packets left more than 10 ms after they were due",
        ),
    ],
)
def test_a_run_without_its_fault_or_with_the_labs_own_faults_is_void(log: dict[str, Any], reason: str) -> None:
    assert read_outcome(log).void == (reason,)


def test_one_pause_of_the_machine_or_one_late_packet_in_a_hundred_is_no_reason() -> None:
    assert read_outcome(changed("instrument", "late", value=10)).void == ()
    few = changed("instrument", "forwarded", value=20)
    few["instrument"]["late"] = 10
    assert read_outcome(few).void == ()


def test_a_server_that_died_makes_a_run_void() -> None:
    assert read_outcome(LOG, ["echo ended with 1: boom"]).void == ("echo ended with 1: boom",)
