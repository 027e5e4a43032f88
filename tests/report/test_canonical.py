"""The one form of a report: what is written meets the schema, is read back as it was, and is written the same again."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck import session
from callcheck.engine import plugins
from callcheck.model import Evidence, Report, SavedObservation
from callcheck.redaction.redact import redact
from callcheck.report import saved as saved_module
from callcheck.report.canonical import as_json, is_canonical
from callcheck.report.limits import RANGES, WORDS
from callcheck.report.saved import SavedError, load
from callcheck.report.schema import json_schema
from callcheck.words import Claim
from tests.journals.golden import all_golden
from tests.report.made import a_report, json_values, observed, quality, verdict

GOLDEN = all_golden()
# Of each kind of run one: a report of half a minute's stream takes a second to be held against the schema.
WHOLE = ("allow-list", "clean-wired", "tcp-stall", "udp-prefix", "wifi-stalls")
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


@cache
def report_of(family: str) -> Report:
    return session.report_of(GOLDEN[family].events(), plugins.load_checks()[0], "ru")


def slim(data: bytes) -> Any:
    """The report with one observation of each shape: the schema says the same of all."""
    report = json.loads(data)
    shapes = {(one["op"], *sorted(one), *sorted(one.get("target") or ())): one for one in report["observations"]}
    return report | {"observations": list(shapes.values())}


def faults(data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(data)]


@pytest.mark.parametrize("family", sorted(GOLDEN))
def test_a_golden_report_meets_the_schema_and_comes_back_as_it_was(family: str) -> None:
    report = report_of(family)
    for shown in (report, redact(report)):
        data = as_json(shown)
        assert faults(json.loads(data) if family in WHOLE else slim(data)) == []
        read = load(data)
        assert read == shown
        assert isinstance(read, Report)
        assert as_json(read) == data


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


GOOD = json.loads(
    as_json(
        a_report(
            verdicts=(verdict(supporting=(0,)),),
            quality=(quality(),),
            evidence=(Evidence(claim=Claim.route_exists, seqs=(2,)),),
            observations=(observed(),),
        )
    )
)


def with_change(path: str, value: object) -> Any:
    """The good report with one value changed; numbers in the path are places in a list."""
    copy = json.loads(json.dumps(GOOD))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    here = copy
    for step in way:
        here = here[step]
    here[last] = value
    return copy


def test_what_is_good_is_taken_by_the_schema_and_by_the_reader() -> None:
    assert faults(GOOD) == []
    assert isinstance(load(json.dumps(GOOD).encode()), Report)


BAD = [
    ("schema", "callcheck-report/2"),
    ("run.depth", "deepest"),
    ("run.duration_s", -1),
    ("run.complete", "yes"),
    ("tool.plugins.0.kind", "virus"),
    ("network.asn", -1),
    ("instrument.send_lateness_p99_ms", -0.5),
    ("instrument.events", ["slept"]),
    ("verdicts.0.confidence", 1.01),
    ("verdicts.0.causes", {"selective": -0.1}),
    ("verdicts.0.causes", {"weather": 0.1}),
    ("verdicts.0.for", [-1]),
    ("verdicts.0.outcome", "maybe"),
    ("verdicts.0.where", "mars"),
    ("quality.0.mos", 5),
    ("quality.0.mos_low", 0.9),
    ("quality.0.loss_ratio", 1.5),
    ("quality.0.packets", -5),
    ("quality.0.word", "splendid"),
    ("quality.0.heard", "voices"),
    ("quality.0.assumptions", ["all_is_well"]),
    ("evidence.0.strength", 4),
    ("evidence.0.claim", "no_such_claim"),
    ("evidence.0.seqs", [-1]),
    ("observations.0.seq", -1),
    ("observations.0.t_us", 10**15 + 1),
    ("observations.0.failure", "it_broke"),
    ("observations.0.target.port", 65_536),
    ("observations.0.target.role", "friend"),
    ("observations.0.target.answers", {"hello": "guessed"}),
    ("problems", [7]),
]


@pytest.mark.parametrize(("path", "value"), BAD)
def test_what_the_schema_forbids_is_refused_by_the_reader_too(path: str, value: object) -> None:
    changed = with_change(path, value)
    assert faults(changed)
    with pytest.raises(SavedError):
        load(json.dumps(changed).encode())


def test_every_limit_that_is_written_down_stands_in_the_schema() -> None:
    shapes = json_schema()["$defs"]
    for struct, names in (*RANGES.items(), *WORDS.items()):
        for name in names:
            assert re.search(r'"(minimum|maximum|enum)"', json.dumps(shapes[struct.__name__]["properties"][name]))


def test_fields_that_are_not_known_are_no_fault() -> None:
    assert faults(with_change("run.weather", "sunny")) == []


@settings(max_examples=80, deadline=None)
@given(facts=st.dictionaries(st.text(max_size=5), json_values, max_size=5), share=st.floats(0, 1) | st.integers(0, 1))
def test_what_was_written_is_read_back_equal_and_written_the_same(facts: dict[str, Any], share: float) -> None:
    report = a_report(
        verdicts=(verdict(confidence=share, causes={"selective": share, "none": 1 - share}),),
        observations=(observed(data=facts),),
    )
    data = as_json(report)
    assert data.endswith(b"}\n")
    read = load(data)
    assert read == report
    assert isinstance(read, Report)
    assert as_json(read) == data
    assert is_canonical(read, data)
    turned = msgspec.structs.replace(report, observations=(observed(data=dict(reversed(facts.items()))),))
    assert as_json(turned) == data


def observation_of(**data: object) -> SavedObservation:
    return observed(data=data)


def test_numbers_have_one_form() -> None:
    whole = a_report(verdicts=(verdict(confidence=1),), observations=(observation_of(a=-0.0, b="-0.0", c=[-0.0, 1.5]),))
    text = as_json(whole).decode()
    assert '"confidence": 1.0,' in text
    assert re.findall(r".*0\.0.*", text[text.index('"data"') :])[0].strip() == '"a": 0.0,'
    assert '"b": "-0.0",' in text
    assert " -0.0" not in text.replace('"-0.0"', "")


def test_a_text_with_more_than_the_report_is_not_its_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    report = a_report()
    data = as_json(report)
    assert is_canonical(report, data)
    assert is_canonical(report, msgspec.json.encode(report, order="deterministic"))
    assert not is_canonical(report, data.replace(b'"schema"', b'"more": 1, "schema"', 1))
    # What callcheck wrote is not looked through a second time.
    monkeypatch.setattr(saved_module, "says_twice", lambda text: pytest.fail("read again"))
    assert load(data) == report
