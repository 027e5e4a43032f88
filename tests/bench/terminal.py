"""A program in a terminal of its own (a pty): keys in, what it draws out, with the time at which it came."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Self

_ESCAPES: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-_])")
_ENOUGH: Final = 65536


class Terminal:
    """`text` is what was drawn since the last `forget`, without the escape sequences."""

    def __init__(
        self, argv: Sequence[str], *, size: tuple[int, int] = (80, 24), env: Mapping[str, str] | None = None
    ) -> None:
        near, far = os.openpty()
        columns, lines = size
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._near = near
        self._drawn = b""
        self.started_s = time.monotonic()
        self.process = subprocess.Popen(
            argv,
            stdin=far,
            stdout=far,
            stderr=far,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
        )
        os.close(far)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGHUP)
        deadline_s = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline_s:
            self._take(0.05)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._near)

    @property
    def text(self) -> str:
        return _ESCAPES.sub(b"", self._drawn).decode("utf-8", "replace")

    def forget(self) -> None:
        self._drawn = b""

    def press(self, keys: bytes) -> float:
        """Send the keys; the moment at which they were sent."""
        pressed_s = time.monotonic()
        os.write(self._near, keys)
        return pressed_s

    def wait_for(self, words: str, *, within_s: float) -> float:
        """The moment at which the words had been drawn. Raises TimeoutError with what is there instead."""
        deadline_s = time.monotonic() + within_s
        while words not in self.text:
            if time.monotonic() > deadline_s or self.process.poll() is not None:
                raise TimeoutError(f"{words!r} was not drawn; there is: {self.text[-500:]!r}")
            self._take(0.2)
        return time.monotonic()

    def settle(self, for_s: float) -> None:
        """Take in what is drawn for a while."""
        deadline_s = time.monotonic() + for_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            self._take(left_s)

    def _take(self, wait_s: float) -> None:
        ready, _, _ = select.select([self._near], [], [], wait_s)
        if ready:
            with suppress(OSError):  # the program has closed its terminal
                self._drawn += os.read(self._near, _ENOUGH)
