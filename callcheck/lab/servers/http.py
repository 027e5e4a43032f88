"""A web site on plain HTTP or HTTPS: pages, bytes to download and upload, DNS over HTTPS, and what services publish."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from callcheck.lab.servers.config_checks import ConfigError, Option, refuse_unknown_keys, shown
from callcheck.lab.servers.dns import ANSWER_TTL_S, answer_query
from callcheck.lab.servers.http_wire import MOST_BODY_BYTES, HttpConnection, Request, Response
from callcheck.lab.servers.responder import Address, Setting

TLS_PROTOCOLS: Final = ("http/1.1",)

PAGE: Final = b"<!doctype html><title>callcheck lab</title><p>A small page of the lab.</p>\n"
_DNS_MESSAGE: Final = "application/dns-message"
_REFLECTOR: Final = re.compile(r"[0-9a-fA-F.:\[\]]+:[0-9]{1,5}")
# The layout of a speedtest mini server (peers-and-libraries 3).
_SPEEDTEST_UPLOAD: Final = re.compile(r"/speedtest/upload\.(php|asp|aspx|jsp)")
_SPEEDTEST_IMAGE: Final = re.compile(r"/speedtest/random([0-9]{1,4})x\1\.jpg")
# Two bytes a pixel meet the facts' sizes at both ends (350: 245 kB, 4000: 32 MB); real images differ a little.
_IMAGE_BYTES_PER_PIXEL: Final = 2


def not_found() -> Response:
    return Response(HTTPStatus.NOT_FOUND, b"nothing is here\n")


def page() -> Response:
    """The page that every site shows at `/`."""
    return Response(body=PAGE, content_type="text/html")


def answer_request(request: Request, setting: Setting) -> Response:
    """What the site says to one request."""
    answer = _BY_PATH.get(request.path)
    if answer is not None:
        return answer(request, setting)
    if _SPEEDTEST_UPLOAD.fullmatch(request.path):
        return Response(body=b"size=%d" % request.body_bytes)
    if image := _SPEEDTEST_IMAGE.fullmatch(request.path):
        size_bytes = min(int(image[1]) ** 2 * _IMAGE_BYTES_PER_PIXEL, MOST_BODY_BYTES)
        return Response(body=size_bytes, content_type="image/jpeg")
    return not_found()


def _bytes_asked_for(request: Request, _setting: Setting) -> Response:
    """`/bytes?n=`, and Cloudflare's `/__down?bytes=`: as many as asked for, 50 MB at most."""
    number = request.query.get("n", request.query.get("bytes", ""))
    if not re.fullmatch(r"[0-9]{1,12}", number):
        return _bad_request()
    return Response(body=min(int(number), MOST_BODY_BYTES), content_type="application/octet-stream")


def _upload(request: Request, _setting: Setting) -> Response:
    """`POST /upload`, and Cloudflare's `/__up`: how many bytes came."""
    if request.method != "POST":
        return Response(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
    return Response(body=b"%d\n" % request.body_bytes)


def _dns_query(request: Request, setting: Setting) -> Response:
    """DNS over HTTPS (RFC 8484): POST of a message, or GET with it in `dns`."""
    if request.method == "POST":
        if request.headers.get("content-type") != _DNS_MESSAGE:
            return Response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        message = request.body
    else:
        message = _from_base64url(request.query.get("dns", ""))
    answer = answer_query(message, setting.names)
    if answer is None:
        return _bad_request()
    return Response(body=answer, content_type=_DNS_MESSAGE, headers={"Cache-Control": f"max-age={ANSWER_TTL_S}"})


def _from_base64url(text: str) -> bytes:
    """The bytes of base64url without padding (RFC 4648 section 5); nothing for what is not."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        return b""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _reflectors(_request: Request, setting: Setting) -> Response:
    """Telegram's list of call relays, a line for each (calls-on-the-wire 0.1)."""
    listed = setting.options.get("reflectors")
    return Response(body="".join(f"{line}\n" for line in listed).encode()) if isinstance(listed, tuple) else not_found()


def _bad_request() -> Response:
    return Response(HTTPStatus.BAD_REQUEST, b"this cannot be answered\n")


_BY_PATH: Final[Mapping[str, Callable[[Request, Setting], Response]]] = MappingProxyType(
    {
        "/": lambda _request, _setting: page(),
        "/generate_204": lambda _request, _setting: Response(HTTPStatus.NO_CONTENT),
        "/bytes": _bytes_asked_for,
        "/__down": _bytes_asked_for,
        "/__up": _upload,
        "/upload": _upload,
        "/dns-query": _dns_query,
        "/getReflectorList": _reflectors,
        "/speedtest/latency.txt": lambda _request, _setting: Response(body=b"test=test\n"),
    }
)


def check_options(options: Mapping[str, Option]) -> None:
    """`reflectors`, a list of ADDRESS:PORT, is what `/getReflectorList` shows."""
    refuse_unknown_keys(options, {"reflectors"}, "http")
    listed = options.get("reflectors", ())
    if not isinstance(listed, tuple):
        raise ConfigError(f"reflectors: expected a list, got {shown(listed)}")
    for line in listed:
        if not isinstance(line, str) or not _REFLECTOR.fullmatch(line):
            raise ConfigError(f"reflectors: {shown(line)} is not ADDRESS:PORT")


def stream_responder(setting: Setting, _peer: Address) -> HttpConnection:
    """One connection to the site."""
    return HttpConnection(partial(answer_request, setting=setting))
