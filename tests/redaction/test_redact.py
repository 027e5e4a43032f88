"""Redaction: an allow-list, whatever a report holds."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from callcheck.model import Evidence, Instrument, Network, Plugin, Report, Run, Tool
from callcheck.redaction.redact import leaks, redact
from callcheck.report.saved import load
from callcheck.words import Claim
from tests.report.made import BUILT_IN, HOSTILE_SHAPES, RELAY, TOOL, a_report, hostile_reports, observed, verdict


def redacted(**changes: Any) -> Report:
    return redact(a_report(**changes), new_id=lambda: "fresh")


def one_target(**changes: Any) -> Any:
    (kept,) = redacted(observations=(observed(target=msgspec.structs.replace(RELAY, **changes)),)).observations
    return kept.target


def data_of(data: dict[str, Any]) -> dict[str, Any]:
    (kept,) = redacted(observations=(observed(data=data),)).observations
    return kept.data


@settings(max_examples=200, deadline=None)
@given(report=hostile_reports())
def test_no_address_name_or_escape_survives_wherever_it_was_put(report: Report) -> None:
    text = msgspec.json.encode(redact(report)).decode()
    assert leaks(text, ()) == []
    assert [shape for shape in HOSTILE_SHAPES if shape in text] == []
    assert "\\u001b" not in text


@settings(max_examples=100, deadline=None)
@given(report=hostile_reports())
def test_redacting_twice_changes_nothing_but_the_id(report: Report) -> None:
    once = redact(report, new_id=lambda: "fresh")
    assert redact(once, new_id=lambda: "fresh") == once


@settings(max_examples=50, deadline=None)
@given(report=hostile_reports())
def test_indices_into_the_evidence_stay_right(report: Report) -> None:
    kept = redact(report)
    assert [(item.claim, item.strength) for item in kept.evidence] == [
        (item.claim, item.strength) for item in report.evidence
    ]
    numbers = {observation.seq for observation in kept.observations}
    assert all(numbers.issuperset(item.seqs) for item in kept.evidence)


def test_every_export_has_an_id_of_its_own() -> None:
    report = a_report()
    ids = {redact(report).run.id for _ in range(3)}
    assert len(ids) == 3
    assert report.run.id not in ids


@pytest.mark.parametrize(
    ("started", "hour"),
    [
        ("2026-11-21T10:42:31Z", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:42:31.5+03:00", "2026-11-21T07:00:00Z"),
        ("yesterday", ""),
        ("0001-01-01T00:00:00+14:00", ""),
    ],
)
def test_the_time_is_told_to_the_hour(started: str, hour: str) -> None:
    run = Run(id="x", started_utc=started, duration_s=58.71, depth="deep", complete=False)
    kept = redacted(run=run).run
    assert kept.duration_s in {58.0, 59.0}
    assert kept == Run(
        id="fresh", started_utc=hour, duration_s=kept.duration_s, depth="deep", complete=False, redacted=True
    )


def test_what_was_measured_stays_and_is_coarser() -> None:
    kept = data_of(
        {
            "rtt_ms": 38.456,
            "loss_ratio": 0.123456,
            "source_port": 51234,
            "local_address": "192.168.1.5",
            "reflexive_address": "198.51.100.4",
            "reflexive_port": 4711,
            "hop": "10.0.0.1",
            "addresses_count": 3,
            "refused_by_target": True,
            "opened": False,
            "name": "ivans-laptop.home",
            "about_service": "telegram",
            "about_function": "calls",
            "unheard_of": 1,
        }
    )
    assert kept.pop("rtt_ms") in {38.0, 39.0}
    assert kept.pop("loss_ratio") in {0.12, 0.13}
    assert kept == {
        "addresses_count": 3,
        "refused_by_target": True,
        "opened": False,
        "about_service": "telegram",
        "about_function": "calls",
    }


@pytest.mark.parametrize(
    "value", ["38", "192.0.2.77", [1], {"a": 1}, None, True, -1, 3_232_235_777, float("inf"), float("nan")]
)
@pytest.mark.parametrize("key", ["rtt_ms", "asked", "loss_ratio", "where", "about_service", "service"])
def test_a_known_key_with_a_value_of_another_kind_is_left_out(key: str, value: Any) -> None:
    assert data_of({key: value}) == {}


def test_a_flow_keeps_its_losses_and_loses_its_name() -> None:
    flows = [
        observed(
            op="flow.second",
            seq=seq,
            data={
                "arm": arm,
                "second": 0,
                "scheduled_us": [0, 40_000],
                "sent_us": [12, 40_499],
                "received_us": [38_777, None],
            },
        )
        for seq, arm in enumerate(["91.108.9.7/a", "home", "91.108.9.7/a"])
    ]
    kept = redacted(observations=tuple(flows)).observations
    assert [one.data["arm"] for one in kept] == ["arm1", "arm2", "arm1"]
    assert kept[0].data["sent_us"] == kept[0].data["scheduled_us"] == [0, 40_000]
    assert kept[0].data["received_us"] in ([at, None] for at in range(30_000, 46_000, 5_000))


@pytest.mark.parametrize(
    ("t_us", "beside_us"), [(0, {0}), (4_999, {0, 100_000}), (1_234_567, {1_200_000, 1_300_000}), (300_000, {300_000})]
)
def test_times_of_observations_are_told_to_100_ms(t_us: int, beside_us: set[int]) -> None:
    found = {redacted(observations=(observed(t_us=t_us),)).observations[0].t_us for _ in range(20)}
    assert found <= beside_us


def test_an_endpoint_of_the_catalogue_stays_without_its_source() -> None:
    assert one_target() == msgspec.structs.replace(RELAY, source="catalogue", as_of="")


def test_of_a_named_endpoint_the_resolved_address_is_left_out() -> None:
    listed = {"service": "whatsapp", "function": "messaging", "protocol": "noise", "network": "meta"}
    kept = one_target(host="g.whatsapp.net", address="91.108.9.7", port=443, transport="tcp", **listed)
    assert (kept.host, kept.address) == ("g.whatsapp.net", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "gateway"},
        {"address": "95.31.18.119"},
        {"host": "ivan-petrov.dyndns.org", "address": ""},
        {"port": 4444},
        {"address": "192.168.1.1"},
        {"address": "100.64.0.7"},
        {"address": "fe80::1"},
        {"address": "somewhere"},
        {"address": ""},
        {"host": "router", "address": ""},
        {"host": "aabb.ccdd.eeff", "address": ""},
        {"host": "Ivans-laptop.home", "address": "91.108.9.7"},
    ],
)
def test_an_endpoint_that_is_not_the_catalogues_or_not_public_is_left_out(changes: dict[str, Any]) -> None:
    assert one_target(**changes) is None


def test_what_a_foreign_plugin_wrote_is_left_out() -> None:
    foreign = Plugin(name="ivan", kind="check", distribution="ivans-checks", version="1.0")
    kept = redacted(
        tool=Tool(name="callcheck", version="0.1.0+ivan", plugins=(*BUILT_IN, foreign)),
        observations=(observed(check="ivan", op="ivan.ask"), observed(seq=3)),
        evidence=(Evidence(claim=Claim.route_exists, strength=1, group="ivan", seqs=(2, 3)),),
        problems=("ivan: crashed: at home", "stun: timed_out: 10.0.0.1 was slow", "something else"),
    )
    assert kept.tool == Tool(name="callcheck", version="", plugins=BUILT_IN)
    assert [one.check for one in kept.observations] == ["relay"]
    assert kept.evidence[0].seqs == (3,)
    assert kept.evidence[0].group == "other"
    assert kept.problems == ("stun: timed_out",)


def test_provider_and_region_are_not_told_and_the_country_only_as_a_code() -> None:
    known = Network(asn=12345, country="RU", region="Moscow", access="fibre at home", tunnel=False, nat=True)
    assert redacted(network=known).network == Network(country="RU", tunnel=False, nat=True)
    assert redacted(network=Network(country="Russia")).network == Network()


def test_a_service_that_callcheck_does_not_know_becomes_other() -> None:
    kept = redacted(
        verdicts=(verdict(service="ivans_pbx"),),
        evidence=(Evidence(service="ivans_pbx", claim=Claim.relays_answer, group="relay:ivans_pbx"),),
    )
    assert kept.verdicts[0].service == "other"
    assert kept.evidence[0].service == "other"
    assert kept.evidence[0].group == "relay:other"


@pytest.mark.parametrize(
    ("sentence", "begins"),
    [
        ("anything at all 192.0.2.77", "Telegram calls do not get through"),
        ("что угодно", "Звонки в Telegram не проходят"),
    ],
)
def test_the_sentence_is_made_anew_in_its_language(sentence: str, begins: str) -> None:
    (kept,) = redacted(verdicts=(verdict(sentence=sentence, would_change=("later_again", "ivan")),)).verdicts
    assert kept.sentence.startswith(begins)
    assert kept.would_change == ("later_again",)


def test_a_redacted_report_can_be_read_again() -> None:
    report = redact(
        a_report(
            instrument=Instrument(send_lateness_p99_ms=1.234, valid=True),
            verdicts=(verdict(supporting=(0,)),),
            evidence=(Evidence(service="telegram", claim=Claim.relays_answer, strength=-3, seqs=(2,)),),
            observations=(observed(),),
        )
    )
    assert load(msgspec.json.encode(report)) == report
    assert report.instrument.send_lateness_p99_ms in {1.2, 1.3}
    assert report.tool == TOOL


LEAKING = [
    ("at 192.0.2.77, port 5", ["192.0.2.77"]),
    ("1.2.3.4.5", ["1.2.3.4"]),
    ("v010.001.002.003", ["010.001.002.003"]),
    ('"2001:db8::1"', ["2001:db8::1"]),
    ("from fe80::1: timeout", ["fe80::1"]),
    ("[::1]:443", ["::1"]),
    ("addr:2001:db8:0:0:0:0:0:1.", ["2001:db8:0:0:0:0:0:1"]),
    ("::ffff:198.51.100.4", ["198.51.100.4", "::ffff:198.51.100.4"]),
    ("are2001:db8::1", ["2001:db8::1"]),
    ("00:1b:63:84:45:e6", ["00:1b:63:84:45:e6"]),
    ("x00-1B-63-84-45-E6x", ["00-1B-63-84-45-E6"]),
    ("001b.6384.45e6", ["001b.6384.45e6"]),
    ('{"to":"ivan@example.org"}', ["ivan@example.org"]),
    ("иван@пример.рф", ["иван@пример.рф"]),
]
CLEAN = [
    "",
    "callcheck 0.1.0",
    "2026-11-21T10:00:00Z",
    "10:42:31",
    '{"t_us":10000,"data":{"rtt_ms":38.0}}',
    "300.300.300.300",
    "f00dfeedf00dfeedf00dfeedf00dfeed",
    "0.123, 1.5, 2.25",
    "3 @ 4",
]


@pytest.mark.parametrize(("text", "found"), LEAKING)
def test_the_scanner_finds_every_shape(text: str, found: list[str]) -> None:
    assert sorted(leaks(text, ())) == sorted(found)


@pytest.mark.parametrize("text", CLEAN)
def test_the_scanner_lets_ordinary_text_pass(text: str) -> None:
    assert leaks(text, ()) == []


@pytest.mark.parametrize(("one", "other"), list(itertools.pairwise(HOSTILE_SHAPES[:9])))
def test_what_is_allowed_is_not_reported_and_the_rest_is(one: str, other: str) -> None:
    text = f"{one} {other} {one}"
    found = leaks(text, ())
    assert one in found
    assert other in found
    assert one not in leaks(text, [one])
    assert other in leaks(text, [one])
