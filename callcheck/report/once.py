"""Whether a JSON text says something twice: `{"a": 1, "a": 2}` is one thing to one reader and another to the next
(RFC 8259 section 4). A text that callcheck wrote is recognised by writing it again, which takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callcheck.engine.events import Event, encode_line


def says_twice(text: bytes) -> bool:
    """Whether any object of this JSON text has two values of one name. Raises RecursionError for deep nesting."""
    import json  # noqa: PLC0415 - what callcheck wrote itself is not read a second time

    found = False

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) < len(pairs)

    # Of the numbers nothing is wanted: their text is counted, as it takes no memory and never overflows.
    json.loads(text, object_pairs_hook=look, parse_int=len, parse_float=len)
    return found


def is_as_written(text: bytes, events: Sequence[Event]) -> bool:
    """Whether the text is, byte by byte, what callcheck writes for these events."""
    return b"".join(map(encode_line, events)) == text


def journal_says_twice(text: bytes, events: Sequence[Event]) -> bool:
    """As `says_twice`, of the lines of a journal, from which these events were read. A last line that was cut short has
    no event."""
    lines = (line for line in text.split(b"\n") if line.strip())
    return any(map(says_twice, _written_otherwise(lines, events)))


def _written_otherwise(lines: Iterable[bytes], events: Iterable[Event]) -> Iterable[bytes]:
    """The lines that callcheck would not have written for their event."""
    return (line for line, event in zip(lines, events, strict=False) if encode_line(event) != line + b"\n")
