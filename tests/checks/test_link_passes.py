"""The near end looked at twice: what it is now counts, and what spoiled a comparison still spoils it."""

from __future__ import annotations

import pytest

from callcheck.api import Claim, Evidence, Numbered, Observation
from callcheck_link import CHECK
from callcheck_link.passes import merged, passes_of


def says(claim: Claim, strength: int, seq: int = 0) -> Evidence:
    return Evidence(claim=claim, strength=strength, group="g", seqs=(seq,))


@pytest.mark.parametrize(
    ("claim", "before", "now", "counts"),
    [
        (Claim.captive_portal, 3, -2, -2),
        (Claim.route_exists, -3, 3, 3),
        (Claim.web_abroad, 3, -3, -3),
        (Claim.tunnel_in_use, 3, -3, 3),
        (Claim.tunnel_in_use, -3, 3, 3),
        (Claim.gateway_healthy, -3, 2, -3),
        (Claim.gateway_healthy, 2, -3, -3),
        (Claim.device_busy, 3, -1, 3),
    ],
)
def test_now_counts_and_of_what_spoils_comparisons_the_worst(claim: Claim, before: int, now: int, counts: int) -> None:
    (found,) = merged([[says(claim, before, 1)], [says(claim, now, 2)]])
    assert found.strength == counts


def test_a_claim_that_one_pass_alone_makes_stays_and_none_is_made_twice() -> None:
    found = merged([[says(Claim.ipv6_works, 2), says(Claim.route_exists, 3)], [says(Claim.route_exists, 3, 9)]])
    assert {(one.claim, one.seqs) for one in found} == {(Claim.ipv6_works, (0,)), (Claim.route_exists, (9,))}


def route(seq: int, *, tunnel: bool) -> Numbered[Observation]:
    return Numbered(seq, Observation(op="link.route", data={"default_route": True, "tunnel": tunnel}))


def ping(seq: int, number: int, *, came: bool) -> Numbered[Observation]:
    data: dict[str, object] = {"number": number, "sent_us": seq * 25_000}
    return Numbered(seq, Observation(op="link.ping", form="echo", data={**data, **({"rtt_ms": 2.0} if came else {})}))


def test_a_pass_begins_with_the_way_out_and_what_a_system_does_not_tell_begins_none() -> None:
    untold = Numbered(1, Observation(op="link.route", form="ipv6"))
    seen = [route(0, tunnel=False), untold, ping(2, 0, came=True), route(3, tunnel=False), ping(4, 0, came=True)]
    assert [[one.seq for one in own] for own in passes_of(seen)] == [[0, 1, 2], [3, 4]]
    assert passes_of([]) == [[]]
    assert [len(own) for own in passes_of(seen[1:3])] == [2]


def test_echoes_of_two_passes_are_two_trains() -> None:
    first = [route(0, tunnel=False), *(ping(1 + number, number, came=True) for number in range(50))]
    later = [route(100, tunnel=True), *(ping(101 + number, number, came=True) for number in range(50))]
    found = {one.claim: one for one in CHECK.read([*first, *later])}
    assert found[Claim.gateway_healthy].facts["sent"] == 50
    assert found[Claim.tunnel_in_use].strength == 3
