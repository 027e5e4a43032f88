"""How many packets an accusation took, against the fewest that an ideal sequential test needs for the same loss.

`python -m tests.bench.measure_packets DIR` reads the journals that `lab score --resume DIR` kept, takes the runs in
which calls were rightly called selective, and prints a line for each and the median ratio by depth. Counted are the
packets that went to and came from the service's call endpoints before the verdict stood; the ideal test is Wald's, with
1 % false alarms, 5 % misses and 2 % loss as the other hypothesis (facts/inference.md 3.5), on the loss that was found.
"""

from __future__ import annotations

import gzip
import math
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from callcheck import session
from callcheck.engine.events import Event, decode_lines
from callcheck.engine.plugins import load_checks
from callcheck.lab import play
from callcheck.lab.score.announced import announced
from callcheck.lab.score.compare import answers_to
from callcheck.model import Report
from callcheck.stats.looks import LossSprt
from callcheck.verdict.findings import number_of
from callcheck.words import Claim, Depth

_USUAL_LOSS = 0.02
_WHOLE = 0.999


def main(folder: Path) -> None:
    checks, _ = load_checks()
    ratios: dict[Depth, list[float]] = defaultdict(list)
    for path in sorted((folder / "journals").glob("*.ndjson.gz")):
        events = list(decode_lines(gzip.decompress(path.read_bytes())))
        report = session.report_of(events, checks, "en")
        scenario = path.name.removesuffix(".ndjson.gz").rsplit("-", 3)[0]
        for service in _rightly_accused(scenario, report):
            at_s = announced(events, lambda part: session.report_of(part, checks, "en").verdicts)[service, "calls"]
            used, ideal = _packets(events, service, at_s), _fewest(_loss(report, service))
            ratios[report.run.depth].append(used / ideal)
            _say(f"{scenario:28} {report.run.depth:9} {service:9} {at_s:6.1f} s {used:6} packets, ideal {ideal:4}")
    for depth, some in ratios.items():
        _say(f"{depth}: median {statistics.median(some):.0f} times the ideal test's packets, {len(some)} verdicts")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _rightly_accused(scenario: str, report: Report) -> list[str]:
    if scenario not in play.built_in():
        return []
    answers = answers_to(play.find(scenario), report.verdicts, report.run.depth)
    return [
        one.service
        for one in answers
        if one.function == "calls" and one.truth and one.said and one.said.cause == "selective" in one.truth.cause
    ]


def _packets(events: Sequence[Event], service: str, until_s: float) -> int:
    """To and from the call endpoints of the service; what a check moved counts when it ends, as nobody knows before."""
    endpoints, count = set(), 0
    for event in events:
        target = event.data.get("target") or {}
        if event.kind == "observed" and target.get("service") == service and target.get("function") == "calls":
            endpoints.add(
                f"{target.get('transport', 'udp')}/{target.get('address') or target.get('host')}:{target['port']}"
            )
        if event.kind == "check_finished" and event.t_us <= until_s * 1e6 + 1:
            moved = event.data.get("hosts", {}).items()
            count += sum(packets for host, (packets, _bytes) in moved if host in endpoints)
    return count


def _loss(report: Report, service: str) -> float:
    """Of the stream; of silent relays there is none, and everything is lost."""
    found = (
        number_of(item.facts, "loss_ratio")
        for item in report.evidence
        if item.claim == Claim.stream_carries and item.service == service
    )
    return next((loss for loss in found if loss is not None), _WHOLE)


def _fewest(loss: float) -> int:
    """Packets that the test takes in the mean (Wald's approximation), if this much is lost."""
    test = LossSprt(_USUAL_LOSS, min(_WHOLE, max(loss, 2 * _USUAL_LOSS)))
    _, high = test.bounds
    share = test.high_ratio
    step = share * math.log(share / _USUAL_LOSS) + (1 - share) * math.log((1 - share) / (1 - _USUAL_LOSS))
    return math.ceil(high / step)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
