"""What is asked when: benign questions first, what a rule may punish last, and one benign question after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from callcheck.api import Depth, Target
from callcheck.codec.questions import FORMS, TRIGGER_FORMS


@dataclass(frozen=True, slots=True)
class Plan:
    """Questions an endpoint by form (`main`: what Telegram's calls begin with; `other`: Allocate, and WhatsApp's two),
    each on a source port of its own, one address every `spacing_s`; so many benign ones come `after` the triggers. No
    question begins that could not wait `timeout_s` before `ends_s` (since the start). `full` asks for the list of
    relays and by TCP in any case.
    """

    main: int
    other: int
    classic: int
    after: int
    spacing_s: float
    timeout_s: float
    ends_s: float
    full: bool


_PLANS: dict[Depth, Plan] = {
    "quick": Plan(main=3, other=3, classic=2, after=1, spacing_s=0.12, timeout_s=1.5, ends_s=3.3, full=False),
    "standard": Plan(main=8, other=5, classic=3, after=2, spacing_s=0.15, timeout_s=1.5, ends_s=7.6, full=True),
    "deep": Plan(main=8, other=5, classic=4, after=2, spacing_s=0.2, timeout_s=1.5, ends_s=11.5, full=True),
}
_OTHER_FORMS = frozenset({"allocate", "stun", "dtls"})


def plan_for(depth: Depth, *, asks: int, timeout_s: float) -> Plan:
    """The depth's plan; `asks` above 0 sets how often each form but the classic one is asked."""
    plan = replace(_PLANS[depth], timeout_s=timeout_s)
    return replace(plan, main=min(asks, 10), other=min(asks, 10)) if asks > 0 else plan


@dataclass(frozen=True, slots=True)
class Turn:
    """One question: when it begins (seconds since the start, without the address's own phase), and to whom."""

    start_s: float
    endpoint: Target
    form: str
    after: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """All turns, and when the first of the triggers may leave and the last of them has."""

    turns: tuple[Turn, ...]
    triggers_s: float
    triggered_s: float


def schedule(endpoints: Sequence[Target], plan: Plan, shuffled: Callable[[list[str]], list[str]]) -> Schedule:
    """Every endpoint's turns. Those of one address share its rhythm, whatever the port."""
    places: dict[str, list[Target]] = {}
    for endpoint in endpoints:
        places.setdefault(endpoint.address or endpoint.host, []).append(endpoint)
    benign = {place: _asks(here, plan, shuffled, triggers=False) for place, here in places.items()}
    triggers = {place: _asks(here, plan, shuffled, triggers=True) for place, here in places.items()}
    # The address's phase adds up to one spacing more.
    triggers_s = plan.spacing_s * (1 + max(map(len, benign.values()), default=0))
    triggered_s = triggers_s + plan.spacing_s * max(map(len, triggers.values()), default=0)
    turns = [*_paced(benign, 0.0, plan), *_paced(triggers, triggers_s, plan)]
    if any(triggers.values()):
        after = {place: [(one, main_benign(one)) for one in here] * plan.after for place, here in places.items()}
        turns += _paced(after, triggered_s + plan.spacing_s, plan, after=True)
    return Schedule(tuple(turns), triggers_s, triggered_s)


def main_benign(endpoint: Target) -> str:
    """The form that apps try first among those that no rule is known to punish; "" where there is none."""
    return next((form for form in FORMS.get(endpoint.protocol, {}) if form not in TRIGGER_FORMS), "")


def _asks(
    endpoints: Sequence[Target], plan: Plan, shuffled: Callable[[list[str]], list[str]], *, triggers: bool
) -> list[tuple[Target, str]]:
    asks: list[tuple[Target, str]] = []
    for endpoint in endpoints:
        forms = [form for form in FORMS[endpoint.protocol] if (form in TRIGGER_FORMS) is triggers]
        asks += [(endpoint, form) for form in shuffled([form for form in forms for _ in range(_count(form, plan))])]
    return asks


def _count(form: str, plan: Plan) -> int:
    return plan.classic if form == "classic" else plan.other if form in _OTHER_FORMS else plan.main


def _paced(asks: dict[str, list[tuple[Target, str]]], from_s: float, plan: Plan, *, after: bool = False) -> list[Turn]:
    return [
        Turn(from_s + place * plan.spacing_s, endpoint, form, after)
        for here in asks.values()
        for place, (endpoint, form) in enumerate(here)
        if form
    ]
