"""How the run measured, in plain words: only what its evidence shows that it did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from callcheck.locale import N_, translator
from callcheck.model import Evidence
from callcheck.words import Claim

_ALWAYS: Final = N_(
    "callcheck asks the call servers of a service and, in the same moments, neutral servers of other networks, and"
    " compares the two: what meets both is the line's, what meets the service alone is not. It is no call: nobody is"
    " rung up, and no sound is recorded."
)
_METHODS: Final[tuple[tuple[frozenset[Claim], str], ...]] = (
    (
        frozenset({Claim.gateway_healthy, Claim.gateway_steady}),
        N_("Your own line: your router is asked many times how fast and how reliably it answers."),
    ),
    (
        frozenset({Claim.names_present, Claim.names_true, Claim.resolver_works}),
        N_(
            "Names: the service's names are asked of your name server (DNS) and, over a protected line, of others; the"
            " answers are compared."
        ),
    ),
    (
        frozenset({Claim.text_answers}),
        N_("Messages: connections are opened to the servers for messages and greeted as an app greets them."),
    ),
    (
        frozenset({Claim.relays_answer, Claim.call_forms_alike}),
        N_(
            "Call servers: several servers (relays) of each service are greeted as at the start of a call, from several"
            " ports; silence counts only where such a server is known to answer."
        ),
    ),
    (
        frozenset({Claim.path_open}),
        N_(
            "The place: packets with a short life are sent towards the service and towards others, and it is seen at"
            " which station on the way they end."
        ),
    ),
    (
        frozenset({Claim.stream_carries, Claim.stream_cut_off}),
        N_(
            "The stream: numbered packets of the size and pace of a call go to the service and to neutral servers at"
            " the same time, second by second; what is lost and how long each takes is counted."
        ),
    ),
    (
        frozenset({Claim.throughput_enough, Claim.stays_quick_under_load}),
        N_("Speed: data is loaded and sent for some seconds, and the delay is measured meanwhile."),
    ),
)
_CHANCES: Final = N_(
    "From what speaks for and against, the chance of each explanation is reckoned; one is named only where it clearly"
    " leads. The percentage says how sure callcheck is of the cause, and is no proof."
)


def methods_of(evidence: Iterable[Evidence], language: str) -> tuple[str, ...]:
    """One paragraph each, in the order in which a run does it; () where nothing was found out."""
    claims = {item.claim for item in evidence}
    if not claims:
        return ()
    used = [text for some, text in _METHODS if claims & some]
    return tuple(map(translator(language), (_ALWAYS, *used, _CHANCES)))
