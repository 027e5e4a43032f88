"""A captive portal: it stands in the place of every web site and leads to its own page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from callcheck.lab.servers.http_wire import HttpConnection, Request, Response
from callcheck.lab.servers.responder import Address, Setting

PORTAL_HOST: Final = "portal.lab"
_LOGIN: Final = f"http://{PORTAL_HOST}/login"
_PAGE: Final = b"<!doctype html><title>Welcome</title><form><p>Please agree to go on. <button>Agree</button></form>\n"


def answer_request(request: Request) -> Response:
    """The portal's page at its own name, and the way to it everywhere else."""
    if request.headers.get("host", "").lower().partition(":")[0] == PORTAL_HOST:
        return Response(body=_PAGE, content_type="text/html")
    return Response(HTTPStatus.FOUND, headers={"Location": _LOGIN, "Cache-Control": "no-store"})


def stream_responder(_setting: Setting, _peer: Address) -> HttpConnection:
    """One connection that the portal took over."""
    return HttpConnection(answer_request)
