"""One HTTP request to an address that is known already: nothing is looked up, and no proxy is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping

from callcheck.api import Fetched
from callcheck.net.clock import Clock
from callcheck.net.failures import failure_of
from callcheck.net.tcp import Settle, tcp_state
from callcheck.net.tls import client_context
from callcheck.words import Failure

_SEGMENT_BYTES = 1_448
_HEADER_BYTES = 40
# A connection, its TLS handshake and the heads of request and answer, with their IP headers.
_OPENING_BYTES = {"http": 800, "https": 7_000}
_KEPT_BYTES = 200_000

Count = Callable[[int], None]


async def fetch(
    address: str,
    port: int,
    host: str,
    path: str,
    clock: Clock,
    *,
    tls: bool,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | AsyncIterable[bytes] = b"",
    timeout_s: float,
    spend: Count,
    settle: Settle,
    on_bytes: Count | None = None,
) -> Fetched | Failure:
    """Ask `host` at `address` for `path`; redirects are not followed. The whole exchange ends within `timeout_s`.

    `on_bytes` is told of each piece of the body as it comes; of the body itself the first 200 kB are kept. `spend` is
    told of bytes at the IP layer, both ways, and `settle` of the kernel's own count at the end.
    """
    import httpx2  # noqa: PLC0415 - slow to import, and most commands fetch nothing

    scheme = "https" if tls else "http"
    place = f"[{address}]" if ":" in address else address
    started_us = clock.now_us()
    spend(_OPENING_BYTES[scheme] + (_on_the_wire(len(content)) if isinstance(content, bytes) else 0))
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx2.AsyncClient(
                verify=client_context() if tls else False, http2=tls, trust_env=False, timeout=None
            ) as client,
            client.stream(
                method,
                f"{scheme}://{place}:{port}{path}",
                headers={"Host": host, "User-Agent": "callcheck", **(headers or {})},
                content=content if isinstance(content, bytes) else _booked(content, spend),
                extensions={"sni_hostname": host} if tls else {},
            ) as answer,
        ):
            first_us = clock.now_us()
            kept = bytearray()
            size_bytes = 0
            sock = answer.extensions["network_stream"].get_extra_info("socket")
            state = tcp_state(sock)
            try:
                async for piece in answer.aiter_raw():
                    # Read at each piece: with the last one the library may close the connection.
                    state = tcp_state(sock) or state
                    size_bytes += len(piece)
                    spend(_on_the_wire(len(piece)))
                    if on_bytes is not None:
                        on_bytes(len(piece))
                    kept += piece[: max(0, _KEPT_BYTES - len(kept))]
            finally:
                if state is not None:
                    settle(state)
            return Fetched(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=bytes(kept),
                size_bytes=size_bytes,
                first_byte_ms=(first_us - started_us) / 1000,
                took_ms=(clock.now_us() - started_us) / 1000,
            )
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
        return _failure(error)


async def _booked(pieces: AsyncIterable[bytes], spend: Count) -> AsyncIterator[bytes]:
    async for piece in pieces:
        spend(_on_the_wire(len(piece)))
        yield piece


def _on_the_wire(size_bytes: int) -> int:
    """Bytes at the IP layer that carry so many of a stream: a header a segment, and half as many acknowledgements."""
    segments = -(-size_bytes // _SEGMENT_BYTES)
    return size_bytes + segments * _HEADER_BYTES * 3 // 2


def _failure(error: BaseException) -> Failure:
    """The name of what the system or TLS said first; the library wraps it several times."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and (failure := failure_of(cause)) is not Failure.other:
            return failure
        cause = cause.__cause__ or cause.__context__
    return Failure.eof if "disconnect" in str(error).lower() else Failure.malformed
