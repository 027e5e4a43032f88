"""Codecs without I/O: bytes in, values out; time and randomness are arguments, and no input makes a decoder raise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are not what the decoder was asked for; `reason` is one plain clause without text from the network."""

    reason: str
