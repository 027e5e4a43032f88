"""The lab's stand-ins behind a FakeContext: the whole internet of the catalogue, in virtual time and without a socket.

What a stand-in says may be bent on its way back, which is how the receive paths of every check are fuzzed.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from random import Random
from urllib.parse import parse_qsl

from callcheck.api import Failure, Fetched, IcmpError, LinkState, Target
from callcheck.lab import world
from callcheck.lab.servers.config_checks import Option
from callcheck.lab.servers.http import answer_request
from callcheck.lab.servers.http_wire import Request
from callcheck.lab.servers.responder import Setting, StreamResponder
from callcheck.lab.topology import ISP_RESOLVER
from callcheck.testing import Answers, FakeContext, StreamAnswers, StreamHandler, StreamPeer
from tests.checks.peers import router

Bend = Callable[[bytes], bytes]

_HERE = ("198.51.100.2", 40000)
_DELAY_S = 0.03
_MOST_PIECES = 8
_HOPS = 4
_KEPT_BYTES = 200_000


def straight(data: bytes) -> bytes:
    return data


def populate(ctx: FakeContext, bend: Bend = straight) -> None:
    """Have every target of the context answered by the stand-in that plays it in the lab; QUIC alone stays silent."""
    zone = world.zone()
    ctx.names = dict(zone)
    ctx.link_state = LinkState(True, "192.168.1.1", "eth0", False, False, (ISP_RESOLVER,), ipv6=False)
    played = {(one.address, one.port, one.transport == "udp"): one for one in world.population()}
    ping = router(set())
    ctx.peer("icmp/192.168.1.1", lambda payload: _bent(ping(payload), bend))
    _play(ctx, f"{ISP_RESOLVER}:53", "dns", Setting((ISP_RESOLVER, 53), Random(2), _names(zone)), bend)
    for target in ctx.targets():
        address = target.address or zone.get(target.host, [""])[0]
        endpoint = played.get((address, target.port, target.transport == "udp"))
        if endpoint is not None and endpoint.kind != "quic":
            options: Mapping[str, Option] = endpoint.options
            setting = Setting((address, target.port), Random(1), _names(zone), options=options)
            _play(ctx, f"{address}:{target.port}", endpoint.kind, setting, bend)
    ctx.other_hops = lambda payload, ttl: _hop(ttl) if ttl < _HOPS else [(_DELAY_S, bend(payload))]
    ctx.answered_targets = list(ctx.targets(role="control"))
    numbers = itertools.count()
    ctx.flow_answers = lambda _arm, _number: 0.05 if next(numbers) % 50 else None


def _hop(ttl: int) -> IcmpError:
    return IcmpError(Failure.expired, f"203.0.113.{ttl}", 11, 0, 0)


def _names(zone: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(addresses) for name, addresses in zone.items()}


def _play(ctx: FakeContext, place: str, kind: str, setting: Setting, bend: Bend) -> None:
    module = importlib.import_module(f"callcheck.lab.servers.{kind}")
    if hasattr(module, "datagram_responder"):
        ctx.peer(f"udp/{place}", _datagrams(module.datagram_responder(setting), bend))
    if hasattr(module, "stream_responder"):
        ctx.stream_peer(
            f"tcp/{place}", StreamPeer(lambda: _conversation(module.stream_responder(setting, _HERE), bend))
        )
    if kind == "http":
        ctx.site(f"tcp/{place}", lambda method, path, body: _fetched(method, path, body, setting, bend))


def _bent(answers: Answers, bend: Bend) -> Answers:
    return [(delay_s, bend(data)) for delay_s, data in answers] if isinstance(answers, list) else answers


def _datagrams(responder: object, bend: Bend) -> Callable[[bytes], Answers]:
    def answer(payload: bytes) -> Answers:
        said = responder.received(payload, _HERE)  # type: ignore[attr-defined]  # a DatagramResponder, by its module
        return [(_DELAY_S, bend(one.data)) for one in said if one.destination == _HERE]

    return answer


def _conversation(responder: StreamResponder, bend: Bend) -> StreamHandler:
    def said(data: bytes) -> StreamAnswers:
        if not data:
            return []
        reply = responder.received(data)
        pieces = [reply.data, *itertools.islice(reply.more or (), _MOST_PIECES)]
        answers: list[tuple[float, bytes | Failure]] = [(_DELAY_S, bend(piece)) for piece in pieces if piece]
        return [*answers, *([(_DELAY_S, Failure.eof)] if reply.close else [])]

    return said


def _fetched(method: str, path: str, body: bytes, setting: Setting, bend: Bend) -> Fetched:
    place, _, query = path.partition("?")
    headers = {"content-type": "application/dns-message"} if method == "POST" else {}
    request = Request(method, place, dict(parse_qsl(query)), headers, body=body, body_bytes=len(body))
    response = answer_request(request, setting)
    content = bytes(min(response.body, _KEPT_BYTES)) if isinstance(response.body, int) else bend(response.body)
    size_bytes = response.body if isinstance(response.body, int) else len(content)
    return Fetched(int(response.status), dict(response.headers), content, size_bytes, 60.0, 80.0)


def targets_of_the_lab() -> tuple[Target, ...]:
    """The catalogue as callcheck has it in the lab, but for what speedtest would dial by itself."""
    return tuple(target for target in world.targets_in_the_lab() if target.protocol != "speedtest")
