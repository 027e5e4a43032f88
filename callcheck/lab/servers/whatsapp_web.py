"""WhatsApp's chat server as browsers reach it: Noise hello inside a WebSocket in TLS (calls-on-the-wire 2.1, 2.2)."""

from __future__ import annotations

from functools import partial
from typing import Final

from callcheck.lab.servers import websocket_wire, whatsapp_chat
from callcheck.lab.servers.http import not_found, page
from callcheck.lab.servers.http_wire import HttpConnection, Request, Response
from callcheck.lab.servers.responder import Address, Setting

TLS_PROTOCOLS: Final = ("http/1.1",)
_CHAT_PATH: Final = "/ws/chat"


def answer_request(request: Request, setting: Setting, peer: Address) -> Response:
    """The chat at its path, a page at `/`.

    Clients send `Origin: https://web.whatsapp.com`; whether the real server insists is unknown, so this one does not.
    """
    if request.path == _CHAT_PATH:
        return websocket_wire.upgrade(request, whatsapp_chat.stream_responder(setting, peer))
    return page() if request.path == "/" else not_found()


def stream_responder(setting: Setting, peer: Address) -> HttpConnection:
    """One browser's connection."""
    return HttpConnection(partial(answer_request, setting=setting, peer=peer))
