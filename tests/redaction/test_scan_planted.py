"""Nothing that leads to a person survives redaction, wherever it was put and however it was written."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import msgspec
import pytest

from callcheck.engine import plugins
from callcheck.model import Evidence, Network, Plugin, Report, Run, Target, Tool
from callcheck.redaction.redact import redact
from callcheck.redaction.scan import scan
from callcheck.words import Claim
from tests.redaction.test_scan import COOKIE, ENCODINGS, OF_ADDRESSES, SECRETS, number_of
from tests.report.made import BUILT_IN, RELAY, a_report, observed, quality, verdict


def planted_everywhere(text: str) -> Report:
    """A report that holds a text in every field that can take one."""
    data: dict[str, Any] = dict.fromkeys(["where", "arm", "name", "rtt_ms", "asked", "part", "sent_us", "unsent"], text)
    inner = data | {text: text, "deep": {text: [text]}, "addresses": [text], "events": [text], "hop": text}
    target = Target(
        service=text, host=text, address=text, protocol=text, network=text, source=text, as_of=text, port=443
    )
    listed = msgspec.structs.replace(
        RELAY, source=text, as_of=text, protocol=text, network=text, answers={text: "confirmed"}
    )
    return a_report(
        schema=text,
        tool=Tool(
            name=text,
            version=text,
            plugins=(*BUILT_IN, Plugin(name=text, kind=text, distribution="callcheck", version=text)),
        ),
        run=Run(id=text, started_utc=f"at {text}", duration_s=9.4, depth="deep", complete=True),
        network=Network(country=text, region=text, access=text),
        verdicts=(verdict(service=text, sentence=text, would_change=(text,), causes={text: 0.5}),),
        quality=(quality(service=text), quality(word=text), quality(assumptions=(text,))),
        evidence=(
            Evidence(service=text, claim=Claim.relays_answer, facts=inner, group=text),
            Evidence(service="telegram", claim=Claim.stream_carries, facts=inner, group=f"stream:{text}"),
        ),
        observations=(
            observed(target=target, form=text, data=inner),
            observed(seq=3, op=text, target=listed, data=inner),
            observed(seq=4, target=listed, op="flow.second", data=inner | {"sent_us": [text], "received_us": [text]}),
            observed(seq=5, check=text),
        ),
        problems=(text, f"stun: crashed: {text}"),
    )


def planted_numbers(number: int) -> Report:
    """The same with a number."""
    data: dict[str, Any] = dict.fromkeys(["rtt_ms", "asked", "loss_ratio", "sent", "received", "answer_bytes"], number)
    data |= {"sent_us": number, "unsent": [number], "opened": number}
    flow = {key: [number] for key in ("scheduled_us", "sent_us", "received_us")} | {"arm": "a", "second": number}
    return a_report(
        run=Run(id="x", started_utc="", duration_s=float(number), depth="deep", complete=True),
        network=Network(asn=number),
        verdicts=(verdict(confidence=number, causes={"selective": number}, supporting=(number,), against=(number,)),),
        quality=(quality(packets=number), quality(delay_ms=number), quality(seconds=number)),
        evidence=(Evidence(claim=Claim.relays_answer, facts=data, strength=number, seqs=(2, number)),),
        observations=(
            observed(data=data, t_us=number),
            observed(seq=3, op="flow.second", data=flow),
            observed(seq=4, target=msgspec.structs.replace(RELAY, port=number)),
            observed(seq=number, data=data),
        ),
    )


def written(report: Report) -> list[bytes]:
    documents = []
    for form in ("json", "plain"):
        out = io.BytesIO()
        plugins.load_reporter(form).write(report, "en", out)
        documents.append(out.getvalue())
    return documents


@pytest.mark.parametrize("name", SECRETS)
def test_an_export_does_not_depend_on_any_text_and_holds_no_secret_in_any_disguise(name: str) -> None:
    secret = SECRETS[name]
    nobodys = redact(planted_everywhere("Nobody's text."), new_id=str, random=Random(1))
    for encode in (*ENCODINGS.values(), *OF_ADDRESSES.values()):
        text = encode(secret)
        assert redact(planted_everywhere(text), new_id=str, random=Random(1)) == nobodys
        assert text.encode() not in msgspec.json.encode(nobodys)
    for data in written(nobodys):
        assert scan(data, {secret}) == ()


@pytest.mark.parametrize("name", ["own IPv4", "local address", "gateway", "resolver", "reflexive address"])
def test_no_address_survives_as_a_number_in_any_field(name: str) -> None:
    number = number_of(SECRETS[name])
    assert number is not None
    for one in (number, number ^ COOKIE, int.from_bytes(number.to_bytes(4, "big"), "little")):
        for data in written(redact(planted_numbers(one))):
            assert str(one).encode() not in data
            assert scan(data, {SECRETS[name]}) == ()
