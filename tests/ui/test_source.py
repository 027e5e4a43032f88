"""Where events come from: a process, whatever it does, and a journal at a pace."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from callcheck.engine.events import Event
from callcheck.ui.source import Measurement, Playback, deeper_argv, run_argv

_TALKS = """
import sys, time
print('{"seq":0,"t_us":1,"kind":"run_started"}', flush=True)
"""


def _measured(program: str, stop_after: int | None = None) -> tuple[list[Event], Measurement]:
    source = Measurement([sys.executable, "-c", program])

    async def main() -> list[Event]:
        found = []
        async for event in source.events():
            found.append(event)
            if len(found) == stop_after:
                source.stop()
        return found

    return asyncio.run(main()), source


def test_events_come_as_they_are_printed_with_the_exit_code_in_the_end() -> None:
    events, source = _measured(_TALKS + "sys.exit(2)")
    assert [event.kind for event in events] == ["run_started"]
    assert (source.exit_code, source.said) == (2, ())


def test_what_it_says_beside_is_kept_and_made_harmless() -> None:
    events, source = _measured(_TALKS + r"sys.stderr.write('\x1b[31mbroken\u202e\n'); print('no event'); sys.exit(70)")
    assert len(events) == 1
    assert sorted(source.said) == ["\\x1b[31mbroken\\u202e", "no event"]
    assert source.exit_code == 70


_HEEDS = """
import signal, sys, time
def told(*_):
    print('{"seq":1,"t_us":2,"kind":"run_finished","data":{"complete":false}}', flush=True)
    sys.exit(130)
signal.signal(signal.SIGINT, told)
print('{"seq":0,"t_us":1,"kind":"run_started"}', flush=True)
time.sleep(60)
"""


def test_a_measurement_that_is_told_to_stop_says_what_it_knows() -> None:
    events, source = _measured(_HEEDS, stop_after=1)
    assert [event.kind for event in events] == ["run_started", "run_finished"]
    assert source.exit_code == 130


def test_a_measurement_nobody_listens_to_any_more_ends() -> None:
    source = Measurement([sys.executable, "-c", _TALKS + "time.sleep(60)"])

    async def main() -> int | None:
        events = source.events()
        await anext(events)
        await events.aclose()
        assert source.process is not None
        return source.process.returncode

    assert asyncio.run(main()) is not None


def _played(source: Playback, clock: list[float]) -> list[tuple[float, int]]:
    """Each event's number with the time at which it came; the clock goes on by a step at each look."""
    seen: list[tuple[float, int]] = []

    async def main() -> None:
        seen.extend([(clock[0], event.seq) async for event in source.events()])

    asyncio.run(main())
    return seen


def _events(times_s: Sequence[float]) -> list[Event]:
    return [Event(seq=number, t_us=round(at * 1e6), kind="progress") for number, at in enumerate(times_s)]


def test_a_journal_is_played_at_its_pace() -> None:
    clock = [0.0]

    def now() -> float:
        clock[0] += 0.5
        return clock[0]

    seen = _played(Playback(_events([0.0, 4.0, 8.0]), now, speed=4.0), clock)
    started = 0.5
    for (at_s, _number), wanted_s in zip(seen, (0.0, 1.0, 2.0), strict=True):
        assert wanted_s <= at_s - started <= wanted_s + 0.5


def test_stopping_the_playback_shows_how_it_ended() -> None:
    source = Playback(_events([0.0, 1000.0]), lambda: 0.0)
    source.stop()
    assert [number for _at, number in _played(source, [0.0])] == [0, 1]


def test_the_command_of_a_run_and_of_its_continuation() -> None:
    argv = run_argv(depth="standard", services=("telegram",), symptom="drops", journal="/kept")
    assert argv[1:4] == ["-m", "callcheck", "run"]
    assert argv[argv.index("--depth") + 1] == "standard"
    assert argv[argv.index("--symptom") + 1] == "drops"
    deeper = deeper_argv(argv, "/earlier")
    assert deeper[deeper.index("--depth") + 1] == "deep"
    assert deeper[deeper.index("--continue") + 1] == "/earlier"
    assert deeper.count("--depth") == 1
