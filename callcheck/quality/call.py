"""The quality of a call that would take the path of a measured stream: a score with an interval and a word for it."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from callcheck.quality.codec import OPUS_LIKE
from callcheck.quality.emodel import MOST_LOSS_PERCENT, Line, Rating, mean_opinion, rate
from callcheck.quality.loss import burst_ratio, loss_bounds
from callcheck.quality.playout import Packet, Playout, interval_us, play

LEAST_PACKETS: Final = 100
_DEVICE_MS: Final = 15.0

Word = Literal["clear", "good", "fair", "poor", "barely", "hopeless"]
Heard = Literal["nothing", "gaps", "lag"]
Assumption = Literal[
    "opus_like_codec",  # Ie 10, Bpl 15, and 10 to 25 for the interval
    "frames_of_20_ms",  # voice waits so long before it is sent
    "device_15_ms",  # microphone and loudspeaker, together
    "no_echo",  # the program cancels its own echo
    "neteq_like_buffer",  # late packets are judged by an emulation of WebRTC's buffer
    "path_as_measured",  # the measured path stands in for that from mouth to ear, times the one-way factor
    "loss_beyond_model",  # over 20 % lost: from the rating at 20 % straight down to nothing at 100 %
]

_WORDS: Final[tuple[tuple[float, Word], ...]] = (
    (4.0, "clear"),
    (3.6, "good"),
    (3.1, "fair"),
    (2.6, "poor"),
    (2.0, "barely"),
)
_ALWAYS_ASSUMED: Final[tuple[Assumption, ...]] = (
    "opus_like_codec",
    "frames_of_20_ms",
    "device_15_ms",
    "no_echo",
    "neteq_like_buffer",
    "path_as_measured",
)


class CallQuality(msgspec.Struct, frozen=True):
    """How a call over the path would sound (an estimate: MOS-CQE, E-model G.107).

    `mos` is 1 to 4.5, `mos_low` and `mos_high` hold the sampling of loss (95 %) and the codec's unknown robustness;
    the delay's own sampling is not in them. `r` is 0 to 100. `heard` says what one would complain of most: gaps in
    speech or lag. `loss_ratio` is of all packets, `late_ratio` of those that came; `burst_ratio` is of both together,
    1 for independent loss. `delay_ms` is from mouth to ear. `seconds` is how long the stream lasted.
    """

    mos: float
    mos_low: float
    mos_high: float
    r: float
    word: Word
    heard: Heard
    loss_ratio: float
    late_ratio: float
    burst_ratio: float
    delay_ms: float
    packets: int
    seconds: float
    assumptions: tuple[Assumption, ...]


def call_quality(packets: Sequence[Packet], *, one_way_factor: float = 1.0) -> CallQuality | None:
    """The quality of a call whose voice takes the path of `packets`, one direction, in sending order.

    None for fewer than 100 packets, or where none came. Through a relay and back (a loop), the time from our sending to
    our receiving is a fair stand-in for the way of voice between two people: caller, relay, callee. So is its loss,
    for one direction. Both of them would sit behind lines like this one, and the leg to the relay and the leg from it
    are this line's own up and down. Hence the factor of 1. Where only a round trip to the other person is known, 0.5
    takes half of its least delay, assuming symmetry; loss and jitter stay those of both ways then.
    """
    playout = play(packets) if len(packets) >= LEAST_PACKETS else None
    if playout is None:
        return None
    sent_us = [sent for sent, _ in packets]
    lost = [came is None for _, came in packets]
    gone = [never or late for never, late in zip(lost, playout.late, strict=True)]
    bursts = burst_ratio(gone)
    delay_ms = _mouth_to_ear_ms(packets, playout, one_way_factor)
    gone_ratio = sum(gone) / len(gone)
    bounds = loss_bounds(sent_us, gone)
    best = _score(bounds.low, bursts, delay_ms, OPUS_LIKE.most_loss_robustness)[0]
    worst = _score(bounds.high, bursts, delay_ms, OPUS_LIKE.least_loss_robustness)[0]
    r, rating = _score(gone_ratio, bursts, delay_ms, OPUS_LIKE.loss_robustness)
    mos = mean_opinion(r)
    beyond: tuple[Assumption, ...] = ("loss_beyond_model",) if 100 * bounds.high > MOST_LOSS_PERCENT else ()
    return CallQuality(
        mos=mos,
        mos_low=mean_opinion(worst),
        mos_high=mean_opinion(best),
        r=r,
        word=word_for(mos),
        heard=_heard(mos, rating),
        loss_ratio=sum(lost) / len(lost),
        late_ratio=sum(playout.late) / (len(lost) - sum(lost)),
        burst_ratio=bursts,
        delay_ms=delay_ms,
        packets=len(packets),
        seconds=(sent_us[-1] - sent_us[0] + interval_us(sent_us)) / 1e6,
        assumptions=_ALWAYS_ASSUMED + beyond,
    )


def worse_of(one: CallQuality, other: CallQuality) -> CallQuality:
    """The direction that spoils a call: the one with the lower score, the first where they are equal."""
    return min(one, other, key=lambda quality: quality.mos)


def word_for(mos: float) -> Word:
    """The word for a score. Bounds from facts/inference.md 7 and G.109's bands in MOS; the last one is ours.

    clear: like a good telephone. good: small flaws, nobody minds. fair: flaws are heard, a talk needs no effort yet.
    poor: a talk needs effort, things must be said again. barely: only short sentences come across. hopeless: no talk.
    """
    return next((word for least, word in _WORDS if mos >= least), "hopeless")


def _score(gone_ratio: float, bursts: float, delay_ms: float, loss_robustness: float) -> tuple[float, Rating]:
    """R with the parts it came from; beyond the model's 20 % of loss, R falls straight to 0 at total loss."""
    rating = rate(
        Line(
            absolute_delay_ms=delay_ms,
            equipment_impairment=OPUS_LIKE.equipment_impairment,
            loss_robustness=loss_robustness,
            loss_percent=100 * gone_ratio,
            burst_ratio=bursts,
        )
    )
    return rating.r * min(1.0, (1 - gone_ratio) / (1 - MOST_LOSS_PERCENT / 100)), rating


def _mouth_to_ear_ms(packets: Sequence[Packet], playout: Playout, one_way_factor: float) -> float:
    """Packetisation, path, waiting (in queues and in the buffer), and the device, in milliseconds, at least 0."""
    path_ms = min(came - sent for sent, came in packets if came is not None) / 1000
    waiting_ms = playout.mean_delay_ms - path_ms
    return max(0.0, OPUS_LIKE.frame_ms + one_way_factor * path_ms + waiting_ms + _DEVICE_MS)


def _heard(mos: float, rating: Rating) -> Heard:
    if word_for(mos) == "clear":
        return "nothing"
    gaps = rating.equipment - OPUS_LIKE.equipment_impairment
    return "gaps" if gaps >= rating.pure_delay else "lag"
