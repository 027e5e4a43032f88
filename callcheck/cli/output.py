"""Where words and bytes leave the program: stdout for results, stderr for everything said beside them."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn, Self

from callcheck.locale import Translate, language_from, translator
from callcheck.report.printable import printable

USAGE, BAD_DATA, NO_LAB, INTERNAL, INTERRUPTED = 64, 65, 69, 70, 130


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
    wrong name. What cannot be written to the file any more goes to stdout instead."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = None if path is None else _opened(path, force=False)

    def write(self, data: bytes) -> None:
        if self._file is not None:
            try:
                self._file.write(data)
                self._file.flush()
            except OSError as error:
                self._file = None
                text = tr()("{path} cannot be written: {reason}; the rest follows on standard output")
                say("callcheck: " + text.format(path=self._path, reason=error.strerror or error))
            else:
                return
        put(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()


def save(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file that did not exist, or any with `force`. Exits 64 with one line where that cannot be."""
    try:
        with _opened(path, force=force) as file:
            file.write(data)
    except OSError as error:
        fail(USAGE, tr()("{path} cannot be written: {reason}").format(path=path, reason=error.strerror or error))


def _opened(path: Path, *, force: bool) -> BinaryIO:
    try:
        return path.open("wb" if force else "xb")
    except FileExistsError:
        fail(USAGE, tr()("{path} exists already; choose another name").format(path=path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        fail(USAGE, tr()("{path} cannot be written: {reason}").format(path=path, reason=reason))
