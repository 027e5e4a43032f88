"""The plan of the stream: matched flows, polite rates, and what a run costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import get_args

import pytest

from callcheck.api import Depth
from callcheck_stream import CHECK, Params
from callcheck_stream.arms.dtls import DtlsQuestions
from callcheck_stream.plan import ROUNDS, Endpoint, Flow, Round, flows
from callcheck_stream.probe import _LADDER_S, _PAUSE_S
from tests.checks.stream_made import CONTROLS, RELAYS, TELEGRAM, neutral, whatsapp

_DTLS_HOST = neutral(30, large=False)
_DTLS = Endpoint(_DTLS_HOST.target, _DTLS_HOST.address, "dtls", "gentle", lambda _: DtlsQuestions())
WHATSAPP = tuple(whatsapp(last) for last in range(1, 4))
GENTLE = tuple(neutral(last, large=False) for last in range(10, 14))
# An echo and a TURN server of the user's own cost what a large control does.
EVERYBODY = (*TELEGRAM, neutral(20), neutral(21), *WHATSAPP, *GENTLE, _DTLS)
DEPTHS: tuple[Depth, ...] = get_args(Depth)
EVERY_ROUND: list[tuple[Depth, Round]] = [(depth, kind) for depth in DEPTHS for kind in dict.fromkeys(ROUNDS[depth])]
MATCHED = [(depth, kind) for depth, kind in EVERY_ROUND if kind != "ladder"]

# What a worker may need for a round beside its flows: greetings in vain, the last answers, a new process.
_ROUND_OVERHEAD_S = 6.5
_IP_UDP_BYTES = 28
_ANSWER_BYTES = 120


def planned(depth: Depth, kind: Round, endpoints: Sequence[Endpoint] = EVERYBODY, seed: int = 1) -> list[Flow]:
    return flows(endpoints, depth=depth, round_kind=kind, phase=Random(seed).random)


def ip_bytes(flow: Flow) -> int:
    return len(flow.arm.codec.packet(0, bytes(64))[1]) + _IP_UDP_BYTES


@pytest.mark.parametrize(("depth", "kind"), MATCHED)
def test_no_responder_gets_more_than_its_share_even_if_every_spare_runs(depth: Depth, kind: Round) -> None:
    by_address: dict[str, list[Flow]] = defaultdict(list)
    for flow in planned(depth, kind):
        by_address[flow.endpoint.address].append(flow)
    assert len(by_address) == len(EVERYBODY)
    for own in by_address.values():
        target = own[0].endpoint.target
        pps = sum(flow.arm.rate_pps for flow in own)
        assert pps <= (25 if target.large or target.protocol == "reflector" else 10)
        # A relay sends on what it gets, so twice as much moves there.
        at_relay_bps = sum(flow.arm.rate_pps * ip_bytes(flow) * 8 * flow.arm.codec.legs for flow in own)
        assert at_relay_bps <= 80_000


@pytest.mark.parametrize(("depth", "kind"), MATCHED)
def test_whoever_bears_no_stream_gets_ten_packets_a_port_and_a_dtls_server_one(depth: Depth, kind: Round) -> None:
    for flow in planned(depth, kind):
        most = {"call": 0, "gentle": 10}[flow.endpoint.pace]
        assert flow.arm.codec.packets_per_port == (1 if flow.endpoint.form == "dtls" else most)
        assert (flow.endpoint.pace == "call") == (flow.endpoint.target.large or flow.endpoint.form == "loop")


def test_the_ladder_asks_one_relay_for_eight_seconds_at_300_kbps_at_most() -> None:
    found = planned("deep", "ladder")
    assert {flow.endpoint for flow in found} == {RELAYS[0]}
    spans = [(flow.arm.start_s, flow.arm.stop_s) for flow in found]
    assert spans == [(0.0, 4.0), (4.0, 8.0)], "one rate at a time"
    rates_bps = [flow.arm.rate_pps * ip_bytes(flow) * 8 for flow in found]
    assert rates_bps == [150_400, 300_800]
    assert max(rates_bps) <= 1.005 * 300_000


def test_without_a_relay_of_a_call_s_pace_there_is_no_ladder() -> None:
    assert planned("deep", "ladder", [*WHATSAPP, *GENTLE]) == []
    assert planned("deep", "ladder", CONTROLS) == []


@pytest.mark.parametrize(("depth", "kind"), MATCHED)
def test_flows_of_one_kind_share_rate_phase_and_ticks_over_all_arms_of_their_pace(depth: Depth, kind: Round) -> None:
    shapes: dict[tuple[str, str, int], set[tuple[float, float, float]]] = defaultdict(set)
    counts: dict[tuple[str, str, int], int] = defaultdict(int)
    for flow in planned(depth, kind):
        key = (flow.endpoint.pace, flow.part, flow.index)
        shapes[key].add((flow.arm.rate_pps, flow.arm.start_s, flow.arm.twins_apart_s))
        counts[key] += 1
    assert all(len(found) == 1 for found in shapes.values())
    assert {counts[key] for key in counts if key[0] == "call"} == {sum(one.pace == "call" for one in EVERYBODY)}


@pytest.mark.parametrize("depth", ["standard", "deep"])
def test_three_flows_begin_0_3_and_6_s_in_with_a_phase_below_one_interval(depth: Depth) -> None:
    found = [flow for flow in planned(depth, "whole") if flow.part == "stream" and flow.endpoint is RELAYS[0]]
    for flow, start_s in zip(found, (0, 3, 6), strict=True):
        assert start_s <= flow.arm.start_s < start_s + 1 / flow.arm.rate_pps
    assert len({flow.arm.rate_pps for flow in found}) == 3, "packets and seconds fall apart only at several rates"


def test_the_phase_is_drawn_anew_for_each_round() -> None:
    starts = {planned("deep", "whole", seed=seed)[0].arm.start_s for seed in range(5)}
    assert len(starts) == 5


@pytest.mark.parametrize(("depth", "kind"), EVERY_ROUND)
def test_every_arm_has_a_name_and_a_codec_of_its_own(depth: Depth, kind: Round) -> None:
    found = planned(depth, kind)
    assert len({flow.arm.name for flow in found}) == len(found)
    assert len({id(flow.arm.codec) for flow in found}) == len(found)


@pytest.mark.parametrize("depth", ["standard", "deep"])
def test_a_new_port_waits_for_a_death_of_its_own_endpoint_and_a_control_s_for_any_relay_s(depth: Depth) -> None:
    found = planned(depth, "whole")
    spares = {flow.endpoint: flow for flow in found if flow.part == "revival"}
    assert set(spares) == {one for one in EVERYBODY if one.pace == "call"}
    of_relays = {flow.arm.name for flow in found if flow.endpoint in RELAYS and flow.part == "stream"}
    for endpoint, spare in spares.items():
        own = {flow.arm.name for flow in found if flow.endpoint is endpoint and flow.part == "stream"}
        assert len(own) == 3
        assert set(spare.arm.after_death_of) == (own if endpoint in RELAYS else own | of_relays)


@pytest.mark.parametrize(("depth", "kind"), [("quick", "whole"), ("deep", "twins")])
def test_no_spare_waits_where_flows_are_too_short_or_paired(depth: Depth, kind: Round) -> None:
    assert not any(flow.arm.after_death_of for flow in planned(depth, kind))


def cost_bytes(endpoints: Sequence[Endpoint], seconds: float, *, with_spares: bool) -> float:
    """At the IP layer; the loop's packets come back whole, STUN's answers are small."""
    return sum(
        flow.arm.rate_pps
        * (seconds - flow.arm.start_s)
        * (ip_bytes(flow) + (ip_bytes(flow) if flow.endpoint.form == "loop" else _ANSWER_BYTES))
        for flow in planned("standard", "whole", endpoints)
        if with_spares or not flow.arm.after_death_of
    )


@pytest.mark.parametrize("with_spares", [False, True])
def test_a_standard_run_of_telegram_with_four_large_controls_costs_at_most_1_6_mb(with_spares: bool) -> None:
    assert cost_bytes(TELEGRAM, Params().standard_s, with_spares=with_spares) <= 1_600_000


def test_both_services_together_and_a_run_that_is_drawn_out_stay_below_3_mb() -> None:
    both = (*TELEGRAM, *WHATSAPP, *GENTLE)
    assert cost_bytes(both, Params().standard_s, with_spares=True) <= 2_100_000
    assert cost_bytes(both, Params().standard_longest_s, with_spares=True) <= 3_000_000
    assert cost_bytes(TELEGRAM, Params().standard_longest_s, with_spares=True) <= 2_100_000


@pytest.mark.parametrize("depth", DEPTHS)
def test_what_the_engine_books_for_all_rounds_drawn_out_stays_within_the_promise(depth: Depth) -> None:
    booked = 0.0
    for kind in ROUNDS[depth]:
        seconds = _LADDER_S if kind == "ladder" else Params().lengths(depth).longest_s
        for arm in (flow.arm for flow in planned(depth, kind)):
            booked += arm.rate_pps * max(0.0, min(arm.stop_s or seconds, seconds) - arm.start_s) * 2 * 256
    assert booked <= 0.98 * CHECK.info.budget(depth).max_bytes, "some is left for questions of form"


@pytest.mark.parametrize("depth", DEPTHS)
def test_all_rounds_drawn_out_end_within_the_promised_time(depth: Depth) -> None:
    rounds = ROUNDS[depth]
    flowing_s = sum(_LADDER_S if kind == "ladder" else Params().lengths(depth).longest_s for kind in rounds)
    pauses = sum(kind != "ladder" for kind in rounds) - 1
    assert flowing_s + pauses * _PAUSE_S + len(rounds) * _ROUND_OVERHEAD_S <= CHECK.info.budget(depth).max_seconds
