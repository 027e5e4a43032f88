"""The report's name and its JSON Schema, both from the model (DESIGN 5.2)."""

from __future__ import annotations

from typing import cast

import msgspec

from callcheck.model import Json, Report

REPORT_SCHEMA = "callcheck-report/1"


def json_schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) that a report of this version meets."""
    schema = msgspec.json.schema(Report)
    schema["$defs"]["Report"]["properties"]["schema"] = {"const": REPORT_SCHEMA}
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": REPORT_SCHEMA, **schema}
    # By way of JSON, so that defaults which are tuples become the arrays that they stand for.
    return cast("dict[str, Json]", msgspec.json.decode(msgspec.json.encode(named)))
