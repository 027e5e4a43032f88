"""`speedtest-cli` as a library, against a server in its mini mode. The one place that knows its traps.

It wraps the standard streams where it is imported, asks a distant server for its settings when it is constructed, uses
the machine's proxies, and opens eight connections after a quick download (facts/peers-and-libraries.md 3): here it is
imported with other streams, gets its settings and an opener of ours, and is always told sizes and threads.
"""

from __future__ import annotations

import contextlib
import http
import http.client
import importlib
import io
import sys
import threading
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO, cast

_TIMEOUT_S = 1.5
_THREADS = 2
# `random350x350.jpg` is about so large at the official servers; ours says how large it really was.
_DOWN_SIDE_PX = 350
_DOWN_BYTES = 245_000
# Small ones first, which a slow line can finish; then what fills a quick one.
_UP_STAGES_BYTES = (16_384, 131_072)
_UP_FIRST_COUNT = 4
_SHUT_BOTH_WAYS = 2

_importing = threading.Lock()


class MiniError(Exception):
    """The server is no mini server, or does not answer; one line."""


class _Shutdown:
    """`threading.Event` warns at each `isSet`, which is the name that the library knows it by."""

    def __init__(self) -> None:
        self.is_over = False

    def isSet(self) -> bool:  # noqa: N802 - the library's name for it
        return self.is_over

    def set(self) -> None:
        self.is_over = True


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes since the last look: that came, that were handed to the system, and of those, that a server answered."""

    read_bytes: int
    sent_bytes: int
    answered_bytes: int


class _Connections:
    """The connections of one test: what they move is counted, and all can be ended at once."""

    def __init__(self) -> None:
        self.is_over = False
        self._open: list[http.client.HTTPConnection] = []
        self._counts = [0, 0, 0]
        self._lock = threading.Lock()

    def count(self, *, read: int = 0, sent: int = 0, answered: int = 0) -> None:
        with self._lock:
            self._counts = [old + new for old, new in zip(self._counts, (read, sent, answered), strict=True)]

    def take(self) -> Taken:
        with self._lock:
            counts, self._counts = self._counts, [0, 0, 0]
        return Taken(*counts)

    def add(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._open = [one for one in self._open if one.sock is not None]
            self._open.append(connection)

    def end(self) -> None:
        """Wake every thread that waits for the network."""
        with self._lock:
            self.is_over = True
            for connection in self._open:
                sock = connection.sock
                if sock is not None:
                    with contextlib.suppress(OSError):
                        sock.shutdown(_SHUT_BOTH_WAYS)
            self._open = []


def _handler(connections: _Connections) -> urllib.request.HTTPHandler:
    """Plain HTTP without a proxy, over connections that count and can be ended."""

    class Response(http.client.HTTPResponse):
        def read(self, amt: int | None = None) -> bytes:
            try:
                data = super().read(amt)
            except http.client.HTTPException as error:  # the library's threads expect no other kind than this
                raise OSError("the answer was cut short") from error
            connections.count(read=len(data))
            return data

    class Connection(http.client.HTTPConnection):
        response_class = Response
        sent_bytes = 0

        def connect(self) -> None:
            if connections.is_over:
                raise OSError("the test is over")
            super().connect()
            connections.add(self)

        def send(self, data: Any) -> None:
            super().send(data)
            if connections.is_over:
                raise OSError("the test is over")
            self.sent_bytes += len(data)
            connections.count(sent=len(data))

        def getresponse(self) -> http.client.HTTPResponse:
            response = super().getresponse()
            if response.status == http.HTTPStatus.OK:
                connections.count(answered=self.sent_bytes)
            return response

    class Handler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            req.timeout = _TIMEOUT_S
            return self.do_open(cast("Any", Connection), req)

    return Handler()


class MiniTest:
    """One mini server. All methods block; `interrupt` ends them."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._shutdown = _Shutdown()
        self._connections = _Connections()
        self._test: Any = None

    def prepare(self) -> None:
        """Find out how the server wants its uploads. Raises MiniError."""
        with _quiet():
            library = load()
            opener = urllib.request.OpenerDirector()
            for handler in (
                _handler(self._connections),
                urllib.request.HTTPDefaultErrorHandler(),
                urllib.request.HTTPErrorProcessor(),
            ):
                opener.add_handler(handler)
            self._test = _without_settings(library)(shutdown_event=self._shutdown, timeout=_TIMEOUT_S)
            self._test._opener = opener  # the library asks whatever stands here
            try:
                servers = self._test.set_mini_server(self._base_url)
            except (library.SpeedtestException, OSError, ValueError, http.client.HTTPException) as error:
                raise MiniError(type(error).__name__) from error
            # Asking for the best server would open connections of the library's own, which nobody can end.
            self._test._best = servers[0]

    def download(self, limit_bytes: int, seconds: float) -> None:
        count = max(1, limit_bytes // _DOWN_BYTES)
        self._set("download", [_DOWN_SIDE_PX], count, seconds)
        with _quiet():
            self._test.download(threads=_THREADS)

    def upload(self, limit_bytes: int, seconds: Callable[[], float]) -> None:
        """`seconds` tells how many are left, asked before each stage."""
        small, large = _UP_STAGES_BYTES
        for size, count in ((small, _UP_FIRST_COUNT), (large, max(1, limit_bytes // large))):
            left_s = seconds()
            if left_s <= 0.2 or self._shutdown.is_over:
                return
            self._set("upload", [size], count, left_s)
            self._test.config["upload_max"] = count
            with _quiet():
                self._test.upload(pre_allocate=False, threads=_THREADS)

    def begin(self) -> None:
        """Forget an interruption."""
        self._shutdown.is_over = self._connections.is_over = False

    def interrupt(self) -> None:
        """End what is going on, from any thread and within a moment."""
        self._shutdown.set()
        self._connections.end()

    def take(self) -> Taken:
        return self._connections.take()

    def _set(self, direction: str, sizes: list[int], count: int, seconds: float) -> None:
        config = self._test.config
        config["sizes"][direction] = sizes
        config["counts"][direction] = count
        config["length"][direction] = seconds


def load() -> Any:
    """The library, imported so that it neither wraps nor closes this program's streams."""
    with _importing:
        if "speedtest" in sys.modules:
            return sys.modules["speedtest"]
        kept = sys.stdout, sys.stderr
        # Other threads go on writing to them meanwhile.
        sys.stdout, sys.stderr = _without_descriptor(sys.stdout), _without_descriptor(sys.stderr)
        try:
            with _quiet():
                return importlib.import_module("speedtest")
        finally:
            sys.stdout, sys.stderr = kept


class _WithoutDescriptor:
    """A stream that does all that the other does, but has no file descriptor: such a one the library leaves alone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _without_descriptor(stream: TextIO | None) -> TextIO:
    return cast("TextIO", _WithoutDescriptor(stream if stream is not None else io.StringIO()))


def _without_settings(library: Any) -> Any:
    """The library's class, with settings of ours in place of those it would ask a distant server for."""

    def get_config(self: Any) -> dict[str, Any]:
        self.config = {
            "client": {},
            "ignore_servers": [],
            "sizes": {"download": [], "upload": []},
            "counts": {"download": 1, "upload": 1},
            "threads": {"download": _THREADS, "upload": _THREADS},
            "length": {"download": 1.0, "upload": 1.0},
            "upload_max": 1,
        }
        return cast("dict[str, Any]", self.config)

    return type("MiniSpeedtest", (library.Speedtest,), {"get_config": get_config})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        yield
