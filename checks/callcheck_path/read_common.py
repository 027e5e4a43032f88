"""Reads from packets that expire at one router, a call's and others', whether the call's are lost before it.

The probes of a round leave in the same instant and fail by themselves (each on a 5-tuple of its own), so that counts
are compared: Fisher's exact test, one-sided. It localises; it never clears, as loss may stand behind the hop.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from callcheck.api import NEVER_LEFT, Claim, Evidence, Numbered, Observation
from callcheck.stats.excess import LEAST_DIFFERENCE_RATIO
from callcheck.stats.intervals import Counted, newcombe
from callcheck.words import Failure

_ALPHA = 0.01
# A batch that does not even lean that way speaks against another that holds.
_LEANING = 0.05
_FEWEST_PROBES = 40
_FEWEST_CONTROLS = 2
# Below this the router limits its errors, and who is answered is the limit's choice.
_LEAST_BACK_RATIO = 0.7
# A way that is balanced over several routers, each with a limit of its own, is no common hop.
_LEAST_ALIKE_RATIO = 0.8

Probes = Sequence[Numbered[Observation]]


class Arm(msgspec.Struct, frozen=True):
    """Packets sent towards one place, and the routers at which they expired."""

    sent: int
    routers: Counter[str]

    @property
    def back(self) -> int:
        return self.routers.total()

    @property
    def lost(self) -> Counted:
        return Counted(self.sent - self.back, self.sent)

    def meets(self, router: str) -> bool:
        return self.back > 0 and self.routers[router] >= _LEAST_ALIKE_RATIO * self.back


class Batch(msgspec.Struct, frozen=True):
    """One batch of rounds: the subject by address, the controls by network; `is_told` where a router said of a call's
    packet that it will not pass it on, which is no loss."""

    subjects: dict[str, Arm]
    controls: dict[str, Arm]
    is_told: bool

    @property
    def subject(self) -> Arm:
        return _pooled(self.subjects.values())

    @property
    def pooled_controls(self) -> Arm:
        return _pooled(self.controls.values())

    @property
    def controls_come_back(self) -> bool:
        """Whether the router reports enough of the controls' packets to count by."""
        controls = self.pooled_controls
        return controls.sent > 0 and controls.back >= _LEAST_BACK_RATIO * controls.sent

    @property
    def is_sound(self) -> bool:
        """Whether the counts can be compared: one router for all, controls that agree, nobody told to stay out."""
        router = next((name for name, _ in self.pooled_controls.routers.most_common(1)), "")
        return (
            bool(router)
            and not self.is_told
            and len(self.controls) >= _FEWEST_CONTROLS
            and self.controls_come_back
            and self.subject.sent >= _FEWEST_PROBES
            and self.subject.meets(router)
            and all(arm.meets(router) for arm in self.controls.values())
            and self._controls_agree
        )

    @property
    def _controls_agree(self) -> bool:
        arms = list(self.controls.values())
        for number, arm in enumerate(arms):
            others = _pooled(arms[:number] + arms[number + 1 :])
            if min(fisher_p(arm.lost, others.lost), fisher_p(others.lost, arm.lost)) < _ALPHA:
                return False
        return True

    @property
    def p_value(self) -> float:
        return fisher_p(self.subject.lost, self.pooled_controls.lost)

    @property
    def subject_loses_more(self) -> bool:
        return self.is_sound and _more(self.subject, self.pooled_controls)

    @property
    def at_every_address(self) -> bool:
        """Whether the difference stays when the worst of the subject's addresses is left out: one bad link of a bundle
        carries the packets to some addresses only."""
        worst = max(self.subjects, key=lambda address: self.subjects[address].lost.ratio)
        rest = _pooled(arm for address, arm in self.subjects.items() if address != worst)
        return rest.sent > 0 and _more(rest, self.pooled_controls)


def fisher_p(one: Counted, other: Counted) -> float:
    """One-sided p of Fisher's exact test: that so large a part of the counts, or a larger, falls to `one`."""
    hits, total = one.count + other.count, one.total + other.total
    if not one.total or not other.total or not hits:
        return 1.0
    ways = sum(
        math.comb(hits, count) * math.comb(total - hits, one.total - count)
        for count in range(one.count, min(hits, one.total) + 1)
    )
    return ways / math.comb(total, one.total)


def batch_of(observations: Iterable[Observation]) -> Batch:
    """The counts of the probes at a common hop; what never left this machine is none of them."""
    probes = [one for one in observations if one.target is not None and one.failure not in NEVER_LEFT]
    calls = [one for one in probes if one.form == "call"]
    told = {Failure.host_unreachable, Failure.refused}
    return Batch(
        subjects=_arms((one.target.address if one.target else "", one) for one in calls),
        controls=_arms((one.target.network if one.target else "", one) for one in probes if one.form != "call"),
        is_told=any(one.failure in told for one in calls),
    )


def read_common(observations: Probes) -> list[Evidence]:
    """path_loses_evenly for every service whose packets were compared at a hop."""
    probes = [one for one in observations if one.value.data.get("stage") == "common" and _batch_number(one.value) >= 0]
    services = dict.fromkeys(_service(one.value) for one in probes)
    return [_evidence(name, [one for one in probes if _service(one.value) == name]) for name in services if name]


def _evidence(service: str, probes: Probes) -> Evidence:
    numbers = sorted({_batch_number(one.value) for one in probes} - {0})
    batches = [batch_of(one.value for one in probes if _batch_number(one.value) == number) for number in numbers]
    counted = [one for one in probes if _batch_number(one.value) > 0]
    whole = batch_of(one.value for one in (counted or probes))
    subject, controls = whole.subject, whole.pooled_controls
    difference = newcombe(subject.lost, controls.lost)
    hop = max((ttl for one in (counted or probes) if isinstance(ttl := one.value.data.get("ttl"), int)), default=0)
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.path_loses_evenly,
        facts={
            "hop": hop,
            "sent": subject.sent,
            "loss_ratio": round(subject.lost.ratio, 4),
            "controls_loss_ratio": round(controls.lost.ratio, 4),
            "p_value": round(whole.p_value, 6),
            "controls": len(whole.controls),
            "controls_sent": controls.sent,
            "addresses": len(whole.subjects),
            "batches": len(batches),
            "batches_held": sum(batch.subject_loses_more for batch in batches),
            "more_low_ratio": round(difference.low, 4),
            "more_high_ratio": round(difference.high, 4),
        },
        strength=_strength(batches, whole),
        group=f"path:{service}",
        seqs=tuple(one.seq for one in probes),
    )


def _strength(batches: Sequence[Batch], whole: Batch) -> int:
    """-3 where a second batch shows it as well, at several addresses; less where it rests on less; never above 0."""
    held = sum(batch.subject_loses_more for batch in batches)
    if not held or not whole.subject_loses_more or any(batch.p_value > _LEANING for batch in batches):
        return 0
    if not whole.at_every_address:
        return -1
    return -3 if held >= 2 else -2


def _more(subject: Arm, controls: Arm) -> bool:
    """More loss than by chance (p < 0.01), and by 3 points at least: the lower bound of the difference (DESIGN 7)."""
    least = newcombe(subject.lost, controls.lost).low
    return fisher_p(subject.lost, controls.lost) < _ALPHA and least >= LEAST_DIFFERENCE_RATIO


def _arms(keyed: Iterable[tuple[str, Observation]]) -> dict[str, Arm]:
    sent: Counter[str] = Counter()
    routers: dict[str, Counter[str]] = {}
    for key, one in keyed:
        sent[key] += 1
        at = routers.setdefault(key, Counter())
        if one.failure is Failure.expired:
            at[str(one.data.get("hop", ""))] += 1
    return {key: Arm(count, routers[key]) for key, count in sent.items()}


def _pooled(arms: Iterable[Arm]) -> Arm:
    sent, routers = 0, Counter[str]()
    for arm in arms:
        sent, routers = sent + arm.sent, routers + arm.routers
    return Arm(sent, routers)


def _batch_number(observation: Observation) -> int:
    number = observation.data.get("batch")
    return number if isinstance(number, int) else -1


def _service(observation: Observation) -> str:
    value = observation.data.get("about_service")
    return value if isinstance(value, str) else ""
