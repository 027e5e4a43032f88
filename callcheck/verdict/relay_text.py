"""What a service's call servers say beyond "they answer", in plain words: the sentences of `relay`."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

RELAY_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.relay_list_fresh: (
        (
            N_(
                "{service} still lists call servers that were tested (tested and listed: {known};"
                " listed in all: {listed})."
            ),
            N_("{service} still lists the call servers that were tested."),
        ),
        (
            n_(
                "{service} lists none of the call servers that were tested any more: what is known of them is"
                " {age_days} day old.",
                "{service} lists none of the call servers that were tested any more: what is known of them is"
                " {age_days} days old.",
                "age_days",
            ),
            N_("{service} lists none of the call servers that were tested any more."),
        ),
        (
            n_(
                "How fresh the list of {service} call servers is could not be told; it was made {age_days} day ago.",
                "How fresh the list of {service} call servers is could not be told; it was made {age_days} days ago.",
                "age_days",
            ),
            N_("How fresh the list of {service} call servers is could not be told."),
        ),
    ),
    Claim.relays_answer_by_tcp: (
        (
            N_(
                "{service} call servers can be reached over TCP, the way that web pages take"
                " ({opened} of {endpoints} opened)."
            ),
            N_("{service} call servers can be reached over TCP, the way that web pages take."),
        ),
        (
            N_(
                "{service} call servers could not be reached over TCP, the way that web pages take, either"
                " (tried: {endpoints}; none opened)."
            ),
            N_("{service} call servers could not be reached over TCP, the way that web pages take."),
        ),
        (N_("{service} call servers: whether they take calls over TCP could not be told."),),
    ),
    Claim.call_forms_alike: (
        (
            N_(
                "Those {service} call servers that answer do so to every form in which a call may begin"
                " (answered: {answered} of {endpoints})."
            ),
            N_("Those {service} call servers that answer do so to every form in which a call may begin."),
        ),
        (
            N_(
                "Some {service} call servers stay silent to one form in which a call may begin"
                " (such servers: {silent}), while other packets to the same places are answered."
            ),
            N_(
                "{service} call servers stay silent to one form in which a call may begin,"
                " while other packets to the same places are answered."
            ),
        ),
        (N_("{service} call servers: whether all forms in which a call may begin are treated alike is not known."),),
    ),
}
