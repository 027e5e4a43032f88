"""Writes what passes one side of a wire as a capture file, with times in nanoseconds (libpcap-savefile(5))."""

import struct
from pathlib import Path
from typing import Final

_MAGIC_NS: Final = 0xA1B23C4D
_ETHERNET: Final = 1
_LONGEST_FRAME: Final = 65_535
_RECORD: Final = struct.Struct("<IIII")
MOST_BYTES: Final = 256 << 20


class Recorder:
    """One capture file. It stops growing at `MOST_BYTES`."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = path.open("wb")
        self._room_bytes = MOST_BYTES
        self._file.write(struct.pack("<IHHiIII", _MAGIC_NS, 2, 4, 0, 0, _LONGEST_FRAME, _ETHERNET))

    def write(self, time_ns: int, frame: bytes) -> None:
        self._room_bytes -= _RECORD.size + len(frame)
        if self._room_bytes >= 0:
            seconds, rest_ns = divmod(time_ns, 1_000_000_000)
            self._file.write(_RECORD.pack(seconds, rest_ns, len(frame), len(frame)) + frame)

    def close(self) -> None:
        self._file.close()
