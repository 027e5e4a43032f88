"""Two exports of one real run share no exact value of it, and say the same of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest

from callcheck.digest.comparing import is_same_run
from callcheck.engine import plugins
from callcheck.model import Report
from callcheck.redaction import coarse
from callcheck.redaction.allowlist import STAMP_STEP_US
from callcheck.redaction.redact import redact
from callcheck.report.flows import flow_second
from callcheck.session import report_of
from callcheck.verdict.judge import judge
from tests.journals.golden import all_golden

FAMILIES = sorted(all_golden())
# Where a value stands in the run's order; what a hand or the catalogue chose; a code of a protocol.
POSITIONS = {"seq", "seqs", "for", "against", "first_number", "sent_before", "last_answered_number"}
NOMINAL = {"started_utc", "port"}


@cache
def run(family: str) -> Report:
    return report_of(all_golden()[family].events(), plugins.load_checks()[0], "en")


def in_short(verdicts: Any) -> list[tuple[str, ...]]:
    return [(one.service, one.function, one.outcome, one.cause, one.mechanism, one.where) for one in verdicts]


# --- two exports of one run


def significant(number: float) -> int:
    """Significant decimal digits."""
    return len(f"{abs(number):.9e}".partition("e")[0].replace(".", "").strip("0"))


def bits(key: str, value: Any) -> float:
    """What a scalar could tell a run by: how many values its key could have had. Words come from closed lists, and
    times from a grid of 0.1 s on which every run has thousands."""
    if isinstance(value, bool | str | None) or key in POSITIONS | NOMINAL:
        return 0.0
    if key.endswith("_us") and value % STAMP_STEP_US == 0:
        return 0.0
    if isinstance(value, int) and abs(value) <= coarse.LARGEST_EXACT_COUNT:
        return math.log2(1 + abs(value))
    return significant(value) * math.log2(10) + 2


def scalars(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        if isinstance(tree.get("sent"), int) and "received" in tree and not isinstance(tree["received"], bool):
            # A count beside its whole tells what is missing from it, or itself.
            tree = {**tree, "received": min(tree["received"], tree["sent"] - tree["received"])}
        for name, value in tree.items():
            yield from scalars(value, name)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from scalars(value, key)
    else:
        yield (key, tree)


def entropy(values: list[int]) -> float:
    """Of the whole list, in bits: 0 where all are alike."""
    counts = Counter(values).values()
    return sum(count * math.log2(len(values) / count) for count in counts)


def identifying(report: Report) -> set[tuple[str, Any]]:
    """Scalars of more than 10 bits, and lists of more than 4 measured values and 10 bits: of a flow's second, the
    delays of those packets that came back. The nominal times of its packets are asked for elsewhere, and
    who was lost is no value but what the report is about."""
    found: set[tuple[str, Any]] = set()
    for item in report.observations:
        second = flow_second(item)
        if second is None:
            found |= {leaf for leaf in scalars(item.data) if bits(*leaf) > 10}
            continue
        delays = [
            came - left for came, left in zip(second.received_us, second.sent_us, strict=True) if came is not None
        ]
        if len(delays) > 4 and entropy(delays) > 10:
            found.add(("delays", (item.seq, *delays)))
        rest = {key: value for key, value in item.data.items() if not key.endswith("_us") and key != "unsent"}
        found |= {leaf for leaf in scalars(rest) if bits(*leaf) > 10}
    bare = msgspec.to_builtins(msgspec.structs.replace(report, observations=()))
    return found | {leaf for leaf in scalars(bare) if bits(*leaf) > 10 and leaf[0] != "id"} | {("id", report.run.id)}


def of_a_ratio(leaf: tuple[str, Any]) -> bool:
    """A ratio above 90 % has three digits, of which the first is 9."""
    value = leaf[1]
    return isinstance(value, float) and 0.9 < value <= 1 and round(value, 3) == value


@pytest.mark.parametrize("family", FAMILIES)
def test_two_exports_share_no_exact_value_of_their_run(family: str) -> None:
    report = run(family)
    one, other = (redact(report, random=Random(f"{family} {number}")) for number in (1, 2))
    shared = identifying(one) & identifying(other)
    assert [leaf for leaf in shared if not of_a_ratio(leaf)] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_the_judge_says_of_an_export_what_it_says_of_the_run(family: str) -> None:
    report = run(family)
    said = in_short(judge(report.evidence, report.run.depth, report.instrument))
    kept = redact(report, random=Random(family))
    assert in_short(judge(kept.evidence, kept.run.depth, kept.instrument)) == said
    assert in_short(kept.verdicts) == in_short(report.verdicts)
    assert redact(kept, new_id=lambda: kept.run.id) == kept


def test_without_chance_of_ones_own_every_export_is_another() -> None:
    report = run("clean-wired")
    assert redact(report, new_id=str) != redact(report, new_id=str)
    assert redact(report, new_id=str, random=Random(1)) == redact(report, new_id=str, random=Random(1))


# --- one run given twice


def test_exports_of_one_run_are_recognised_and_those_of_others_are_not() -> None:
    families = ["clean-wired", "bufferbloat", "udp-blocked", "offline", "random-drop"]
    exports = {family: [redact(run(family)), redact(run(family))] for family in families}
    for family, (one, two) in exports.items():
        assert is_same_run(one, two)
        assert is_same_run(run(family), two)
        assert [other for other in families if is_same_run(one, exports[other][0])] == [family]
