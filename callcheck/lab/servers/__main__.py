"""`python -m callcheck.lab.servers CONFIG.json`: all stand-in endpoints of one namespace in one process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from callcheck.lab.servers.config import ConfigError, ServersConfig, read_config
from callcheck.lab.servers.serve import BindError, Sockets, load_kinds, open_sockets, start_servers

WAIT = "--wait"
"""Load everything, and open the sockets only after a line on stdin: their namespaces may not be there yet."""
OPEN_FIRST = "--open-first"
"""Open the sockets, where questions wait, and load what takes long afterwards."""
EXIT_USAGE = 64
EXIT_BAD_DATA = 65
EXIT_UNAVAILABLE = 69


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT. Exit codes: 0 ended by signal, 64 usage, 65 bad configuration, 69 cannot bind."""
    order = arguments[0] if len(arguments) == 2 else None
    if len(arguments) not in (1, 2) or order not in (None, WAIT, OPEN_FIRST):
        return _complain(f"usage: python -m callcheck.lab.servers [{WAIT}|{OPEN_FIRST}] CONFIG.json", EXIT_USAGE)
    try:
        config = read_config(Path(arguments[-1]))
        sockets = open_sockets(config) if order == OPEN_FIRST else {}
        if order == WAIT:
            load_kinds(config)
            if not sys.stdin.readline():
                return 0  # whoever makes the namespaces gave up
        asyncio.run(_serve(config, sockets))
    except ConfigError as error:
        return _complain(str(error), EXIT_BAD_DATA)
    except BindError as error:
        return _complain(str(error), EXIT_UNAVAILABLE)
    return 0


async def _serve(config: ServersConfig, sockets: Sockets) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, ended.set)
    servers = await start_servers(config, sockets)
    ready = "ready"
    if any(endpoint.port == 0 for endpoint in config.endpoints):
        ready = f"ready {json.dumps(servers.bound)}"
    sys.stdout.write(f"{ready}\n")
    sys.stdout.flush()
    await ended.wait()
    servers.close()
    # Aborted transports give their sockets back in the loop's next turn.
    await asyncio.sleep(0)


def _complain(line: str, exit_code: int) -> int:
    sys.stderr.write(f"callcheck.lab.servers: {line}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
