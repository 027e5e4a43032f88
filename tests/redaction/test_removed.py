"""What redaction took out, as it is told to a person: all of it, and nothing that stays."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings

from callcheck.model import Evidence, Network, Plugin, Report, Target, Tool
from callcheck.redaction.redact import redact
from callcheck.redaction.removed import Group, Kind, removed
from callcheck.words import Claim
from tests.report.made import BUILT_IN, RELAY, TOOL, a_report, hostile_reports, observed


def leaves(tree: Any) -> set[str | int | float]:
    """Every string and number of a report, written down apart from the code under test."""
    if isinstance(tree, dict):
        return set().union(*map(leaves, tree.values())) if tree else set()
    if isinstance(tree, list | tuple):
        return set().union(*map(leaves, tree)) if tree else set()
    return {tree} if isinstance(tree, str | int | float) and not isinstance(tree, bool) else set()


def names(tree: Any) -> set[str]:
    """Every name of a field, however deep."""
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return set(tree if isinstance(tree, dict) else ()).union(*map(names, inner))


def found(report: Report) -> dict[Kind, Group]:
    return {group.kind: group for group in removed(report, redact(report, new_id=lambda: "fresh"))}


def originals(report: Report, kind: Kind) -> list[Any]:
    return [item.original for item in found(report)[kind].items]


@settings(max_examples=80, deadline=None)
@given(report=hostile_reports())
def test_all_that_went_is_told_once_and_nothing_that_stays(report: Report) -> None:
    redacted = redact(report)
    before, kept = msgspec.to_builtins(report), msgspec.to_builtins(redacted)
    groups = removed(report, redacted)
    told = [item for group in groups for item in group.items]
    values = {item.original for item in told}
    # A value that is also the name of a field that stays is no news to anybody.
    assert leaves(before) - leaves(kept) - names(kept) - {""} <= values
    assert values & leaves(kept) == set()
    assert {item.instead for item in told} - {None} <= leaves(kept)
    order = [get_args(Kind).index(group.kind) for group in groups]
    assert order == sorted(set(order))
    assert all(len({item.original for item in group.items}) == len(group.items) > 0 for group in groups)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"local_address": "192.168.1.5"}, "own_address"),
        ({"reflexive_address": "198.51.100.4"}, "own_address"),
        ({"hop": "10.0.0.1"}, "own_address"),
        ({"source_port": 51234}, "own_port"),
        ({"addresses": ["192.0.2.9"]}, "resolver"),
        ({"name": "ivans-laptop.home"}, "resolver"),
        ({"arm": "91.108.9.7/a"}, "label"),
        ({"rtt_ms": 38.456}, "figure"),
        ({"unheard_of_ms": 38.456}, "number"),
        ({"unheard_of": "Ivan"}, "text"),
        ({"unheard_of": {"deep": ["192.0.2.9"]}}, "text"),
        ({"192.0.2.9": True}, "text"),
    ],
)
def test_what_a_check_wrote_is_sorted_by_what_it_is(data: dict[str, Any], kind: Kind) -> None:
    report = a_report(observations=(observed(data=data),))
    (value,) = leaves(data) - {True} or set(data)
    assert value in originals(report, kind)


def test_a_router_and_a_name_server_without_a_name_are_of_the_own_line() -> None:
    router = Target(role="gateway", address="192.168.1.1", transport="icmp", protocol="icmp")
    asked = Target(role="gateway", host="www.google.com", address="192.0.2.9", port=53)
    report = a_report(observations=(observed(target=router), observed(target=asked, seq=8)))
    assert originals(report, "own_address") == ["192.168.1.1"]
    assert originals(report, "resolver") == ["192.0.2.9"]


def test_a_place_of_ones_own_is_told_with_its_name() -> None:
    own = msgspec.structs.replace(RELAY, host="relay.ivan.example", address="192.0.2.9", source="my list")
    report = a_report(observations=(observed(target=own),))
    assert "relay.ivan.example" in originals(report, "place")
    assert "my list" in originals(report, "catalogue")


def test_the_time_and_the_number_of_the_run_are_told_with_what_stands_instead() -> None:
    groups = found(a_report())
    assert [(item.original, item.instead) for item in groups["time"].items] == [
        ("2026-11-21T10:42:31Z", "2026-11-21T10:00:00Z")
    ]
    assert [(item.original, item.instead) for item in groups["run_number"].items] == [("f00d", "fresh")]
    assert [(item.original, item.instead in {9.0, 10.0}) for item in groups["figure"].items] == [(9.4, True)]


def test_the_provider_a_foreign_plugin_and_the_notes_of_errors_are_told() -> None:
    foreign = Plugin(name="ivans_check", kind="check", distribution="ivans-tools", version="1.0")
    report = a_report(
        tool=Tool(name="callcheck", version="0.1.0", plugins=(*BUILT_IN, foreign)),
        network=Network(asn=64500, region="Tver"),
        observations=(observed(check="ivans_check", data={"asked": 77}),),
        problems=("stun: crashed: /home/ivan/x",),
    )
    assert set(originals(report, "provider")) == {64500, "Tver"}
    assert {"ivans_check", "ivans-tools", 77} <= set(originals(report, "foreign"))
    assert [(item.original, item.instead) for item in found(report)["problem"].items] == [
        ("stun: crashed: /home/ivan/x", "stun: crashed")
    ]


def test_addresses_come_first_in_their_group() -> None:
    rows = [{"unheard_of": text} for text in ("word here", "a.name", "192.0.2.9")]
    report = a_report(observations=tuple(observed(data=data, seq=seq) for seq, data in enumerate(rows)))
    assert originals(report, "text") == ["192.0.2.9", "a.name", "word here"]


def test_a_report_that_was_redacted_before_loses_its_number_alone() -> None:
    evidence = Evidence(claim=Claim.route_exists, facts={"rtt_ms": 3.456}, group="route")
    once = redact(a_report(tool=TOOL, evidence=(evidence,)), new_id=lambda: "before")
    assert list(found(once)) == ["run_number"]
