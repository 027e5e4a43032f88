"""What packets that expire on the way say of loss there, in plain words: the sentence of path_loses_evenly."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences
from callcheck.words import Claim

PATH_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.path_loses_evenly: (
        (N_("On the way, packets to {service} are lost no more often than the same packets to other places."),),
        (
            N_(
                "Before station {hop} on the way, which they all pass, packets to {service} are lost more often than"
                " the same packets to other places: {loss_percent} % against {controls_loss_percent} %."
            ),
            N_(
                "Before a station on the way that they all pass, packets to {service} are lost more often than the same"
                " packets to other places: {loss_percent} % against {controls_loss_percent} %."
            ),
            N_("On the way, packets to {service} are lost more often than the same packets to other places."),
        ),
        (
            N_(
                "Whether packets to {service} are lost on the way more often than the same packets to other places"
                " could not be told."
            ),
        ),
    ),
}
