"""The report's name and its JSON Schema, both from the model (DESIGN 5.2)."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from callcheck.model import Json, Report
from callcheck.report.limits import RANGES, WORDS, Range

REPORT_SCHEMA = "callcheck-report/1"

_PROMISE: Final = (
    "A report of callcheck. Within this version of the schema fields are added and none changes its meaning: a reader"
    " leaves alone what it does not know, and takes the default for what is missing. A word that is in none of the"
    " lists below was written by a newer callcheck, and so was a larger number after the slash."
)


def json_schema() -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) that a report of this version meets, and one of an earlier version as well."""
    schema = msgspec.json.schema(Report)
    schema["$defs"]["Report"]["properties"]["schema"] = {"const": REPORT_SCHEMA}
    for struct, ranges in RANGES.items():
        for name, limits in ranges.items():
            _limit(schema["$defs"][struct.__name__]["properties"][name], _in_words(limits))
    for struct, lists in WORDS.items():
        for name, words in lists.items():
            _limit(schema["$defs"][struct.__name__]["properties"][name], {"enum": sorted(words)})
    verdict = schema["$defs"]["Verdict"]["properties"]
    verdict["causes"]["propertyNames"] = {"enum": verdict["cause"]["enum"]}
    named = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": REPORT_SCHEMA,
        "description": _PROMISE,
        **schema,
    }
    # By way of JSON, so that defaults which are tuples become the arrays that they stand for.
    return cast("dict[str, Json]", msgspec.json.decode(msgspec.json.encode(named)))


def _in_words(limits: Range) -> dict[str, float]:
    return {name: limit for name, limit in zip(("minimum", "maximum"), limits, strict=True) if limit is not None}


def _limit(shape: dict[str, Any], limits: dict[str, Any]) -> None:
    """Say it of the value, or of each value in it."""
    inner = shape.get("items") if shape.get("type") == "array" else shape.get("additionalProperties")
    if inner is None and "anyOf" in shape:
        inner = next(one for one in shape["anyOf"] if one.get("type") != "null")
    (shape if inner is None else inner).update(limits)
