"""One network device, frame by frame: they come through memory that the kernel shares with us, with its own time.

A ring (linux/Documentation/networking/packet_mmap.rst, version 2) spares two system calls for each frame: one to read
it, and one that Python makes to look up the device's name.
"""

import mmap
import socket
import struct
from typing import Final

_ETH_P_ALL: Final = 3  # linux/if_ether.h
_SOL_PACKET: Final = 263  # linux/socket.h
_PACKET_RX_RING: Final = 5  # linux/if_packet.h, as those that follow
_PACKET_STATISTICS: Final = 6
_PACKET_VERSION: Final = 10
_PACKET_QDISC_BYPASS: Final = 20
_PACKET_IGNORE_OUTGOING: Final = 23
_TPACKET_V2: Final = 1
_TO_KERNEL: Final = bytes(4)
_IS_OURS: Final = 1
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h, as the next
_SO_SNDBUFFORCE: Final = 32
_SEND_BUFFER_BYTES: Final = 8 << 20
_HEADER: Final = struct.Struct("IIIHHII")  # status, length, length here, two offsets, seconds, nanoseconds
_SLOT_BYTES: Final = 2048  # above Ethernet's 1514 and the header; more would be an offload that was not switched off
_SLOTS: Final = 1024  # a fifteenth of a second at 15 000 packets a second
_BLOCK_BYTES: Final = 1 << 16


class CutFrameError(Exception):
    """A frame was longer than a slot; it is lost."""


class Device:
    """Takes every frame that comes in at a device, and sends frames as they are."""

    __slots__ = ("_at", "_ring", "fileno", "send", "socket")

    def __init__(self, name: str) -> None:
        """Raises OSError."""
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self._prepare(name)
            self._ring = mmap.mmap(self.socket.fileno(), _SLOTS * _SLOT_BYTES)
        except BaseException:
            self.socket.close()
            raise
        self._at = 0
        self.fileno = self.socket.fileno()
        self.send = self.socket.send

    def _prepare(self, name: str) -> None:
        device = self.socket
        device.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        device.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
        device.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        shape = (_BLOCK_BYTES, _SLOTS * _SLOT_BYTES // _BLOCK_BYTES, _SLOT_BYTES, _SLOTS)
        device.setsockopt(_SOL_PACKET, _PACKET_RX_RING, struct.pack("IIII", *shape))
        try:
            device.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SEND_BUFFER_BYTES)
        except PermissionError:  # only the machine's own root may go beyond the system's limit
            device.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        device.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        device.setblocking(False)
        device.bind((name, _ETH_P_ALL))

    def take(self) -> tuple[bytes, int] | None:
        """The next frame and when it came, in ns of the wall clock; None if there is none. Raises CutFrameError."""
        at, ring = self._at, self._ring
        status, whole_size, size, start, _, seconds, rest_ns = _HEADER.unpack_from(ring, at)
        if not status & _IS_OURS:
            return None
        frame = ring[at + start : at + start + size]
        ring[at : at + 4] = _TO_KERNEL
        self._at = (at + _SLOT_BYTES) % (_SLOTS * _SLOT_BYTES)
        if whole_size > size:
            raise CutFrameError
        return frame, seconds * 1_000_000_000 + rest_ns

    def drops(self) -> int:
        """How many frames found no free slot since this was last asked."""
        _, dropped = struct.unpack("II", self.socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        return int(dropped)

    def close(self) -> None:
        self._ring.close()
        self.socket.close()
