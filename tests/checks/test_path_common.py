"""Loss at a common hop: the counts, what they may claim, and the probes before scripted routers."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
from scipy import stats

from callcheck.api import Claim, Evidence, Failure, IcmpError, Numbered, Observation, Target
from callcheck.stats.intervals import Counted
from callcheck.testing import Answers, FakeContext, conformance, run_check
from callcheck_path import CHECK
from callcheck_path.hops import HopSeen, candidates
from callcheck_path.read_common import fisher_p, read_common

HOPS = {1: "192.168.1.1", 2: "198.51.100.1", 3: "203.0.113.2"}
RELAYS = [
    Target(service="telegram", function="calls", address=f"91.108.{n}.2", port=1400, protocol="turn")
    for n in (9, 13, 17)
]
CONTROLS = [
    Target(role="control", address=f"198.18.{n}.1", port=3478, protocol="stun", network=f"n{n}", large=True)
    for n in range(3)
]
Made = list[Numbered[Observation]]


@pytest.mark.parametrize(
    ("one", "other"), [((4, 60), (0, 180)), ((30, 60), (20, 180)), ((0, 60), (9, 180)), ((60, 60), (1, 90))]
)
def test_fisher_is_the_exact_test(one: tuple[int, int], other: tuple[int, int]) -> None:
    table = [[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert fisher_p(Counted(*one), Counted(*other)) == pytest.approx(expected)


def test_fisher_without_counts_proves_nothing() -> None:
    assert fisher_p(Counted(0, 0), Counted(3, 9)) == 1
    assert fisher_p(Counted(0, 9), Counted(0, 9)) == 1


def made(
    lost: int,
    controls_lost: tuple[int, ...] = (0, 0, 0),
    *,
    sent: int = 60,
    batch: int = 1,
    addresses: int = 3,
    router: str = HOPS[3],
) -> Made:
    """One batch of `sent` rounds; the first probes of each arm are the lost ones, over all addresses in turn."""

    def probe(target: Target, form: str, *, is_lost: bool, hop: str) -> Observation:
        data: dict[str, object] = {"about_service": "telegram", "stage": "common", "batch": batch, "ttl": 3}
        if not is_lost:
            data["hop"] = hop
        failure = Failure.timeout if is_lost else Failure.expired
        return Observation(op="path.probe", target=target, form=form, failure=failure, data=data)

    rows = [probe(RELAYS[turn % addresses], "call", is_lost=turn < lost, hop=router) for turn in range(sent)]
    for control, count in zip(CONTROLS, controls_lost, strict=False):
        rows += [probe(control, "call_elsewhere", is_lost=turn < count, hop=HOPS[3]) for turn in range(sent)]
    return [Numbered(batch * 1000 + number, one) for number, one in enumerate(rows)]


def strength(observations: Made) -> int:
    (item,) = read_common(observations)
    assert (item.service, item.function, item.claim) == ("telegram", "calls", Claim.path_loses_evenly)
    return item.strength


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        pytest.param(made(25) + made(25, batch=2), -3, id="repeated"),
        pytest.param(made(25), -2, id="once"),
        pytest.param(made(25) + made(0, batch=2), 0, id="a second batch that does not show it"),
        pytest.param(made(25, addresses=1), -1, id="one address may hang on one bad link"),
        pytest.param(made(0), 0, id="no loss clears nobody"),
        pytest.param(made(3), 0, id="too little to be told from none"),
        pytest.param(made(25, (25, 25, 25)), 0, id="everybody loses"),
        pytest.param(made(25, (0, 12, 0)), 0, id="the controls differ among themselves"),
        pytest.param(made(60, (30, 30, 30)), 0, id="the router limits its errors"),
        pytest.param(made(60), 0, id="the call was never seen at that hop"),
        pytest.param(made(25, router="192.0.2.9"), 0, id="the call meets another router"),
        pytest.param(made(25, (0,)), 0, id="one control"),
        pytest.param(made(10, sent=20), 0, id="few probes"),
        pytest.param(made(25, batch=0), 0, id="a pilot"),
    ],
)
def test_loss_is_claimed_only_where_the_counts_bear_it(observations: Made, expected: int) -> None:
    assert strength(observations) == expected


def test_loss_to_one_of_several_addresses_is_a_link_of_a_bundle() -> None:
    """All that is lost goes to one address of three, as one bad link of a bundle would have it."""
    observations = made(0)
    bad = [
        Numbered(one.seq, msgspec.structs.replace(one.value, failure=Failure.timeout))
        if one.value.target == RELAYS[0]
        else one
        for one in observations
    ]
    assert strength(bad) == -1


def test_a_router_that_says_no_is_no_loss() -> None:
    said = [
        Numbered(one.seq, msgspec.structs.replace(one.value, failure=Failure.host_unreachable))
        if one.value.failure is Failure.timeout
        else one
        for one in made(25)
    ]
    assert strength(said) == 0


def test_facts_carry_the_counts() -> None:
    (item,) = read_common(made(30, (3, 3, 3)))
    assert item.facts["hop"] == 3
    assert (item.facts["sent"], item.facts["controls_sent"]) == (60, 180)
    assert (item.facts["loss_ratio"], item.facts["controls_loss_ratio"]) == (0.5, 0.05)
    assert isinstance(item.facts["p_value"], float)
    assert item.facts["p_value"] < 0.01
    assert item.group == "path:telegram"


def test_equal_loss_is_hardly_ever_taken_for_more() -> None:
    wrong = 0
    for seed in range(200):
        chance = random.Random(seed)
        lost = [sum(chance.random() < 0.1 for _ in range(60)) for _ in range(4)]
        wrong += strength(made(lost[0], (lost[1], lost[2], lost[3]))) < 0
    assert wrong <= 2


def test_odd_observations_are_read_without_harm() -> None:
    odd = [
        Observation(op="path.probe", form="call", data={"stage": "common", "about_service": "telegram", "batch": "x"}),
        Observation(op="path.probe", form="call", data={"stage": "common", "about_service": 7, "batch": 1}),
        Observation(
            op="path.probe", form="call", data={"stage": "common", "about_service": "telegram", "batch": 1, "ttl": []}
        ),
        Observation(op="path.flow", form="call", data={"stage": "live", "answered_flags": None}),
        Observation(
            op="path.probe", form="dead", data={"stage": "after", "flow": [1], "ttl": "3", "about_service": "t"}
        ),
    ]
    assert all(item.strength == 0 for item in CHECK.read([Numbered(n, one) for n, one in enumerate(odd)]))
    many = [Numbered(n, one.value) for n, one in enumerate(made(25) * 20)]
    assert strength(many) in {-2, -3}


def test_the_farthest_hop_of_all_is_asked_first() -> None:
    seen = [HopSeen(network, ttl, HOPS[ttl]) for network in ("", "a", "b") for ttl in (1, 2, 3)]
    parted = [HopSeen(network, 4, f"192.0.2.{n}") for n, network in enumerate(("", "a", "b"))]
    assert candidates([*seen, *parted]) == (3, 2)
    assert candidates([one for one in seen if one.network or one.ttl < 3]) == (3, 2)
    assert candidates([one for one in seen if one.network != "b"]) == ()


Router = Callable[[bytes, int], Answers]


def router(chance: random.Random, loss_ratio: float, *, reach: int = 3, back_ratio: float = 1.0) -> Router:
    """Loses packets between hop 2 and hop 3; hop 3 reports `back_ratio` of those that come."""

    def route(_payload: bytes, ttl: int) -> Answers:
        if ttl > reach or (ttl > 2 and chance.random() < loss_ratio) or (ttl > 1 and chance.random() > back_ratio):
            return []
        return IcmpError(Failure.expired, HOPS[ttl], 11, 0, 0)

    return route


def run_deep(
    subject_loss: float, *, control_loss: float = 0.0, reach: int = 3, back_ratio: float = 1.0
) -> tuple[FakeContext, list[Evidence], float]:
    chance = random.Random(1)
    ctx = FakeContext([*RELAYS, *CONTROLS], answered=[*RELAYS, *CONTROLS], depth="deep", info=CHECK.info)
    for relay in RELAYS:
        ctx.hops(f"udp/{relay.address}:1400", router(chance, subject_loss, reach=reach, back_ratio=back_ratio))
    for control in CONTROLS:
        for port in (1400, 3478):
            ctx.hops(f"udp/{control.address}:{port}", router(chance, control_loss, reach=reach, back_ratio=back_ratio))
    seconds = run_check(CHECK, ctx)
    found = [one for one in CHECK.read(ctx.observations) if one.claim is Claim.path_loses_evenly]
    return ctx, found, seconds


def test_loss_before_a_common_hop_is_found() -> None:
    ctx, found, seconds = run_deep(0.3)
    assert [(item.strength, item.facts["hop"]) for item in found] == [(-3, 3)]
    assert seconds <= 30
    assert not ctx.open_sockets


@pytest.mark.parametrize(("subject_loss", "control_loss"), [(0.0, 0.0), (0.2, 0.2)])
def test_loss_of_all_or_of_none_accuses_nobody(subject_loss: float, control_loss: float) -> None:
    _, found, _ = run_deep(subject_loss, control_loss=control_loss)
    assert [item.strength for item in found] == [0]


def test_where_errors_are_limited_no_batch_is_sent() -> None:
    ctx, found, _ = run_deep(0.3, back_ratio=0.4)
    assert [item.strength for item in found] == [0]
    assert {one.value.data["batch"] for one in ctx.observations if one.value.data.get("stage") == "common"} == {0}


def test_behind_silent_routers_there_is_no_common_hop() -> None:
    ctx, found, _ = run_deep(0.3, reach=1)
    assert found == []
    assert all(one.value.data["stage"] != "common" for one in ctx.observations)


def test_the_arms_go_at_most_ten_times_a_second_and_full_ttl_never_follows() -> None:
    ctx, _, _ = run_deep(0.3)
    rounds = [one for one in ctx.observations if one.value.data.get("batch") == 1 and one.value.form == "call"]
    assert len(rounds) == 60
    sent_to = [name for name, _ in ctx.sent if name.startswith("udp/91.108.9.2")]
    assert len(sent_to) <= 6 + 8 + 60 + 30


def test_it_keeps_the_rules_where_all_answers_come() -> None:
    def answering(ctx: FakeContext) -> None:
        chance = random.Random(2)
        ctx.answered_targets = list(ctx.targets())
        ctx.other_hops = router(chance, 0.2)

    assert conformance(CHECK, [*RELAYS, *CONTROLS], worlds={"answering": answering}) == []
