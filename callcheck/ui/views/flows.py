"""The test call down to its packets: a flow, its seconds, each packet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.model import FlowSecond, SavedObservation
from callcheck.report.flows import flow_second
from callcheck.ui.paint import Line, line, safe
from callcheck.ui.plot import axis, axis_columns, chart, spread
from callcheck.ui.views.call import span_text
from callcheck.ui.views.fields import broken, field_lines, heading, number_text, seconds_text
from callcheck.ui.views.look import Look
from callcheck.ui.views.nodes import Book, Node, chunked
from callcheck.ui.views.operations import role_text, target_text

_ROWS: Final = 3
_LONGEST_S: Final = 600
# The narrowest span of delays that a chart is drawn over: less is no news to a call.
_LEAST_SPAN_MS: Final = 20.0
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of a flow, times of run in microseconds. Not received: neither it nor its answer came in time."""

    number: int
    scheduled_us: int | None
    sent_us: int
    received_us: int | None
    is_unsent: bool

    @property
    def is_lost(self) -> bool:
        return self.received_us is None and not self.is_unsent

    @property
    def delay_ms(self) -> float | None:
        return None if self.received_us is None else (self.received_us - self.sent_us) / 1000


def packets_of(second: FlowSecond) -> list[Packet]:
    """The packets of a second, by number."""
    unsent = frozenset(second.unsent)
    scheduled: list[int | None] = [*second.scheduled_us, *[None] * (len(second.sent_us) - len(second.scheduled_us))]
    return [
        Packet(number, due_us, sent_us, received_us, number in unsent)
        for number, (due_us, sent_us, received_us) in enumerate(
            zip(scheduled, second.sent_us, second.received_us, strict=False), start=second.first_number
        )
    ]


def flow_node(members: Sequence[SavedObservation], seconds: Callable[[], Sequence[Node]], book: Book) -> Node:
    """A flow, above its `seconds`."""
    look = book.look
    known = [second for one in members if (second := flow_second(one)) is not None]
    counts = _counts(known)
    place = target_text(members[0].target, look.language) if members[0].target is not None else ""
    arm = f" ({_flow_name(members[0], known[0], look)})" if known else ""
    said = f"{_counted(counts, look)}: {look.translate('test call')}, {place}{arm}"
    return Node(
        "flow",
        line(f"{_sign(counts, look)} ", said),
        lambda wide: _flow_detail(members[0], known, book, wide),
        lambda: chunked(seconds(), look),
    )


def _flow_name(one: SavedObservation, second: FlowSecond, look: Look) -> str:
    """Its arm, and the round where there may be several: a flow of each begins anew with packet 0."""
    number = one.data.get("round")
    part = f", {look.translate('round {number}').format(number=number + 1)}" if isinstance(number, int) else ""
    return safe(second.arm) + part


def second_node(one: SavedObservation, book: Book) -> Node | None:
    """A second of a flow, above its packets; None where it cannot be read as one."""
    second = flow_second(one)
    if second is None:
        return None
    look = book.look
    packets = packets_of(second)
    when = look.translate("second {number}").format(number=second.second + 1)
    delays = [packet.delay_ms for packet in packets if packet.delay_ms is not None]
    took = f", {_span(delays, look)}" if delays else ""
    return Node(
        "second",
        line(f"{_sign(_counts([second]), look)} ", (f"{when}  ", "dim"), f"{_counted(_counts([second]), look)}{took}"),
        lambda wide: _second_detail(one, second, packets, wide),
        lambda: chunked([_packet_node(packet, second, book) for packet in packets], look),
        observation=one,
    )


def _packet_node(packet: Packet, second: FlowSecond, book: Book) -> Node:
    return Node("packet", _packet_line(packet, book.look), lambda wide: _packet_detail(packet, second, wide))


def _packet_line(packet: Packet, look: Look) -> Line:
    sent = look.translate("sent at {seconds} s").format(seconds=seconds_text(packet.sent_us, look.language))
    number = str(packet.number).rjust(_DIGITS)
    if packet.is_unsent:
        return line(f"{look.glyphs.left_out}{number}  ", (look.translate("never left this device"), "doubt"))
    if packet.delay_ms is None:
        return line((f"{look.glyphs.failed}{number}", "bad"), f"  {sent}  ", (look.translate("lost"), "bad"))
    answered = look.translate("answered after {rtt_ms} ms").format(
        rtt_ms=number_text(packet.delay_ms, ".1f", look.language)
    )
    return line(f"{look.glyphs.done}{number}  {sent}  ", (answered, "dim"))


def _counts(seconds: Iterable[FlowSecond]) -> tuple[int, int]:
    """Packets lost and sent."""
    lost = sent = 0
    for second in seconds:
        unsent = frozenset(second.unsent)
        for number, received_us in enumerate(second.received_us[: len(second.sent_us)], start=second.first_number):
            if number not in unsent:
                sent += 1
                lost += received_us is None
    return lost, sent


def _counted(counts: tuple[int, int], look: Look) -> str:
    lost, sent = counts
    return look.translate("{lost} of {sent} packets lost").format(lost=lost, sent=sent)


def _sign(counts: tuple[int, int], look: Look) -> str:
    lost, sent = counts
    if not sent:
        return look.glyphs.doubt
    return look.glyphs.failed if lost == sent else "!" if lost else look.glyphs.done


def _span(delays: Sequence[float], look: Look) -> str:
    return span_text(min(delays), max(delays), look)


def _flow_detail(first: SavedObservation, known: Sequence[FlowSecond], book: Book, look: Look) -> list[Line]:
    lines = broken(_counted(_counts(known), look), look, tone="strong")
    packets = [packet for second in known for packet in packets_of(second)]
    target = first.target
    answered = [packet for packet in packets if packet.received_us is not None]
    delays = [packet.delay_ms for packet in answered if packet.delay_ms is not None]
    last = max(answered, key=lambda packet: packet.number, default=None)
    before = [second.sent_before for second in known]
    fields = [
        (look.translate("sent to"), target_text(target, look.language) if target is not None else ""),
        (look.translate("which is"), role_text(target, look.language) if target is not None else ""),
        (look.translate("answers after"), _span(delays, look) if delays else ""),
        (look.translate("last packet answered"), _last_text(last, packets, look)),
        (look.translate("greetings before the first"), str(min(before)) if before else ""),
        (look.translate("check"), book.check_name(first.check)),
    ]
    return [*lines, (), *field_lines(fields, look), *_loss_chart(packets, look), *_legend(look)]


def _last_text(last: Packet | None, packets: Sequence[Packet], look: Look) -> str:
    if last is None:
        return look.translate("none")
    start_us = min(packet.sent_us for packet in packets)
    text = look.translate("number {number}, {seconds} s after the first was sent")
    return text.format(number=last.number, seconds=seconds_text(last.sent_us - start_us, look.language))


def _loss_chart(packets: Sequence[Packet], look: Look) -> list[Line]:
    """The share of packets lost in each second since the flow's first packet."""
    sent: dict[int, list[bool]] = {}
    start_us = min((packet.sent_us for packet in packets), default=0)
    for packet in packets:
        at_s = (packet.sent_us - start_us) // 1_000_000
        if not packet.is_unsent and at_s < _LONGEST_S:
            sent.setdefault(at_s, []).append(packet.is_lost)
    seconds = 1 + max(sent, default=-1)
    if not seconds:
        return []
    losses = [sum(sent[at]) / len(sent[at]) if at in sent else None for at in range(seconds)]
    columns = axis_columns(seconds, max(10, look.columns - 8))
    bars = chart(spread(losses, seconds, columns), 0.0, 1.0, look.glyphs, rows=_ROWS)
    return [
        *heading(look.translate("Lost in each second, %")),
        line((f"    {axis(seconds, columns)} {look.translate('s')}", "dim")),
        *(line(f"{label:>3} ", (row, "bad")) for label, row in zip(("100", "", "0"), bars, strict=True)),
    ]


def _second_detail(one: SavedObservation, second: FlowSecond, packets: Sequence[Packet], look: Look) -> list[Line]:
    lines = broken(_counted(_counts([second]), look), look, tone="strong")
    noticed = (
        (look.translate("sent before these from the same port"), second.sent_before),
        (look.translate("answers too late to count"), second.late),
        (look.translate("answers that came twice"), second.duplicates),
        (look.translate("answers out of order"), second.reordered),
        (look.translate("errors reported by the network"), second.icmp_errors),
        (look.translate("counted at the far end"), second.far_received),
    )
    fields = [
        (look.translate("flow"), _flow_name(one, second, look)),
        (look.translate("sent to"), target_text(one.target, look.language) if one.target is not None else ""),
        (look.translate("size of a packet"), look.translate("{bytes} bytes").format(bytes=second.ip_bytes)),
        *((name, str(count)) for name, count in noticed if count),
        (look.translate("what befell this device"), ", ".join(second.events)),
    ]
    lines += [(), *field_lines(fields, look), *_delay_chart(packets, look)]
    shown = [_packet_line(packet, look) for packet in packets[:500]]
    return [*lines, *heading(look.translate("Packets")), *shown, *_legend(look)]


def _delay_chart(packets: Sequence[Packet], look: Look) -> list[Line]:
    """One column or two a packet: how long its answer took, or that none came."""
    delays = [packet.delay_ms for packet in packets]
    known = [delay for delay in delays if delay is not None]
    if not packets or len(packets) > look.columns:
        return []
    wide = 2 if 2 * len(packets) <= look.columns else 1
    low = min(known, default=0.0)
    high = max([low + _LEAST_SPAN_MS, *known])
    rows = chart(delays, low, high, look.glyphs, rows=_ROWS)
    lost = [packet.is_lost for packet in packets]
    foot = "".join(look.glyphs.death if gone else bar for bar, gone in zip(rows[-1], lost, strict=True))
    drawn = [_widened(row, wide) for row in (*rows[:-1], foot)]
    said = _span(known, look) if known else look.translate("no answer came")
    title = look.translate("How long the answer to each packet took: {span}").format(span=said)
    return [*heading(title), *(line((row, "accent")) for row in drawn)]


def _widened(row: str, wide: int) -> str:
    return "".join(character + " " * (wide - 1) for character in row)


def _packet_detail(packet: Packet, second: FlowSecond, look: Look) -> list[Line]:
    language = look.language

    def shown(at_us: int | None) -> str:
        return "" if at_us is None else look.translate("{seconds} s").format(seconds=seconds_text(at_us, language))

    lines = [_packet_line(packet, look), ()]
    place = packet.number - second.first_number
    taken_us = second.taken_us[place] if place < len(second.taken_us) else None
    fields = [
        (look.translate("number"), str(packet.number)),
        (look.translate("flow"), safe(second.arm)),
        (look.translate("was due at"), shown(packet.scheduled_us)),
        (look.translate("sent at"), "" if packet.is_unsent else shown(packet.sent_us)),
        (look.translate("answer came at"), shown(packet.received_us)),
        (look.translate("answer was read at"), shown(taken_us)),
        (look.translate("size of a packet"), look.translate("{bytes} bytes").format(bytes=second.ip_bytes)),
    ]
    return [*lines, *field_lines(fields, look), *(_legend(look) if packet.is_lost else [])]


def _legend(look: Look) -> list[Line]:
    text = look.translate("Lost: no answer to the packet came in time; which of the two was lost is not told here.")
    return [(), *broken(text, look, tone="dim")]
