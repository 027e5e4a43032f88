"""Where words and bytes leave the program: stdout for results, stderr for everything said beside them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from callcheck.locale import Translate, language_from, translator

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
    sys.stderr.write(visible(line) + "\n")
    sys.stderr.flush()


def visible(text: str) -> str:
    """The text with everything escaped that a terminal would act upon."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)


def put(data: bytes) -> None:
    """Bytes on stdout, at once. A reader that has gone away is no error of ours."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def save(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file that did not exist, or any with `force`. Exits 64 with one line where that cannot be."""
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError:
        fail(USAGE, tr()("{path} exists already; choose another name").format(path=path))
    except OSError as error:
        fail(USAGE, tr()("{path} cannot be written: {reason}").format(path=path, reason=error.strerror or error))
