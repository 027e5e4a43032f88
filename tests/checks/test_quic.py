"""The quic check: its reading by table, its probe before scripted peers."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from callcheck.api import Claim, Depth, Evidence, Failure, IcmpError, LinkState, Numbered, Observation, Target
from callcheck.codec import quic
from callcheck.testing import Answers, DatagramHandler, FakeContext, conformance, run_check
from callcheck_quic import CHECK

KNOWN = {"version": "confirmed", "initial": "confirmed"}


def server(host: str, network: str, role: str = "control", service: str = "") -> Target:
    return Target(
        role=role,  # type: ignore[arg-type]  # one of the roles
        host=host,
        port=443,
        protocol="quic",
        network=network,
        service=service,
        function="messaging" if service else "",
        answers=KNOWN,  # type: ignore[arg-type]  # one of the words
    )


GOOGLE, CLOUD = server("www.google.com", "google"), server("cloudflare-quic.com", "cloudflare")
HOME, CHAT = server("vk.com", "vk", "domestic"), server("web.whatsapp.com", "meta", "subject", "whatsapp")
TARGETS = [GOOGLE, CLOUD, HOME, CHAT]
PLACES: dict[str, list[str] | Failure] = {target.host: [f"192.0.2.{n}"] for n, target in enumerate(TARGETS, 1)}


def negotiating(packet: bytes) -> Answers:
    """What every server does with a version that it does not know; hellos of version 1 stay without an answer."""
    assert len(packet) == 1200
    if packet[1:5] == b"\0\0\0\1":
        return []
    destination, source = packet[5:14], packet[14:23]
    return [(0.03, b"\xaa\0\0\0\0" + source + destination + bytes.fromhex("000000016b3343cf"))]


def context(depth: Depth = "quick", names: Mapping[str, list[str] | Failure] = PLACES) -> FakeContext:
    return FakeContext(TARGETS, depth=depth, names=names, info=CHECK.info)


def evidence(ctx: FakeContext) -> dict[Claim, Evidence]:
    return {item.claim: item for item in CHECK.read(ctx.observations)}


def test_it_keeps_the_rules_for_checks() -> None:
    def all_negotiate(ctx: FakeContext) -> None:
        ctx.names = dict(PLACES)
        ctx.other_datagrams = negotiating

    assert conformance(CHECK, TARGETS, worlds={"negotiating": all_negotiate}) == []


@pytest.mark.parametrize(("depth", "longest_s"), [("quick", 3.4), ("standard", 6.0), ("deep", 6.0)])
def test_a_black_hole_costs_no_more_than_one_server_and_is_polite_to_each(depth: Depth, longest_s: float) -> None:
    ctx = context(depth)
    sent_us: dict[str, list[int]] = {}

    def hole(place: str) -> DatagramHandler:
        def swallow(_packet: bytes) -> Answers:
            sent_us.setdefault(place, []).append(ctx.now_us())
            return []

        return swallow

    for number in range(1, 5):
        ctx.peer(f"udp/192.0.2.{number}:443", hole(str(number)))
    assert run_check(CHECK, ctx) <= longest_s
    assert {one.value.failure for one in ctx.observations} == {Failure.timeout}
    hellos = [one.value for one in ctx.observations if one.value.op == "quic.hello"]
    assert {one.data["initials"] for one in hellos} <= {1, 2, 3}
    for times in sent_us.values():
        busiest = max(sum(start <= other < start + 1_000_000 for other in times) for start in times)
        assert busiest <= 10
    assert evidence(ctx)[Claim.quic_passes].strength == -2
    assert evidence(ctx)[Claim.quic_name_passes].strength == 0


def test_version_1_alone_is_dropped() -> None:
    ctx = context()
    ctx.other_datagrams = negotiating
    run_check(CHECK, ctx)
    item = evidence(ctx)[Claim.quic_passes]
    assert (item.strength, item.facts) == (-3, {"asked": 3, "versions": 3, "hello": 0})
    told = [one.value.data for one in ctx.observations if one.value.op == "quic.version"]
    assert {(data["rtt_ms"], data["versions_count"], data["version_1"]) for data in told} == {(30.0, 2, True)}


def test_each_rung_has_a_source_port_of_its_own_and_each_name_three() -> None:
    ctx = context()
    run_check(CHECK, ctx)
    asked = [
        (one.value.target.host, one.value.data.get("sni"), one.value.data.get("about_service"))
        for one in ctx.observations
        if one.value.target
    ]
    for host in ("www.google.com", "cloudflare-quic.com"):
        assert asked.count((host, "neutral", "")) == 3
        assert asked.count((host, "service", "whatsapp")) == 3
    assert asked.count(("web.whatsapp.com", "neutral", "whatsapp")) == 3
    assert asked.count(("web.whatsapp.com", "service", "whatsapp")) == 3
    assert asked.count(("vk.com", "neutral", "")) == 2
    assert [one for one in asked if one[0] == "vk.com" and one[1] == "service"] == []
    assert not ctx.open_sockets


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (IcmpError(Failure.refused, "192.0.2.1", 3, 3, 0), Failure.refused),
        (Failure.network_unreachable, Failure.network_unreachable),
    ],
)
def test_a_refusal_keeps_its_name(answer: Answers, failure: Failure) -> None:
    ctx = context()
    ctx.other_datagrams = lambda _packet: answer
    run_check(CHECK, ctx)
    assert {one.value.failure for one in ctx.observations} == {failure}
    assert (Claim.quic_passes in evidence(ctx)) is (failure is Failure.refused)


def test_names_that_do_not_resolve_say_nothing_about_quic() -> None:
    ctx = context(names={})
    run_check(CHECK, ctx)
    assert {one.value.failure for one in ctx.observations} == {Failure.name_missing}
    assert not list(CHECK.read(ctx.observations))


def test_a_resolver_that_never_answers_leaves_time_for_the_others() -> None:
    ctx = context(names=PLACES | {"vk.com": Failure.resolver_timeout})
    ctx.other_datagrams = negotiating
    assert run_check(CHECK, ctx) <= 3.4
    told = {one.value.failure for one in ctx.observations if one.value.target == HOME}
    assert told == {Failure.resolver_timeout}
    assert evidence(ctx)[Claim.quic_passes].facts["asked"] == 2


def test_one_control_is_asked_by_ipv6_too_and_does_not_count_twice() -> None:
    ctx = context()
    ctx.link_state = LinkState(True, "192.168.1.1", "eth0", False, False, (), ipv6=True)
    ctx.names_v6["www.google.com"] = ["2001:db8::1"]
    ctx.peer("udp/2001:db8::1:443", negotiating)
    run_check(CHECK, ctx)
    told = [(one.value.op, one.value.failure) for one in ctx.observations if one.value.data.get("ipv6")]
    assert sorted(told) == [("quic.hello", Failure.timeout), ("quic.version", None)]
    facts = evidence(ctx)[Claim.quic_passes].facts
    assert (facts["asked"], facts["versions"], facts["hello_ipv6"]) == (3, 0, 0)


def test_without_aioquic_the_first_rung_is_climbed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "callcheck_quic.handshake", None)
    ctx = context()
    ctx.other_datagrams = negotiating
    run_check(CHECK, ctx)
    hellos = [one.value for one in ctx.observations if one.value.op == "quic.hello"]
    assert [(one.target, one.failure) for one in hellos] == [(None, Failure.unsupported)]
    item = evidence(ctx)[Claim.quic_passes]
    assert (item.facts, item.strength) == ({"asked": 3, "versions": 3, "hello": 0}, 0)


def told(target: Target, sni: str, failures: list[Failure | None], about: str = "whatsapp") -> list[Observation]:
    data = {"sni": sni, "about_service": about}
    return [Observation(op="quic.hello", target=target, form="initial", failure=one, data=data) for one in failures]


def versions(target: Target, failure: Failure | None = None) -> Observation:
    return Observation(op="quic.version", target=target, form="version", failure=failure)


def reading(observations: list[Observation]) -> dict[Claim, Evidence]:
    return {item.claim: item for item in CHECK.read([Numbered(seq, one) for seq, one in enumerate(observations)])}


DEAD: list[Failure | None] = [Failure.timeout] * 3
ALIVE: list[Failure | None] = [None] * 3
MIXED: list[Failure | None] = [None, Failure.timeout, Failure.timeout]


@pytest.mark.parametrize(
    ("at_google", "at_cloud", "at_home", "strength"),
    [
        pytest.param(ALIVE, ALIVE, ALIVE, 3, id="everywhere"),
        pytest.param(ALIVE, DEAD, DEAD, 2, id="one control"),
        pytest.param([Failure.error_answer], [Failure.tls_invalid], DEAD, 3, id="refusals are answers"),
        pytest.param(DEAD, DEAD, DEAD, -3, id="nowhere"),
        pytest.param(DEAD, DEAD, ALIVE, -1, id="at home only"),
        pytest.param(DEAD, [], DEAD, 0, id="one control is too few"),
        pytest.param(DEAD, [Failure.network_unreachable], DEAD, 0, id="one of two could not be asked"),
    ],
)
def test_quic_passes_where_a_control_answers(
    at_google: list[Failure | None], at_cloud: list[Failure | None], at_home: list[Failure | None], strength: int
) -> None:
    hellos = [
        *told(GOOGLE, "neutral", at_google, ""),
        *told(CLOUD, "neutral", at_cloud, ""),
        *told(HOME, "neutral", at_home, ""),
    ]
    negotiated = [versions(target) for target in (GOOGLE, CLOUD, HOME)]
    assert reading([*negotiated, *hellos])[Claim.quic_passes].strength == strength


def test_two_controls_of_one_network_are_one_witness() -> None:
    other = server("other.example", "google")
    observations = [versions(GOOGLE), versions(other)]
    observations += [*told(GOOGLE, "neutral", DEAD, ""), *told(other, "neutral", DEAD, "")]
    assert reading(observations)[Claim.quic_passes].strength == 0


def test_silence_counts_only_where_an_answer_is_known_of() -> None:
    strangers = [
        Target(role="control", host=f"{network}.example", port=443, network=network) for network in ("one", "two")
    ]
    observations = [one for target in strangers for one in (versions(target), *told(target, "neutral", DEAD, ""))]
    assert reading(observations)[Claim.quic_passes].strength == 0


@pytest.mark.parametrize(
    ("at_chat", "at_google", "at_cloud", "strength"),
    [
        pytest.param((ALIVE, ALIVE), (ALIVE, ALIVE), (ALIVE, ALIVE), 3, id="everywhere"),
        pytest.param((ALIVE, ALIVE), (ALIVE, DEAD), (DEAD, DEAD), 0, id="a control ignores a stranger's name"),
        pytest.param((ALIVE, DEAD), (DEAD, DEAD), (DEAD, DEAD), -3, id="at its own address"),
        pytest.param((ALIVE, DEAD), (ALIVE, ALIVE), (ALIVE, ALIVE), -3, id="at its own address alone"),
        pytest.param((DEAD, DEAD), (ALIVE, DEAD), (ALIVE, DEAD), -3, id="at two controls"),
        pytest.param((DEAD, DEAD), (ALIVE, DEAD), (DEAD, DEAD), -1, id="at one control"),
        pytest.param((DEAD, DEAD), (ALIVE, ALIVE), (ALIVE, ALIVE), 1, id="its own address is dead for all"),
        pytest.param((DEAD, DEAD), (DEAD, DEAD), (DEAD, DEAD), 0, id="nothing answers"),
        pytest.param((MIXED, DEAD), ([], []), ([], []), 0, id="the neutral name was not answered each time"),
        pytest.param((ALIVE, MIXED), ([], []), ([], []), 0, id="the name was answered once"),
        pytest.param((ALIVE[:2], DEAD), ([], []), ([], []), 0, id="two ports are too few"),
        pytest.param((ALIVE, DEAD[:2]), ([], []), ([], []), 0, id="two ports with the name are too few"),
        pytest.param((ALIVE, [Failure.tls_invalid] * 3), ([], []), ([], []), 3, id="a stranger's certificate answers"),
        pytest.param(([Failure.tls_invalid] * 3, DEAD), ([], []), ([], []), -3, id="the neutral one with another's"),
    ],
)
def test_the_name_alone_must_make_the_difference(
    at_chat: tuple[list[Failure | None], list[Failure | None]],
    at_google: tuple[list[Failure | None], list[Failure | None]],
    at_cloud: tuple[list[Failure | None], list[Failure | None]],
    strength: int,
) -> None:
    observations = [*told(CHAT, "neutral", at_chat[0]), *told(CHAT, "service", at_chat[1])]
    for control, (neutral, named) in ((GOOGLE, at_google), (CLOUD, at_cloud)):
        observations += [*told(control, "neutral", neutral, ""), *told(control, "service", named)]
    item = reading(observations)[Claim.quic_name_passes]
    assert (item.service, item.function, item.strength) == ("whatsapp", "messaging", strength)


def test_reading_survives_odd_observations() -> None:
    odd: list[dict[str, object]] = [{}, {"sni": 7, "about_service": ["x"], "ipv6": "yes"}, {"sni": "service"}]
    observations = [
        Observation(op=op, target=target, failure=failure, data=data)
        for op in ("quic.hello", "quic.version", "quic.")
        for target in (None, CHAT, GOOGLE, Target())
        for failure in (None, Failure.timeout, Failure.name_missing)
        for data in odd
    ]
    for item in CHECK.read([Numbered(seq, one) for seq, one in enumerate(observations * 50)]):
        assert -3 <= item.strength <= 3


def test_a_probe_that_comes_back_is_no_answer() -> None:
    ctx = context()
    ctx.other_datagrams = lambda packet: [(0.01, packet), (0.02, b""), (0.03, b"\xc0" * 1200)]
    run_check(CHECK, ctx)
    assert None not in {one.value.failure for one in ctx.observations}
    assert quic.UNKNOWN_VERSION not in (1, 0x6B3343CF)
