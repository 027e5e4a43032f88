"""`python -m callcheck.lab.wire CONFIG.json`: bridges the wires of one lab; standard library only,
unless a rule decrypts QUIC.

CONFIG: `{"seed": 7, "log": PATH, "record": DIRECTORY or null, "watched": {NAME: [ADDRESS]},
"wires": {"core": {"near": DEVICE, "far": DEVICE, "spec": {up, down, rule}}}}`.
Waits for a line on stdin, enters the namespace `wire`, and prints `ready` when every device is open. Writes the log on
SIGUSR1, and on SIGTERM before it ends.
"""

import json
import os
import signal
import sys
from ipaddress import ip_address
from pathlib import Path

from callcheck.lab.namespaces import enter_namespace
from callcheck.lab.wire.bridge import Bridge, Devices
from callcheck.lab.wire.spec import Wire, read_wire
from callcheck.lab.wire.strict import Table


class _EndedError(Exception):
    """SIGTERM came."""


def main(config_path: str) -> None:
    config = json.loads(Path(config_path).read_text(encoding="utf-8"))
    wires = {name: _read(name, table) for name, table in config["wires"].items()}
    log_path = Path(config["log"])
    watched = {ip_address(one).packed: name for name, addresses in config["watched"].items() for one in addresses}
    record = Path(config["record"]) if config["record"] else None
    if not sys.stdin.readline():
        return  # whoever makes the network gave up
    enter_namespace("wire")
    bridge = Bridge(wires, seed=config["seed"], watched=watched, record=record)

    def end(_signal: int, _frame: object) -> None:
        raise _EndedError

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGUSR1, lambda _signal, _frame: _write(log_path, bridge.log()))
    os.write(sys.stdout.fileno(), b"ready\n")
    try:
        bridge.run()
    except _EndedError:
        _write(log_path, bridge.log())
    finally:
        bridge.close()


def _read(name: str, table: dict[str, object]) -> tuple[Devices, Wire]:
    return Devices(str(table["near"]), str(table["far"])), read_wire(Table(table["spec"], f"wire.{name}"))


def _write(path: Path, log: dict[str, object]) -> None:
    """Replace the file whole, so that a reader never sees half of it."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(log), encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    main(sys.argv[1])
