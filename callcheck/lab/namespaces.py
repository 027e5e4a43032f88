"""Network namespaces by their system calls: entering one, kernel settings, offloads, and running `ip` and `nft`."""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

NETNS_DIRECTORY: Final = Path("/run/netns")
_CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_SIOCETHTOOL: Final = 0x8946  # linux/sockios.h
# linux/ethtool.h: receive and transmit checksums, scatter-gather, TSO, GSO, GRO. A bridge in user space would see
# packets larger than the wire carries and checksums that nobody finished.
_OFFLOADS_OFF: Final = (0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C)


def inside(namespace: str, action: Callable[[], T]) -> T:
    """Call something in a network namespace: in a thread of its own, so that this thread stays where it is.

    A process that the action starts lives in that namespace.
    """
    results: list[T] = []
    problems: list[BaseException] = []

    def enter_and_act() -> None:
        try:
            enter_namespace(namespace)
            results.append(action())
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=enter_and_act, name=f"in {namespace}")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return results[0]


def run_with_input(command: Sequence[str], text: str) -> None:
    """Run a program that must succeed; raises subprocess.CalledProcessError with its stderr."""
    subprocess.run(command, input=text, text=True, capture_output=True, check=True)


def enter_namespace(namespace: str) -> None:
    """Move this thread into a network namespace. Raises OSError."""
    path = NETNS_DIRECTORY / namespace
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns came with Python 3.12
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns", str(path))
    finally:
        os.close(descriptor)


def set_to_first(path: Path, values: Sequence[str]) -> None:
    """Write the first value that the kernel takes; raises the last refusal."""
    for value in values[:-1]:
        try:
            path.write_text(value, encoding="ascii")
        except OSError:
            continue
        return
    path.write_text(values[-1], encoding="ascii")


def switch_offloads_off(names: Iterable[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for name in names:
            for command in _OFFLOADS_OFF:
                value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                request = struct.pack("16sP", name.encode(), ctypes.addressof(value))
                try:
                    fcntl.ioctl(any_socket, _SIOCETHTOOL, request)
                except OSError as problem:
                    if problem.errno != errno.EOPNOTSUPP:
                        raise
