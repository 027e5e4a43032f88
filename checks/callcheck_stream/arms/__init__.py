"""How the packets of the flows look: one room an arm, all of one size, so that no rule about sizes tells them apart.

`arms.dtls` is not imported here, as OpenSSL costs the flow process 0.1 s.
"""

from __future__ import annotations

from callcheck_stream.arms.echo import EchoQuestions
from callcheck_stream.arms.numbering import PAYLOAD_BYTES, TOKEN_BYTES, number_in, token
from callcheck_stream.arms.reflector import ReflectorLoop
from callcheck_stream.arms.stun import AllocateQuestions, StunQuestions
from callcheck_stream.arms.turn import TurnLoop

__all__ = [
    "PAYLOAD_BYTES",
    "TOKEN_BYTES",
    "AllocateQuestions",
    "EchoQuestions",
    "ReflectorLoop",
    "StunQuestions",
    "TurnLoop",
    "number_in",
    "token",
]
