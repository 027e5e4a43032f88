"""The dns check before scripted resolvers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import Claim, Depth, Evidence, Failure, IcmpError, Target
from callcheck.testing import Answers, DatagramHandler, FakeContext, run_check
from callcheck_dns import CHECK
from callcheck_dns.question import Question, Reply
from tests.checks.peers import answer_to, resolver

CHAT = "g.whatsapp.net"
EDGE = "e1.whatsapp.net"
NAMES = (CHAT, EDGE, "example.com", "example.org")
TARGETS = [
    Target(service="whatsapp", function="messaging", host=CHAT, port=443, transport="tcp", protocol="noise"),
    Target(service="whatsapp", function="messaging", host=CHAT, port=5222, transport="tcp", protocol="noise"),
    Target(service="whatsapp", function="messaging", host=EDGE, port=443, transport="tcp", protocol="noise"),
    Target(service="telegram", function="messaging", address="149.154.167.51", port=443, transport="tcp"),
    Target(role="control", address="8.8.8.8", port=53, protocol="dns", network="google"),
    Target(role="domestic", address="77.88.8.8", port=53, protocol="dns", network="yandex"),
]
SAFE = [
    Target(role="control", host="dns.google", address="8.8.8.8", port=853, transport="tcp", protocol="dot"),
    Target(role="control", host="dns.google", address="8.8.8.8", port=443, transport="tcp", protocol="doh"),
]
FOREIGN, DOMESTIC = "udp/8.8.8.8:53", "udp/77.88.8.8:53"
HOME: dict[str, list[str] | Failure] = {name: ["157.240.0.60"] for name in NAMES}


HONEST = resolver(dict.fromkeys(NAMES, "157.240.0.60"))


def context(names: Mapping[str, list[str] | Failure], answers: Mapping[str, DatagramHandler]) -> FakeContext:
    return FakeContext(TARGETS, names=names, answers=answers, info=CHECK.info)


def checked(names: Mapping[str, list[str] | Failure], answers: Mapping[str, DatagramHandler]) -> FakeContext:
    ctx = context(names, answers)
    run_check(CHECK, ctx)
    return ctx


def evidence(ctx: FakeContext) -> dict[Claim, Evidence]:
    return {item.claim: item for item in CHECK.read(ctx.observations)}


def test_every_service_name_is_asked_once_and_only_names_of_services_make_a_claim() -> None:
    ctx = checked(HOME, {FOREIGN: HONEST, DOMESTIC: HONEST})
    assert sorted(one.value.data["name"] for one in ctx.observations if one.value.op == "dns.system") == sorted(NAMES)
    assert len([one for one in ctx.observations if one.value.op == "dns.server"]) == 2 * len(NAMES)
    found = evidence(ctx)
    assert (found[Claim.resolver_works].strength, found[Claim.names_present].strength) == (3, 3)
    about = [(item.claim, item.service) for item in CHECK.read(ctx.observations) if item.service]
    assert about == [(Claim.names_present, "whatsapp"), (Claim.names_true, "whatsapp")]


GONE: dict[str, list[str] | Failure] = {**HOME, CHAT: Failure.name_missing, EDGE: Failure.name_empty}
PARTLY: dict[str, list[str] | Failure] = {**HOME, CHAT: Failure.name_missing}
DEAD: dict[str, list[str] | Failure] = dict.fromkeys(NAMES, Failure.resolver_timeout)
NOBODY = resolver({})
KNOWS_ONE = resolver({EDGE: "157.240.0.61"})


@pytest.mark.parametrize(
    ("names", "other", "strength", "facts"),
    [
        pytest.param(HOME, HONEST, 3, {"names": 2, "missing": 0, "elsewhere": 0}, id="all present"),
        pytest.param(GONE, HONEST, -3, {"names": 2, "missing": 2, "elsewhere": 2}, id="missing here, known elsewhere"),
        pytest.param(GONE, KNOWS_ONE, -3, {"names": 2, "missing": 2, "elsewhere": 1}, id="one of them known elsewhere"),
        pytest.param(GONE, NOBODY, -1, {"names": 2, "missing": 2, "elsewhere": 0}, id="missing everywhere"),
        pytest.param(GONE, lambda _: [], -1, {"names": 2, "missing": 2, "elsewhere": 0}, id="nobody else answers"),
        pytest.param(PARTLY, HONEST, -1, {"names": 2, "missing": 1, "elsewhere": 1}, id="only some missing"),
        pytest.param(DEAD, HONEST, 0, {"names": 2, "missing": 0, "elsewhere": 0}, id="own resolver dead"),
        pytest.param({**HOME, CHAT: []}, HONEST, -1, {"names": 2, "missing": 1, "elsewhere": 1}, id="no address"),
    ],
)
def test_names_are_denied_firmly_only_when_another_resolver_knows_them(
    names: Mapping[str, list[str] | Failure], other: DatagramHandler, strength: int, facts: dict[str, int]
) -> None:
    found = evidence(checked(names, {FOREIGN: other}))[Claim.names_present]
    assert (found.strength, found.facts) == (strength, facts)


@pytest.mark.parametrize(
    ("names", "strength"),
    [(dict.fromkeys(NAMES, Failure.name_missing), 3), (DEAD, -3), (dict.fromkeys(NAMES, Failure.resolver_refused), -3)],
)
def test_absent_names_are_answers_and_dead_resolvers_are_not(
    names: Mapping[str, list[str] | Failure], strength: int
) -> None:
    assert evidence(checked(names, {}))[Claim.resolver_works].strength == strength


def test_two_questions_are_too_few_to_call_a_resolver_dead() -> None:
    ctx = FakeContext((), names=DEAD)
    run_check(CHECK, ctx)
    assert evidence(ctx)[Claim.resolver_works].strength == 0


@pytest.mark.parametrize(("depth", "tries", "longest_s"), [("quick", 1, 3.0), ("standard", 2, 6.0), ("deep", 2, 6.0)])
def test_it_ends_in_time_when_nobody_answers(depth: Depth, tries: int, longest_s: float) -> None:
    ctx = FakeContext([*TARGETS, *SAFE], depth=depth, names=DEAD, info=CHECK.info)
    assert run_check(CHECK, ctx) <= longest_s
    servers = [one.value for one in ctx.observations if one.value.op == "dns.server"]
    assert {one.failure for one in servers} == {Failure.timeout}
    assert len(servers) == 2 * tries * len(NAMES)
    safe = [one.value.failure for one in ctx.observations if one.value.op in {"dns.dot", "dns.doh"}]
    assert safe == [Failure.timeout] * 3  # the connection for all names, and two names of WhatsApp's over HTTPS


def bent_identifier(query: bytes) -> bytes:
    answer = answer_to(query, ["10.10.34.35"])
    return bytes([answer[0] ^ 1]) + answer[1:]


def other_question(_query: bytes) -> bytes:
    return answer_to(Question("example.net", int.from_bytes(_query[:2], "big")).payload, ["10.10.34.35"])


@pytest.mark.parametrize(
    ("wrong", "failure"),
    [
        (bent_identifier, Failure.not_ours),
        (other_question, Failure.not_ours),
        (lambda query: query, Failure.not_ours),
        (lambda _query: b"\xff" * 5, Failure.malformed),
    ],
    ids=["wrong identifier", "wrong question", "the question sent back", "garbage"],
)
def test_wrong_answers_are_recorded_and_the_right_one_still_counts(
    wrong: Callable[[bytes], bytes], failure: Failure
) -> None:
    def handler(query: bytes) -> Answers:
        return [*((0.01, wrong(query)) for _ in range(9)), (0.05, answer_to(query, ["157.240.0.60"]))]

    ctx = checked(GONE, {FOREIGN: handler})
    about_chat = [
        one.value
        for one in ctx.observations
        if one.value.target and one.value.target.address == "8.8.8.8" and one.value.data["name"] == CHAT
    ]
    assert [one.failure for one in about_chat] == [failure, failure, failure, None]
    assert about_chat[-1].data["addresses"] == ["157.240.0.60"]
    assert evidence(ctx)[Claim.names_present].strength == -3


def test_only_wrong_answers_count_as_none() -> None:
    ctx = checked(GONE, {FOREIGN: lambda query: [(0.01, bent_identifier(query))]})
    assert evidence(ctx)[Claim.names_present].facts["elsewhere"] == 0


def test_a_lost_question_is_asked_again_on_another_source_port() -> None:
    lost: set[str] = set()

    def handler(query: bytes) -> Answers:
        name = str(dns.message.from_wire(query).question[0].name)
        if name not in lost:
            lost.add(name)
            return []
        return HONEST(query)

    ctx = FakeContext(TARGETS, depth="standard", names=GONE, answers={FOREIGN: handler}, info=CHECK.info)
    run_check(CHECK, ctx)
    tries = [
        (one.value.data["try"], one.value.failure)
        for one in ctx.observations
        if one.value.target and one.value.target.address == "8.8.8.8" and one.value.data["name"] == CHAT
    ]
    assert tries == [(1, Failure.timeout), (2, None)]
    assert evidence(ctx)[Claim.names_present].strength == -3


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (IcmpError(Failure.refused, "8.8.8.8", 3, 3, 0), Failure.refused),
        (Failure.network_unreachable, Failure.network_unreachable),
    ],
)
def test_a_refused_question_keeps_its_reason(answer: Answers, failure: Failure) -> None:
    ctx = checked(HOME, {FOREIGN: lambda _: answer})
    told = {one.value.failure for one in ctx.observations if one.value.target and one.value.target.port == 53}
    assert failure in told


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (dns.rcode.NXDOMAIN, Failure.name_missing),
        (dns.rcode.REFUSED, Failure.resolver_refused),
        (dns.rcode.SERVFAIL, Failure.resolver_failed),
        (dns.rcode.NOERROR, Failure.name_empty),
    ],
)
def test_each_response_code_has_its_name(code: dns.rcode.Rcode, failure: Failure) -> None:
    question = Question(CHAT, 77)
    assert question.read(answer_to(question.payload, [], code)) == Reply((), failure)


def test_a_reply_cut_short_does_not_say_that_there_is_no_address() -> None:
    question = Question(CHAT, 77)
    response = dns.message.from_wire(answer_to(question.payload, []))
    response.flags |= dns.flags.TC
    assert question.read(response.to_wire()) == Reply((), Failure.other, truncated=True)


@given(datagram=st.binary(max_size=80), transaction_id=st.integers(0, 65535))
@settings(max_examples=150)
def test_random_bytes_are_never_an_answer(datagram: bytes, transaction_id: int) -> None:
    question = Question(CHAT, transaction_id)
    header = transaction_id.to_bytes(2, "big") + b"\x81\x80"
    assert question.read(datagram) in {Failure.malformed, Failure.not_ours}
    assert isinstance(question.read(header + datagram), Failure | Reply)


def test_naming_the_check_does_not_import_dnspython() -> None:
    program = "import sys, callcheck_dns; print([name for name in sys.modules if name.split('.')[0] == 'dns'])"
    path = ["-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"]
    done = subprocess.run([sys.executable, *path], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
