"""The flow process: reads a plan from standard input, writes one FlowSecond a line to standard output."""

from __future__ import annotations

import gc
import os
import sys

from callcheck.flow.outbox import Outbox
from callcheck.flow.plan import decode
from callcheck.flow.worker import Worker


def main() -> None:
    plan = decode(sys.stdin.buffer.read())
    outbox = Outbox(sys.stdout.fileno())
    worker = Worker(plan, outbox.put, outbox.flush)
    # A collection of everything imported so far would hold packets up for milliseconds; a run leaves few cycles.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        worker.run()
        outbox.drain()
    except BrokenPipeError:
        # The parent is gone, so nobody wants the packets; standard output is not to be flushed again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
