"""What runs when."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.api import Budget, CheckInfo, Claim, Evidence
from callcheck.engine.plan import (
    PlanError,
    essentials,
    first_look,
    left_to_do,
    make_plan,
    reason_to_cut,
    segments,
    stage_seconds,
)
from callcheck.words import Depth, Symptom


def info(name: str, *needs: str, alone: bool = False, symptoms: Collection[Symptom] = ()) -> CheckInfo:
    return CheckInfo(
        name=name,
        version="1",
        title=name,
        max_seconds=1,
        max_bytes=1,
        discloses="nothing",
        needs=needs,
        alone=alone,
        symptoms=tuple(symptoms),
    )


INFOS = {
    one.name: one
    for one in (
        info("link"),
        info("dns", "link"),
        info("stun", "link"),
        info("path", "dns", "stun"),
        info("stream", "stun", alone=True),
    )
}


def test_checks_run_after_those_they_need_and_together_where_they_may() -> None:
    assert make_plan(INFOS, "quick") == (("link",), ("dns", "stun"), ("path",), ("stream",))


def test_needs_order_but_do_not_select() -> None:
    assert make_plan(INFOS, "quick", only=["path"]) == (("path",),)
    assert make_plan(INFOS, "quick", without=["link", "dns"]) == (("stun",), ("path",), ("stream",))


@pytest.mark.parametrize(
    ("only", "without", "words"),
    [
        (["sten"], [], "no check 'sten' (there are: dns, link, path, stream, stun)"),
        ([], ["x"], "no check 'x'"),
        (["dns"], ["dns"], "no check is left to run"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(only: list[str], without: list[str], words: str) -> None:
    with pytest.raises(PlanError) as caught:
        make_plan(INFOS, "quick", only=only, without=without)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_needs_in_a_circle_are_refused_with_the_names() -> None:
    circle = {one.name: one for one in (info("a", "b"), info("b", "a"), info("c"))}
    with pytest.raises(PlanError, match="a, b"):
        make_plan(circle, "quick")


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.tuples(st.sets(st.sampled_from("abcdefgh")), st.booleans()), min_size=1
    )
)
def test_every_check_runs_once_after_its_needs_and_alone_if_it_asks(wishes: dict[str, tuple[set[str], bool]]) -> None:
    # Needs that only point backwards in the alphabet cannot form a circle.
    infos = {
        name: info(name, *(need for need in needs if need < name), alone=alone)
        for name, (needs, alone) in wishes.items()
    }
    plan = make_plan(infos, "quick")
    position = {name: number for number, stage in enumerate(plan) for name in stage}
    assert sorted(position) == sorted(infos)
    assert sum(len(stage) for stage in plan) == len(infos)
    for name, one in infos.items():
        assert all(position[need] < position[name] for need in one.needs if need in infos)
        assert not one.alone or plan[position[name]] == (name,)


def test_a_check_runs_at_its_depths_and_wherever_it_is_asked_for() -> None:
    infos = {"link": info("link"), "speed": dataclasses.replace(info("speed", "link"), depths=("deep",))}
    assert make_plan(infos, "standard") == (("link",),)
    assert make_plan(infos, "deep") == (("link",), ("speed",))
    assert make_plan(infos, "quick", only=["speed"]) == (("speed",),)


def said(**strengths: int) -> list[Evidence]:
    return [Evidence(claim=Claim(name), strength=strength) for name, strength in strengths.items()]


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ([], None),
        (said(route_exists=3, web_abroad=3, web_at_home=3), None),
        (said(route_exists=-3), "offline"),
        (said(captive_portal=3), "captive_portal"),
        (said(captive_portal=1), None),
        (said(web_abroad=-3, web_at_home=3), "allow_list"),
        (said(web_abroad=-3), None),
        (said(web_abroad=-1, web_at_home=3), None),
        (said(web_abroad=-3, web_at_home=-3), None),
    ],
)
def test_a_run_is_cut_short_on_firm_evidence_alone(evidence: list[Evidence], reason: str | None) -> None:
    assert reason_to_cut(evidence) == reason


def test_only_essentials_are_left_and_empty_stages_go() -> None:
    infos = INFOS | {"stun": dataclasses.replace(INFOS["stun"], essential=True)}
    assert essentials((("dns", "stun"), ("path",), ("stream",)), infos) == (("stun",),)


def test_a_stage_takes_as_long_as_its_longest_check() -> None:
    infos = INFOS | {"stun": dataclasses.replace(INFOS["stun"], at_depth={"deep": Budget(9, 1)})}
    plan = make_plan(infos, "quick")
    assert stage_seconds(plan, infos, "quick") == (1, 1, 1, 1)
    assert stage_seconds(plan, infos, "deep") == (1, 9, 1, 1)


def test_everything_waits_after_the_first_stage_and_around_what_is_alone() -> None:
    infos = INFOS | {"last": info("last", "stream")}
    plan = make_plan(infos, "quick")
    assert segments(plan, infos) == (
        (("link",),),
        (("dns", "stun"), ("path",)),
        (("stream",),),
        (("last",),),
    )
    assert segments((), infos) == ()


_LOOKING = INFOS | {name: dataclasses.replace(INFOS[name], first_look=True) for name in ("link", "stun", "path")}


def test_at_quick_everything_that_bears_company_is_looked_at_beside_the_first_stage() -> None:
    plan = make_plan(_LOOKING, "quick")
    assert first_look(plan, INFOS, "quick") == first_look(plan, _LOOKING, "quick") == (("dns", "stun"), ("path",))


@pytest.mark.parametrize("depth", ["standard", "deep"])
def test_in_a_longer_run_only_what_has_a_first_look_is_looked_at_beside_the_first_stage(depth: Depth) -> None:
    plan = make_plan(_LOOKING, depth)
    assert first_look(plan, _LOOKING, depth) == (("stun",), ("path",))
    assert first_look(plan, INFOS, depth) == ()


def test_what_is_left_out_of_a_run_has_no_first_look_either() -> None:
    assert first_look(make_plan(_LOOKING, "deep", without=["stun"]), _LOOKING, "deep") == (("path",),)
    assert first_look(make_plan(_LOOKING, "deep", only=["link"]), _LOOKING, "deep") == ()
    assert first_look((), _LOOKING, "quick") == ()


# --- what the person complains of


SYMPTOMS: tuple[Symptom, ...] = get_args(Symptom)


def test_a_symptom_puts_its_checks_first_among_those_that_may_start_together_and_among_those_that_are_alone() -> None:
    infos = {
        one.name: one
        for one in (
            info("link"),
            info("dns", "link"),
            info("stun", "link", symptoms=["one_way"]),
            info("speed", "link", alone=True),
            info("stream", "link", alone=True, symptoms=["drops", "one_way"]),
        )
    }
    assert make_plan(infos, "quick") == (("link",), ("dns", "stun"), ("speed",), ("stream",))
    assert make_plan(infos, "quick", symptom="one_way") == (("link",), ("stun", "dns"), ("stream",), ("speed",))


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(st.sets(st.sampled_from("abcdefgh")), st.booleans(), st.sets(st.sampled_from(SYMPTOMS))),
        min_size=1,
    ),
    st.sampled_from(SYMPTOMS),
)
def test_a_symptom_orders_and_nothing_else(
    wishes: dict[str, tuple[set[str], bool, set[Symptom]]], symptom: Symptom
) -> None:
    infos = {
        name: info(name, *(need for need in needs if need < name), alone=alone, symptoms=symptoms)
        for name, (needs, alone, symptoms) in wishes.items()
    }
    plan, usual = make_plan(infos, "quick", symptom=symptom), make_plan(infos, "quick")
    assert sorted(name for stage in plan for name in stage) == sorted(name for stage in usual for name in stage)
    position = {name: number for number, stage in enumerate(plan) for name in stage}
    for name, one in infos.items():
        assert all(position[need] < position[name] for need in one.needs if need in infos)
    for stage in plan:
        near = [symptom in infos[name].symptoms for name in stage]
        assert near == sorted(near, reverse=True)


# --- what is left of a run that goes on


DEEPER = {
    one.name: one
    for one in (
        dataclasses.replace(info("link"), again=True),
        info("hoster", "link"),
        dataclasses.replace(info("stun", "link"), at_depth={"deep": Budget(9, 9)}),
        dataclasses.replace(info("speed", "link"), depths=("deep",)),
        dataclasses.replace(info("path", "link"), at_depth={"quick": Budget(9, 9)}),
    )
}
USUAL = {"link", "hoster", "stun", "path"}


@pytest.mark.parametrize(
    ("before", "depth", "planned", "completed", "left"),
    [
        ("standard", "deep", USUAL, USUAL, {"link", "stun", "speed"}),
        ("quick", "standard", USUAL, USUAL, {"link", "path"}),
        ("quick", "deep", USUAL, USUAL, {"link", "path", "stun", "speed"}),
        ("standard", "deep", USUAL, USUAL - {"hoster"}, {"link", "stun", "speed", "hoster"}),
        ("standard", "deep", USUAL - {"stun", "path"}, {"hoster"}, {"link", "speed"}),
    ],
    ids=["deeper", "from quick", "over two depths", "one broke off", "some were left out"],
)
def test_what_is_left_is_what_runs_again_what_broke_off_and_what_does_more(
    before: Depth, depth: Depth, planned: set[str], completed: set[str], left: set[str]
) -> None:
    assert left_to_do(DEEPER, depth, before, planned=planned, completed=completed) == left
