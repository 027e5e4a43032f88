"""The codec assumed lies among those that were measured."""

from callcheck.quality.codec import OPUS_LIKE

# Opus in narrow band, kbit/s: Ie, Bpl for independent loss, Bpl for bursty loss (Alahmadi et al. 2021, facts 1.3).
NARROW_BAND = {8: (16.02, 20.26, 13.48), 9: (11.74, 18.91, 12.44), 10: (6.20, 15.33, 10.47), 11: (2.03, 15.95, 10.73)}


def test_the_assumed_codec_costs_as_much_as_one_of_those_measured() -> None:
    impairments = [impairment for impairment, _, _ in NARROW_BAND.values()]
    assert min(impairments) < OPUS_LIKE.equipment_impairment < max(impairments)


def test_the_bounds_of_robustness_hold_every_mode_measured() -> None:
    robustness = [value for _, *values in NARROW_BAND.values() for value in values]
    assert OPUS_LIKE.least_loss_robustness < min(robustness)
    assert OPUS_LIKE.most_loss_robustness > max(robustness)
    assert OPUS_LIKE.least_loss_robustness < OPUS_LIKE.loss_robustness < OPUS_LIKE.most_loss_robustness
