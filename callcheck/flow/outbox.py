"""Lines for the parent: written when the pipe has room, so that a slow parent never slows the packets."""

from __future__ import annotations

import os

import msgspec

from callcheck.model import FlowSecond


class Outbox:
    """Keeps what the pipe does not take yet; a run of minutes stays below a few hundred kilobytes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        os.set_blocking(descriptor, False)

    def put(self, second: FlowSecond) -> None:
        self._waiting += msgspec.json.encode(second) + b"\n"

    def flush(self) -> None:
        """Write what the pipe takes at once. Raises BrokenPipeError when the parent is gone."""
        while self._waiting:
            try:
                written = os.write(self._descriptor, self._waiting)
            except BlockingIOError:
                return
            del self._waiting[:written]

    def drain(self) -> None:
        """Write all of it, however long the parent takes."""
        os.set_blocking(self._descriptor, True)
        self.flush()
