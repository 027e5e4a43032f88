"""One wire, both directions, and what its log says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.line import Line
from callcheck.lab.wire.spec import read_wire
from callcheck.lab.wire.strict import Table

from .conftest import Frame

ARP = b"\x02" * 12 + b"\x08\x06" + bytes(28)
QUESTION = bytes.fromhex("abcd01000001000000000000") + b"\x03web\x08whatsapp\x03com\0" + bytes([0, 1, 0, 1])
SPEC = {
    "up": [{"delay_ms": 10}, {"loss": 1.0, "prefixes": ["8.8.8.0/24"]}],
    "down": [{"delay_ms": 20}],
    "rule": [{"match": {"ports": [597], "direction": "up"}, "after": {"packets": 1}, "action": {"drop": 1.0}}],
}


def line(spec: dict[str, object]) -> Line:
    return Line("core", read_wire(Table(spec)), seed=1, start_ns=0)


def due(wire: Line, frame: bytes, *, is_up: bool, arrival_ns: int) -> int | None:
    """When the one frame that came leaves; None where nothing leaves."""
    departures = wire.departures(frame, is_up=is_up, arrival_ns=arrival_ns)
    assert all((one.is_up, one.frame) == (is_up, frame) for one in departures)
    return departures[0].due_ns if departures else None


def test_each_direction_does_its_own(frame: Frame) -> None:
    core = line(SPEC)
    assert due(core, frame(b"x"), is_up=True, arrival_ns=5) == 10_000_005
    assert due(core, frame(b"x", is_up=False), is_up=False, arrival_ns=5) == 20_000_005
    assert due(core, frame(b"x"), is_up=True, arrival_ns=6) is None
    assert due(core, frame(b"x", remote=("8.8.8.8", 53)), is_up=True, arrival_ns=7) is None
    assert due(core, frame(b"x", is_up=False), is_up=False, arrival_ns=8) == 20_000_008


def test_frames_that_are_not_ip_pass_at_once_and_are_not_counted() -> None:
    core = line({"up": [{"delay_ms": 10, "loss": 1.0}], "rule": [{"action": {"drop": 1}}]})
    assert due(core, ARP, is_up=True, arrival_ns=5) == 5
    up = core.log()["up"]
    assert isinstance(up, dict)
    assert (up["packets"], up["lost"]) == (0, 0)


def test_neighbours_of_ipv6_find_each_other_whatever_the_wire_does() -> None:
    core = line({"up": [{"loss": 1.0}]})
    for kind in range(130, 140):
        header = b"\x60" + bytes(3) + (24).to_bytes(2, "big") + bytes([58, 255]) + bytes(32)
        solicitation = b"\x02" * 12 + b"\x86\xdd" + header + bytes([kind]) + bytes(23)
        assert (due(core, solicitation, is_up=True, arrival_ns=5) == 5) == (133 <= kind <= 137)


def test_what_a_rule_sends_itself_leaves_at_once_on_its_own_side(frame: Frame) -> None:
    match = {"proto": "udp", "payload": "dns", "names": ["whatsapp.com"]}
    rules = [{"match": match, "action": {"forge": "10.10.34.35", "race": True}}]
    core = line({"up": [{"delay_ms": 10}], "rule": rules})
    question = frame(QUESTION, remote=("8.8.8.8", 53))
    forged, true = core.departures(question, is_up=True, arrival_ns=5)
    assert (true.due_ns, true.is_up, true.frame) == (10_000_005, True, question)
    assert (forged.due_ns, forged.is_up) == (5, False)
    assert bytes([10, 10, 34, 35]) in forged.frame


def test_a_doubled_packet_leaves_twice(frame: Frame) -> None:
    core = line({"up": [{"duplicate": 1.0}]})
    assert len(core.departures(frame(b"x"), is_up=True, arrival_ns=5)) == 2


def test_packets_to_watched_servers_are_counted(frame: Frame) -> None:
    core = Line("far", read_wire(Table({})), seed=1, start_ns=0, watched={bytes([8, 8, 8, 8]): "public-resolver"})
    for is_up in (True, True, False):
        core.departures(frame(b"x", is_up=is_up, remote=("8.8.8.8", 53)), is_up=is_up, arrival_ns=0)
    core.departures(frame(b"x"), is_up=True, arrival_ns=0)
    assert core.log()["visits"] == {"public-resolver": 2}


def test_the_log_counts_what_came_in_and_what_was_taken(frame: Frame) -> None:
    core = line(SPEC)
    for remote in (("149.154.167.51", 597), ("149.154.167.51", 597), ("8.8.8.8", 53)):
        due(core, frame(b"x" * 72, remote=remote), is_up=True, arrival_ns=0)
    log = core.log()
    up = log["up"]
    assert isinstance(up, dict)
    assert {key: up[key] for key in ("packets", "bytes", "lost", "queue_drops")} == {
        "packets": 3,
        "bytes": 300,
        "lost": 1,
        "queue_drops": 0,
    }
    assert [entry["lost"] for entry in up["entries"]] == [0, 1]
    assert isinstance(log["rules"], list)
    assert [(rule["name"], rule["matched"], rule["hits"]) for rule in log["rules"]] == [("rule 1 on core", 2, 1)]


@given(st.lists(st.tuples(st.binary(max_size=90), st.booleans(), st.booleans()), max_size=20))
@settings(max_examples=150)
def test_no_frame_breaks_a_wire(frames: list[tuple[bytes, bool, bool]]) -> None:
    core = line(SPEC)
    for n, (tail, is_up, is_ipv4) in enumerate(frames):
        frame = (b"\x02" * 12 + b"\x08\x00\x45" if is_ipv4 else b"") + tail
        assert all(one.due_ns >= n for one in core.departures(frame, is_up=is_up, arrival_ns=n))
