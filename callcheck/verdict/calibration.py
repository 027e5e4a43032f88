"""What the judge knows about how often signs err: fitted on lab runs by `callcheck lab score --calibrate`."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from callcheck.verdict.hypothesis import Chance

FILE: Final = Path(__file__).with_name("calibration.json")
# No single test may weigh more than 20 to 1, unless it was replicated: strength 3 (DESIGN 7).
CAP: Final = math.log(20)
CAP_REPLICATED: Final = math.log(100)
_REPLICATED: Final = 3


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """`errors` are the chances that a sign of strength 1, 2, 3 says the opposite of what holds; `likely` is the chance
    behind "likely" and 1 less that behind "rarely". `leak` is the prior weight of a cause that nobody thought of, and
    `sharpness` multiplies all that evidence says (below 1: it was too sure). `made_from` says of what it was fitted."""

    errors: tuple[float, float, float]
    likely: float
    leak: float
    sharpness: float
    made_from: str

    def chance_of_yes(self, chance: Chance, strength: int) -> float:
        """The chance that a sign of this absolute strength says yes."""
        error = self.errors[strength - 1]
        return {
            Chance.yes: 1 - error,
            Chance.no: error,
            Chance.likely: self.likely,
            Chance.rarely: 1 - self.likely,
        }[chance]

    def weight(self, level: int, chance: Chance | None) -> float:
        """The log likelihood ratio of a sign against one that predicts nothing of it; 0 where nothing is known."""
        return _weights(self)[max(-_REPLICATED, min(_REPLICATED, level)), chance]


@cache
def _weights(calibration: Calibration) -> dict[tuple[int, Chance | None], float]:
    levels = range(-_REPLICATED, _REPLICATED + 1)
    return {(level, chance): _weight(calibration, level, chance) for level in levels for chance in (None, *Chance)}


def _weight(calibration: Calibration, level: int, chance: Chance | None) -> float:
    if level == 0 or chance is None:
        return 0.0
    strength = abs(level)
    says_yes = calibration.chance_of_yes(chance, strength)
    ratio = math.log(2 * (says_yes if level > 0 else 1 - says_yes))
    cap = CAP_REPLICATED if strength == _REPLICATED else CAP
    return max(-cap, min(cap, ratio))


@cache
def shipped() -> Calibration:
    """The calibration that comes with callcheck."""
    return msgspec.json.decode(FILE.read_bytes(), type=Calibration)


def store(calibration: Calibration) -> None:
    """Make this the calibration that comes with callcheck. Raises OSError."""
    text = msgspec.json.format(msgspec.json.encode(calibration), indent=2)
    FILE.write_bytes(text + b"\n")
    shipped.cache_clear()
