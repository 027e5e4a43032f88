"""What the screens cost: the first paint, how soon a key is answered while flows run, how evenly the flows leave.

Run it as root from the repository's root: `python -m tests.bench.measure_ui [--rounds N]`. It is no test: it prints
figures and ratios. Everything runs in a terminal of its own (a pty of 80 by 24), what is compared in turn.

First paint: from the start of the process until its words are on the terminal, callcheck's start screen against an
app of one line. Keys: while a lab run streams, `?` until the help is drawn, and `?` until it is gone (a lone Escape
takes 0.1 s more, as Textual waits so long for what may follow it). Interval error: how far the intervals of packets
of every flow of the stream are off their schedule, in lab runs with the screen and without.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from callcheck.engine.events import decode_lines
from callcheck.model import Observation
from callcheck.report.flows import flow_second
from tests.bench.terminal import Terminal

_BARE: Final = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("a line of text")
Bare().run()
"""
_PAINTS: Final = 9
_KEYS: Final = 25
_STREAM: Final = ("lab", "run", "clean", "--depth", "standard", "--only", "relay", "--only", "stun", "--only", "stream")


def main() -> int:
    parser = argparse.ArgumentParser(description="what the screens cost")
    parser.add_argument("--rounds", type=int, default=3, help="lab runs with the screen, and as many without")
    arguments = parser.parse_args()
    first_paint()
    keys_and_intervals(arguments.rounds)
    return 0


def first_paint() -> None:
    """Prints both medians in ms and their ratio."""
    ours, bare = [], []
    for _ in range(_PAINTS):
        ours.append(_painted_ms([*_callcheck()], "What do you notice?"))
        bare.append(_painted_ms([sys.executable, "-c", _BARE], "a line of text"))
    mine, theirs = statistics.median(ours), statistics.median(bare)
    say(f"first paint: callcheck {mine:.0f} ms, a bare app {theirs:.0f} ms, ratio {mine / theirs:.2f} ({_PAINTS} each)")


def _painted_ms(argv: Sequence[str], words: str) -> float:
    with Terminal(argv, env={"LANG": "C.UTF-8"}) as terminal:
        return (terminal.wait_for(words, within_s=20) - terminal.started_s) * 1000


def keys_and_intervals(rounds: int) -> None:
    """Prints how soon keys were answered, and the interval errors with and without the screen."""
    with_screen: list[list[float]] = []
    without: list[list[float]] = []
    answers_ms: list[float] = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            answers_ms += _on_screen(Path(folder) / "ui")
            _headless(Path(folder) / "headless")
            with_screen.append(_interval_errors_ms(Path(folder) / "ui"))
            without.append(_interval_errors_ms(Path(folder) / "headless"))
        screen, plain = _quantile(with_screen[-1], 0.99), _quantile(without[-1], 0.99)
        say(f"round {number + 1}: p99 with the screen {screen:.3f} ms, without {plain:.3f} ms")
    ordered = sorted(answers_ms)
    say(
        f"a key is answered in {statistics.median(ordered):.0f} ms (median of {len(ordered)}), 95 in 100 within "
        f"{ordered[int(0.95 * len(ordered))]:.0f} ms, the slowest in {ordered[-1]:.0f} ms"
    )
    for share, name in ((0.5, "median"), (0.99, "p99")):
        screen, plain = (statistics.median(_quantile(one, share) for one in some) for some in (with_screen, without))
        say(f"interval error, {name}: {screen:.3f} ms with the screen, {plain:.3f} without, ratio {screen / plain:.2f}")


def _on_screen(keep: Path) -> list[float]:
    """A lab run on the screen, with keys pressed while its stream runs; how long each took to be answered, in ms."""
    answers: list[float] = []
    with Terminal([*_callcheck(*_STREAM), "--keep", str(keep), "--ui"], env={"LANG": "C.UTF-8"}) as terminal:
        terminal.wait_for("numbered packets", within_s=90)
        for _ in range(_KEYS):
            terminal.settle(0.2)
            terminal.forget()
            pressed_s = terminal.press(b"?")
            answers.append((terminal.wait_for("Keys", within_s=10) - pressed_s) * 1000)
            terminal.settle(0.2)
            terminal.forget()
            pressed_s = terminal.press(b"?")
            answers.append((terminal.wait_for("delay", within_s=10) - pressed_s) * 1000)
        terminal.wait_for("should work", within_s=90)
    return answers


def _headless(keep: Path) -> None:
    subprocess.run(_callcheck(*_STREAM, "--keep", str(keep)), capture_output=True, check=False)


def _interval_errors_ms(keep: Path) -> list[float]:
    """Of every flow second of the run's stream."""
    errors: list[float] = []
    for scheduled_us, sent_us in _seconds(keep / "journal.ndjson"):
        planned = [after - before for before, after in pairwise(scheduled_us)]
        taken = [after - before for before, after in pairwise(sent_us)]
        errors += [abs(one - other) / 1000 for one, other in zip(taken, planned, strict=True)]
    return errors


def _seconds(journal: Path) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    for event in decode_lines(journal.read_bytes()):
        if event.kind == "observed" and event.check == "stream":
            second = flow_second(msgspec.convert(event.data, Observation))
            if second is not None:
                yield second.scheduled_us, second.sent_us


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _callcheck(*words: str) -> list[str]:
    return [sys.executable, "-m", "callcheck", *words]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
