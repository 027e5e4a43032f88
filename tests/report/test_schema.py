"""The JSON Schema of a report."""

from __future__ import annotations

import json

from callcheck.report.schema import REPORT_SCHEMA, json_schema


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
