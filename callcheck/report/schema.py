"""The report's name and its JSON Schema, both from the model (DESIGN 5.2)."""

from __future__ import annotations

import msgspec

from callcheck.model import Json, Report

REPORT_SCHEMA = "callcheck-report/1"


def json_schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) that a report of this version meets."""
    schema = msgspec.json.schema(Report)
    schema["$defs"]["Report"]["properties"]["schema"] = {"const": REPORT_SCHEMA}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": REPORT_SCHEMA, **schema}
