"""For authors of plugins: a network that exists only in the test, and the rules that every check must keep."""

from callcheck.testing.clock import StalledError, VirtualLoop, run_virtual
from callcheck.testing.conformance import conformance, run_check
from callcheck.testing.context import FakeContext
from callcheck.testing.sites import Site
from callcheck.testing.sockets import (
    Answers,
    DatagramHandler,
    FakeDatagram,
    FakeStream,
    HopHandler,
    StreamAnswers,
    StreamHandler,
    StreamPeer,
)
from callcheck.testing.tables import HEALTHY_DEVICE, HEALTHY_LINK
from callcheck.testing.worlds import WORLDS, World, garbage, offline, refusing, silent

__all__ = [
    "HEALTHY_DEVICE",
    "HEALTHY_LINK",
    "WORLDS",
    "Answers",
    "DatagramHandler",
    "FakeContext",
    "FakeDatagram",
    "FakeStream",
    "HopHandler",
    "Site",
    "StalledError",
    "StreamAnswers",
    "StreamHandler",
    "StreamPeer",
    "VirtualLoop",
    "World",
    "conformance",
    "garbage",
    "offline",
    "refusing",
    "run_check",
    "run_virtual",
    "silent",
]
