"""Frames through memory that the kernel shares: what comes is what was sent, and what is too long is noticed."""

import subprocess
import sys

import pytest

from callcheck.lab.supervisor import environment, tool, way_in

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("lab_possible")]

# Sends frames of these sizes over a pair of devices and says how each came out at the other end.
PROGRAM = """
import select, socket, subprocess, sys, time
from callcheck.lab.wire.device import CutFrameError, Device
subprocess.run("ip link add name one0 type veth peer name two0".split(), check=True)
for name in ("one0", "two0"):
    subprocess.run(f"ip link set dev {name} mtu 9000 up".split(), check=True)
near, far = Device("one0"), Device("two0")
for size in map(int, sys.argv[1:]):
    frame = bytes([2] * 12) + b"\\x88\\xb5" + bytes(n % 251 for n in range(size - 14))
    before_ns = time.time_ns()
    near.send(frame)
    while True:
        select.select([far.fileno], [], [], 2)
        try:
            taken = far.take()
        except CutFrameError:
            print("cut")
            break
        if taken is None:
            print("nothing")
            break
        if taken[0][12:14] == b"\\x88\\xb5":
            print("whole" if taken[0] == frame and before_ns <= taken[1] <= time.time_ns() else "wrong")
            break
print(far.take() is None or "more", far.drops())
near.close()
far.close()
"""


def test_frames_come_whole_with_the_kernels_time_or_are_said_to_be_cut() -> None:
    sizes = ["60", "1514", "3014", *["700"] * 1100, "60"]
    command = [tool("unshare"), *way_in().unshare, sys.executable, "-S", "-P", "-c", PROGRAM, *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment())
    assert done.returncode == 0, done.stderr
    *came, left = done.stdout.splitlines()
    assert came == ["whole", "whole", "cut", *["whole"] * 1101]
    assert left == "True 0"
