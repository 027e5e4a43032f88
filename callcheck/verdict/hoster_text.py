"""What flows to foreign hosting companies say, in plain words: the sentences of the hoster check's claim."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

# For each claim: when it holds, when it does not, when nobody can tell (see `claims_text`).
HOSTER_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.hosters_carry: (
        (
            N_("Longer exchanges with servers at foreign hosting companies go on to the end: {asked} of {asked}."),
            N_("Longer exchanges with servers at foreign hosting companies go on to the end."),
        ),
        (
            n_(
                "Exchanges with servers at foreign hosting companies fall silent after about {packets} packet"
                " ({died} of {asked} did), while the same servers answer a new start.",
                "Exchanges with servers at foreign hosting companies fall silent after about {packets} packets"
                " ({died} of {asked} did), while the same servers answer a new start.",
                "packets",
            ),
            N_(
                "Exchanges with servers at foreign hosting companies fall silent after a while ({died} of {asked} did),"
                " while the same servers answer a new start."
            ),
            N_("Exchanges with servers at foreign hosting companies fall silent after a while."),
        ),
        (N_("Whether exchanges with servers at foreign hosting companies last could not be told."),),
    ),
}
