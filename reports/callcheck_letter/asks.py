"""What the provider is asked to check, by what the run found; causes that are nobody's at the provider have nothing."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.words import Cause, Mechanism, Where

_NAMES: Final = N_(
    "Please check what your name servers (DNS) answer for the names of this service, and compare it with what their"
    " owner publishes."
)
# Causes without an entry give no ground for a letter.
ASKS: Final[dict[Cause, tuple[str, ...]]] = {
    "selective": (
        N_(
            "Please check whether packets from this line to the servers of this service are filtered, limited or held"
            " up in your network, and if so, on which rule that rests."
        ),
    ),
    "congestion": (
        N_(
            "Please look at the load and the loss counters of this line, and of the links behind it, at the time given"
            " above."
        ),
        N_("Please tell me whether a fault or an overload is known there, and until when it will last."),
    ),
    "bufferbloat": (
        N_("Please check how long data waits in the queue on your side of this line when the line is full."),
        N_("Please tell me whether the queue can be made shorter, or managed (AQM), on this line or in the router."),
        N_("Please check whether the speed of this line is that of the contract."),
    ),
    "resolver": (_NAMES, N_("Please check whether your name servers can be reached from this line, and answer.")),
    "udp_blocked": (
        N_(
            "Please check whether UDP packets (the kind that calls use) from this line are filtered or limited, in your"
            " network or in equipment that you supplied."
        ),
    ),
    "allow_list": (
        N_(
            "Please tell me whether this line is in a mode in which only chosen sites can be reached, since when, and"
            " when that will end."
        ),
    ),
    "offline": (N_("Please check whether this line works, and whether a fault is known at this place."),),
    "captive_portal": (
        N_("Please tell me whether this line waits for a log-in or a payment, and what I have to do about it."),
    ),
    "local_link": (N_("Please check this line and, if it is yours, the router."),),
}
_LOOKED_INTO: Final = N_(
    "Please check whether any equipment treats packets differently by what they contain, such as the first packets of"
    " a call (STUN, DTLS)."
)
_CUT: Final = N_(
    "Please check whether flows (packets between the same two ports) are cut off after a number of packets or seconds."
)
_BY_PLACE: Final = N_("Please check whether a filter by address or by port number applies to these servers.")
_BY_NAME: Final = N_(
    "Please check whether connections are treated differently by the server name that they show (SNI)."
)
# What a selective cause adds, by how it is done.
ASKS_BY_MECHANISM: Final[dict[Mechanism, str]] = {
    "dns": _NAMES,
    "address": _BY_PLACE,
    "port": _BY_PLACE,
    "stun_signature": _LOOKED_INTO,
    "dtls_signature": _LOOKED_INTO,
    "payload": _LOOKED_INTO,
    "voip_class": _LOOKED_INTO,
    "sni": _BY_NAME,
    "quic": _BY_NAME,
    "policing": N_("Please check whether a speed limit applies to flows to these servers, and how high it is."),
    "random_drop": N_("Please look at the loss counters on the way to these servers, at the time given above."),
    "cutoff_time": _CUT,
    "cutoff_packets": _CUT,
}
TICKET: Final = N_("Please tell me the number of this request, and let me have an answer in writing.")

SEEN: Final[dict[Where, str]] = {
    "home": N_("By this measurement, the packets were last seen before the router."),
    "access": N_("By this measurement, the packets were last seen between the router and your network."),
    "provider": N_(
        "By this measurement, the packets were last seen inside your network; how that comes about, the test does not"
        " tell."
    ),
    "beyond": N_("By this measurement, the packets had left your network when they were last seen."),
    "unknown": N_("Where on the way it happens, the test does not tell."),
}
# What the test itself makes of it; where the line's own side is the cause, that is said first of all.
READING: Final = N_("What the test takes to be the cause: {cause} ({percent} % sure).")
READING_SELECTIVE: Final = N_(
    "What the test makes of it: these packets fare differently from like packets to other places ({percent} % sure)."
)
HOME_SIDE: Final = N_(
    "The test points to the home side of the line, so that I ask for no more than a check of the line itself."
)
