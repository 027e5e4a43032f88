"""The picture of the call: what each side met in every second, and where flows fell silent."""

from __future__ import annotations

from typing import Any

import pytest

from callcheck.digest.course import CONTROLS, Call
from callcheck.model import FlowSecond, Observation, Target
from callcheck.ui.glyphs import ASCII, UNICODE
from callcheck.ui.paint import plain
from callcheck.ui.state import folded
from callcheck.ui.views.call import call_lines
from callcheck.ui.views.look import Look
from tests.ui.driving import events_of


def _second(arm: str, second: int, answers: list[float | None], *, packets: int = 10, start_us: int = 0) -> FlowSecond:
    """A second of ten packets; `answers` are delays in milliseconds, None for lost."""
    sent = tuple(start_us + second * 1_000_000 + number * 100_000 for number in range(packets))
    return FlowSecond(
        arm=arm,
        second=second,
        first_number=second * packets,
        ip_bytes=188,
        scheduled_us=sent,
        sent_us=sent,
        received_us=tuple(
            None if delay is None else at + round(delay * 1000) for at, delay in zip(sent, answers, strict=True)
        ),
    )


def _observed(service: str, **data: Any) -> Observation:
    target = Target(service=service, role="subject" if service else "control", address="192.0.2.1")
    return Observation(op="flow.second", target=target, data={"round": 0, "part": "stream", **data})


def _call(lives: int, seconds: int = 20) -> Call:
    """Telegram's flow lives for so many packets; the controls go on."""
    call = Call()
    for second in range(seconds):
        answers = [50.0 if second * 10 + number < lives else None for number in range(10)]
        call.add(_observed("telegram"), _second("t", second, answers))
        call.add(_observed(""), _second("c", second, [40.0] * 10))
    return call


def test_each_second_has_its_loss_and_delay() -> None:
    call = Call()
    call.add(_observed("telegram"), _second("t", 0, [50.0] * 8 + [None] * 2))
    call.add(_observed("telegram"), _second("t", 1, [None] * 10))
    moments = call.rounds[0].moments("telegram")
    assert [moment.loss_ratio for moment in moments] == [pytest.approx(0.2), 1.0]
    assert [moment.delay_ms for moment in moments] == [50.0, None]
    assert call.rounds[0].loss_ratio("telegram") == pytest.approx(0.6)


def test_a_flow_that_fell_silent_is_marked_with_its_packets_and_seconds() -> None:
    (death,) = _call(lives=25).rounds[0].deaths("telegram")
    assert death.packets == 25
    assert death.at_s == pytest.approx(2.4)


@pytest.mark.parametrize("lives", [0, 195, 200])
def test_a_flow_that_was_never_heard_or_is_silent_for_a_moment_has_not_died(lives: int) -> None:
    assert _call(lives=lives).rounds[0].deaths("telegram") == []


def test_packets_that_our_own_system_refused_are_not_lost() -> None:
    call = Call()
    second = _second("t", 0, [50.0] * 5 + [None] * 5)
    refused = FlowSecond(
        **{**{name: getattr(second, name) for name in second.__struct_fields__}, "unsent": (5, 6, 7, 8, 9)}
    )
    call.add(_observed("telegram"), refused)
    assert call.rounds[0].loss_ratio("telegram") == 0.0


def test_the_sides_stand_below_each_other_services_first_and_nothing_moves_while_it_fills() -> None:
    call = Call()
    call.plan(Observation(op="flow.plan", data={"seconds": 30.0}))
    widths = set()
    for second in range(20):
        call.add(_observed("telegram"), _second("t", second, [50.0] * 10))
        call.add(_observed(""), _second("c", second, [40.0] * 10))
        lines = plain(call_lines(call, Look("en", UNICODE, 80))).splitlines()
        widths.add(lines[1])
    assert len(widths) == 1
    assert [line.split()[0] for line in lines[2:]] == ["Telegram", "delay", "others", "delay"]


def test_a_service_that_nothing_could_be_sent_to_is_named() -> None:
    text = plain(call_lines(_call(lives=200), Look("en", UNICODE, 80), services=("telegram", "whatsapp")))
    assert "WhatsApp     no call server answered" in text
    assert "Telegram     no call server" not in text


@pytest.mark.parametrize("columns", [10, 20, 40, 80, 200])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_the_picture_keeps_to_its_columns_and_signs(columns: int, glyphs: Any) -> None:
    shown = folded(events_of("cutoff-packets"))
    text = plain(call_lines(shown.call, Look("en", glyphs, columns)))
    if glyphs is ASCII:
        assert text.isascii()
    if columns >= 80:
        assert max(map(len, text.splitlines())) <= columns


def test_a_cut_off_call_is_seen_to_die() -> None:
    shown = folded(events_of("cutoff-packets"))
    text = plain(call_lines(shown.call, Look("en", UNICODE, 80)))
    assert "silent after" in text
    assert shown.call.rounds[0].deaths(CONTROLS) == []
    assert shown.call.rounds[0].deaths("whatsapp") == []
