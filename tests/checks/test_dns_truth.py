"""What the dns check makes of false, doubled and missing answers, with resolvers beside that nobody can forge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import pytest

from callcheck.api import Claim, Depth, Evidence, Failure, Fetched, LinkState, Numbered, Observation, Target
from callcheck.testing import (
    Answers,
    DatagramHandler,
    FakeContext,
    StreamAnswers,
    StreamHandler,
    StreamPeer,
    conformance,
    run_check,
)
from callcheck_dns import CHECK
from callcheck_dns.answers import is_bogon
from tests.checks.peers import answer_to, resolver

CHAT = {f"{name}.whatsapp.net": f"157.240.0.{number}" for number, name in enumerate(("g", "e1", "e2", "mmg"), 60)}
SITE = "core.telegram.org"
ZONE = {**CHAT, SITE: "149.154.167.99", "example.com": "93.184.215.14", "example.org": "93.184.215.15"}
WEB = "www.google.com"
BOGON = "10.10.34.35"


def safe(host: str, address: str, port: int, network: str) -> Target:
    protocol = "dot" if port == 853 else "doh"
    return Target(
        role="control", host=host, address=address, port=port, transport="tcp", protocol=protocol, network=network
    )


TARGETS = [
    *(Target(service="whatsapp", function="messaging", host=name, port=443, transport="tcp") for name in CHAT),
    Target(service="telegram", function="messaging", address="149.154.167.51", port=443, transport="tcp"),
    Target(service="telegram", function="messaging", host=SITE, port=443, transport="tcp", protocol="media"),
    Target(role="control", address="8.8.8.8", port=53, protocol="dns", network="google"),
    Target(role="control", address="9.9.9.9", port=53, protocol="dns", network="quad9"),
    safe("dns.google", "8.8.8.8", 853, "google"),
    safe("dns.google", "8.8.8.8", 443, "google"),
    Target(role="control", host=WEB, port=443, transport="tcp", protocol="https", network="google"),
]
GOOGLE, QUAD9, HOME, NOWHERE = (f"udp/{place}:53" for place in ("8.8.8.8", "9.9.9.9", "192.168.1.1", "142.250.74.4"))
DOT, DOH = "tcp/8.8.8.8:853", "tcp/8.8.8.8:443"

Names = dict[str, Sequence[str] | Failure]
Zone = Mapping[str, str]


def names(zone: Zone) -> Names:
    told: Names = {name: [zone[name]] if name in zone else Failure.name_missing for name in ZONE}
    return told | {WEB: ["142.250.74.4"]}


def reply(query: bytes, zone: Zone) -> bytes:
    name = str(dns.message.from_wire(query).question[0].name).rstrip(".")
    return answer_to(query, [zone[name]]) if name in zone else answer_to(query, [], dns.rcode.NXDOMAIN)


def over_tls(zone: Zone, failure: Failure | None = None, piece_bytes: int = 7) -> StreamPeer:
    """Answers in reverse order and in small pieces, as TCP may cut them."""

    def conversation() -> StreamHandler:
        def handler(data: bytes) -> StreamAnswers:
            queries: list[bytes] = []
            while data:
                size = int.from_bytes(data[:2], "big")
                queries, data = [data[2 : 2 + size], *queries], data[2 + size :]
            framed = b"".join(len(one).to_bytes(2, "big") + one for one in (reply(query, zone) for query in queries))
            return [(0.03, framed[at : at + piece_bytes]) for at in range(0, len(framed), piece_bytes)]

        return handler

    return StreamPeer(conversation, tls=lambda name: failure if name == "dns.google" else Failure.tls_invalid)


def context(
    system: Names, plain: Mapping[str, DatagramHandler], *, safe_zone: Zone | None = ZONE, depth: Depth = "quick"
) -> FakeContext:
    ctx = FakeContext(TARGETS, depth=depth, names=system, answers=plain, info=CHECK.info)
    if safe_zone is not None:
        ctx.stream_peer(DOT, over_tls(safe_zone))
    return ctx


def found(ctx: FakeContext) -> dict[tuple[Claim, str], Evidence]:
    run_check(CHECK, ctx)
    return {(item.claim, item.service): item for item in CHECK.read(ctx.observations)}


HONEST = dict.fromkeys((GOOGLE, QUAD9, HOME), resolver(ZONE))
FALSE = dict.fromkeys(CHAT, BOGON)
GONE = {name: address for name, address in ZONE.items() if name not in CHAT}


def test_it_keeps_the_rules_for_checks() -> None:
    def healthy(ctx: FakeContext) -> None:
        ctx.names = dict(names(ZONE))
        for place, handler in HONEST.items():
            ctx.peer(place, handler)
        ctx.stream_peer(DOT, over_tls(ZONE))

    assert conformance(CHECK, TARGETS, worlds={"healthy": healthy}) == []


def test_an_honest_line_is_told_to_be_one() -> None:
    evidence = found(context(names(ZONE), HONEST))
    assert evidence[Claim.names_true, "whatsapp"].strength == 3
    assert evidence[Claim.names_true, "whatsapp"].facts == {"names": 4, "false": 0, "agreed": 4, "false_elsewhere": 0}
    assert evidence[Claim.names_present, "whatsapp"].strength == 3
    assert evidence[Claim.resolvers_intercepted, ""].facts == {"asked": 8, "differing": 0, "strange_certificates": 0}
    assert evidence[Claim.resolvers_intercepted, ""].strength == -2
    assert evidence[Claim.answers_doubled, ""].facts == {"names": 7, "doubled": 0}
    assert evidence[Claim.answers_doubled, ""].strength == -2


def test_a_lying_resolver_is_seen_and_nobody_else_is_called_a_liar() -> None:
    evidence = found(context(names({**ZONE, **FALSE}), HONEST))
    assert evidence[Claim.names_true, "whatsapp"].strength == -3
    assert evidence[Claim.names_true, "whatsapp"].facts == {"names": 4, "false": 4, "agreed": 0, "false_elsewhere": 0}
    assert evidence[Claim.names_true, "telegram"].strength == 3
    assert evidence[Claim.names_present, "whatsapp"].strength == 0
    assert evidence[Claim.resolvers_intercepted, ""].strength == -2


@pytest.mark.parametrize(
    ("system", "trusted", "strength", "false"),
    [
        pytest.param(FALSE, True, -3, 4, id="nobody's network"),
        pytest.param(FALSE, False, -2, 4, id="nobody's network, and nobody to compare with"),
        pytest.param(dict.fromkeys(list(CHAT)[:2], BOGON), True, -1, 2, id="half of them"),
        pytest.param(dict.fromkeys(ZONE, "198.18.0.7"), True, -1, 4, id="every name, as a log-in page does it"),
        pytest.param(dict.fromkeys(CHAT, "93.184.215.14"), True, -3, 4, id="a page in the place of all"),
        pytest.param(dict.fromkeys(CHAT, "93.184.215.14"), False, 0, 0, id="one page, and nobody to compare with"),
        pytest.param(dict.fromkeys(CHAT, "157.240.9.9"), True, 0, 0, id="one place of the service's own network"),
        pytest.param({name: f"31.13.72.{n}" for n, name in enumerate(CHAT)}, True, 0, 0, id="other addresses of a CDN"),
        pytest.param({**CHAT, "mmg.whatsapp.net": "31.13.72.5"}, True, 3, 0, id="one other address"),
    ],
)
def test_only_what_cannot_be_is_false(system: Zone, trusted: bool, strength: int, false: int) -> None:
    item = found(context(names({**ZONE, **system}), HONEST, safe_zone=ZONE if trusted else None))
    assert (item[Claim.names_true, "whatsapp"].strength, item[Claim.names_true, "whatsapp"].facts["false"]) == (
        strength,
        false,
    )


def test_an_address_of_nobody_is_true_where_it_was_told_over_tls() -> None:
    """The lab's, and those of a network with servers of its own."""
    zone = {**ZONE, **dict.fromkeys(CHAT, "198.18.0.1")}
    evidence = found(context(names(zone), dict.fromkeys((GOOGLE, QUAD9), resolver(zone)), safe_zone=zone))
    assert evidence[Claim.names_true, "whatsapp"].strength == 3
    assert evidence[Claim.resolvers_intercepted, ""].strength == -2


def test_a_service_that_does_without_names_is_denied_nothing_firmly() -> None:
    """Telegram's apps know their addresses: that its web site is gone from the resolver stops no message."""
    gone = {name: address for name, address in ZONE.items() if name != SITE}
    evidence = found(context(names(gone), HONEST))
    assert evidence[Claim.names_present, "telegram"].facts == {"names": 1, "missing": 1, "elsewhere": 1}
    assert evidence[Claim.names_present, "telegram"].strength == -1
    assert found(context(names({**ZONE, SITE: BOGON}), HONEST))[Claim.names_true, "telegram"].strength == -1


def without(*gone: str) -> Zone:
    return {name: address for name, address in ZONE.items() if name not in gone}


@pytest.mark.parametrize(
    ("zone", "plain", "trusted", "strength", "elsewhere"),
    [
        pytest.param(without(*list(CHAT)[:3]), {}, True, -3, 3, id="most are missing, and TLS knows them"),
        pytest.param(without(*list(CHAT)[:3]), HONEST, False, -2, 3, id="most are missing, and a plain one knows them"),
        pytest.param(without(*list(CHAT)[:2]), HONEST, True, -1, 2, id="half are missing"),
        pytest.param(GONE, dict.fromkeys((GOOGLE, QUAD9), resolver(GONE)), True, -3, 4, id="only TLS knows them"),
        pytest.param(GONE, {GOOGLE: resolver(FALSE)}, False, -1, 0, id="elsewhere they lead to nobody"),
    ],
)
def test_names_are_missing_firmly_where_others_know_them(
    zone: Zone, plain: Mapping[str, DatagramHandler], trusted: bool, strength: int, elsewhere: int
) -> None:
    item = found(context(names(zone), plain, safe_zone=ZONE if trusted else None))[Claim.names_present, "whatsapp"]
    assert (item.strength, item.facts["elsewhere"]) == (strength, elsewhere)


def silent_about(gone: Zone, zone: Zone = ZONE) -> DatagramHandler:
    def handler(query: bytes) -> Answers:
        name = str(dns.message.from_wire(query).question[0].name).rstrip(".")
        return [] if name in gone else [(0.03, reply(query, zone))]

    return handler


def test_questions_that_vanish_on_their_way_are_missing_names() -> None:
    system = names(ZONE) | dict.fromkeys(CHAT, Failure.resolver_timeout)
    quiet = dict.fromkeys((GOOGLE, QUAD9, HOME), silent_about(CHAT))
    item = found(context(system, quiet))[Claim.names_present, "whatsapp"]
    assert (item.strength, item.facts) == (-3, {"names": 4, "missing": 4, "elsewhere": 4})
    assert found(context(system, quiet))[Claim.answers_doubled, ""].strength == -2


@pytest.mark.parametrize(
    ("system", "plain", "trusted"),
    [
        pytest.param({}, HONEST, True, id="plain resolvers answer"),
        pytest.param({}, {GOOGLE: silent_about(CHAT)}, True, id="one resolver alone is alive"),
        pytest.param({}, dict.fromkeys((GOOGLE, QUAD9), silent_about(CHAT)), False, id="nobody knows them"),
        pytest.param(
            dict.fromkeys(ZONE, Failure.resolver_timeout),
            dict.fromkeys((GOOGLE, QUAD9), silent_about(CHAT)),
            True,
            id="your resolver is dead",
        ),
    ],
)
def test_silence_alone_is_no_missing_name(system: Names, plain: Mapping[str, DatagramHandler], trusted: bool) -> None:
    quiet = names(ZONE) | dict.fromkeys(CHAT, Failure.resolver_timeout) | system
    item = found(context(quiet, plain, safe_zone=ZONE if trusted else None))[Claim.names_present, "whatsapp"]
    assert (item.strength, item.facts["missing"]) == (0, 0)


def raced(first: Zone, later: Zone = ZONE, after_s: float = 0.1) -> DatagramHandler:
    return lambda query: [(0.01, reply(query, {**ZONE, **first})), (0.01 + after_s, reply(query, later))]


def test_a_false_answer_before_the_true_one_is_seen_with_the_true_one() -> None:
    ctx = context(names({**ZONE, **FALSE}), dict.fromkeys((GOOGLE, QUAD9, HOME), raced(FALSE)))
    evidence = found(ctx)
    assert evidence[Claim.answers_doubled, ""].strength == 3
    assert evidence[Claim.answers_doubled, ""].facts == {"names": 7, "doubled": 4}
    assert evidence[Claim.resolvers_intercepted, ""].strength == 3
    assert evidence[Claim.names_true, "whatsapp"].facts == {"names": 4, "false": 4, "agreed": 0, "false_elsewhere": 4}
    later = [one.value for one in ctx.observations if one.value.op == "dns.again" and one.value.data["name"] in CHAT]
    assert {one.data["after_ms"] for one in later} == {100.0}
    assert {one.data["addresses"][0] for one in later} == set(CHAT.values())


@pytest.mark.parametrize(
    ("first", "later", "after_s", "strength", "doubled"),
    [
        pytest.param({}, ZONE, 0.1, -2, 0, id="the same answer twice"),
        pytest.param(FALSE, ZONE, 0.19, 3, 4, id="just in time"),
        pytest.param(FALSE, ZONE, 0.25, -2, 0, id="after the end"),
        pytest.param({"g.whatsapp.net": "31.13.72.1"}, ZONE, 0.1, 1, 1, id="one name at other addresses"),
        pytest.param(
            {"g.whatsapp.net": "31.13.72.1", "e1.whatsapp.net": "31.13.72.2"}, ZONE, 0.1, 2, 2, id="two names elsewhere"
        ),
        pytest.param({}, without("g.whatsapp.net"), 0.1, 2, 1, id="an address, and that there is none"),
        pytest.param({}, GONE, 0.1, 3, 4, id="addresses, and that there are none"),
    ],
)
def test_two_answers_have_to_contradict_each_other(
    first: Zone, later: Zone, after_s: float, strength: int, doubled: int
) -> None:
    item = found(context(names(ZONE), {GOOGLE: raced(first, later, after_s)}))[Claim.answers_doubled, ""]
    assert (item.strength, item.facts["doubled"]) == (strength, doubled)


@pytest.mark.parametrize(
    ("plain", "strength", "differing"),
    [
        pytest.param({GOOGLE: resolver(GONE)}, 3, 4, id="it knows them over TLS only"),
        pytest.param({GOOGLE: resolver(without("g.whatsapp.net"))}, 1, 1, id="one name is too few"),
        pytest.param({GOOGLE: resolver({**ZONE, **dict.fromkeys(CHAT, "31.13.72.1")})}, -2, 0, id="other addresses"),
        pytest.param({QUAD9: resolver(GONE)}, 0, 0, id="another resolver, that TLS was not asked at"),
        pytest.param({NOWHERE: resolver(ZONE)}, 3, 1, id="an address without DNS answers"),
        pytest.param({NOWHERE: resolver({})}, 3, 1, id="an address without DNS says that there is no such name"),
        pytest.param(
            {NOWHERE: lambda _: [(0.01, b"\xff" * 9)]}, 0, 0, id="an address without DNS sends something else"
        ),
    ],
)
def test_who_answers_in_another_s_name_is_seen(
    plain: Mapping[str, DatagramHandler], strength: int, differing: int
) -> None:
    item = found(context(names(ZONE), plain))[Claim.resolvers_intercepted, ""]
    assert (item.strength, item.facts["differing"]) == (strength, differing)


def test_a_web_address_that_the_resolver_made_up_is_not_asked() -> None:
    ctx = context(names(ZONE) | {WEB: [BOGON]}, HONEST)
    found(ctx)
    assert "dns.nowhere" not in {one.value.op for one in ctx.observations}


def test_a_stranger_s_certificate_is_named_and_hints_no_more() -> None:
    ctx = context(names(ZONE), HONEST, safe_zone=None)
    ctx.stream_peer(DOT, over_tls(ZONE, failure=Failure.tls_invalid))
    item = found(ctx)[Claim.resolvers_intercepted, ""]
    assert (item.strength, item.facts["strange_certificates"]) == (1, 1)
    assert [one.value.failure for one in ctx.observations if one.value.op == "dns.dot"] == [Failure.tls_invalid]


@pytest.mark.parametrize(("status", "known"), [(200, 4), (404, 0)])
def test_https_answers_where_tls_is_closed(status: int, known: int) -> None:
    ctx = context(names(GONE), {}, safe_zone=None)

    def answer(method: str, path: str, body: bytes) -> Fetched:
        assert (method, path) == ("POST", "/dns-query")
        return Fetched(status, {}, reply(body, ZONE), 60, 20.0, 40.0)

    ctx.site(DOH, answer)
    item = found(ctx)[Claim.names_present, "whatsapp"]
    assert (item.facts["elsewhere"], item.strength) == (known, -3 if known else -1)
    told = {one.value.failure for one in ctx.observations if one.value.op == "dns.doh"}
    assert told == ({None} if known else {Failure.error_answer})


def test_a_quick_run_asks_over_https_only_for_what_tls_did_not_tell() -> None:
    ctx = context(names(ZONE), HONEST)
    found(ctx)
    assert "dns.doh" not in {one.value.op for one in ctx.observations}
    thorough = context(names(ZONE), HONEST, depth="standard")
    found(thorough)
    assert len([one for one in thorough.observations if one.value.op == "dns.doh"]) == len(CHAT) + 1


def cut_short(query: bytes) -> Answers:
    response = dns.message.from_wire(answer_to(query, []))
    response.flags |= dns.flags.TC
    return [(0.03, response.to_wire())]


@pytest.mark.parametrize("by_tcp", [True, False])
def test_an_answer_that_was_cut_short_is_asked_for_by_tcp(by_tcp: bool) -> None:
    ctx = context(names(GONE), {GOOGLE: cut_short}, safe_zone=None)
    ctx.stream_peer("tcp/8.8.8.8:53", over_tls(ZONE) if by_tcp else Failure.refused)
    item = found(ctx)[Claim.names_present, "whatsapp"]
    assert item.facts["elsewhere"] == (4 if by_tcp else 0)
    told = {
        (one.value.failure, one.value.data["by_tcp"])
        for one in ctx.observations
        if one.value.target and one.value.target.address == "8.8.8.8" and one.value.op == "dns.server"
    }
    assert told == {(None if by_tcp else Failure.other, True)}


def test_each_configured_resolver_is_asked_and_none_is_no_fault() -> None:
    ctx = context(names(ZONE), HONEST)
    found(ctx)
    own = [one.value for one in ctx.observations if one.value.op == "dns.configured"]
    assert {one.target.role for one in own if one.target} == {"gateway"}
    assert len(own) == len(ZONE)
    bare = context(names(ZONE), HONEST)
    bare.link_state = LinkState(None, "", "", None, None, ())
    evidence = found(bare)
    own = [one.value for one in bare.observations if one.value.op == "dns.configured"]
    assert [one.failure for one in own] == [Failure.unsupported]
    assert evidence[Claim.names_true, "whatsapp"].strength == 3


@pytest.mark.parametrize(
    ("address", "bogon"),
    [
        ("10.1.2.3", True),
        ("0.0.0.0", True),
        ("127.0.0.1", True),
        ("100.64.0.1", True),
        ("169.254.1.1", True),
        ("224.0.0.1", True),
        ("198.18.0.1", True),
        ("no address", True),
        ("157.240.0.60", False),
        ("2001:4860:4860::8888", False),
    ],
)
def test_addresses_that_nobody_can_have(address: str, bogon: bool) -> None:
    assert is_bogon(address) is bogon


ODD: list[dict[str, object]] = [
    {},
    {"name": 7, "service": ["whatsapp"], "addresses": "10.0.0.1", "try": "one"},
    {"name": "g.whatsapp.net", "service": "whatsapp", "addresses": [None, 7, "nonsense"], "needed": "no"},
    {"name": "g.whatsapp.net", "service": "whatsapp", "known_addresses": {"a": 1}},
    {"name": "g.whatsapp.net", "service": "whatsapp", "addresses": ["157.240.0.60"], "try": 2**70},
]


@pytest.mark.parametrize("op", ["dns.system", "dns.server", "dns.again", "dns.dot", "dns.doh", "dns.nowhere", "dns."])
def test_reading_survives_odd_observations(op: str) -> None:
    targets = (None, TARGETS[-3], Target(role="gateway"))
    odd = [Observation(op=op, target=target, data=data) for data in ODD for target in targets]
    for item in CHECK.read([Numbered(seq, one) for seq, one in enumerate(odd * 200)]):
        assert -3 <= item.strength <= 3
