"""What the stream check finds in the lab against what the wires did: cut-offs, policers, random dropping, innocence.

`python -m tests.bench.measure_stream [cutoff] [policer] [drop] [runs] [congestion] [--runs N] [--jobs N] [--goes N]`
plays scenarios of its own, with the other checks as they are, and prints a line a run and a table at the end. It is no
test: nothing passes or fails. What is right is read from the scenario and from the wires' own counters.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callcheck.words import Claim

_RELAYS: Final = '["91.108.0.0/16", "149.154.160.0/20"]'
_TRUTH: Final = """
[[truth]]
service = "telegram"
function = "calls"
outcome = ["degraded", "fails", "works"]
cause = ["selective", "none", "unknown"]
depth = "deep"
"""
_SCENARIO: Final = """
id = "{name}"
summary = "a run of measure_stream"
seed = {seed}
[topology]
access = "fibre"
[[wire.access.up]]
delay_ms = 8
jitter_ms = 1
[[wire.access.down]]
delay_ms = 8
jitter_ms = 1
{rules}
{truth}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario's rules, the depth it is played at, and how its claim is held against the truth."""

    kind: str
    name: str
    rules: str
    depth: str
    truth: float
    loss: float = 0.0


def cases(kinds: Sequence[str]) -> Iterator[Case]:
    for kind in kinds:
        yield from _MAKERS[kind]()


def _cutoffs() -> Iterator[Case]:
    for loss in (0.0, 0.02):
        for unit, limits in (("packets", (12, 25)), ("seconds", (5, 20))):
            for limit in limits:
                rules = _cut(f"{unit} = {limit}", loss)
                yield Case("cutoff", f"{unit}-{limit}-loss-{loss}", rules, "standard", limit, loss)


def _policers() -> Iterator[Case]:
    for kbps in (24, 32, 64, 128, 200):
        yield Case("policer", f"kbps-{kbps}", _rule(f"police_kbps = {kbps}, burst_bytes = 8000"), "deep", kbps)


def _drops() -> Iterator[Case]:
    for ratio in (0.1, 0.3, 0.6):
        yield Case("drop", f"drop-{ratio}", _rule(f"drop = {ratio}", up_only=True), "standard", ratio)


def _runs() -> Iterator[Case]:
    """Losses of 5 % in runs."""
    for q in (0.25, 0.5):
        entry = f"[[wire.core.up]]\nge = {{p = {0.05 * q / 0.95:.5f}, q = {q}, h = 1, k = 0}}\nprefixes = {_RELAYS}\n"
        yield Case("runs", f"mean-run-{1 / q:g}", entry, "standard", 1 / q)


def _congestion() -> Iterator[Case]:
    """Everybody's line is congested for some 4 of 20 s (packets of all checks drive it): nobody is singled out."""
    ways = (f"[[wire.core.{way}]]\nge = {{p = 0.00025, q = 0.001, h = 0.15, k = 0.005}}\n" for way in ("up", "down"))
    yield Case("congestion", "on-off", "\n".join(ways), "standard", 0)


_MAKERS: Final[Mapping[str, Callable[[], Iterator[Case]]]] = {
    "cutoff": _cutoffs,
    "policer": _policers,
    "drop": _drops,
    "runs": _runs,
    "congestion": _congestion,
}


def _rule(action: str, *, up_only: bool = False, after: str = "") -> str:
    direction = ', direction = "up"' if up_only else ""
    match = f'match = {{proto = "udp", prefixes = {_RELAYS}{direction}}}'
    return f"[[wire.core.rule]]\n{match}\n{after}action = {{{action}}}\n"


def _cut(after: str, loss: float) -> str:
    rules = _rule("drop = 1.0", up_only=True, after=f"after = {{{after}}}\n")
    return rules + (f"[[wire.core.up]]\nloss = {loss}\n" if loss else "")


@dataclass(frozen=True, slots=True)
class Played:
    """What one run found about Telegram's calls: evidence by claim, verdict, and what the rule's wire counted."""

    case: Case
    seed: int
    evidence: Mapping[str, Mapping[str, Any]]
    strength: Mapping[str, int]
    verdict: Mapping[str, Any]
    rule: Mapping[str, Any]
    void: str


def play(case: Case, seed: int) -> Played:
    with tempfile.TemporaryDirectory(prefix="measure-") as directory:
        here = Path(directory)
        scenario = here / "scenario.toml"
        text = _SCENARIO.format(
            name=f"{case.kind}-{case.name}".replace(".", "-"), seed=seed, rules=case.rules, truth=_TRUTH
        )
        scenario.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "callcheck", "lab", "run", str(scenario), "--depth", case.depth]
        done = subprocess.run(
            [*command, "--format", "json", "--keep", str(here / "kept"), "--seed", str(seed)],
            capture_output=True,
            check=False,
        )
        try:
            report = json.loads(done.stdout)
            log = json.loads((here / "kept" / "wire-log.json").read_text(encoding="utf-8"))
        except (ValueError, OSError):
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            return Played(case, seed, {}, {}, {}, {}, lines[-1] if lines else f"ended with {done.returncode}")
    about = [one for one in report["evidence"] if one["service"] == "telegram" and one["function"] == "calls"]
    verdict = next(one for one in report["verdicts"] if one["service"] == "telegram" and one["function"] == "calls")
    rules = log["wires"]["core"]["rules"]
    invalid = "" if report["instrument"]["valid"] else "late instrument"
    return Played(
        case,
        seed,
        {one["claim"]: one["facts"] for one in about},
        {one["claim"]: one["strength"] for one in about},
        verdict,
        rules[0] if rules else {},
        invalid,
    )


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=list(_MAKERS), default=list(_MAKERS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--goes", type=int, default=1, help="how often a run is played until one is not void")
    options = parser.parse_args(argv)
    seeds = range(options.first_seed, options.first_seed + options.runs)
    todo = [(case, seed) for seed in seeds for case in cases(options.kinds)]
    found: list[Played] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for goes in pool.map(lambda pair: _until_valid(pair[0], pair[1], options.goes), todo):
            for one in goes:
                found.append(one)
                _put(f"{one.case.kind:10} {one.case.name:22} seed {one.seed:3}  {_line(one)}")
    _put("")
    for kind in dict.fromkeys(one.case.kind for one in found):
        own = [one for one in found if one.case.kind == kind and not one.void]
        void = sum(one.case.kind == kind for one in found) - len(own)
        _put(f"{kind}: {sum(map(_is_right, own))} of {len(own)} right, {void} void")


def _until_valid(case: Case, seed: int, goes: int) -> list[Played]:
    played = [play(case, seed)]
    while played[-1].void and len(played) < goes:
        played.append(play(case, seed))
    return played


def _line(one: Played) -> str:
    if one.void:
        return f"void: {one.void}; it saw {_figures(one)}"
    right = "right" if _is_right(one) else "WRONG"
    verdict = f"{one.verdict['cause']} {one.verdict['confidence']:.2f}"
    return f"{right}  {_figures(one)}  [{verdict}]"


def _figures(one: Played) -> str:
    carried = one.evidence.get(Claim.stream_carries, {})
    if one.case.kind == "cutoff":
        cut = one.evidence.get(Claim.stream_cut_off, {})
        shown = {key: cut[key] for key in cut if key not in {"controls", "endpoints", "flows"}}
        return f"strength {one.strength.get(Claim.stream_cut_off)} {shown}"
    if one.case.kind == "policer":
        limit = one.evidence.get(Claim.stream_rate_limited, {})
        return f"strength {one.strength.get(Claim.stream_rate_limited)} {dict(limit)} loss {carried.get('loss_ratio')}"
    pattern = one.evidence.get(Claim.loss_independent, {})
    more = one.strength.get(Claim.stream_loses_more)
    counted = one.rule.get("hits", 0) / max(1, one.rule.get("matched", 0))
    return (
        f"loss {carried.get('loss_ratio')} [{carried.get('loss_low_ratio')}, {carried.get('loss_high_ratio')}]"
        f" wire {counted:.4f} run {pattern.get('mean_run')} burst {pattern.get('burst_ratio')}"
        f" independent {one.strength.get(Claim.loss_independent)} more {more} direction {carried.get('direction')}"
    )


def _is_right(one: Played) -> bool:
    if one.void:
        return False
    carried = one.evidence.get(Claim.stream_carries, {})
    if one.case.kind == "cutoff":
        return _is_cut_right(one, one.evidence.get(Claim.stream_cut_off, {}))
    if one.case.kind == "policer":
        limit = one.evidence.get(Claim.stream_rate_limited, {})
        return bool(limit.get("limit_low_kbps", 1e9) <= one.case.truth <= limit.get("limit_high_kbps", 0))
    if one.case.kind == "drop":
        dropped = one.rule["hits"] / one.rule["matched"]
        return bool(carried["loss_low_ratio"] <= dropped <= carried["loss_high_ratio"])
    if one.case.kind == "runs":
        return one.strength.get(Claim.loss_independent, 0) <= 0
    return one.strength.get(Claim.stream_loses_more, 0) <= 0 and one.verdict["cause"] != "selective"


def _is_cut_right(one: Played, cut: Mapping[str, Any]) -> bool:
    unit, apart = ("packets", 1.0) if "packets" in one.case.name else ("seconds", 0.3)
    if cut.get("unit") != unit:
        return False
    return bool(cut[f"{unit}_low"] - apart <= one.case.truth <= cut[f"{unit}_high"] + apart)


def _put(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
