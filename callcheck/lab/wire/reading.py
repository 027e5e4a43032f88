"""Reads bytes that nobody vouches for: a cursor that says when they end, and pieces that are put together."""

from typing import Final

_MOST_BYTES: Final = 4096  # what a middlebox keeps of one flow's beginning; a ClientHello with big keys has 1800
_MOST_PIECES: Final = 64


class ShortError(Exception):
    """More was asked for than the bytes hold."""


class Cursor:
    """Takes fields off the front of some bytes."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at(self) -> int:
        """How many bytes were taken."""
        return self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes; ShortError if there are fewer."""
        end = self._at + count
        if end > len(self._data):
            raise ShortError
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, width: int) -> int:
        """An unsigned number of `width` bytes, most significant first; ShortError."""
        return int.from_bytes(self.take(width), "big")

    def block(self, width: int) -> bytes:
        """What follows its own length, which has `width` bytes; ShortError."""
        return self.take(self.number(width))

    def varint(self) -> int:
        """A number whose first two bits say how long it is (RFC 9000 section 16); ShortError."""
        first = self.number(1)
        rest = (1 << (first >> 6)) - 1
        return (first & 63) << 8 * rest | self.number(rest)

    def skip_zeros(self) -> None:
        rest = self._data[self._at :]
        self._at += len(rest) - len(rest.lstrip(b"\0"))

    def is_over(self) -> bool:
        return self._at >= len(self._data)


class Pieces:
    """The beginning of a stream whose pieces may come in any order and overlap. Keeps 4096 bytes in 64 pieces."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}

    def add(self, offset: int, data: bytes) -> None:
        kept = data[: max(0, _MOST_BYTES - offset)]
        is_known = offset in self._pieces
        if kept and (is_known or len(self._pieces) < _MOST_PIECES) and len(kept) > len(self._pieces.get(offset, b"")):
            self._pieces[offset] = kept

    def beginning(self) -> bytes:
        """The stream up to the first gap."""
        whole = bytearray()
        for offset, data in sorted(self._pieces.items()):
            if offset > len(whole):
                break
            whole += data[len(whole) - offset :]
        return bytes(whole)

    def is_full(self) -> bool:
        """Whether no more can be learnt."""
        return len(self._pieces) >= _MOST_PIECES or len(self.beginning()) >= _MOST_BYTES
