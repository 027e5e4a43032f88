"""What a hypothesis is: a cause, and what it predicts of the signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

import msgspec

from callcheck.verdict.signs import Sign
from callcheck.words import Cause, Mechanism


class Chance(Enum):
    """How sure a hypothesis is that a sign says yes. For `yes` and `no` the calibration knows how often a sign of each
    strength errs."""

    yes = "yes"
    likely = "likely"
    rarely = "rarely"
    no = "no"

    @property
    def is_rather_yes(self) -> bool:
        return self in {Chance.yes, Chance.likely}


YES, LIKELY, RARELY, NO = Chance.yes, Chance.likely, Chance.rarely, Chance.no


class Contrast(Enum):
    """What must be seen before a hypothesis may accuse (DESIGN 2.2); see `gates`."""

    stops_short = "stops_short"
    one_form = "one_form"
    same_death = "same_death"
    loss_before_a_hop = "loss_before_a_hop"
    constant_goodput = "constant_goodput"
    name_only = "name_only"
    transfers_only = "transfers_only"


class Hypothesis(msgspec.Struct, frozen=True):
    """One way in which a function of a service may come to be as it is.

    `prior` is relative; no two differ by more than the leak. `needs` is the contrast without which it may not accuse,
    `mechanism` what it would be (the evidence may say it more exactly), `timed` whether it rests on when packets left.
    """

    name: str
    cause: Cause
    predicts: Mapping[Sign, Chance]
    prior: float = 1.0
    mechanism: Mechanism = "none"
    needs: Contrast | None = None
    timed: bool = False
    shown_by: tuple[Sign, ...] = ()

    @property
    def tells(self) -> frozenset[Sign]:
        """The signs by which it differs from what should be, or those that it names itself. Where nothing is known of
        any of them, nobody looked."""
        return frozenset(self.shown_by) or frozenset(
            sign
            for sign, chance in self.predicts.items()
            if sign not in AS_IT_SHOULD_BE or chance.is_rather_yes != AS_IT_SHOULD_BE[sign].is_rather_yes
        )


S = Sign
# Where nothing is wrong. A router that does not answer pings, or a slow line, is nothing wrong.
AS_IT_SHOULD_BE: Final[dict[Sign, Chance]] = {
    **dict.fromkeys((S.route, S.tcp, S.controls, S.cookie, S.names, S.names_true), YES),
    **dict.fromkeys((S.text, S.text_stays, S.transfers, S.name_passes), YES),
    **dict.fromkeys((S.relays, S.path, S.forms, S.stream, S.evenly, S.steady), YES),
    **dict.fromkeys((S.domestic, S.carry, S.gateway, S.web_at_home, S.web_abroad), LIKELY),
    **dict.fromkeys((S.quick_under_load, S.resolver), LIKELY),
    **dict.fromkeys((S.portal, S.refusals, S.late, S.cut_off, S.loses_more), NO),
    **dict.fromkeys((S.too_slow_for_a_call, S.shared_loss), NO),
    **dict.fromkeys((S.limited, S.doubled, S.intercepted), RARELY),
}


def but(
    *,
    yes: Iterable[Sign] = (),
    no: Iterable[Sign] = (),
    likely: Iterable[Sign] = (),
    rarely: Iterable[Sign] = (),
    opens: Iterable[Sign] = (),
) -> dict[Sign, Chance]:
    """What a hypothesis predicts: as it should be, but for these."""
    changed = {
        **dict.fromkeys(yes, YES),
        **dict.fromkeys(no, NO),
        **dict.fromkeys(likely, LIKELY),
        **dict.fromkeys(rarely, RARELY),
    }
    left_open = frozenset(opens)
    return {sign: chance for sign, chance in (AS_IT_SHOULD_BE | changed).items() if sign not in left_open}
