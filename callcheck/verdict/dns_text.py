"""What resolvers say and who else speaks for them, in plain words: the sentences of the dns check's further claims."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

DNS_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.names_true: (
        (
            n_(
                "The name server (DNS, turns names into addresses) gives addresses for {names} name of {service};"
                " confirmed by others over a protected line: {agreed}.",
                "The name server (DNS, turns names into addresses) gives addresses for {names} names of {service};"
                " confirmed by others over a protected line: {agreed}.",
                "names",
            ),
            N_("The addresses that the name server (DNS) gives for {service} are right."),
        ),
        (
            n_(
                "The name server (DNS, turns names into addresses) gives false addresses for {false} of {names} name"
                " of {service}: they lead nowhere, or to somebody else.",
                "The name server (DNS, turns names into addresses) gives false addresses for {false} of {names} names"
                " of {service}: they lead nowhere, or to somebody else.",
                "names",
            ),
            N_("The name server (DNS) gives false addresses for {service}: they lead nowhere, or to somebody else."),
        ),
        (N_("Whether the addresses that the name server (DNS) gives for {service} are right could not be told."),),
    ),
    Claim.resolvers_intercepted: (
        (
            N_(
                "Questions to name servers (DNS) outside this network seem to be answered in their place"
                " (answers that do not fit the server that was asked: {differing_some} of {asked})."
            ),
            N_(
                "There are signs that questions to name servers (DNS) outside this network are answered in their place."
            ),
        ),
        (
            N_(
                "Name servers (DNS) outside this network answer for themselves:"
                " their open and their protected answers agree ({asked} compared)."
            ),
            N_("Name servers (DNS) outside this network answer for themselves."),
        ),
        (
            N_(
                "Whether questions to name servers (DNS) outside this network reach the server that was asked"
                " could not be told."
            ),
        ),
    ),
    Claim.answers_doubled: (
        (
            n_(
                "For {doubled} of {names} name one question to a name server (DNS) brought two answers that do not fit"
                " together, as happens where somebody answers before the server does.",
                "For {doubled} of {names} names one question to a name server (DNS) brought two answers that do not fit"
                " together, as happens where somebody answers before the server does.",
                "names",
            ),
            N_(
                "One question to a name server (DNS) brought two answers that do not fit together,"
                " as happens where somebody answers before the server does."
            ),
        ),
        (
            N_("Each question to a name server (DNS) brought one answer (names asked for: {names})."),
            N_("Each question to a name server (DNS) brought one answer."),
        ),
        (N_("Too few questions to name servers (DNS) were answered to tell whether somebody else answers as well."),),
    ),
}
