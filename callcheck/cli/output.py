"""Where words and bytes leave the program: stdout for results, stderr for everything said beside them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, Self

from callcheck.locale import Translate, language_from, translator
from callcheck.report.printable import printable
from callcheck.submit import saving

USAGE, BAD_DATA, NO_LAB, INTERNAL, INTERRUPTED = 64, 65, 69, 70, 130
# The name that everywhere means standard output, as it means standard input where a file is read.
STDOUT: Final = Path("-")


class Exit(Exception):  # noqa: N818 - it carries an exit code, it is not always an error
    """Ends the program with an exit code and, where something went wrong, one line for stderr."""

    def __init__(self, code: int, line: str = "") -> None:
        super().__init__(line)
        self.code = code
        self.line = line


def language() -> str:
    return language_from(os.environ)


def tr() -> Translate:
    return translator(language())


def fail(code: int, line: str) -> NoReturn:
    raise Exit(code, line)


def say(line: str) -> None:
    """A line on stderr, with control characters made visible: it may quote a file or the network."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        sys.stderr.write("\n".join(map(printable, line.split("\n"))) + "\n")
        sys.stderr.flush()


def put(data: bytes) -> None:
    """Bytes on stdout, at once. A reader that has gone away is no error of ours; a full disk is the caller's."""
    try:
        _stdout().write(data)
        _stdout().flush()
    except BrokenPipeError:
        # Python would complain once more when it closes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        fail(USAGE, tr()("standard output cannot be written: {reason}").format(reason=error.strerror or error))


def put_line(text: str) -> None:
    """A line of text on stdout that may quote a file: nothing in it acts on the terminal."""
    put(f"{printable(text)}\n".encode())


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        fail(USAGE, tr()("standard output is closed"))
    return sys.stdout.buffer


class Destination:
    """Where a result goes: stdout, or a file that is opened before anything is measured, so that nothing is lost to a
    wrong name. What cannot be written to the file any more goes to stdout instead. Where nothing comes, no file is
    left."""

    def __init__(self, path: Path | None) -> None:
        self._file = None
        if path is not None and path != STDOUT:
            with _one_line():
                self._file = saving.NewFile(path)

    def write(self, data: bytes) -> None:
        if self._file is not None:
            try:
                self._file.write(data)
            except saving.SaveError as error:
                self._file.close()
                self._file = None
                say("callcheck: " + tr()("{trouble}; the rest follows on standard output").format(trouble=_said(error)))
            else:
                return
        put(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def save(path: Path | None, data: bytes, *, force: bool) -> None:
    """Write a file that did not exist, or any with `force`; on stdout where no file is named. Exits 64 with one line
    where that cannot be."""
    if path is None or path == STDOUT:
        put(data)
        return
    with _one_line(is_forcible=True):
        saving.save_at(path, data, force=force)


@contextlib.contextmanager
def _one_line(*, is_forcible: bool = False) -> Iterator[None]:
    try:
        yield
    except saving.SaveError as error:
        if is_forcible and error.reason == "exists":
            text = tr()("{path} exists already; choose another name, or overwrite it with --force")
            fail(USAGE, text.format(path=error.path))
        fail(USAGE, _said(error))


def _said(error: saving.SaveError) -> str:
    return error.sentence(tr())
