"""`python -m callcheck.lab.servers CONFIG.json`: all stand-in endpoints of one namespace in one process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from callcheck.lab.servers.config import ConfigError, ServersConfig, read_config
from callcheck.lab.servers.serve import BindError, start_servers

EXIT_USAGE = 64
EXIT_BAD_DATA = 65
EXIT_UNAVAILABLE = 69


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT. Exit codes: 0 ended by signal, 64 usage, 65 bad configuration, 69 cannot bind."""
    if len(arguments) != 1:
        return _complain("usage: python -m callcheck.lab.servers CONFIG.json", EXIT_USAGE)
    try:
        asyncio.run(_serve(read_config(Path(arguments[0]))))
    except ConfigError as error:
        return _complain(str(error), EXIT_BAD_DATA)
    except BindError as error:
        return _complain(str(error), EXIT_UNAVAILABLE)
    return 0


async def _serve(config: ServersConfig) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, ended.set)
    servers = await start_servers(config)
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
