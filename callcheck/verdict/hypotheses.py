"""What each possible cause predicts of the signs: the table that the judge weighs evidence with.

A prediction is a chance that the sign, where anything is known of it, says yes. A hypothesis changes what it names and
predicts the rest as where nothing is wrong; what it `opens` it says nothing about. Several hypotheses may stand for one
cause, as an outage and a relay that refuses do; `unknown` has some of its own, which look like a block from one home
and are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from callcheck.verdict.hypothesis import NO, YES, Contrast, Hypothesis, but
from callcheck.verdict.signs import Sign
from callcheck.words import Function

S = Sign
_FOREIGN: Final = (S.text, S.relays, S.stream, S.controls, S.carry, S.web_abroad)
_BESIDE_THE_POINT: Final = (S.path, S.forms, S.cookie, S.names, S.names_true, S.doubled, S.intercepted, S.evenly)
_ANY_FUNCTION: Final = (
    Hypothesis(
        "no route",
        "offline",
        but(no=(*_FOREIGN, S.route, S.tcp, S.domestic, S.web_at_home, S.resolver), opens=_BESIDE_THE_POINT),
    ),
    Hypothesis(
        "line dead",
        "offline",
        but(no=(*_FOREIGN, S.tcp, S.domestic, S.web_at_home, S.resolver), opens=_BESIDE_THE_POINT),
    ),
    Hypothesis(
        "portal",
        "captive_portal",
        but(no=_FOREIGN, yes=(S.portal,), opens=(*_BESIDE_THE_POINT, S.tcp, S.domestic, S.web_at_home)),
        0.5,
        shown_by=(S.portal,),
    ),
    Hypothesis(
        "only what is listed",
        "allow_list",
        but(no=_FOREIGN, likely=(S.domestic,), opens=(*_BESIDE_THE_POINT, S.tcp, S.web_at_home)),
        0.5,
        shown_by=(S.web_abroad,),
    ),
)
_NAMES: Final = (
    Hypothesis(
        "names missing",
        "resolver",
        but(no=(S.names, S.text), yes=(S.names_elsewhere,), opens=(S.doubled, S.intercepted)),
        0.5,
        "dns",
        shown_by=(S.names,),
    ),
    Hypothesis(
        "names false",
        "resolver",
        but(no=(S.names_true, S.text), opens=(S.names, S.doubled, S.intercepted)),
        0.5,
        "dns",
        shown_by=(S.names_true,),
    ),
    Hypothesis(
        "resolver dead",
        "resolver",
        but(no=(S.resolver, S.text), opens=(S.names, S.names_true, S.web_abroad, S.web_at_home)),
        0.5,
        shown_by=(S.resolver,),
    ),
)
_ALL_LOSE: Final = but(
    no=(S.carry, S.stream),
    yes=(S.shared_loss,),
    likely=(S.text, S.relays, S.controls),
    opens=(S.steady, S.limited, S.late, S.transfers, S.text_stays, S.quick_under_load),
)
_UNSTEADY: Final = (S.steady, S.relays, S.stream, S.carry, S.shared_loss, S.transfers, S.text_stays, S.controls, S.late)
_LOSSES: Final = (S.stream, S.shared_loss)
# Of the service itself: what a cause that nobody thought of would show in.
_OWN: Final = (
    *(S.text, S.text_stays, S.transfers, S.name_passes, S.names, S.names_true, S.relays, S.refusals, S.path, S.forms),
    *(S.stream, S.late, S.cut_off, S.loses_more, S.limited, S.too_slow_for_a_call, S.evenly, S.shared_loss),
)
# The prior of these is the calibration's leak.
LEAKS: Final = (
    Hypothesis("something else about this service", "unknown", but(opens=_OWN)),
    Hypothesis("something else", "unknown", {}),
)

CALLS: Final = (
    *_ANY_FUNCTION,
    *_NAMES,
    Hypothesis("as it should be", "none", but(), 2.0, shown_by=(S.stream,)),
    Hypothesis(
        "no calls for anybody",
        "udp_blocked",
        but(no=(S.controls, S.domestic, S.relays, S.stream, S.carry), likely=(S.text, S.forms), opens=(S.evenly,)),
    ),
    Hypothesis("loss at home", "local_link", _ALL_LOSE | {S.gateway: NO}, shown_by=_LOSSES),
    Hypothesis(
        "pauses at home",
        "local_link",
        but(no=(S.steady,), opens=(S.carry, S.stream, S.shared_loss, S.late, S.limited, S.text_stays, S.transfers)),
    ),
    Hypothesis("loss for all", "congestion", _ALL_LOSE | {S.gateway: YES}, shown_by=_LOSSES),
    Hypothesis(
        "a full line",
        "bufferbloat",
        but(
            no=(S.quick_under_load,),
            likely=(S.text, S.relays),
            opens=(S.late, S.carry, S.stream, S.shared_loss, S.limited, S.transfers, S.text_stays, S.domestic),
        ),
        0.5,
    ),
    Hypothesis(
        "relays cut off",
        "selective",
        but(
            no=(S.relays, S.stream),
            yes=(S.path_beyond_home,),
            likely=(S.text,),
            rarely=(S.path, S.refusals),
            opens=(S.forms, S.evenly),
        ),
        2.0,
        mechanism="unknown",
        needs=Contrast.stops_short,
        shown_by=(S.relays,),
    ),
    Hypothesis(
        "one form held back",
        "selective",
        but(
            no=(S.forms,),
            yes=(S.form_elsewhere, S.path_beyond_home),
            likely=(S.relays, S.stream, S.text, S.path),
        ),
        0.5,
        mechanism="unknown",
        needs=Contrast.one_form,
        shown_by=(S.forms,),
    ),
    Hypothesis(
        "flows end",
        "selective",
        but(
            yes=(S.cut_off,),
            likely=(S.loses_more, S.text, S.path, S.forms),
            rarely=(S.stream,),
            opens=(S.evenly, S.limited, S.too_slow_for_a_call),
        ),
        0.5,
        mechanism="unknown",
        needs=Contrast.same_death,
        timed=True,
        shown_by=(S.cut_off,),
    ),
    Hypothesis(
        "packets dropped",
        "selective",
        but(
            no=(S.stream,),
            yes=(S.loses_more,),
            rarely=(S.evenly,),
            likely=(S.relays, S.text, S.path, S.forms),
            opens=(S.limited, S.too_slow_for_a_call),
        ),
        0.5,
        mechanism="random_drop",
        needs=Contrast.loss_before_a_hop,
        timed=True,
        shown_by=(S.loses_more, S.evenly),
    ),
    Hypothesis(
        "held to a speed",
        "selective",
        but(
            yes=(S.limited, S.too_slow_for_a_call),
            likely=(S.loses_more, S.text, S.path),
            opens=(S.stream, S.evenly),
        ),
        mechanism="policing",
        needs=Contrast.constant_goodput,
        timed=True,
        shown_by=(S.limited,),
    ),
    Hypothesis(
        "relays down",
        "service_outage",
        but(no=(S.relays, S.stream), likely=(S.others,), opens=(S.text, S.forms)),
        0.7,
        shown_by=(S.relays,),
    ),
    Hypothesis(
        "relays refuse",
        "service_outage",
        but(no=(S.relays, S.stream), yes=(S.refusals,), opens=(S.text, S.forms)),
        0.3,
    ),
    Hypothesis(
        "loss towards it alone",
        "congestion",
        but(no=(S.stream,), yes=(S.loses_more,), likely=(S.relays,)),
        0.5,
        shown_by=(S.loses_more,),
    ),
    Hypothesis("an old list of relays", "unknown", but(no=(S.relays, S.stream), opens=(S.forms, S.refusals)), 0.7),
    Hypothesis(
        "a filter of one's own",
        "unknown",
        but(no=(S.relays, S.stream, S.path, S.path_beyond_home), opens=(S.text, S.forms)),
        0.5,
        shown_by=(S.relays,),
    ),
    Hypothesis(
        "whatever opens a call",
        "unknown",
        but(
            no=(S.controls, S.cookie),
            rarely=(S.domestic,),
            opens=(S.relays, S.stream, S.carry, S.path, S.forms, S.form_elsewhere, S.evenly),
        ),
        0.5,
        shown_by=(S.cookie, S.path),
    ),
    Hypothesis(
        "a limit of its own",
        "unknown",
        but(yes=(S.limited,), likely=(S.loses_more,), opens=(S.stream, S.evenly)),
        0.5,
        shown_by=(S.limited,),
    ),
)

MESSAGING: Final = (
    *_ANY_FUNCTION,
    *_NAMES,
    Hypothesis(
        "as it should be",
        "none",
        but(opens=(S.relays, S.stream, S.controls, S.carry, S.forms)),
        2.0,
        shown_by=(S.text,),
    ),
    Hypothesis(
        "servers cut off",
        "selective",
        but(
            no=(S.text,),
            yes=(S.path_beyond_home,),
            rarely=(S.path,),
            opens=(S.relays, S.stream, S.forms, S.carry, S.evenly),
        ),
        2.0,
        mechanism="unknown",
        needs=Contrast.stops_short,
        shown_by=(S.text,),
    ),
    Hypothesis(
        "its name is held back",
        "selective",
        but(no=(S.name_passes,), opens=(S.text, S.relays, S.stream, S.forms, S.carry)),
        0.5,
        mechanism="sni",
        needs=Contrast.name_only,
    ),
    Hypothesis(
        "transfers freeze",
        "selective",
        but(no=(S.transfers,), likely=(S.text,), opens=(S.text_stays, S.relays, S.stream, S.forms)),
        0.5,
        mechanism="payload",
        needs=Contrast.transfers_only,
    ),
    Hypothesis("loss at home", "local_link", but(no=(S.gateway,), opens=(S.text, *_UNSTEADY))),
    Hypothesis(
        "servers down",
        "service_outage",
        but(no=(S.text,), likely=(S.others,), opens=(S.relays, S.stream, S.forms)),
        1.0,
        shown_by=(S.text,),
    ),
    Hypothesis(
        "a filter of one's own",
        "unknown",
        but(no=(S.text, S.path, S.path_beyond_home), opens=(S.relays, S.stream, S.forms)),
        0.5,
        shown_by=(S.text,),
    ),
)
HYPOTHESES: Final[Mapping[Function, tuple[Hypothesis, ...]]] = {"messaging": MESSAGING, "calls": CALLS}
