"""Which codec a call is assumed to use, and how much that assumption may be off."""

from typing import Final

import msgspec


class Codec(msgspec.Struct, frozen=True):
    """A codec as the narrowband E-model sees it.

    `equipment_impairment` is Ie, on the scale of R. `loss_robustness` is Bpl for independent loss; the bounds beside it
    span what concealment and forward correction make of one codec in different programs.
    """

    equipment_impairment: float
    loss_robustness: float
    least_loss_robustness: float
    most_loss_robustness: float
    frame_ms: float


OPUS_LIKE: Final = Codec(
    equipment_impairment=10,
    loss_robustness=15,
    least_loss_robustness=10,
    most_loss_robustness=25,
    frame_ms=20,
)
"""What Telegram's calls (WebRTC, Opus in frames of 20 ms) are assumed to sound like.

Assumed, not measured (facts/inference.md 1.3): ITU-T has no values for Opus on this scale. The narrowband modes that
Alahmadi, Počta and Melvin measured (ACM TOMM 17(4) 133, 2021, doi 10.1145/3458751) lie around it: Ie 2 to 16, Bpl 15 to
20 for independent and 10 to 13 for bursty loss. As bursts enter the model through the burst ratio, the Bpl for
independent loss is the right one here; taking a bursty Bpl as well would count bursts twice.
"""
