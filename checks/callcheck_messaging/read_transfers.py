"""What transfers say: do those of the service freeze part of the way while a neutral site's finish?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from callcheck.api import Claim, Evidence, Failure, Numbered, Observation

Seen = Sequence[Numbered[Observation]]

_ENOUGH = 2
_ENOUGH_ANSWERS = 2
_LONG_BYTES = 40_000
_IDLE_MS = 2_000
_ROUNDS = (1, 2)
_FORMS = ("download", "upload", "chain")


class _Transfer(msgspec.Struct, frozen=True):
    endpoint: str
    form: str
    round: float
    failure: Failure | None
    data: dict[str, object]
    is_control: bool

    def number(self, key: str) -> float:
        value = self.data.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else 0.0

    @property
    def finished(self) -> bool:
        """All of it came through, and it was long enough to show a freeze."""
        if self.failure is not None:
            return False
        if self.form == "chain":
            return self.number("answers") >= self.number("wanted_answers") > 0
        return self.form == "upload" or self.number("moved_bytes") >= _LONG_BYTES

    @property
    def froze(self) -> bool:
        """It had begun, and then nothing more came although there was time."""
        if self.failure is not Failure.timeout:
            return False
        if self.form == "download":
            return self.number("moved_bytes") > 0 and self.number("idle_ms") >= _IDLE_MS
        if self.form == "chain":
            return self.number("answers") >= _ENOUGH_ANSWERS and self.data.get("acknowledged") is False
        return self.number("waited_ms") > 0


def transfers_finish(observations: Seen) -> Iterable[Evidence]:
    """-3 where two different transfers of a service froze in both rounds while neutral ones of their kind went on;
    -1 where only once; 3 where two finished and none froze."""
    seen = [one for one in observations if one.value.op == "messaging.transfer" and one.value.target]
    controls = [made for one in seen if (made := _transfer(one)).is_control]
    for service in sorted({one.value.target.service for one in seen if one.value.target} - {""}):
        of_service = [one for one in seen if one.value.target and one.value.target.service == service]
        transfers = [made for one in of_service if (made := _transfer(one)).form in _FORMS]
        if transfers:
            yield _evidence(service, transfers, controls, tuple(one.seq for one in (*of_service, *_of_controls(seen))))


def _of_controls(seen: Seen) -> Seen:
    return [one for one in seen if one.value.target and one.value.target.role == "control"]


def _transfer(one: Numbered[Observation]) -> _Transfer:
    value = one.value
    number = value.data.get("round")
    return _Transfer(
        endpoint=value.target.endpoint if value.target else "",
        form=value.form,
        round=number if isinstance(number, int | float) else 0,
        failure=value.failure,
        data=value.data,
        is_control=value.target is not None and value.target.role == "control",
    )


def _evidence(
    service: str, transfers: Sequence[_Transfer], controls: Sequence[_Transfer], seqs: tuple[int, ...]
) -> Evidence:
    finished = {(one.endpoint, one.form) for one in transfers if one.finished}
    frozen = [one for one in transfers if one.froze]
    by_round = [
        {(one.endpoint, one.form) for one in frozen if one.round == number and _stands_out(one, controls)} - finished
        for number in _ROUNDS
    ]
    repeated = by_round[0] & by_round[1]
    told = {(one.endpoint, one.form) for one in frozen} | finished
    facts: dict[str, object] = {"asked": len(told), "finished": len(finished), **_range(frozen), **_resent(transfers)}
    return Evidence(
        service=service,
        function="messaging",
        claim=Claim.transfers_finish,
        facts=facts,
        strength=_strength(len(repeated), len(by_round[0]), len(finished), any_frozen=bool(frozen)),
        group=f"transfer:{service}",
        seqs=seqs,
    )


def _strength(repeated: int, once: int, finished: int, *, any_frozen: bool) -> int:
    if repeated >= _ENOUGH:
        return -3
    if any_frozen or not finished:
        return -1 if once >= _ENOUGH else 0
    return 3 if finished >= _ENOUGH else 2


def _stands_out(one: _Transfer, controls: Sequence[_Transfer]) -> bool:
    """A neutral transfer of the same round got further; an upload shows no progress, so it must have been twice as
    quick as the time that ours had."""
    same = [control for control in controls if control.round == one.round and control.finished]
    if one.form == "upload":
        return any(c.form == "upload" and 2 * c.number("took_ms") <= one.number("waited_ms") for c in same)
    return any(c.form == "download" and c.number("moved_bytes") > one.number("moved_bytes") for c in same)


def _range(frozen: Sequence[_Transfer]) -> dict[str, object]:
    """Where downloads and chains froze; of an upload nobody here knows."""
    sizes = [round(one.number("moved_bytes")) for one in frozen if one.form != "upload" and one.number("moved_bytes")]
    return {"frozen_low_bytes": min(sizes), "frozen_high_bytes": max(sizes)} if sizes else {}


def _resent(transfers: Sequence[_Transfer]) -> dict[str, object]:
    """Segments that our side sent again, of all that it sent; the other side's are not told."""
    sent = sum(one.number("segments_sent") for one in transfers)
    again = sum(one.number("retransmitted") for one in transfers)
    return {"retransmitted_ratio": round(again / sent, 3)} if 0 < sent >= again else {}
