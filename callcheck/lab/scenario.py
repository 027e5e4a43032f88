"""Reads scenario files strictly (DESIGN 5.6): what the lab does, and the truth that callcheck should find."""

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from callcheck.lab.network_spec import (
    CrossTraffic,
    Dns,
    ServerFault,
    Topology,
    read_cross_traffic,
    read_dns,
    read_servers,
    read_topology,
)
from callcheck.lab.topology import can_be_host
from callcheck.lab.truth import Truth, read_truths
from callcheck.lab.wire.spec import Wire, merged, read_wires
from callcheck.lab.wire.spec_entry import Entry
from callcheck.lab.wire.strict import RefusedError, Table, shown

_PROFILES: Final = Path(__file__).with_name("profiles.toml")

_MOST_BYTES: Final = 1_000_000


class ScenarioError(ValueError):
    """A scenario cannot be read or contradicts itself; the text is one line: the file, the key path, the reason."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario with every range replaced by the number that its seed draws."""

    id: str
    family: str  # scenarios that are alike but for their numbers; a family is left out of calibration as a whole
    summary: str
    seed: int
    topology: Topology
    dns: Dns
    wires: Mapping[str, Wire]  # what the scenario says and what its access line adds
    servers: tuple[ServerFault, ...]
    cross_traffic: tuple[CrossTraffic, ...]
    truths: tuple[Truth, ...]
    source: str  # the file's name, for messages
    written: Mapping[str, object] = field(repr=False, compare=False)  # the file as it is, ranges and all

    def drawn(self, seed: int) -> "Scenario":
        """The same scenario with its ranges drawn anew; one seed always draws the same numbers."""
        return _read(self.written, self.source, seed)


def load(source: Path | str) -> Scenario:
    """Read a scenario from the file of this path, drawn with its own seed. Raises ScenarioError."""
    path = Path(source)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise ScenarioError(f"{_one_line(str(path))}: {reason}") from None
    if len(content) > _MOST_BYTES:
        raise ScenarioError(f"{path}: more than {_MOST_BYTES} bytes is no scenario")
    try:
        return parse(content.decode("utf-8"), str(path))
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not UTF-8 text") from None


def parse(text: str, source: str = "scenario") -> Scenario:
    """Read a scenario from its text; `source` names it in messages. Raises ScenarioError."""
    try:
        written = tomllib.loads(text)
    except RecursionError:
        raise ScenarioError(f"{source}: not TOML: nested too deep") from None
    except ValueError as problem:  # TOMLDecodeError, or a number with too many digits
        raise ScenarioError(f"{source}: not TOML: {_one_line(str(problem))}") from None
    return _read(written, source, None)


def _read(written: Mapping[str, object], source: str, seed: int | None) -> Scenario:
    try:
        return _read_scenario(written, source, seed)
    except RefusedError as problem:
        raise ScenarioError(f"{source}: {_one_line(str(problem))}") from None


def _read_scenario(written: Mapping[str, object], source: str, seed: int | None) -> Scenario:
    head = Table({key: written[key] for key in ("id", "seed") if key in written})
    identity = head.needed("id", head.text("id"))
    if not identity.replace("-", "").isalnum() or not identity.isascii() or identity != identity.lower():
        raise head.refuse("id", f"lower-case letters, digits and hyphens are wanted, not {shown(identity)}")
    own_seed = head.whole("seed")
    drawn_seed = own_seed or 0 if seed is None else seed

    def chance(path: str) -> random.Random:
        return random.Random(f"{identity}:{drawn_seed}:{path}")

    table = Table({key: value for key, value in written.items() if key not in ("id", "seed")}, chance=chance)
    topology = read_topology(table.table("topology"), _profiles())
    wires = read_wires(table.table("wire") or Table({}, "wire"))
    _check_entries(wires)
    if topology.access is not None:
        profile = Table(_profiles()[topology.access], f"profile.{topology.access}", chance)
        wires = merged(read_wires(profile), wires)
    scenario = Scenario(
        id=identity,
        family=table.text("family") or identity,
        summary=table.needed("summary", table.text("summary")),
        seed=drawn_seed,
        topology=topology,
        dns=read_dns(table.table("dns")),
        wires=wires,
        servers=read_servers(table),
        cross_traffic=read_cross_traffic(table),
        truths=read_truths(table),
        source=source,
        written=written,
    )
    table.close()
    _check_traffic(scenario)
    _check_ipv6(scenario)
    return scenario


def _check_entries(wires: Mapping[str, Wire]) -> None:
    for name, wire in wires.items():
        for way, entries in (("up", wire.up), ("down", wire.down)):
            for number, entry in enumerate(entries):
                if entry == Entry(prefixes=entry.prefixes, bundle=entry.bundle, when=entry.when):
                    raise RefusedError(f"wire.{name}.{way}[{number}]: does nothing")


def _check_traffic(scenario: Scenario) -> None:
    """TCP takes all that it gets: without a rate it would fill the machine and not the wire."""
    for number, traffic in enumerate(scenario.cross_traffic):
        key = f"cross_traffic[{number}]"
        host = traffic.far_host
        if host is not None and not can_be_host(host):
            raise RefusedError(f"{key}.prefixes: nobody can live at {host}")
        wire = scenario.wires[traffic.wire]
        entries = wire.up if traffic.direction == "up" else wire.down
        rates = [entry for entry in entries if entry.rate_kbps and _meets(entry, host)]
        if traffic.tcp_flows and not rates:
            raise RefusedError(f"{key}.tcp_flows: nothing limits the rate of {traffic.wire} {traffic.direction}")


def _meets(entry: Entry, host: IPv4Address | None) -> bool:
    return not entry.prefixes or (host is not None and any(host in prefix for prefix in entry.prefixes))


def _check_ipv6(scenario: Scenario) -> None:
    """A rule or an entry about the newer addresses alone, where there are none, could never act."""
    for name, wire in scenario.wires.items():
        prefixes = [*(part.prefixes for part in (*wire.up, *wire.down)), *(rule.match.prefixes for rule in wire.rules)]
        if any(found and all(one.version == 6 for one in found) for found in prefixes) and not scenario.topology.ipv6:
            raise RefusedError(f"wire.{name}: prefixes of IPv6 alone, and topology.ipv6 is false")


@cache
def _profiles() -> dict[str, Any]:
    """Access lines by name, each a table of wires."""
    return tomllib.loads(_PROFILES.read_text(encoding="utf-8"))


def _one_line(text: str) -> str:
    return " ".join(text.split())
