"""When which address may be asked again, and how long there is time for it."""

from __future__ import annotations

from callcheck.api import Context


class Pacer:
    """Gives each responder's questions their turns: never closer than `spacing_s`, in a phase of its own.

    All ports and names of one address share its turns. A turn that begins too late for a whole wait of `timeout_s`
    before `ends_s` is refused: a shortened wait would call a slow host silent.
    """

    def __init__(self, ctx: Context, *, spacing_s: float, ends_s: float) -> None:
        self._ctx = ctx
        self._spacing_us = int(spacing_s * 1e6)
        self._ends_us = ctx.now_us() + int(ends_s * 1e6)
        self._next_us: dict[str, int] = {}

    def left_s(self) -> float:
        """Seconds until the end, 0 after it."""
        return max(0, self._ends_us - self._ctx.now_us()) / 1e6

    async def turn(self, responder: str, *, wait_s: float, not_before_us: int = 0) -> bool:
        """Wait for the responder's next turn; False where there is no time left to wait `wait_s` for an answer."""
        now_us = self._ctx.now_us()
        if responder not in self._next_us:
            self._next_us[responder] = now_us + self._spacing_us * self._ctx.random_bytes(1)[0] // 255
        start_us = max(self._next_us[responder], now_us, not_before_us)
        if start_us + int(wait_s * 1e6) > self._ends_us:
            return False
        self._next_us[responder] = start_us + self._spacing_us
        await self._ctx.sleep((start_us - now_us) / 1e6)
        return True
