"""What names, time and size do to messages, in plain words: the sentences of the messaging check's claims."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences
from callcheck.words import Claim

MESSAGING_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.name_passes: (
        (
            N_("Connections that show {service}'s name openly, as web sites do, are answered: {with_name} of {asked}."),
            N_("Connections that show {service}'s name openly, as web sites do, are answered."),
        ),
        (
            N_(
                "At {service}'s own address no connection that shows its name openly was answered (tried: {asked});"
                " with another name, answered: {without_name}. At another site's address its name was not answered"
                " either (tried: {elsewhere_some})."
            ),
            N_(
                "At {service}'s own address no connection that shows its name openly was answered (tried: {asked});"
                " with another name, answered: {without_name}."
            ),
            N_("Connections that show {service}'s name openly are not answered; those that show another name are."),
        ),
        (N_("Whether connections that show {service}'s name openly get through could not be told."),),
    ),
    Claim.text_stays: (
        (
            N_("Connections to {service} stay alive; still answered after some seconds: {held} of {asked}."),
            N_("Connections to {service} stay alive."),
        ),
        (
            N_(
                "Connections to {service} fall silent ({frozen} of {asked} did): they are answered at first and later"
                " no more, while new connections are."
            ),
            N_("Connections to {service} are answered at first and later no more, while new connections are."),
        ),
        (N_("Whether connections to {service} stay alive could not be told."),),
    ),
    Claim.transfers_finish: (
        (
            N_("Longer transfers to and from {service} come to their end: {finished} of {asked}."),
            N_("Longer transfers to and from {service} come to their end."),
        ),
        (
            N_(
                "Longer transfers to and from {service} stop part of the way (complete: {finished} of {asked};"
                " the others stopped after {frozen_between_kb} kB); those of a neutral site went on."
            ),
            N_(
                "Longer transfers to and from {service} stop part of the way (complete: {finished} of {asked});"
                " those of a neutral site went on."
            ),
            N_("Longer transfers to and from {service} stop part of the way; those of a neutral site go on."),
        ),
        (N_("Whether longer transfers to and from {service} come to their end could not be told."),),
    ),
}
