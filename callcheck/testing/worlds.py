"""Networks in which every check must behave: silent, full of garbage, refusing, and none at all."""

from __future__ import annotations

import random
from collections.abc import Callable

from callcheck.api import Failure, Fetched, IcmpError, LinkState
from callcheck.testing.context import FakeContext
from callcheck.testing.sockets import Answers, StreamAnswers, StreamHandler, StreamPeer

World = Callable[[FakeContext], None]

_LONGEST_GARBAGE_BYTES = 200


def silent(ctx: FakeContext) -> None:
    """Names resolve, and nothing else ever comes back."""
    ctx.other_names = ["192.0.2.1"]


def garbage(ctx: FakeContext) -> None:
    """Everybody answers, with random bytes or with the question, whole, cut or bent."""
    chance = random.Random(ctx.random_bytes(8))
    ctx.answered_targets = list(ctx.targets())
    ctx.other_names = ["192.0.2.1"]

    def answer(question: bytes) -> list[tuple[float, bytes]]:
        return [(chance.uniform(0.0, 0.2), _garbage(question, chance)) for _ in range(chance.randint(0, 3))]

    def datagram(question: bytes) -> Answers:
        return answer(question)

    def hop(question: bytes, ttl: int) -> Answers:
        return answer(question) if ttl % 2 else _icmp(11, 0, f"192.0.2.{ttl % 256}")

    def connection() -> StreamHandler:
        def said(question: bytes) -> StreamAnswers:
            return [*answer(question), *([(0.3, Failure.reset)] if chance.random() < 0.1 else [])]

        return said

    ctx.other_datagrams = datagram
    ctx.other_hops = hop
    ctx.other_streams = StreamPeer(connection)
    ctx.other_sites = lambda _method, path, _body: Fetched(
        chance.choice((200, 204, 302, 404, 511)), {}, _garbage(path.encode(), chance), 200, 20.0, 40.0
    )
    ctx.flow_answers = lambda _arm, _number: chance.uniform(0.0, 0.3) if chance.random() < 0.5 else None


def refusing(ctx: FakeContext) -> None:
    """Names are missing, UDP ports are closed, TCP is reset, echoes are not allowed."""
    ctx.answered_targets = list(ctx.targets())
    ctx.other_datagrams = lambda _payload: _icmp(3, 3, "192.0.2.1")
    ctx.other_hops = lambda _payload, _ttl: _icmp(3, 13, "192.0.2.1")
    ctx.other_streams = Failure.refused
    ctx.other_sites = lambda _method, _path, _body: Failure.refused
    ctx.icmp_failure = Failure.permission


def offline(ctx: FakeContext) -> None:
    """No route: nothing can be sent, no name resolves."""
    ctx.link_state = LinkState(default_route=False, gateway="", interface="", tunnel=False, wireless=None, resolvers=())
    ctx.other_names = Failure.resolver_failed
    ctx.other_streams = Failure.network_unreachable
    ctx.other_sites = lambda _method, _path, _body: Failure.network_unreachable
    ctx.udp_failure = Failure.network_unreachable
    ctx.icmp_failure = Failure.network_unreachable


WORLDS: dict[str, World] = {"silent": silent, "garbage": garbage, "refusing": refusing, "offline": offline}


def _icmp(icmp_type: int, code: int, hop: str) -> IcmpError:
    failure = Failure.expired if icmp_type == 11 else Failure.refused
    return IcmpError(failure=failure, hop=hop, icmp_type=icmp_type, icmp_code=code, received_us=0)


def _garbage(question: bytes, chance: random.Random) -> bytes:
    shape = chance.choice(("random", "echo", "cut", "bent"))
    if shape == "random" or not question:
        return chance.randbytes(chance.randint(1, _LONGEST_GARBAGE_BYTES))
    if shape == "echo":
        return question
    if shape == "cut":
        return question[: chance.randint(1, len(question))]
    place = chance.randrange(len(question))
    return question[:place] + bytes([question[place] ^ (1 << chance.randrange(8))]) + question[place + 1 :]
