"""What a run on an open network teaches the catalogue."""

from __future__ import annotations

import tomllib

from callcheck.catalog.verify import verified_lines
from callcheck.model import Observation, Target
from callcheck.words import Failure


def asked(number: int, form: str, failure: Failure | None) -> Observation:
    target = Target(
        service="whatsapp",
        function="calls",
        address=f"57.144.{number}.57",
        port=3478,
        protocol="whatsapp_relay",
        network="meta",
        answers={"dtls": "inferred", "stun": "inferred"},
    )
    return Observation(op="relay.ask", target=target, form=form, failure=failure)


def test_a_form_that_was_answered_is_confirmed_with_the_date_and_a_silent_one_is_not() -> None:
    lines = list(
        verified_lines(
            [
                asked(41, "dtls", None),
                asked(41, "dtls", Failure.timeout),
                asked(49, "dtls", Failure.timeout),
                asked(41, "stun", Failure.timeout),
                asked(41, "unheard_of", None),
                Observation(op="link.route"),
            ],
            "2026-11-22",
        )
    )
    assert "# whatsapp calls subject whatsapp_relay meta" in lines
    assert "#   dtls: 1 of 2 answered" in lines
    assert "#   stun: 0 of 1 answered" in lines
    assert tomllib.loads("\n".join(lines)) == {"as_of": "2026-11-22", "answers": {"dtls": "confirmed"}}


def test_what_nobody_answered_confirms_nothing() -> None:
    lines = list(verified_lines([asked(41, "dtls", Failure.timeout)], "2026-11-22"))
    assert tomllib.loads("\n".join(lines)) == {}
