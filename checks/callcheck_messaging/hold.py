"""Keeps connections that were answered, and asks them again: does one that stands fall silent? (facts 3.2)"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from callcheck.api import Context, Failure, Observation, Stream, Target
from callcheck_messaging.forms import Conversation, Heard
from callcheck_messaging.talk import Asked, Limits, ask_anew, exchange, listen

_SHORTEST_WAIT_S = 1.6
_LAST_WORD_S = 0.3


@dataclass(slots=True)
class Slots:
    """Who is held, and who was answered: one connection a service and form, each at an endpoint of its own."""

    after_s: tuple[float, ...]
    until_us: int
    forms: set[tuple[str, str, str]] = field(default_factory=set)
    endpoints: set[str] = field(default_factory=set)
    answered: dict[str, Target] = field(default_factory=dict)

    def take(self, target: Target, form: str) -> bool:
        """Whether this connection is to be held; the place is then taken."""
        key = (target.service, target.protocol, form)
        if not self.after_s or key in self.forms or target.endpoint in self.endpoints:
            return False
        self.forms.add(key)
        self.endpoints.add(target.endpoint)
        return True


async def hold(ctx: Context, asked: Asked, form: str, slots: Slots, limits: Limits) -> None:
    """One `messaging.hold` for each time it was asked again (0 s: at once, so that it is known to answer twice), and
    one `messaging.fresh` for a new connection where the last question was not answered."""
    stream, conversation = asked.stream, asked.conversation
    if stream is None or conversation is None:
        return
    started_us = ctx.now_us()
    wait_s = max(_SHORTEST_WAIT_S, 3 * (asked.rtt_ms or 0) / 1000)
    most_s = (slots.until_us - started_us) / 1e6 - 2 * wait_s - _LAST_WORD_S
    held = _Held(asked.target, form, stream, conversation, wait_s, limits)
    times_s = [0.0, *(after_s for after_s in slots.after_s if after_s <= most_s)]
    for after_s in times_s:
        await ctx.sleep(max(0.0, after_s - (ctx.now_us() - started_us) / 1e6))
        if not await _once_more(ctx, held, after_s, is_last=0 < after_s == times_s[-1]):
            return


@dataclass(frozen=True, slots=True)
class _Held:
    target: Target
    form: str
    stream: Stream
    conversation: Conversation
    wait_s: float
    limits: Limits


async def _once_more(ctx: Context, held: _Held, after_s: float, *, is_last: bool) -> bool:
    """Ask once and write it down; False where the connection is over."""
    question = held.conversation.again(ctx.random_bytes, time.time())
    if not question and after_s == 0.0:
        return True  # it cannot be asked twice: it is only watched
    data: dict[str, object] = {"after_s": after_s, "asked_again": bool(question)}
    before = held.stream.state()
    until_us = ctx.now_us() + round(held.wait_s * 1e6)
    if question:
        heard, rtt_ms = await exchange(ctx, held.stream, held.conversation, question, until_us)
        data |= {} if rtt_ms is None else {"rtt_ms": rtt_ms}
    else:
        heard = await _heard(ctx, held, until_us)
    after = held.stream.state()
    if question and before is not None and after is not None:
        data["acknowledged"] = after.bytes_acked - before.bytes_acked >= len(question)
    if heard.failure is Failure.timeout and question and is_last:
        await _anew(ctx, held)
        # What a full queue held back has come by now, as the new connection's answer has.
        late = await _heard(ctx, held, ctx.now_us() + round(_LAST_WORD_S * 1e6))
        heard = late if late.failure is None else heard
    data["answered"] = heard.failure is None
    ctx.emit(Observation(op="messaging.hold", target=held.target, form=held.form, failure=heard.failure, data=data))
    # A server that does not answer twice at once can tell nothing later.
    return heard.failure is None or (heard.failure is Failure.timeout and after_s > 0)


async def _heard(ctx: Context, held: _Held, until_us: int) -> Heard:
    heard = await listen(ctx, held.stream, held.conversation, until_us)
    return Heard(heard) if isinstance(heard, Failure) else heard


async def _anew(ctx: Context, held: _Held) -> None:
    limits = Limits(min(held.limits.connect_s, held.wait_s / 2), held.wait_s / 2)
    new = await ask_anew(ctx, held.target, held.form, limits)
    if new.stream is not None:
        await new.stream.close()
    data: dict[str, object] = {"answered": new.heard.failure is None}
    ctx.emit(
        Observation(op="messaging.fresh", target=held.target, form=held.form, failure=new.heard.failure, data=data)
    )
