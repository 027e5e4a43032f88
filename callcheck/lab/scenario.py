"""Reads scenario files strictly (DESIGN 5.6): what the lab does, and the truth that callcheck should find."""

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, get_args

from callcheck import words
from callcheck.lab.wire.spec import Wire, read_wires
from callcheck.lab.wire.strict import RefusedError, Table, shown

_NATS: Final = ("cone", "none")
_UNBUILT_NATS: Final = ("full_cone", "restricted", "symmetric", "cgnat")
_UNBUILT_TOPOLOGY: Final = ("ipv6", "tunnel", "domestic_only")
_RESOLVERS: Final = ("honest", "forging", "dead", "missing")
_FAULTS: Final = ("silent", "refusing", "slow", "garbage")
_FUNCTIONS: Final = tuple(word for word in get_args(words.Function) if word)
_MOST_BYTES: Final = 1_000_000


class ScenarioError(ValueError):
    """A scenario cannot be read or contradicts itself; the text is one line: the file, the key path, the reason."""


@dataclass(frozen=True, slots=True)
class Dns:
    """What the client's own resolver does."""

    resolver: str = "honest"
    missing: tuple[str, ...] = ()
    forged: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerFault:
    """A server, by its name in the lab's world, that is silent, refusing, slow or sends garbage."""

    name: str
    fault: str


@dataclass(frozen=True, slots=True)
class Truth:
    """The right answers about one function of a service: any word of a list is right.

    An empty `mechanism` or `where` is not scored. Below `depth` the outcome and cause "unknown" are right too.
    """

    service: str
    function: str
    outcome: tuple[str, ...]
    cause: tuple[str, ...]
    mechanism: tuple[str, ...]
    where: tuple[str, ...]
    depth: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario with every range replaced by the number that its seed draws."""

    id: str
    summary: str
    seed: int
    nat: str
    dns: Dns
    wires: Mapping[str, Wire]
    servers: tuple[ServerFault, ...]
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
    table = Table(
        {key: value for key, value in written.items() if key not in ("id", "seed")},
        chance=lambda path: random.Random(f"{identity}:{drawn_seed}:{path}"),
    )
    scenario = Scenario(
        id=identity,
        summary=table.needed("summary", table.text("summary")),
        seed=drawn_seed,
        nat=_read_nat(table.table("topology")),
        dns=_read_dns(table.table("dns")),
        wires=read_wires(table.table("wire") or Table({}, "wire")),
        servers=_read_servers(table),
        truths=_read_truths(table),
        source=source,
        written=written,
    )
    table.close(unbuilt=("cross_traffic",))
    return scenario


def _read_nat(table: Table | None) -> str:
    if table is None:
        return "cone"
    nat = table.word("nat", _NATS, _UNBUILT_NATS)
    table.close(_UNBUILT_TOPOLOGY)
    return nat or "cone"


def _read_dns(table: Table | None) -> Dns:
    if table is None:
        return Dns()
    resolver = table.word("resolver", _RESOLVERS) or "honest"
    missing = tuple(_name(name) for name in table.texts("missing"))
    forged = _read_forged(table.table("forged"))
    table.close()
    for key, names, kind in (("missing", missing, "missing"), ("forged", forged, "forging")):
        if bool(names) != (resolver == kind):
            raise table.refuse(key, f"{key} and resolver = {shown(kind)} belong together")
    return Dns(resolver, missing, forged)


def _read_forged(table: Table | None) -> dict[str, str]:
    forged: dict[str, str] = {}
    for key in table.left() if table else ():
        assert table is not None
        address = table.needed(key, table.text(key))
        try:
            forged[_name(key)] = str(ip_address(address))
        except ValueError:
            raise table.refuse(key, f"an address is wanted, not {shown(address)}") from None
    return forged


def _read_servers(table: Table) -> tuple[ServerFault, ...]:
    servers: dict[str, ServerFault] = {}
    for server in table.tables("server"):
        name = server.needed("name", server.text("name"))
        fault = server.needed("fault", server.word("fault", _FAULTS))
        server.close()
        if name in servers:
            raise server.refuse("name", f"{shown(name)} has a fault already")
        servers[name] = ServerFault(name, fault)
    return tuple(servers.values())


def _read_truths(table: Table) -> tuple[Truth, ...]:
    truths: dict[tuple[str, str, str], Truth] = {}
    for entry in table.tables("truth"):
        truth = _read_truth(entry)
        about = (truth.service, truth.function, truth.depth)
        if about in truths:
            raise entry.refuse("service", f"{truth.service} {truth.function} has a truth at {truth.depth} already")
        truths[about] = truth
    if not truths:
        raise table.refuse("truth", "is missing: a scenario without a truth teaches nothing")
    return tuple(truths.values())


def _read_truth(table: Table) -> Truth:
    truth = Truth(
        service=table.needed("service", table.text("service")),
        function=table.needed("function", table.word("function", _FUNCTIONS)),
        outcome=table.words("outcome", get_args(words.Outcome)),
        cause=table.words("cause", get_args(words.Cause)),
        mechanism=table.words("mechanism", get_args(words.Mechanism)),
        where=table.words("where", get_args(words.Where)),
        depth=table.word("depth", get_args(words.Depth)) or "quick",
    )
    table.close()
    for key, answers in (("outcome", truth.outcome), ("cause", truth.cause)):
        if not answers:
            raise table.refuse(key, "is missing")
    return truth


def _name(name: str) -> str:
    return name.lower().rstrip(".")


def _one_line(text: str) -> str:
    return " ".join(text.split())
