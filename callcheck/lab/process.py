"""The programs that a lab runs: in which namespace, and what says that they are ready."""

from dataclasses import dataclass
from typing import Final

AUTHORITY: Final = "ca.pem"  # in the lab's directory: the certificate that vouches for its servers


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket of a server: `transport` is udp or tcp, `namespace` where it is if not in its process's own."""

    transport: str
    address: str
    port: int
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A program to be run in a namespace, and the sockets and the file whose presence says that it is ready.

    One that `waits` is started before there are namespaces, to load meanwhile; a line on its stdin tells it to enter
    those it wants.
    """

    name: str
    namespace: str
    argv: tuple[str, ...]
    ready: tuple[Listening, ...] = ()
    waits: bool = False
    writes: str | None = None
