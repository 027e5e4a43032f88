"""How a call would sound, in the words that people use for it. Severity only: no sentence says why."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_, translator
from callcheck.model import Quality
from callcheck.verdict.figures import decimal
from callcheck.verdict.names import service_name

# Of the conversational scale (G.107 Annex B): R 0 and below, R 100 and above.
_LEAST_SCORE: Final = 1.0
_LARGEST_SCORE: Final = 4.5

_ONE_SCORE: Final = N_("A call over {service}: {sound} (estimated score {mos} on a scale from 1 to 4.5).")
_SCORE_BETWEEN: Final = N_(
    "A call over {service}: {sound} (estimated score {mos} on a scale from 1 to 4.5; it may lie between {low} and"
    " {high})."
)
# By the word for the score, and by what one would complain of most.
_SOUNDS: Final[dict[str, dict[str, str]]] = {
    "clear": {"": N_("it sounds like a good telephone line")},
    "good": {
        "gaps": N_("small clicks at times; hardly anyone minds"),
        "lag": N_("a slight delay; hardly anyone minds"),
    },
    "fair": {
        "gaps": N_("syllables drop out now and then, but one can talk"),
        "lag": N_("the delay is noticeable; people sometimes talk over each other"),
    },
    "poor": {
        "gaps": N_("speech breaks up, words are lost, things must be repeated"),
        "lag": N_("the answer comes late; one must wait and take turns"),
    },
    "barely": {
        "gaps": N_("only scraps of sentences come through"),
        "lag": N_("the delay is so long that only short phrases in turn work"),
    },
    "hopeless": {
        "gaps": N_("nothing can be understood; a talk is impossible"),
        "lag": N_("the delay is so long that a talk is impossible"),
    },
}


def quality_text(quality: Quality, language: str) -> str:
    """One sentence of `language`: how it sounds and the score; "" for a word that callcheck does not know, and for a
    score that the E-model cannot give."""
    sounds = _SOUNDS.get(quality.word, {})
    sound = sounds.get(quality.heard) or next(iter(sounds.values()), "")
    scores = (quality.mos_low, quality.mos, quality.mos_high)
    if not sound or not all(_LEAST_SCORE <= score <= _LARGEST_SCORE for score in scores):
        return ""
    _ = translator(language)
    low, mos, high = (decimal(score, language) for score in scores)
    template = _ONE_SCORE if low == high else _SCORE_BETWEEN
    return _(template).format(service=service_name(quality.service), sound=_(sound), mos=mos, low=low, high=high)
