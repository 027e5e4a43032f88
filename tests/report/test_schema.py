"""The JSON Schema of a report."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest

from callcheck.model import Instrument, Quality
from callcheck.report.schema import REPORT_SCHEMA, json_schema
from callcheck.words import FlowEvent
from tests.report.made import quality


def test_the_schema_is_json_and_names_the_version_it_describes() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$defs"]["Report"]["properties"]["schema"] == {"const": REPORT_SCHEMA}


def test_the_schema_has_the_words_of_design_5_2() -> None:
    schema = json_schema()["$defs"]
    assert {"schema", "tool", "run", "network", "instrument", "verdicts", "quality", "evidence", "observations"} <= set(
        schema["Report"]["properties"]
    )
    assert {"for", "against", "would_change", "sentence"} <= set(schema["Verdict"]["properties"])
    assert schema["Verdict"]["properties"]["outcome"]["enum"] == ["degraded", "fails", "unknown", "works"]


def test_a_quality_is_described_with_all_that_a_saved_one_holds() -> None:
    described = json_schema()["$defs"]["Quality"]
    saved = json.loads(msgspec.json.encode(quality()))
    assert set(saved) == set(described["properties"]) == set(described["required"])
    assert {name for name, shape in described["properties"].items() if shape.get("type") == "number"} == {
        *("mos", "mos_low", "mos_high", "loss_ratio", "late_ratio", "delay_ms", "seconds")
    }
    assert json_schema()["$defs"]["Report"]["properties"]["quality"]["items"] == {"$ref": "#/$defs/Quality"}


def test_what_befell_the_machine_is_a_closed_list_that_may_be_missing() -> None:
    described = json_schema()["$defs"]["Instrument"]
    assert set(described["properties"]["events"]["items"]["enum"]) == set(get_args(FlowEvent))
    assert "events" not in described["required"]


@pytest.mark.parametrize(
    ("text", "events"), [("", ()), (',"events":["suspended","clock_set"]', ("suspended", "clock_set"))]
)
def test_an_instrument_of_an_earlier_version_is_read(text: str, events: tuple[FlowEvent, ...]) -> None:
    saved = f'{{"send_lateness_p99_ms":0.5,"valid":true{text}}}'.encode()
    read = msgspec.json.decode(saved, type=Instrument)
    assert read == Instrument(send_lateness_p99_ms=0.5, valid=True, events=events)


@pytest.mark.parametrize("change", [{"packets": "many"}, {"mos": None}, {"assumptions": "no_echo"}, {"word": 7}])
def test_a_quality_of_another_shape_is_refused(change: dict[str, object]) -> None:
    held = {**json.loads(msgspec.json.encode(quality())), **change}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(held), type=Quality)
