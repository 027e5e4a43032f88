"""No frame breaks any rule, and what a rule sends is always a whole IP packet."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.frames import parse

from .test_wire_forge import check_well_formed, ip_frame, question, tcp, udp
from .test_wire_hello import tls_client_hello, typed_dtls_hello
from .test_wire_quic import rfc_packet
from .test_wire_rules import STUN, book

MATCHES: list[dict[str, Any]] = [
    {},
    {"proto": "icmp"},
    {"prefixes": ["149.154.160.0/20", "2001:67c::/32"], "ports": [443, 53], "min_len": 60, "min_ttl": 5},
    {"flow_share": 0.5, "direction": "down"},
    *({"payload": kind} for kind in ("stun", "reflector", "dtls", "dns", "noise", "mtproto", "sni")),
    {"payload": "dns", "names": ["whatsapp.com"]},
    {"payload": "sni", "names": ["whatsapp.com"], "direction": "down"},
    {"payload": "quic_initial", "names": ["example.com"]},
    {"payload": "quic_initial"},
    {"payload": "dtls_hello", "fingerprints": ["0123456789ab"]},
]
ACTIONS: list[dict[str, Any]] = [
    {"drop": 0.5},
    {"police_kbps": 24, "burst_bytes": 3000, "per": "client"},
    {"delay_ms": 1e-9},
    {"stall": True},
]
PROTO_ACTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"proto": "tcp"}, {"rst": True}),
    ({"proto": "udp", "payload": "dns"}, {"forge": "10.10.34.35"}),
    ({"proto": "udp", "payload": "dns"}, {"forge": "2001:db8::bad", "race": True}),
]
AFTERS: list[dict[str, Any]] = [{}, {"after": {"packets": 1, "both_ways": True}}, {"after": {"seconds": 0.001}}]
PENALTY = {"penalty": {"seconds": 1, "match": {"payload": "sni"}}}
BYTES = [
    tls_client_hello(),
    typed_dtls_hello(),
    rfc_packet(),
    STUN,
    question("web.whatsapp.com", "A"),
    b"\xef\x0a",
    b"",
]


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        match, action = draw(st.sampled_from(PROTO_ACTIONS))
    else:
        match, action = draw(st.sampled_from(MATCHES)), draw(st.sampled_from(ACTIONS))
    # A rule that counts needs a match that says what.
    after, penalty = draw(st.sampled_from(AFTERS)), draw(st.sampled_from([{}, PENALTY]))
    return {"match": match, "action": action, **after, **penalty}


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Good ones, good ones with a few bytes changed or cut off, and rubbish."""
    payload = draw(st.sampled_from(BYTES))
    version, protocol = draw(st.sampled_from([4, 6])), draw(st.sampled_from([1, 6, 17, 58]))
    segment = {6: tcp(draw(st.integers(0, 255)), data=payload), 17: udp(payload)}.get(protocol, payload)
    frame = bytearray(ip_frame(segment, protocol=protocol, version=version))
    for _ in range(draw(st.integers(0, 3))):
        frame[draw(st.integers(12, min(100, len(frame) - 1)))] = draw(st.integers(0, 255))
    return bytes(frame[: draw(st.integers(0, 80))] if draw(st.booleans()) else frame)


@given(st.lists(rules(), min_size=1, max_size=4), st.lists(st.tuples(frames(), st.booleans()), max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_frame_breaks_any_rule_and_counters_agree(
    several: list[dict[str, Any]], sent: list[tuple[bytes, bool]]
) -> None:
    made = book(*several)
    for n, (frame, is_up) in enumerate(sent):
        packet = parse(frame, is_up=is_up)
        if packet is None:
            continue
        ruling = made.judge(packet, frame, n, n * 1_000_000)
        assert ruling.delay_ns >= 0
        for sent_up, forged in ruling.injected:
            check_well_formed(forged, like=frame, same_way=sent_up == is_up)
    for rule in made.rules:
        log = rule.log()
        assert 0 <= rule.hits <= rule.matched <= len(sent)
        assert isinstance(log["flows"], list)
        assert sum(flow["hits"] for flow in log["flows"]) == rule.hits
