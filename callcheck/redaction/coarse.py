"""Randomised rounding: figures become coarse, so that two exports of one run do not share their digits (DESIGN 8).

A value goes to one of the two points of its grid that it lies between, to the nearer one the more often, so that it is
right on average (unbiased dither: Wannamaker et al. 2000, "A theory of nonsubtractive dither"), and a value that is on
the grid stays. `share` is the chance in it, 0 up to 1. Rounding with one share keeps the order of values: what was no
larger before is no larger afterwards.
"""

from __future__ import annotations

import math
from typing import Final

# Sentences say "7 of 7", and a comparison reckons with counts: so small ones stay as they are.
LARGEST_EXACT_COUNT: Final = 1000
_SHARE_DIGITS: Final = 3


def count(value: int, share: float) -> int:
    """A count of things: exact up to 1000, two significant digits beyond."""
    return value if abs(value) <= LARGEST_EXACT_COUNT else whole(value, share)


def whole(value: int, share: float) -> int:
    """A measure in whole numbers: two significant digits."""
    step: int = 10 ** max(0, len(str(abs(value))) - 2)
    return on_grid(value, step, int(share * step))


def figure(value: float, digits: int, share: float) -> float:
    """A measure: two significant digits, and never finer than `digits` decimals."""
    size = abs(value)
    if not size:
        return 0.0
    return _rounded(value, min(digits, 1 - math.floor(math.log10(size))), share)


def ratio(value: float, share: float) -> float:
    """A part of a whole: to 1 %, and to 0.1 % below 10 % and above 90 %, so that neither 0.4 % becomes nothing nor
    99.6 % everything."""
    size = abs(value)
    if size > 1:
        return figure(value, _SHARE_DIGITS, share)
    return _rounded(value, 2 if 0.1 <= size <= 0.9 else _SHARE_DIGITS, share)


def on_grid(value: int, step: int, dither: int) -> int:
    """A multiple of `step`, in whole numbers: a foreign file may hold one that no float can. `dither` is chance, 0 up
    to `step`."""
    return (value + dither) // step * step


def received_beside(sent: int, received: int, sent_kept: int, share: float) -> int:
    """How many were received of `sent_kept`, which stands for `sent`. The smaller of the two parts, lost and received,
    is kept as a count of its own, so that rounding neither makes up a loss nor hides one."""
    lost = sent - received
    smaller = min(lost, received)
    kept = max(1, count(_up(smaller * sent_kept / sent, share), share)) if smaller else 0
    return kept if received <= lost else sent_kept - kept


def _rounded(value: float, places: int, share: float) -> float:
    scale = 10.0**places
    # What is on the grid is not quite so in binary.
    return round(_up(round(value * scale, 6), share) / scale, max(places, 0))


def _up(scaled: float, share: float) -> int:
    """The whole number below or above."""
    below = math.floor(scaled)
    return below + (share < scaled - below)
