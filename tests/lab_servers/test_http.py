"""The web site: requests by hand, and by programs that nobody here wrote."""

from __future__ import annotations

import itertools
import urllib.request
import warnings
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers import http, http_wire, portal
from callcheck.lab.servers.responder import StreamResponder
from tests.lab_servers.harness import CLIENT, PATIENCE_S, Running, connection, read_exactly, setting

RELAYS = ("91.108.13.2:596", "91.108.9.1:599")


def _site() -> StreamResponder:
    return http.stream_responder(setting(names={"a.example": ("192.0.2.1",)}), CLIENT)


def _said(responder: StreamResponder, pieces: Sequence[bytes]) -> tuple[bytes, bool]:
    """All that a connection says to the pieces, and whether it then ends."""
    said = bytearray()
    for piece in pieces:
        heard: bytes | None = piece
        while heard is not None:
            reply = responder.received(heard)
            said += reply.data
            heard = None if reply.more is None else b""
            said += b"".join(reply.more or ())
            if reply.close:
                return bytes(said), True
    return bytes(said), False


def _get(target: str, *lines: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: a.example", *lines, "", ""]).encode() + body


def _length(size_bytes: int) -> str:
    return f"Content-Length: {size_bytes}"


ANSWERS = [
    (_get("/generate_204"), b"204 No Content", b""),
    (_get("/bytes?n=5"), b"200 OK", bytes(range(5))),
    (_get("/bytes?n=0"), b"200 OK", b""),
    (_get("/bytes?n=0x5"), b"400 Bad Request", None),
    (_get("/bytes"), b"400 Bad Request", None),
    (_get("/upload", _length(7), method="POST", body=b"1234567"), b"200 OK", b"7\n"),
    (_get("/upload"), b"405 Method Not Allowed", b""),
    (_get("/speedtest/latency.txt?x=1.0"), b"200 OK", b"test=test\n"),
    (_get("/speedtest/upload.php", _length(3), method="POST", body=b"abc"), b"200 OK", b"size=3"),
    (_get("/speedtest/upload.exe", _length(3), method="POST", body=b"abc"), b"404 Not Found", None),
    (_get("/speedtest/random1x1.jpg"), b"200 OK", b"\0\1"),
    (_get("/speedtest/random1x2.jpg"), b"404 Not Found", None),
    (_get("http://a.example/generate_204"), b"204 No Content", b""),
    (_get("http://a.example"), b"200 OK", None),
    (_get("*", method="OPTIONS"), b"404 Not Found", None),
    (_get("/getReflectorList"), b"404 Not Found", None),
    (_get("/", method="HEAD"), b"200 OK", b""),
    (_get("/dns-query?dns=AAA"), b"400 Bad Request", None),
    (_get("/dns-query?dns=A"), b"400 Bad Request", None),
    (_get("/dns-query?dns=%00"), b"400 Bad Request", None),
    (_get("/dns-query", _length(0), method="POST"), b"415 Unsupported Media Type", b""),
]


@pytest.mark.parametrize(("request_bytes", "status", "body"), ANSWERS)
def test_each_path_has_its_answer_and_the_connection_stays(
    request_bytes: bytes, status: bytes, body: bytes | None
) -> None:
    said, is_ended = _said(_site(), [request_bytes])
    head, _, said_body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert not is_ended
    if body is not None:
        assert said_body == body
    if not request_bytes.startswith(b"HEAD") and b"204" not in status:
        assert b"\r\nContent-Length: %d\r\n" % len(said_body) in head + b"\r\n"


REFUSED = [
    (b"SSH-2.0-OpenSSH\r\n\r\n", b"400"),
    (b"GET / HTTP/2.0\r\n\r\n", b"400"),
    (b"GET  / HTTP/1.1\r\n\r\n", b"400"),
    (b"\x16\x03\x01\r\n\r\n", b"400"),
    (_get("/", " folded: header"), b"400"),
    (_get("/", "no colon"), b"400"),
    (_get("/", "Content-Length: -1"), b"400"),
    (_get("/", "Content-Length: 1, 1"), b"400"),
    (_get("/", _length(http_wire.MOST_BODY_BYTES + 1)), b"413"),
    (_get("/", "Transfer-Encoding: chunked"), b"501"),
    (b"GET /" + b"x" * 9000, b"431"),
    (b"GET / HTTP/1.1\r\nX: " + b"x" * 8192 + b"\r\n\r\n", b"431"),
]


@pytest.mark.parametrize(("request_bytes", "status"), REFUSED)
def test_what_is_no_request_gets_a_status_and_an_end(request_bytes: bytes, status: bytes) -> None:
    said, is_ended = _said(_site(), [request_bytes])
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nConnection: close\r\n" in said
    assert is_ended


@pytest.mark.parametrize(
    ("request_bytes", "is_ended"),
    [
        (_get("/"), False),
        (_get("/", "Connection: keep-alive"), False),
        (_get("/", "Connection: Close"), True),
        (_get("/", version="1.0"), True),
        (_get("/", "Connection: keep-alive", version="1.0"), False),
        (_get("/bytes?n=100000", "Connection: close"), True),
    ],
)
def test_the_connection_ends_when_the_client_wishes(request_bytes: bytes, is_ended: bool) -> None:
    assert _said(_site(), [request_bytes + b"\r\n"])[1] == is_ended


def test_leave_to_send_a_body_is_given_once_and_only_to_who_waits_for_it() -> None:
    head = _get("/upload", _length(2), "Expect: 100-continue", method="POST")
    waiting, _ = _said(_site(), [head, b"ab"])
    hasty, _ = _said(_site(), [head + b"ab"])
    assert waiting.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert waiting.count(b"HTTP/") == 2
    assert hasty.startswith(b"HTTP/1.1 200 OK")


@given(
    requests=st.lists(st.sampled_from([request for request, _, _ in ANSWERS]), min_size=1, max_size=5),
    tail=st.sampled_from([b"", b"\0", b"GET"]),
    cuts=st.lists(st.integers(0, 600), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_requests_that_follow_one_another_are_answered_in_order_however_they_are_cut(
    requests: list[bytes], tail: bytes, cuts: list[int]
) -> None:
    stream = b"".join(requests) + tail
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    one_by_one = b"".join(_said(_site(), [request])[0] for request in requests)
    assert _said(_site(), pieces)[0] == one_by_one


@given(size_bytes=st.integers(0, 300_000))
def test_generated_bytes_are_as_many_as_asked_for_in_small_pieces(size_bytes: int) -> None:
    pieces = list(http_wire.generated(size_bytes))
    assert sum(map(len, pieces)) == size_bytes
    assert all(0 < len(piece) <= http_wire.PIECE_BYTES for piece in pieces)


def test_a_download_is_50_megabytes_at_most() -> None:
    reply = _site().received(_get("/bytes?n=999999999999"))
    assert b"\r\nContent-Length: 50000000\r\n" in reply.data


def test_of_a_long_upload_only_the_beginning_is_kept() -> None:
    kept: list[bytes] = []

    def site(request: http_wire.Request) -> http_wire.Response:
        kept.append(request.body)
        return http_wire.Response(body=b"%d" % request.body_bytes)

    connection_ = http_wire.HttpConnection(site)
    said, _ = _said(connection_, [_get("/", _length(200_000), method="POST"), *[b"x" * 50_000] * 4])
    assert said.endswith(b"\r\n\r\n200000")
    assert [len(body) for body in kept] == [65_535]


@pytest.mark.parametrize(
    ("host", "is_there"), [("portal.lab", True), ("PORTAL.LAB:80", True), ("web.whatsapp.com", False)]
)
@pytest.mark.parametrize("path", ["/login", "/generate_204", "/"])
def test_the_portal_leads_everyone_to_its_own_page(host: str, is_there: bool, path: str) -> None:
    said, _ = _said(
        portal.stream_responder(setting(), CLIENT), [f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()]
    )
    if is_there:
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"<form>" in said
    else:
        assert said.startswith(b"HTTP/1.1 302 Found\r\n")
        assert b"\r\nLocation: http://portal.lab/login\r\n" in said


def test_a_long_answer_and_the_request_behind_it_come_whole_over_tcp(servers: Running) -> None:
    size_bytes = 3_000_000
    with connection(servers.place("http")) as sock:
        sock.sendall(_get(f"/bytes?n={size_bytes}") + _get("/generate_204"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(sock, 1)
        assert read_exactly(sock, size_bytes) == b"".join(http_wire.generated(size_bytes))
        assert read_exactly(sock, 12) == b"HTTP/1.1 204"


def test_the_standard_librarys_client_reads_telegrams_list_of_relays(servers: Running) -> None:
    host, port = servers.place("http")
    with urllib.request.urlopen(f"http://{host}:{port}/getReflectorList", timeout=PATIENCE_S) as answer:
        assert answer.read().decode().split() == list(RELAYS)


def test_speedtest_cli_takes_the_site_for_a_mini_server(servers: Running) -> None:
    with warnings.catch_warnings():
        # speedtest-cli 2.1.3 uses what Python 3.12 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        import speedtest  # type: ignore[import-untyped]  # the library has no types

    class Unconfigured(speedtest.Speedtest):  # type: ignore[misc]  # the library has no types
        """The library without its call to its makers."""

        def get_config(self) -> None:
            self.config = {
                "client": {"ip": "192.0.2.9", "lat": "0", "lon": "0"},
                "ignore_servers": [],
                "sizes": {"download": [350], "upload": [32_768]},
                "counts": {"download": 2, "upload": 2},
                "threads": {"download": 2, "upload": 2},
                "length": {"download": PATIENCE_S, "upload": PATIENCE_S},
                "upload_max": 2,
            }
            self.lat_lon = (0.0, 0.0)

    host, port = servers.place("http")
    test = Unconfigured()
    best = test.get_best_server(test.set_mini_server(f"http://{host}:{port}"))
    assert best["url"] == f"http://{host}:{port}/speedtest/upload.php"
    assert best["latency"] < 1_800_000  # what the library reports when one of three pings failed
    assert test.download(threads=2) > 0
    assert test.results.bytes_received == 2 * 2 * 350**2
    assert test.upload(threads=2) > 0
    assert test.results.bytes_sent == 2 * 32_768
