"""The way from an answer to the packet, as plain data: nothing that an answer rests on is out of reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck import session
from callcheck.engine import plugins
from callcheck.locale import N_
from callcheck.model import Evidence, Instrument, Network, Report, Run, SavedObservation, Target, Tool, Verdict
from callcheck.redaction.redact import redact
from callcheck.report.schema import REPORT_SCHEMA
from callcheck.ui.glyphs import ASCII, UNICODE
from callcheck.ui.paint import Line, plain
from callcheck.ui.views.evidence import matching, roots, strength_sign
from callcheck.ui.views.failures import failure_text
from callcheck.ui.views.fields import broken, clipped, field_lines, seconds_text, value_text
from callcheck.ui.views.look import Look
from callcheck.ui.views.nodes import Book, Node, book_of, chunked, note
from callcheck.ui.views.operations import operation_text, target_text
from callcheck.words import Cause, Claim, Failure, Outcome
from tests.ui.driving import events_of

EN = Look("en", UNICODE, 60)
CHECKS = plugins.load_checks()[0]
HOSTILE = "[bold]\x1b[31m\u202eevil[/]\n\r\x00"
_TEXT = st.one_of(
    st.text(max_size=8), st.sampled_from([HOSTILE, "long"]).map(lambda text: text * (700 if text == "long" else 1))
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=6,
)


def a_report(
    evidence: Sequence[Evidence] = (),
    observations: Sequence[SavedObservation] = (),
    verdicts: Sequence[Verdict] = (),
) -> Report:
    return Report(
        schema=REPORT_SCHEMA,
        tool=Tool(name="callcheck", version="1"),
        run=Run(id="", started_utc="", duration_s=1.0, depth="quick", complete=True),
        network=Network(),
        instrument=Instrument(send_lateness_p99_ms=None, valid=None),
        verdicts=tuple(verdicts),
        evidence=tuple(evidence),
        observations=tuple(observations),
    )


def a_verdict(
    service: str = "telegram", outcome: Outcome = "fails", cause: Cause = "selective", **more: Any
) -> Verdict:
    return Verdict(
        service=service,
        function="calls",
        outcome=outcome,
        cause=cause,
        mechanism="unknown",
        where="unknown",
        confidence=0.9,
        causes={cause: 0.9},
        **more,
    )


def asked(seq: int, failure: Failure | None = None, address: str = "192.0.2.1", **more: Any) -> SavedObservation:
    target = Target(service="telegram", function="calls", address=address, port=596)
    data = {} if failure else {"rtt_ms": 20.0 + seq}
    return SavedObservation(
        op="relay.ask",
        target=target,
        form="hello",
        failure=failure,
        data=data,
        seq=seq,
        t_us=seq,
        check="relay",
        **more,
    )


def a_second(
    seq: int, arm: str = "telegram-0", second: int = 0, lost: Sequence[int] = (), **more: Any
) -> SavedObservation:
    sent = [second * 1_000_000 + 100_000 * number for number in range(10)]
    data: dict[str, Any] = {
        "arm": arm,
        "second": second,
        "first_number": 10 * second,
        "ip_bytes": 188,
        "scheduled_us": sent,
        "sent_us": sent,
        "received_us": [None if number in lost else at + 50_000 for number, at in enumerate(sent)],
        **more,
    }
    target = Target(service="telegram", function="calls", address="192.0.2.1", port=598)
    return SavedObservation(op="flow.second", target=target, data=data, seq=seq, t_us=seq, check="stream")


def book(report: Report) -> Book:
    return book_of(report, EN, {"relay": N_("call relays")})


def below(node: Node) -> list[Node]:
    return list(node.children()) if node.children is not None else []


def everything(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from everything(below(node))


def of_kind(nodes: Sequence[Node], kind: str) -> list[Node]:
    return [node for node in everything(nodes) if node.kind == kind]


def label(node: Node) -> str:
    return plain([node.label])


def told(node: Node, look: Look = EN) -> str:
    return plain(node.detail(look))


def is_harmless(lines: Sequence[Line]) -> bool:
    return all(text.isprintable() for one in lines for text, _tone in one)


_OBSERVATIONS = st.builds(
    SavedObservation,
    op=st.one_of(st.sampled_from(["relay.ask", "flow.second", "path.probe"]), _TEXT),
    target=st.one_of(
        st.none(),
        st.builds(
            Target,
            service=_TEXT,
            role=st.sampled_from(["subject", "control", "domestic", "gateway"]),
            host=_TEXT,
            address=_TEXT,
            port=st.integers(),
            network=_TEXT,
            source=_TEXT,
        ),
    ),
    form=_TEXT,
    failure=st.one_of(st.none(), st.sampled_from(list(Failure))),
    data=st.dictionaries(_TEXT, _JSON, max_size=3),
    seq=st.integers(0, 30),
    t_us=st.integers(),
    check=_TEXT,
)
_FLOWS = st.builds(
    a_second,
    st.integers(0, 30),
    arm=_TEXT,
    second=st.integers(-5, 700),
    lost=st.lists(st.integers(0, 9)),
    unsent=st.lists(st.integers(-20, 200), max_size=3),
    taken_us=st.lists(st.one_of(st.none(), st.integers()), max_size=12),
)
_EVIDENCE = st.builds(
    Evidence,
    service=st.one_of(st.sampled_from(["", "telegram", "whatsapp"]), _TEXT),
    claim=st.sampled_from(list(Claim)),
    facts=st.dictionaries(_TEXT, _JSON, max_size=3),
    strength=st.integers(-5, 5),
    group=_TEXT,
    seqs=st.lists(st.integers(0, 40), max_size=12).map(tuple),
)
_VERDICTS = st.builds(
    a_verdict,
    service=st.one_of(st.sampled_from(["telegram", "whatsapp"]), _TEXT),
    outcome=st.sampled_from(get_args(Outcome)),
    cause=st.sampled_from(get_args(Cause)),
    supporting=st.lists(st.integers(-3, 9), max_size=3).map(tuple),
    against=st.lists(st.integers(-3, 9), max_size=3).map(tuple),
    would_change=st.lists(_TEXT, max_size=2).map(tuple),
)
_REPORTS = st.builds(
    a_report,
    st.lists(_EVIDENCE, max_size=3),
    st.lists(st.one_of(_OBSERVATIONS, _FLOWS), max_size=12, unique_by=lambda one: one.seq),
    st.lists(_VERDICTS, max_size=2),
)


@settings(max_examples=25, deadline=None)
@given(_REPORTS)
def test_every_observation_that_evidence_cites_can_be_reached(report: Report) -> None:
    here = {one.seq for one in report.observations}
    reached: dict[int, set[int]] = {}
    for node in of_kind(roots(book(report)), "evidence"):
        assert node.evidence is not None
        seqs = {one.observation.seq for one in everything(below(node)) if one.observation is not None}
        assert seqs == set(node.evidence.seqs) & here
        reached[id(node.evidence)] = seqs
    assert set(reached) == {id(item) for item in report.evidence}


@settings(max_examples=25, deadline=None)
@given(_REPORTS, st.sampled_from(["en", "ru"]), st.integers(1, 90), st.sampled_from([UNICODE, ASCII]))
def test_whatever_a_file_holds_is_shown_harmless_in_its_room(
    report: Report, language: str, columns: int, glyphs: Any
) -> None:
    look = Look(language, glyphs, columns)
    for node in everything(roots(book_of(report, look, {}))):
        lines = node.detail(look)
        assert is_harmless([node.label, *lines])


def test_the_lines_about_an_answer_lead_down_to_a_lost_packet() -> None:
    evidence = Evidence(service="telegram", function="calls", claim=Claim.stream_cut_off, strength=3, seqs=(1, 2))
    report = a_report(
        [evidence], [a_second(1, lost=[7, 8, 9]), a_second(2, second=1, lost=range(10))], [a_verdict(supporting=(0,))]
    )
    answer = roots(book(report))[0]
    assert "Telegram" in label(answer)
    pro, contra, others = below(answer)
    assert [one.kind for one in (pro, contra, others)] == ["for", "against", "others"]
    assert (contra.children, others.children) == (None, None)
    [item] = below(pro)
    assert label(item).startswith("+++ ")
    [flow] = below(item)
    assert "13 of 20 packets lost" in label(flow)
    first, second = below(flow)
    assert "3 of 10" in label(first)
    assert "10 of 10" in label(second)
    packets = below(first)
    assert [UNICODE.failed in label(packet) for packet in packets] == [False] * 7 + [True] * 3
    assert "sent at 0.700 s" in label(packets[7])
    assert "lost" in label(packets[7])
    assert "answered after 50.0 ms" in label(packets[0])
    assert told(first).splitlines()[-4].strip().startswith(UNICODE.failed)
    assert "number 6, 0.600 s after" in told(flow)


def test_a_flow_of_the_same_name_in_another_round_is_another_flow() -> None:
    report = a_report((), [a_second(1, lost=[1], round=0), a_second(2, round=0, second=1), a_second(3, round=1)])
    flows = of_kind(roots(book(report)), "flow")
    assert ["1 of 20" in label(flows[0]), "0 of 10" in label(flows[1])] == [True, True]
    assert label(flows[1]).endswith("(telegram-0, round 2)")


def test_a_packet_that_never_left_is_not_called_lost() -> None:
    [flow] = of_kind(roots(book(a_report((), [a_second(1, lost=[3, 4], unsent=[3])]))), "flow")
    assert "1 of 9 packets lost" in label(flow)
    packets = of_kind([flow], "packet")
    assert "never left this device" in label(packets[3])
    assert "lost" in label(packets[4])


def test_many_questions_to_one_target_stand_together_with_how_many_were_answered() -> None:
    some = [asked(seq, Failure.timeout if seq < 12 else None, "192.0.2.7") for seq in range(13)]
    rest = [asked(20 + seq, Failure.refused, "192.0.2.8") for seq in range(2)]
    evidence = Evidence(claim=Claim.tcp_passes, strength=-2, seqs=tuple(one.seq for one in [*some, *rest]))
    [item] = of_kind(roots(book(a_report([evidence], [*some, *rest]))), "evidence")
    first, second = below(item)
    assert label(first).startswith("! 1 of 13 answered: a question to a call server (greeting), 192.0.2.7:596")
    assert label(second).startswith(f"{UNICODE.failed} 0 of 2 answered")
    assert "12  no answer in time" in told(first)
    assert "32 to 32 ms" in told(first)
    assert [label(one) for one in below(first)][-1] == f"{UNICODE.done}   0.000 s  answered after 32 ms"
    assert len(below(first)) == 13


def test_a_few_observations_stand_by_themselves_with_the_time_and_what_came() -> None:
    evidence = Evidence(claim=Claim.tcp_passes, strength=2, seqs=(1, 2))
    report = a_report([evidence], [asked(1), asked(2, Failure.reset)])
    [item] = of_kind(roots(book(report)), "evidence")
    one, other = below(item)
    assert "answered after 21 ms: a question to a call server (greeting), 192.0.2.1:596" in label(one)
    assert "the connection was broken off: a question" in label(other)
    assert "connection_reset" in told(other)
    assert "call relays" in told(other)
    assert plain(one.detail(Look("en", UNICODE, 5000))).splitlines()[-1].startswith('{"op": "relay.ask"')


def test_what_a_station_on_the_way_reported_is_not_counted_as_silence() -> None:
    probes = [msgspec.structs.replace(asked(seq, Failure.expired), op="path.probe") for seq in range(12)]
    [group] = [node for node in of_kind(roots(book(a_report((), probes))), "group") if "12 reported" in label(node)]
    assert label(group).startswith(UNICODE.done)
    first = msgspec.structs.replace(probes[0], data={"ttl": 3})
    assert "sent as far as station 3" in label(of_kind(roots(book(a_report((), [first]))), "observation")[0])


def test_records_that_are_not_there_are_counted() -> None:
    evidence = Evidence(claim=Claim.tcp_passes, strength=2, seqs=(1, 5, 6))
    [item] = of_kind(roots(book(a_report([evidence], [asked(1)]))), "evidence")
    assert label(below(item)[-1]) == "2 records are not in this report"
    assert "1 of 3" in told(item)


def test_a_report_of_nothing_says_so() -> None:
    [only] = roots(book(a_report()))
    assert (only.kind, only.children) == ("note", None)
    assert label(only)


def test_evidence_without_an_answer_is_shown_and_the_network_s_own_stands_under_every_answer() -> None:
    network = Evidence(claim=Claim.gateway_healthy, strength=2)
    stranger = Evidence(claim=Claim.text_answers, service="signal", strength=2)
    [loose] = [one for one in roots(book(a_report([network, stranger], (), [a_verdict()]))) if one.kind == "others"]
    assert [node.evidence for node in below(loose)] == [stranger]
    answers = of_kind(roots(book(a_report([network], (), [a_verdict(), a_verdict("whatsapp")]))), "verdict")
    assert [[node.evidence for node in of_kind([one], "evidence")] for one in answers] == [[network], [network]]
    [alone] = roots(book(a_report([network])))
    assert [node.evidence for node in below(alone)] == [network]


@pytest.mark.parametrize(
    ("strength", "side", "sign"),
    [
        (3, "for", "+++"),
        (-2, "for", "++"),
        (1, "against", "-"),
        (-3, "others", "***"),
        (0, "for", "?"),
        (9, "for", "+++"),
    ],
)
def test_strength_is_a_sign_for_or_against_the_answer(strength: int, side: Any, sign: str) -> None:
    assert strength_sign(Evidence(claim=Claim.tcp_passes, strength=strength), side) == sign


def test_words_find_evidence_by_its_sentence_claim_and_check() -> None:
    report = a_report(
        [
            Evidence(claim=Claim.controls_answer, strength=3),
            Evidence(claim=Claim.relays_answer, service="telegram", strength=-3, seqs=(1,)),
        ],
        [asked(1)],
        [a_verdict(against=(1,))],
    )
    for words in ("TELEGRAM relays", "relays_answer", "call relays"):
        [found] = matching(words, book(report))
        assert found.evidence is report.evidence[1]
        assert label(found).startswith("---")
    [none] = matching("no such words", book(report))
    assert none.kind == "note"


def test_what_is_too_much_to_look_through_comes_in_portions() -> None:
    nodes = [note(str(number), lambda _look: []) for number in range(50_001)]
    top = chunked(nodes, EN)
    assert len(top) <= 200
    assert label(top[-1]).endswith("50001")
    assert [label(one) for one in everything(top) if one.kind == "note"] == [str(number) for number in range(50_001)]


def test_a_report_that_is_safe_to_share_can_be_walked_through_down_to_lost_packets() -> None:
    whole = session.report_of(events_of("cutoff-packets"), CHECKS, "en")
    report = redact(whole, new_id=lambda: "0" * 32)
    [item] = [node for node in _evidence_for(report) if node.evidence and node.evidence.claim is Claim.stream_cut_off]
    flows = below(item)
    assert "of Telegram" in label(flows[0]) or ":" in label(flows[0])
    assert any("lost" in label(packet) for second in below(flows[0]) for packet in below(second))


def _evidence_for(report: Report) -> list[Node]:
    answer = roots(book(report))[0]
    return [node for side in below(answer) if side.kind == "for" for node in below(side)]


def test_nothing_is_made_before_it_is_opened() -> None:
    class Counted(dict[int, SavedObservation]):
        reads = 0

        def __getitem__(self, seq: int) -> SavedObservation:
            Counted.reads += 1
            return super().__getitem__(seq)

    evidence = Evidence(service="telegram", claim=Claim.stream_cut_off, strength=3, seqs=(1,))
    report = a_report([evidence], [a_second(1)], [a_verdict(supporting=(0,))])
    made = Book(report, EN, {}, Counted({1: report.observations[0]}))
    [answer, *_] = roots(made)
    [item] = below(below(answer)[0])
    assert Counted.reads == 0
    assert below(item)
    assert Counted.reads > 0


def test_targets_are_named_by_address_or_by_what_they_are() -> None:
    assert target_text(Target(address="2001:db8::1", port=443), "en") == "[2001:db8::1]:443"
    assert target_text(Target(host="stun.example.org", port=3478), "en") == "stun.example.org:3478"
    assert target_text(Target(service="telegram"), "en") == "a server of Telegram"
    assert target_text(Target(role="gateway"), "en") == "the router"
    assert operation_text("foreign.\x1b", "en") == "foreign.\\x1b"


def test_every_failure_has_words_of_its_own() -> None:
    assert len({failure_text(failure, "en") for failure in Failure}) == len(Failure)


def test_every_operation_of_the_checks_has_words() -> None:
    for family in ("cutoff-packets", "policing", "whole-service", "captive-portal"):
        for event in events_of(family):
            if event.kind == "observed":
                assert operation_text(event.data["op"], "en") != event.data["op"]


def test_fields_stand_below_one_another_and_break_in_their_own_column() -> None:
    lines = plain(
        field_lines([("name", "a" * 30), ("empty", ""), ("other", "b c")], Look("en", UNICODE, 20))
    ).splitlines()
    assert lines == ["name   " + "a" * 13, " " * 7 + "a" * 13, " " * 7 + "a" * 4, "other  b c"]
    assert (
        plain([clipped((("abc", ""), ("def", "dim"), ("g", "")), Look("en", UNICODE, 5))]) == "abcd" + UNICODE.ellipsis
    )
    assert plain([clipped((("abc", ""), ("de", "")), Look("en", UNICODE, 5))]) == "abcde"
    assert max(map(len, plain(broken("x" * 100, Look("en", UNICODE, 30))).splitlines())) == 30


def test_times_and_values_read_well() -> None:
    assert seconds_text(1_234_567, "en") == "1.234"
    assert seconds_text(1_234_567, "ru") == "1,234"
    assert seconds_text(-1_500, "en") == "-0.002"
    assert value_text(True, EN) == "yes"
    assert value_text([1, 2.5, "a\x1b"], EN) == "1, 2.5, a\\x1b"
    assert value_text(list(range(100)), EN).endswith("39, and 60 more")
    assert value_text(None, EN) == UNICODE.dash
