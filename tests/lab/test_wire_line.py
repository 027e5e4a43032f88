"""One wire, both directions, and what its log says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.line import Line
from callcheck.lab.wire.spec import read_wire
from callcheck.lab.wire.strict import Table

from .conftest import Frame

ARP = b"\x02" * 12 + b"\x08\x06" + bytes(28)
SPEC = {
    "up": [{"delay_ms": 10}, {"loss": 1.0, "prefixes": ["8.8.8.0/24"]}],
    "down": [{"delay_ms": 20}],
    "rule": [{"match": {"ports": [597], "direction": "up"}, "after": {"packets": 1}, "action": {"drop": 1.0}}],
}


def line(spec: dict[str, object]) -> Line:
    return Line("core", read_wire(Table(spec)), seed=1, start_ns=0)


def test_each_direction_does_its_own(frame: Frame) -> None:
    core = line(SPEC)
    assert core.due(frame(b"x"), is_up=True, arrival_ns=5) == 10_000_005
    assert core.due(frame(b"x", is_up=False), is_up=False, arrival_ns=5) == 20_000_005
    assert core.due(frame(b"x"), is_up=True, arrival_ns=6) is None
    assert core.due(frame(b"x", remote=("8.8.8.8", 53)), is_up=True, arrival_ns=7) is None
    assert core.due(frame(b"x", is_up=False), is_up=False, arrival_ns=8) == 20_000_008


def test_frames_that_are_not_ip_pass_at_once_and_are_not_counted() -> None:
    core = line({"up": [{"delay_ms": 10, "loss": 1.0}], "rule": [{"action": {"drop": 1}}]})
    assert core.due(ARP, is_up=True, arrival_ns=5) == 5
    assert core.log()["up"] == {
        "packets": 0,
        "bytes": 0,
        "lost": 0,
        "queue_drops": 0,
        "entries": [{"loss": 1.0, "lost": 0, "queue_drops": 0}],
    }


def test_the_log_counts_what_came_in_and_what_was_taken(frame: Frame) -> None:
    core = line(SPEC)
    for remote in (("149.154.167.51", 597), ("149.154.167.51", 597), ("8.8.8.8", 53)):
        core.due(frame(b"x" * 72, remote=remote), is_up=True, arrival_ns=0)
    log = core.log()
    entries = [{"loss": 0.0, "lost": 0, "queue_drops": 0}, {"loss": 1.0, "lost": 1, "queue_drops": 0}]
    assert log["up"] == {"packets": 3, "bytes": 300, "lost": 1, "queue_drops": 0, "entries": entries}
    assert isinstance(log["rules"], list)
    assert [(rule["name"], rule["matched"], rule["hits"]) for rule in log["rules"]] == [("rule 1 on core", 2, 1)]


@given(st.lists(st.tuples(st.binary(max_size=90), st.booleans(), st.booleans()), max_size=20))
@settings(max_examples=150)
def test_no_frame_breaks_a_wire(frames: list[tuple[bytes, bool, bool]]) -> None:
    core = line(SPEC)
    for n, (tail, is_up, is_ipv4) in enumerate(frames):
        frame = (b"\x02" * 12 + b"\x08\x00\x45" if is_ipv4 else b"") + tail
        due_ns = core.due(frame, is_up=is_up, arrival_ns=n)
        assert due_ns is None or due_ns >= n
