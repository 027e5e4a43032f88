"""What QUIC's ladder says, in plain words: the sentences of the quic check's claims."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

QUIC_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.quic_passes: (
        (
            n_(
                "The newer kind of web connection (QUIC) gets through: {hello} of {asked} web site answered it.",
                "The newer kind of web connection (QUIC) gets through: {hello} of {asked} web sites answered it.",
                "asked",
            ),
            N_("The newer kind of web connection (QUIC) gets through."),
        ),
        (
            n_(
                "The newer kind of web connection (QUIC) gets through badly or not at all: {hello} of {asked} web site"
                " answered it, while {versions_some} answered a packet of no real version. Calls do not use it, and web"
                " sites still open the older way (TCP).",
                "The newer kind of web connection (QUIC) gets through badly or not at all: {hello} of {asked} web sites"
                " answered it, while {versions_some} answered a packet of no real version. Calls do not use it, and web"
                " sites still open the older way (TCP).",
                "asked",
            ),
            n_(
                "The newer kind of web connection (QUIC) gets through badly or not at all: {hello} of {asked} web site"
                " answered it. Calls do not use it, and web sites still open the older way (TCP).",
                "The newer kind of web connection (QUIC) gets through badly or not at all: {hello} of {asked} web sites"
                " answered it. Calls do not use it, and web sites still open the older way (TCP).",
                "asked",
            ),
            N_(
                "The newer kind of web connection (QUIC) does not get through."
                " Calls do not use it, and web sites still open the older way (TCP)."
            ),
        ),
        (
            n_(
                "The newer kind of web connection (QUIC): {hello} of {asked} web site answered it,"
                " which does not settle anything.",
                "The newer kind of web connection (QUIC): {hello} of {asked} web sites answered it,"
                " which does not settle anything.",
                "asked",
            ),
            N_("Whether the newer kind of web connection (QUIC) gets through could not be told."),
        ),
    ),
    Claim.quic_name_passes: (
        (
            N_(
                "The newer kind of web connection (QUIC) gets through also with the name of {service} in it"
                " (answered: {with_name} of {asked})."
            ),
            N_("The newer kind of web connection (QUIC) gets through also with the name of {service} in it."),
        ),
        (
            N_(
                "The newer kind of web connection (QUIC) is held back when it shows the name of {service}"
                " (answered: {with_name} of {asked}; with another name at the same addresses: {without_name})."
                " Calls do not use it."
            ),
            N_(
                "The newer kind of web connection (QUIC) is held back when it shows the name of {service}."
                " Calls do not use it."
            ),
        ),
        (
            N_(
                "Whether the newer kind of web connection (QUIC) is held back when it shows the name of {service}"
                " could not be told."
            ),
        ),
    ),
}
