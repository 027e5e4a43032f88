"""How fast the line is and how it behaves when busy, in plain words: the sentences of the throughput check."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences
from callcheck.words import Claim

THROUGHPUT_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.stays_quick_under_load: (
        (
            N_(
                "Answers stay quick while this line is busy: {idle_ms} ms when idle, {loaded_down_ms} ms during a"
                " download, {loaded_up_ms} ms during an upload."
            ),
            N_("Answers stay quick while this line is busy."),
        ),
        (
            N_(
                "Answers become slow while this line is busy: {idle_ms} ms when idle, {loaded_down_ms} ms during a"
                " download, {loaded_up_ms} ms during an upload."
            ),
            N_(
                "Answers become slow while this line is busy: {idle_ms} ms when idle, {loaded_down_ms} ms during a"
                " download."
            ),
            N_(
                "Answers become slow while this line is busy: {idle_ms} ms when idle, {loaded_up_ms} ms during an"
                " upload."
            ),
            N_("Answers become slow while this line is busy."),
        ),
        (N_("Whether answers stay quick while this line is busy could not be told."),),
    ),
    Claim.throughput_enough: (
        (
            N_(
                "This line is fast enough for a call: at least {down_kbps} kbit/s to you and {up_kbps} kbit/s from you"
                " (a call needs about 100)."
            ),
            N_("This line is fast enough for a call."),
        ),
        (
            N_(
                "This line is too slow for a call: {down_kbps} kbit/s to you and {up_kbps} kbit/s from you (a call"
                " needs about 100)."
            ),
            N_("This line is too slow for a call."),
        ),
        (N_("How fast this line is could not be told."),),
    ),
}
