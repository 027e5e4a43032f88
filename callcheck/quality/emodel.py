"""The narrowband E-model of ITU-T G.107: from a line's properties to the rating R and what users make of it.

Formulae as facts/inference.md 1.1 gives them (from memory of the standard; its published R of 93.2 comes out).
"""

import math
from statistics import NormalDist
from typing import Final, Literal

import msgspec

MOST_LOSS_PERCENT: Final = 20.0
"""Above this loss the model was not tested; it reads more as this much."""

_MOST_BURST_RATIO: Final = 8.0
_MOST_BURST_RATIO_AT_HIGH_LOSS: Final = 2.0
_HIGH_LOSS_PERCENT: Final = 2.0

Band = Literal[
    "very_satisfied",
    "satisfied",
    "some_dissatisfied",
    "many_dissatisfied",
    "nearly_all_dissatisfied",
    "not_recommended",
]

_BANDS: Final[tuple[tuple[float, Band], ...]] = (
    (90, "very_satisfied"),
    (80, "satisfied"),
    (70, "some_dissatisfied"),
    (60, "many_dissatisfied"),
    (50, "nearly_all_dissatisfied"),
)


class Line(msgspec.Struct, frozen=True):
    """What the model wants to know, with G.107's default values (its Table 2); its symbol stands beside each.

    `loss_percent` is read as 0 to 20, `burst_ratio` as 1 to 8 under 2 % loss and as 1 to 2 from there on, the ranges
    for which the model is meant. So at 2 % the rating of very bursty loss jumps by up to half a point.
    """

    send_loudness_rating_db: float = 8  # SLR
    receive_loudness_rating_db: float = 2  # RLR
    sidetone_masking_rating_db: float = 15  # STMR
    send_d_value: float = 3  # Ds
    receive_d_value: float = 3  # Dr
    talker_echo_loudness_rating_db: float = 65  # TELR
    weighted_echo_path_loss_db: float = 110  # WEPL
    echo_one_way_delay_ms: float = 0  # T
    echo_round_trip_delay_ms: float = 0  # Tr
    absolute_delay_ms: float = 0  # Ta, from mouth to ear
    quantizing_units: float = 1  # qdu
    equipment_impairment: float = 0  # Ie, what the codec costs without any loss
    loss_robustness: float = 4.3  # Bpl
    loss_percent: float = 0  # Ppl
    burst_ratio: float = 1  # BurstR: 1 is independent loss
    circuit_noise_dbm0p: float = -70  # Nc
    receiver_noise_floor_dbmp: float = -64  # Nfor
    send_room_noise_dba: float = 35  # Ps
    receive_room_noise_dba: float = 35  # Pr
    advantage: float = 0  # A
    delay_sensitivity: float = 1  # sT
    least_noticed_delay_ms: float = 100  # mT


class Rating(msgspec.Struct, frozen=True):
    """The parts of R on its scale of 0 to 100, as G.107 adds them up; the noise they rest on is `noise_dbm0p` (No)."""

    noise_dbm0p: float
    signal_to_noise: float  # Ro
    loudness: float  # Iolr
    sidetone: float  # Ist
    quantizing: float  # Iq
    talker_echo: float  # Idte
    listener_echo: float  # Idle
    pure_delay: float  # Idd
    equipment: float  # Ie,eff
    advantage: float  # A

    @property
    def simultaneous(self) -> float:
        """Is: what comes along with the voice."""
        return self.loudness + self.sidetone + self.quantizing

    @property
    def delayed(self) -> float:
        """Id: what delay and echo cost."""
        return self.talker_echo + self.listener_echo + self.pure_delay

    @property
    def r(self) -> float:
        """R, held within 0 to 100: bursty loss of 10 % would take it below."""
        total = self.signal_to_noise - self.simultaneous - self.delayed - self.equipment + self.advantage
        return min(100.0, max(0.0, total))


def rate(line: Line) -> Rating:
    """The rating of a line, part by part (G.107 clauses 7.1 to 7.6)."""
    noise_dbm0p = _noise_dbm0p(line)
    signal_to_noise = 15 - 1.5 * (line.send_loudness_rating_db + noise_dbm0p)
    sidetone = _sidetone(line)
    return Rating(
        noise_dbm0p=noise_dbm0p,
        signal_to_noise=signal_to_noise,
        loudness=_loudness(line, noise_dbm0p),
        sidetone=sidetone,
        quantizing=_quantizing(line, signal_to_noise),
        talker_echo=_talker_echo(line, noise_dbm0p, sidetone),
        listener_echo=_listener_echo(line, signal_to_noise),
        pure_delay=_pure_delay(line),
        equipment=_equipment(line),
        advantage=line.advantage,
    )


def mean_opinion(r: float) -> float:
    """The mean opinion score, 1 to 4.5, of a rating (G.107 Annex B); the formula's dip below 1 under R 6.5 is cut."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def good_or_better_percent(r: float) -> float:
    """The share of users who would call it good or better, in percent (GoB, G.107 Annex B)."""
    return 100 * NormalDist().cdf((r - 60) / 16)


def poor_or_worse_percent(r: float) -> float:
    """The share of users who would call it poor or worse, in percent (PoW, G.107 Annex B)."""
    return 100 * NormalDist().cdf((45 - r) / 16)


def band(r: float) -> Band:
    """How content users are, in the classes of G.109."""
    return next((name for least, name in _BANDS if r >= least), "not_recommended")


def _noise_dbm0p(line: Line) -> float:
    """No: circuit noise, room noise at both ends and the receiver's floor, added as powers."""
    overall_db = line.send_loudness_rating_db + line.receive_loudness_rating_db
    at_sender = line.send_room_noise_dba - line.send_loudness_rating_db - line.send_d_value - 100
    at_sender += 0.004 * (line.send_room_noise_dba - overall_db - line.send_d_value - 14) ** 2
    listener_sidetone_db = line.sidetone_masking_rating_db + line.receive_d_value
    heard = line.receive_room_noise_dba + 10 * math.log10(1 + 10 ** ((10 - listener_sidetone_db) / 10))
    at_receiver = line.receive_loudness_rating_db - 121 + heard + 0.008 * (heard - 35) ** 2
    floor = line.receiver_noise_floor_dbmp + line.receive_loudness_rating_db
    return 10 * math.log10(
        sum(10 ** (level / 10) for level in (line.circuit_noise_dbm0p, at_sender, at_receiver, floor))
    )


def _loudness(line: Line, noise_dbm0p: float) -> float:
    """Iolr: the voice is too loud."""
    overall_db = line.send_loudness_rating_db + line.receive_loudness_rating_db
    eighth = (overall_db + 0.2 * (64 + noise_dbm0p - line.receive_loudness_rating_db)) / 8
    return 20 * (_knee(eighth, 8) - eighth)


def _sidetone(line: Line) -> float:
    """Ist: one's own voice in one's own ear."""
    echo = math.exp(-line.echo_one_way_delay_ms / 4) * 10 ** (-line.talker_echo_loudness_rating_db / 10)
    masking_db = -10 * math.log10(10 ** (-line.sidetone_masking_rating_db / 10) + echo)
    return (
        12 * _knee((masking_db - 13) / 6, 8)
        - 28 * _knee((masking_db + 1) / 19.4, 35)
        - 13 * _knee((masking_db - 3) / 33, 13)
        + 29
    )


def _quantizing(line: Line, signal_to_noise: float) -> float:
    """Iq: the noise of converting to numbers."""
    ratio_db = 37 - 15 * math.log10(line.quantizing_units)
    opinion = 1.07 + 0.258 * ratio_db + 0.0602 * ratio_db**2
    noisy = (signal_to_noise - 100) / 15 + 46 / 8.4 - opinion / 9
    return 15 * math.log10(1 + 10**noisy + 10 ** (46 / 30 - opinion / 40))


def _talker_echo(line: Line, noise_dbm0p: float, sidetone: float) -> float:
    """Idte: one's own voice comes back late; a strong or a weak sidetone changes what it costs."""
    delay_ms = line.echo_one_way_delay_ms
    impairment = 0.0
    if delay_ms >= 1:
        echo_db = line.talker_echo_loudness_rating_db - 40 * math.log10((1 + delay_ms / 10) / (1 + delay_ms / 150))
        echo_db += 6 * math.exp(-0.3 * delay_ms**2)
        if line.sidetone_masking_rating_db < 9:
            echo_db += sidetone / 2
        without = -1.5 * (noise_dbm0p - line.receive_loudness_rating_db)
        half = (without - (80 + 2.5 * (echo_db - 14))) / 2
        impairment = (half + math.hypot(half, 10) - 1) * (1 - math.exp(-delay_ms))
    return math.hypot(impairment, sidetone) if line.sidetone_masking_rating_db > 20 else impairment


def _listener_echo(line: Line, signal_to_noise: float) -> float:
    """Idle: the other's voice is heard twice."""
    rating = 10.5 * (line.weighted_echo_path_loss_db + 7) * math.pow(line.echo_round_trip_delay_ms + 1, -0.25)
    half = (signal_to_noise - rating) / 2
    return half + math.hypot(half, 13)


def _pure_delay(line: Line) -> float:
    """Idd: one waits for the other, though nothing echoes. The exponent is 6 times sT."""
    if line.absolute_delay_ms <= line.least_noticed_delay_ms:
        return 0.0
    doublings = math.log2(line.absolute_delay_ms / line.least_noticed_delay_ms)
    power = 6 * line.delay_sensitivity
    return 25 * (_knee(doublings, power) - 3 * _knee(doublings / 3, power) + 2)


def _equipment(line: Line) -> float:
    """Ie,eff: what the codec and the loss of packets cost."""
    loss_percent = min(MOST_LOSS_PERCENT, max(0.0, line.loss_percent))
    most = _MOST_BURST_RATIO if loss_percent < _HIGH_LOSS_PERCENT else _MOST_BURST_RATIO_AT_HIGH_LOSS
    burst_ratio = min(most, max(1.0, line.burst_ratio))
    share = loss_percent / (loss_percent / burst_ratio + line.loss_robustness)
    return line.equipment_impairment + (95 - line.equipment_impairment) * share


def _knee(value: float, power: float) -> float:
    """(1 + value^power)^(1/power): 1 for small values, the value itself for great ones, a bend at 1 between them."""
    return math.pow(1 + math.pow(value, power), 1 / power)
