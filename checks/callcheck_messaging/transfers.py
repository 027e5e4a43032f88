"""Some ten kilobytes each way, and a chain of questions on one connection: what freezes, and after how much?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from callcheck.api import Context, Failure, Fetched, Observation, Stream, Target, TcpState
from callcheck_messaging.forms import Conversation, Heard
from callcheck_messaging.talk import Limits, ask_anew, exchange, place, shuffled

CHAIN_FORM = "obfuscated"
# With the connection's own packets some 24 both ways; and politeness allows ten questions a connection.
_CHAIN_QUESTIONS = 10
_CHAINS = 2
# A page that is shorter than this cannot show a freeze.
LONG_BYTES = 40_000
_UPLOAD_BYTES = 65_536
_PAGE_S = 2.2
_TRANSFER_S = 4.4
# Half of a transfer's time without a byte is a freeze and not a slow line.
_QUESTION_S = 1.5
_CHAIN_OPENS = Limits(1.2, 1.2)
_PLAIN = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class _Site:
    target: Target
    down: str
    up: str
    size_bytes: int
    page: str = "/"


async def measure_transfers(
    ctx: Context, *, size_bytes: int, answered: Mapping[str, Target], limits: Limits, until_us: int
) -> None:
    """One `messaging.transfer` for each page, download, upload and chain; what froze is tried in a second round,
    beside the neutral sites again."""
    found = await asyncio.gather(*(_site(ctx, target, size_bytes, limits) for target in _targets(ctx)))
    sites = [site for site in found if site is not None]
    chains = [target for target in answered.values() if target.protocol == "mtproto"][:_CHAINS]
    subjects = [site for site in sites if site.target.role == "subject"]
    controls = [site for site in sites if site.target.role == "control"]
    frozen = await _round(ctx, 1, [*subjects, *controls], chains)
    again = [site for site in subjects if site.target.service in frozen]
    if not frozen or until_us - ctx.now_us() < (_TRANSFER_S + 0.3) * 1e6:
        return
    again_chains = [target for target in chains if target.service in frozen]
    await _round(ctx, 2, [*again, *controls], again_chains)


def _targets(ctx: Context) -> list[Target]:
    """A site of each service; for comparison a neutral page and, where there is one, a site that gives any size."""
    media = {target.service: target for target in ctx.targets(role="subject", function="messaging", protocol="media")}
    pages = ctx.targets(role="control", protocol="https")
    speeds = ctx.targets(role="control", protocol="speed")
    return [*media.values(), *(some[ctx.random_bytes(1)[0] % len(some)] for some in (pages, speeds) if some)]


async def _site(ctx: Context, named: Target, size_bytes: int, limits: Limits) -> _Site | None:
    """The site with what to ask it for, once it has answered something small; None where it has not."""
    target = await place(ctx, named, limits.connect_s)
    if isinstance(target, Failure):
        return None
    if target.protocol == "speed":
        site = _Site(target, f"/__down?bytes={size_bytes}", "/__up", size_bytes, "/__down?bytes=1024")
        return site if await _fetch(ctx, site, "page", 0) else None
    site = _Site(target, f"/bytes?n={size_bytes}", "/upload", size_bytes)
    moved_bytes = await _fetch(ctx, site, "page", 0)
    if not moved_bytes:
        return None
    return _Site(target, "/", site.up, size_bytes) if moved_bytes >= LONG_BYTES else site


async def _round(ctx: Context, number: int, sites: list[_Site], chains: list[Target]) -> set[str]:
    """All at once, in random order; the services of which something froze."""
    runs = [
        *(_web(ctx, site, form, number) for site in sites for form in ("download", "upload")),
        *(_chain(ctx, target, number) for target in chains),
    ]
    return set(await asyncio.gather(*(runs[turn] for turn in shuffled(ctx, len(runs))))) - {""}


async def _web(ctx: Context, site: _Site, form: str, number: int) -> str:
    """The site's service if its transfer froze."""
    moved = await _fetch(ctx, site, form, number)
    return site.target.service if moved is None else ""


async def _fetch(ctx: Context, site: _Site, form: str, number: int) -> int | None:
    """Bytes of the answer's body (1 at least where there was an answer); None where the time was over.

    `idle_ms` is how long no byte had come when the time was over.
    """
    started_us = last_us = ctx.now_us()
    moved_bytes = 0

    def note(count_bytes: int) -> None:
        nonlocal moved_bytes, last_us
        moved_bytes, last_us = moved_bytes + count_bytes, ctx.now_us()

    is_upload = form == "upload"
    waited_s = _PAGE_S if form == "page" else _TRANSFER_S
    answer = await ctx.fetch(
        site.target,
        {"page": site.page, "download": site.down, "upload": site.up}[form],
        method="POST" if is_upload else "GET",
        headers=_PLAIN,
        content=ctx.random_bytes(_UPLOAD_BYTES) if is_upload else b"",
        timeout_s=waited_s,
        on_bytes=note,
    )
    now_us = ctx.now_us()
    data: dict[str, object] = {
        "round": number,
        "moved_bytes": moved_bytes,
        "took_ms": round((now_us - started_us) / 1e3),
    }
    if isinstance(answer, Fetched):
        data |= {"http_status": answer.status, "moved_bytes": answer.size_bytes}
    else:
        data |= {"idle_ms": round((now_us - last_us) / 1e3), "waited_ms": round(waited_s * 1e3)}
    if form != "page":
        data["wanted_bytes"] = _UPLOAD_BYTES if is_upload else site.size_bytes
    failure = answer if isinstance(answer, Failure) else None
    ctx.emit(Observation(op="messaging.transfer", target=site.target, form=form, failure=failure, data=data))
    if isinstance(answer, Fetched):
        return max(1, answer.size_bytes)
    if form == "page":
        return moved_bytes
    return None if answer is Failure.timeout else 0


async def _chain(ctx: Context, target: Target, number: int) -> str:
    """Ten questions one after another on one connection; the service if they ceased to be answered."""
    until_us = ctx.now_us() + round(_TRANSFER_S * 1e6)
    asked = await ask_anew(ctx, target, CHAIN_FORM, _CHAIN_OPENS)
    if asked.stream is None or asked.conversation is None:
        return ""
    try:
        answers, heard, data = await _questions(ctx, asked.stream, asked.conversation, asked.heard, until_us)
    finally:
        await asked.stream.close()
    data |= {"round": number, "answers": answers, "wanted_answers": _CHAIN_QUESTIONS}
    ctx.emit(Observation(op="messaging.transfer", target=asked.target, form="chain", failure=heard.failure, data=data))
    return target.service if heard.failure is Failure.timeout and answers else ""


async def _questions(
    ctx: Context, stream: Stream, conversation: Conversation, heard: Heard, until_us: int
) -> tuple[int, Heard, dict[str, object]]:
    """How many were answered, the last thing heard, and the counters. No question is begun that could not wait."""
    answers, data = int(heard.failure is None), dict[str, object]()
    while heard.failure is None and answers < _CHAIN_QUESTIONS and until_us - ctx.now_us() >= _QUESTION_S * 1e6:
        question = conversation.again(ctx.random_bytes, time.time())
        before = stream.state()
        heard, _ = await exchange(ctx, stream, conversation, question, ctx.now_us() + round(_QUESTION_S * 1e6))
        answers += heard.failure is None
        data = _counted(before, stream.state(), len(question))
    return answers, heard, data


def _counted(before: TcpState | None, after: TcpState | None, question_bytes: int) -> dict[str, object]:
    """What the kernel counted of the connection, and whether the other side's kernel had our last question."""
    if before is None or after is None:
        return {}
    return {
        "segments_sent": after.segments_sent,
        "segments_received": after.segments_received,
        "retransmitted": after.retransmitted,
        "moved_bytes": after.bytes_acked + after.bytes_received,
        "acknowledged": after.bytes_acked - before.bytes_acked >= question_bytes,
    }
