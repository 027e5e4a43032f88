"""A folder that remembers finished runs, so that a score may be broken off and taken up again."""

from __future__ import annotations

import fcntl
import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from callcheck.lab.score.lines import Line, RunKey
from callcheck.lab.wire.outcome import LabOutcome

_LINES: Final = "runs.jsonl"
_WRONG: Final = "wrong"
_JOURNALS: Final = "journals"
# What a journal may unpack to; the longest that was seen has 6 MB.
_LARGEST_BYTES: Final = 256_000_000


class StoreError(Exception):
    """The folder cannot be used; one line that says why."""


class Store:
    """`DIR/runs.jsonl` has a line for each finished run, `DIR/journals/SCENARIO-SEED-DEPTH-SERVERS.ndjson.gz` the
    journal of each valid one, so that another judge can judge it; `DIR/wrong/SCENARIO-SEED-DEPTH.ndjson` is the journal
    of a wrong one to look at, and the same name with `.json` what the lab's rules and wires counted.

    `unreadable` counts lines that were ignored: cut short, or of another shape than today's. One score at a time may
    use a folder. Raises StoreError for a folder in use, OSError for one that cannot be read or written.
    """

    def __init__(self, directory: Path) -> None:
        self._wrong = directory / _WRONG
        self._journals = directory / _JOURNALS
        for folder in (self._wrong, self._journals):
            folder.mkdir(parents=True, exist_ok=True)
        self._file = (directory / _LINES).open("a+b")
        try:
            self._lock(directory)
            self._lines, self.unreadable = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def finished(self) -> Mapping[RunKey, Line]:
        """What need not be played again. A run whose lab could not run at all is not finished."""
        return {key: line for key, line in self._lines.items() if line.result != "failed"}

    def keep(self, line: Line, journal: bytes = b"", lab: LabOutcome | None = None) -> None:
        """Write a run down, at once; its journal, and the counters of a wrong one, stand there before its line."""
        if line.is_valid:
            self.journal_path(line.key).write_bytes(gzip.compress(journal, 6))
        if line.result == "wrong":
            name = f"{line.key.scenario}-{line.key.seed}-{line.key.depth}"
            (self._wrong / f"{name}.ndjson").write_bytes(journal)
            if lab is not None:
                counters = msgspec.json.format(msgspec.json.encode(lab), indent=2)
                (self._wrong / f"{name}.json").write_bytes(counters + b"\n")
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        self._lines[line.key] = line

    def journal(self, key: RunKey) -> bytes | None:
        """The journal of a valid run as it was kept; None where there is none that can be read."""
        return read_journal(self.journal_path(key))

    def journal_path(self, key: RunKey) -> Path:
        """Where the journal of a valid run lies; the scenario's digest and the version are no part of the name."""
        return self._journals / f"{key.scenario}-{key.seed}-{key.depth}-{key.servers}.ndjson.gz"

    def _lock(self, directory: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{directory}: another score is using this folder") from None

    def _read(self) -> tuple[dict[RunKey, Line], int]:
        self._file.seek(0)
        content = self._file.read()
        lines: dict[RunKey, Line] = {}
        unreadable = 0
        for text in filter(bytes.strip, content.split(b"\n")):
            try:
                line = msgspec.json.decode(text, type=Line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                unreadable += 1
            else:
                lines[line.key] = line
        if content and not content.endswith(b"\n"):
            # A line that was cut short must not swallow the next.
            self._file.write(b"\n")
            self._file.flush()
        return lines, unreadable


def read_journal(path: Path) -> bytes | None:
    """A kept journal, unpacked; None where there is none that can be read."""
    try:
        with gzip.open(path) as packed:
            return packed.read(_LARGEST_BYTES)
    except (OSError, EOFError, zlib.error):
        return None
