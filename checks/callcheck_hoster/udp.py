"""The flow over UDP: STUN questions at a steady pace on one socket (RFC 8489), and after its death a fresh one."""

from __future__ import annotations

import asyncio

from callcheck.api import Context, Datagram, Failure, Observation, Packet, Target
from callcheck.codec import stun
from callcheck_hoster.series import Series, facts_of, is_cut

# Ten questions a second to one host, from however many ports.
SPACING_S = 0.1
_PATIENCE_S = 1.2
_RENEWED = 4
_ID_BYTES = 12
# Turns that are late do not catch up all at once: the pace is a promise to the host.
_LEAST_US = round(0.8 * SPACING_S * 1e6)


class _Line:
    """A socket of its own with what was asked and answered on it."""

    def __init__(self, ctx: Context, sock: Datagram) -> None:
        self._ctx = ctx
        self._sock = sock
        self._numbers: dict[bytes, int] = {}
        self.series = Series()

    def ask(self) -> Failure | None:
        number = len(self._numbers)
        transaction_id = self._ctx.random_bytes(_ID_BYTES)
        self._numbers[transaction_id] = number
        sent_us = self._sock.send(stun.binding_request(transaction_id))
        if isinstance(sent_us, Failure):
            return sent_us
        self.series.sent_us[number] = sent_us
        return None

    async def listen(self, until_us: int, *, everything: bool) -> None:
        """Note the answers up to `until_us`; with `everything` only until all are in."""
        while (left_us := until_us - self._ctx.now_us()) > 0:
            if everything and len(self.series.heard_us) == len(self.series.sent_us):
                return
            heard = await self._sock.receive(timeout_s=left_us / 1e6)
            if isinstance(heard, Packet):
                self._note(heard)

    def _note(self, heard: Packet) -> None:
        message = stun.decode(heard.payload)
        if isinstance(message, stun.Message) and message.kind == "success":
            number = self._numbers.get(message.transaction_id)
            if number is not None:
                self.series.heard_us.setdefault(number, heard.received_us)

    def close(self) -> None:
        self._sock.close()


async def follow_udp(ctx: Context, host: Target, questions: int) -> None:
    """One `hoster.flow` (form `stun`); see the README for its data."""
    sock = await ctx.udp(host)
    if isinstance(sock, Failure):
        ctx.emit(Observation(op="hoster.flow", target=host, form="stun", failure=sock))
        return
    line = _Line(ctx, sock)
    try:
        # Hosts that are asked side by side shall not be asked in step.
        await ctx.sleep(ctx.random_bytes(1)[0] / 255 * SPACING_S)
        failure = await _ask_all(ctx, [line] * questions)
        data = {**facts_of(line.series), "fell_silent": line.series.fell_silent}
        if line.series.fell_silent:
            data |= await _compare(ctx, host, line)
    finally:
        line.close()
    if not line.series.heard_us or is_cut(data):
        failure = failure or Failure.timeout
    ctx.emit(Observation(op="hoster.flow", target=host, form="stun", failure=failure, data=data))


async def _compare(ctx: Context, host: Target, dead: _Line) -> dict[str, object]:
    """The dead flow and a new one in turn, in the same second: whatever silences the host silences both."""
    sock = await ctx.udp(host)
    if isinstance(sock, Failure):
        return {}
    fresh = _Line(ctx, sock)
    try:
        asked, answered = len(dead.series.sent_us), len(dead.series.heard_us)
        await _ask_all(ctx, [fresh, dead] * _RENEWED)
    finally:
        fresh.close()
    return {
        "renewed_asked": len(fresh.series.sent_us),
        "renewed_answered": len(fresh.series.heard_us),
        "again_asked": len(dead.series.sent_us) - asked,
        "again_answered": len(dead.series.heard_us) - answered,
    }


async def _ask_all(ctx: Context, turns: list[_Line]) -> Failure | None:
    """One question each turn, then some patience; why the system refused to send, if it did."""
    lines = list(dict.fromkeys(turns))
    start_us = ctx.now_us()
    failure: Failure | None = None
    for turn, line in enumerate(turns, start=1):
        failure = line.ask() or failure
        next_us = max(start_us + round(turn * SPACING_S * 1e6), ctx.now_us() + _LEAST_US)
        await _listen_all(lines, next_us, everything=False)
    await _listen_all(lines, ctx.now_us() + round(_PATIENCE_S * 1e6), everything=True)
    return failure


async def _listen_all(lines: list[_Line], until_us: int, *, everything: bool) -> None:
    async with asyncio.TaskGroup() as group:
        for line in lines:
            group.create_task(line.listen(until_us, everything=everything))
