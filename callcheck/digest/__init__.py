"""What a report says, in words and figures of one language and without a page around them: the door for reporters.

A reporter lays a `Digest` out; the screens share its parts. Nothing in here escapes anything: a digest quotes a report,
and a report may come from a stranger's file, so that every page escapes what it shows in its own way (DESIGN 8).
"""

from __future__ import annotations

from callcheck.digest.course import CONTROLS, Call, Death, Moment, Round, call_of
from callcheck.digest.focus import focus
from callcheck.digest.make import digest_of, moment_text
from callcheck.digest.measured import measured_of
from callcheck.digest.model import Answer, Digest, Measured, Row, Station, Way

__all__ = [
    "CONTROLS",
    "Answer",
    "Call",
    "Death",
    "Digest",
    "Measured",
    "Moment",
    "Round",
    "Row",
    "Station",
    "Way",
    "call_of",
    "digest_of",
    "focus",
    "measured_of",
    "moment_text",
]
