"""Two runs side by side: which conclusion each pair of verdicts gets, and that no pair is left without one."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence, Instrument, Network, Report, Run, Verdict
from callcheck.stats.intervals import Counted
from callcheck.verdict.compare import compare, decide, hours_apart, loss_between
from callcheck.verdict.compare_text import conclusion_text, loss_text, with_sentences
from callcheck.verdict.comparison import CaveatKind, Compared, Conclusion, Lack, Loss, Side
from callcheck.words import Cause, Claim, Function, Outcome, Where
from tests.report.made import TOOL, a_report, any_text, instruments, verdict
from tests.verdict.readable import assert_readable

WORKS = ("works", "none")
SINGLED_OUT = ("fails", "selective")
SILENT = ("fails", "unknown")
POOR = ("degraded", "unknown")
HOME = ("degraded", "local_link")
MORNING = "2026-11-21T08:00:00Z"


def a_stream(sent: int, received: int, **facts: Any) -> Evidence:
    return Evidence(
        service="telegram",
        function="calls",
        claim=Claim.stream_carries,
        facts={"sent": sent, "received": received, **facts},
        strength=3 if received > 0.97 * sent else -1,
        group="stream:telegram",
    )


def a_run(
    *said: tuple[str, str],
    evidence: tuple[Evidence, ...] = (),
    at: str = MORNING,
    id_: str = "a",
    complete: bool = True,
    **changes: Any,
) -> Report:
    """A report on Telegram's calls, with what was said of them and what it rests on."""
    ground = Evidence(claim=Claim.route_exists, strength=3)
    verdicts = tuple(verdict(outcome=outcome, cause=cause, supporting=(0,)) for outcome, cause in said)
    run = Run(id=id_, started_utc=at, duration_s=10.0, depth="quick", complete=complete)
    return a_report(run=run, verdicts=verdicts, evidence=(ground, *evidence), **changes)


def concluded(a: Report, b: Report, **dates: str) -> Conclusion:
    (one,) = compare(a, b, **dates).conclusions
    return one.conclusion


@pytest.mark.parametrize(
    ("a", "b", "conclusion"),
    [
        (WORKS, WORKS, "works_on_both"),
        (("works", "congestion"), WORKS, "works_on_both"),
        (SINGLED_OUT, WORKS, "belongs_to_a"),
        (("degraded", "selective"), WORKS, "belongs_to_a"),
        (("works", "selective"), WORKS, "belongs_to_a"),
        (HOME, WORKS, "belongs_to_a"),
        (("fails", "udp_blocked"), WORKS, "belongs_to_a"),
        (("fails", "offline"), WORKS, "belongs_to_a"),
        (SILENT, WORKS, "belongs_to_a"),
        (("fails", "service_outage"), WORKS, "belongs_to_a"),
        (("degraded", "device"), WORKS, "device_in_a"),
        (POOR, WORKS, "cannot_tell"),  # nothing was counted
        (SINGLED_OUT, SINGLED_OUT, "singled_out_on_both"),
        (SINGLED_OUT, SILENT, "singled_out_on_a"),
        (SINGLED_OUT, HOME, "singled_out_on_a"),
        (("fails", "service_outage"), ("fails", "service_outage"), "same_on_both"),
        (SILENT, SILENT, "same_on_both"),
        (HOME, ("fails", "local_link"), "same_on_both"),
        (SILENT, POOR, "different_troubles"),
        (HOME, SILENT, "different_troubles"),
        (("unknown", "unknown"), WORKS, "cannot_tell"),
        (("unknown", "unknown"), SINGLED_OUT, "cannot_tell"),
    ],
)
def test_each_pair_of_verdicts_has_its_conclusion_and_its_mirror_image(
    a: tuple[str, str], b: tuple[str, str], conclusion: str
) -> None:
    expected = Conclusion(conclusion)
    assert concluded(a_run(a), a_run(b)) == expected
    assert concluded(a_run(b), a_run(a)) == expected.mirrored


def test_mirroring_changes_the_networks_over_and_nothing_else() -> None:
    assert Conclusion.belongs_to_a.mirrored == Conclusion.belongs_to_b
    assert Conclusion.singled_out_on_both.mirrored == Conclusion.singled_out_on_both
    assert all(one.mirrored.mirrored == one for one in Conclusion)


@pytest.mark.parametrize("at", ["2026-11-22T09:00:00Z", "", "yesterday"])
def test_an_outage_loses_only_where_the_other_run_is_of_the_same_day(at: str) -> None:
    later = a_run(WORKS, at=at)
    assert concluded(a_run(SILENT), later) == Conclusion.changed_between
    assert concluded(a_run(("fails", "service_outage")), later) == Conclusion.changed_between
    # What a run shows by its own evidence stands.
    assert concluded(a_run(SINGLED_OUT), later) == Conclusion.belongs_to_a


def test_a_newer_list_of_servers_may_explain_silence_as_well() -> None:
    dates = {"catalogue_a": "2026-10-01", "catalogue_b": "2026-11-21"}
    assert concluded(a_run(SILENT), a_run(WORKS), **dates) == Conclusion.changed_between
    assert concluded(a_run(SILENT), a_run(WORKS), catalogue_b="2026-11-21") == Conclusion.belongs_to_a


LATE = Instrument(send_lateness_p99_ms=44.0, valid=False)
MOVED = Instrument(send_lateness_p99_ms=1.0, valid=False, events=("route_changed",))
OTHER_WAY = Evidence(service="telegram", function="calls", claim=Claim.tunnel_on_the_way, strength=2)
FILTERED = Evidence(claim=Claim.filters_in_use, strength=2)


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"network": Network(tunnel=True)}, Lack.tunnel),
        ({"evidence": (OTHER_WAY,)}, Lack.tunnel),
        ({"instrument": LATE}, Lack.unsteady),
        ({"instrument": MOVED}, Lack.moved),
    ],
)
def test_a_run_that_did_not_see_its_network_blames_it_for_nothing(changes: dict[str, Any], lack: Lack) -> None:
    for said in (SINGLED_OUT, SILENT, HOME):
        (one,) = compare(a_run(said, **changes), a_run(WORKS)).conclusions
        assert (one.conclusion, one.a.lacks, one.b.lacks) == (Conclusion.cannot_tell, (lack,), ())


def test_what_works_works_though_the_device_was_late_or_in_a_tunnel_but_not_where_it_went_elsewhere() -> None:
    for changes in ({"network": Network(tunnel=True)}, {"instrument": LATE}):
        assert concluded(a_run(SILENT), a_run(WORKS, **changes)) == Conclusion.belongs_to_a
    assert concluded(a_run(SILENT), a_run(WORKS, instrument=MOVED)) == Conclusion.cannot_tell


def test_a_filter_on_the_device_in_one_run_only_may_be_the_difference() -> None:
    assert concluded(a_run(SILENT, evidence=(FILTERED,)), a_run(WORKS)) == Conclusion.cannot_tell
    both = a_run(SILENT, evidence=(FILTERED,)), a_run(WORKS, evidence=(FILTERED,))
    assert concluded(*both) == Conclusion.belongs_to_a


def test_a_verdict_that_rests_on_nothing_is_no_verdict() -> None:
    empty = a_report(verdicts=(verdict(outcome="works", cause="none"),))
    assert concluded(empty, a_run(SINGLED_OUT)) == Conclusion.cannot_tell


@pytest.mark.parametrize(
    ("poor", "well", "conclusion"),
    [
        ((500, 400), (500, 499), "worse_on_a"),
        ((500, 483), (500, 499), "no_clear_difference"),  # 3.2 points, of which 3 are not sure
        ((25, 23), (500, 499), "no_clear_difference"),
        ((500, 500), (500, 500), "no_clear_difference"),
        ((0, 0), (500, 499), "cannot_tell"),
        ((10, 20), (500, 499), "cannot_tell"),
    ],
)
def test_poor_against_working_is_weighed_by_the_loss(
    poor: tuple[int, int], well: tuple[int, int], conclusion: str
) -> None:
    a = a_run(POOR, evidence=(a_stream(*poor),))
    b = a_run(WORKS, evidence=(a_stream(*well),))
    assert concluded(a, b) == conclusion
    assert concluded(b, a) == Conclusion(conclusion).mirrored


def test_losses_in_runs_are_worth_fewer_packets() -> None:
    a = a_run(POOR, evidence=(a_stream(250, 225, mean_run=12.0),))
    b = a_run(WORKS, evidence=(a_stream(500, 500),))
    assert concluded(a, b) == Conclusion.no_clear_difference
    one_by_one = a_run(POOR, evidence=(a_stream(250, 225, mean_run=1.0),))
    assert concluded(one_by_one, b) == Conclusion.worse_on_a


def test_the_interval_is_newcombes() -> None:
    # Newcombe 1998, table II (a), method 10: 56/70 less 48/80 is 0.2, with 0.0524 to 0.3339.
    assert loss_between(Counted(56, 70), Counted(48, 80)) == Loss(ratio_a=0.8, ratio_b=0.6, low=0.0524, high=0.3339)
    assert loss_between(None, Counted(1, 2)) is None


def test_hours_lie_between_two_times_in_any_zone() -> None:
    assert hours_apart("2026-11-21T08:00:00Z", "2026-11-21T14:00:00+03:00") == 3
    assert hours_apart("2026-11-21T08:00:00", "2026-11-20T08:00:00Z") == 24
    assert hours_apart("0001-01-01T00:00:00+23:00", "2026-11-20T08:00:00Z") is None


def test_what_weakens_a_comparison_is_said() -> None:
    deep = Run(id="b", started_utc="2026-11-25T08:00:00Z", duration_s=1.0, depth="deep", complete=False)
    a = a_run(WORKS, network=Network(tunnel=True), instrument=LATE)
    b = a_report(run=deep, tool=msgspec.structs.replace(TOOL, version="0.2.0"), instrument=MOVED)
    found = {
        (one.kind, one.network) for one in compare(a, b, catalogue_a="2026-11-01", catalogue_b="2026-11-02").caveats
    }
    assert found == {
        (CaveatKind.far_apart, ""),
        (CaveatKind.depth, ""),
        (CaveatKind.catalogue, ""),
        (CaveatKind.version, ""),
        (CaveatKind.tunnel, "a"),
        (CaveatKind.unsteady, "a"),
        (CaveatKind.incomplete, "b"),
        (CaveatKind.moved, "b"),
        (CaveatKind.only_in, "a"),
    }
    assert compare(a_run(WORKS), a_run(WORKS)).caveats == ()


def test_where_a_network_is_pointed_at_the_device_is_not_taken_for_one() -> None:
    kinds = [one.kind for one in compare(a_run(SINGLED_OUT), a_run(WORKS)).caveats]
    assert kinds == [CaveatKind.device]


def test_only_what_is_known_of_calls_counts() -> None:
    text = msgspec.structs.replace(verdict(outcome="works", cause="none", supporting=(0,)), function="messaging")
    ground = (Evidence(claim=Claim.route_exists, strength=3),)
    messages = a_report(verdicts=(text,), evidence=ground)
    assert not compare(messages, messages).tells_of_calls
    assert not compare(a_run(SILENT), a_run(WORKS, at="")).tells_of_calls
    assert compare(a_run(SINGLED_OUT), a_run(WORKS)).tells_of_calls
    assert not compare(a_report(), a_report()).tells_of_calls


SIDES = [
    Side(outcome=outcome, cause=cause, where=where)
    for outcome, cause, where in itertools.product(get_args(Outcome), get_args(Cause), get_args(Where)[2::2])
]
CLEAR = loss_between(Counted(100, 500), Counted(1, 500))


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("function", get_args(Function))
def test_every_pair_of_verdicts_has_a_conclusion_with_a_sentence(language: str, function: Function) -> None:
    seen = set()
    for a, b in itertools.product(SIDES, SIDES):
        for loss, alike in ((CLEAR, True), (None, False)):
            conclusion = decide(a, b, loss, alike=alike)
            assert decide(b, a, loss and loss.mirrored, alike=alike) == conclusion.mirrored
            if (a.cause == "selective") != (b.cause == "selective") or conclusion in seen:
                continue  # sentences repeat: one of each conclusion, and all that accuse, are read
            seen.add(conclusion)
            text = conclusion_text(
                Compared(service="telegram", function=function, conclusion=conclusion, a=a, b=b), language
            )
            assert "{" not in text
            assert "Telegram" in text
    assert len(seen) > 10


def sentence(a: tuple[str, str], b: tuple[str, str], **changes: Any) -> str:
    run_a, run_b = a_run(a, **changes), a_run(b)
    (one,) = with_sentences(compare(run_a, run_b), run_a, run_b, "en").conclusions
    assert_readable(one.sentence, "en")
    return one.sentence


def test_the_sentence_names_the_network_that_the_trouble_belongs_to() -> None:
    said = sentence(SINGLED_OUT, WORKS)
    assert said.startswith("On network B Telegram calls should work, on network A they are singled out: ")
    assert "belongs to network A, not to Telegram" in said
    assert "belongs to network B, not to Telegram" in sentence(WORKS, SINGLED_OUT)
    assert "on network A they get through only badly (home network)" in sentence(HOME, WORKS)


def test_nobody_is_accused_where_no_run_accuses() -> None:
    for a, b in itertools.product((SILENT, POOR, HOME, WORKS, ("fails", "service_outage")), repeat=2):
        said = sentence(a, b)
        assert "are singled out" not in said, (a, b)
        assert "provider" not in said
    assert "whether anybody singles them out is not shown" in sentence(SILENT, WORKS)
    assert "shows nobody's fault" in sentence(SILENT, SILENT)


def test_where_the_other_network_ails_otherwise_its_own_outcome_is_named() -> None:
    said = sentence(SINGLED_OUT, HOME)
    assert said.startswith("On network A Telegram calls are singled out")
    assert "on network B they get through only badly as well" in said


def test_what_cannot_be_told_names_the_side_and_what_it_lacks() -> None:
    assert "the test on network A went through a tunnel" in sentence(SILENT, WORKS, network=Network(tunnel=True))
    assert "network A has no count of lost packets; the test on network B has no count" in sentence(POOR, WORKS)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (Loss(ratio_a=0.2, ratio_b=0.001, low=0.16, high=0.24), "network A very likely loses 16 to 24 percentage"),
        (Loss(ratio_a=0.001, ratio_b=0.2, low=-0.24, high=-0.16), "network B very likely loses 16 to 24 percentage"),
        (
            Loss(ratio_a=0.02, ratio_b=0.01, low=-0.01, high=0.03),
            "2 % on network A, 1 % on network B, which is no clear",
        ),
    ],
)
def test_the_loss_is_said_with_its_interval(loss: Loss, words: str) -> None:
    assert words in loss_text(loss, "en")


_VERDICTS = st.builds(
    lambda service, function, outcome, cause, where, supporting: verdict(
        service=service, function=function, outcome=outcome, cause=cause, where=where, supporting=supporting
    ),
    st.sampled_from(["telegram", "whatsapp", "signal"]) | any_text,
    st.sampled_from(get_args(Function)),
    st.sampled_from(get_args(Outcome)),
    st.sampled_from(get_args(Cause)),
    st.sampled_from(get_args(Where)),
    st.sampled_from([(), (0,)]),
)
_STREAMS = st.builds(
    lambda sent, received, run: msgspec.structs.replace(
        a_stream(1, 1), facts={"sent": sent, "received": received, "mean_run": run}
    ),
    st.integers(300, 600) | st.floats(0, 1e9) | st.just("many"),
    st.integers(-1, 600) | st.just(10**400),
    st.floats(0, 1e9) | st.just("long"),
)
_CLAIMS = st.builds(
    Evidence,
    service=st.sampled_from(["", "telegram"]),
    function=st.sampled_from(["", "calls"]),
    claim=st.sampled_from([Claim.filters_in_use, Claim.tunnel_on_the_way, Claim.one_way_out, Claim.controls_answer]),
    strength=st.integers(-3, 3),
)


@st.composite
def runs(draw: st.DrawFn) -> Report:
    found: list[Verdict] = draw(st.lists(_VERDICTS, max_size=4))
    return a_report(
        run=Run(
            id="x",
            started_utc=draw(st.sampled_from([MORNING, "2026-11-30T00:00:00Z", ""]) | any_text),
            duration_s=1.0,
            depth=draw(st.sampled_from(["quick", "deep"])),
            complete=draw(st.booleans()),
        ),
        tool=msgspec.structs.replace(TOOL, version=draw(any_text)),
        network=Network(tunnel=draw(st.sampled_from([None, True, False]))),
        instrument=draw(instruments),
        verdicts=tuple({(one.service, one.function): one for one in found}.values()),
        evidence=(Evidence(claim=Claim.route_exists), *draw(st.lists(_STREAMS | _CLAIMS, max_size=3))),
    )


@settings(max_examples=60)
@given(runs(), runs(), any_text, any_text)
def test_any_two_runs_compare_and_changing_them_over_mirrors_the_answer(
    a: Report, b: Report, catalogue_a: str, catalogue_b: str
) -> None:
    there = compare(a, b, catalogue_a=catalogue_a, catalogue_b=catalogue_b)
    back = compare(b, a, catalogue_a=catalogue_b, catalogue_b=catalogue_a)
    assert (there.a, there.b, there.hours_apart) == (back.b, back.a, back.hours_apart)
    for one, other in zip(there.conclusions, back.conclusions, strict=True):
        assert one == msgspec.structs.replace(
            other,
            conclusion=other.conclusion.mirrored,
            a=other.b,
            b=other.a,
            loss=other.loss and other.loss.mirrored,
        )
    swap = {"a": "b", "b": "a", "": ""}
    assert {(one.kind, one.network, one.service) for one in there.caveats} == {
        (one.kind, swap[one.network], one.service) for one in back.caveats
    }


@settings(max_examples=60)
@given(runs(), runs(), st.sampled_from(["en", "ru"]))
def test_nothing_of_a_file_but_bare_words_gets_into_a_comparison(a: Report, b: Report, language: str) -> None:
    said = with_sentences(compare(a, b, catalogue_a="\x1b[2J"), a, b, language)
    text = msgspec.json.encode(said).decode()
    assert "\\u001b" not in text
    assert "192.0.2.77" not in text
    assert "example.org" not in text
    assert all(one.sentence and one.a.sentence and one.b.sentence for one in said.conclusions)
