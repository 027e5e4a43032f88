"""The strict reader of scenarios."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.network_spec import Dns, ServerFault
from callcheck.lab.scenario import ScenarioError, load, parse
from callcheck.lab.truth import Truth
from callcheck.lab.wire.spec import Wire, read_wire, wire_as_table
from callcheck.lab.wire.spec_entry import Bundle, Entry, Gilbert, When
from callcheck.lab.wire.spec_rule import Action, After, Match, Penalty, Rule
from callcheck.lab.wire.strict import Network, Table

HEAD = 'id = "some-thing"\nsummary = "a summary"\nseed = 7\n'
TRAFFIC = '[[cross_traffic]]\nwire = "far"\ndirection = "down"\n'
TRUTH = '[[truth]]\nservice = "telegram"\nfunction = "calls"\noutcome = ["fails"]\ncause = ["selective"]\n'

WHOLE = """
id = "telegram-calls-dropped"
summary = "UDP to Telegram's call relays is dropped; text works"
seed = 7
[topology]
nat = "none"
[dns]
resolver = "forging"
forged = {"Web.WhatsApp.com." = "10.10.34.35"}
[[wire.core.up]]
delay_ms = {min = 10, max = 40}
[[wire.lan.down]]
loss = 0.02
rate_kbps = 2000
queue_kb = 256
stall_ms = 120
stall_every_ms = 1000
jitter_ms = 3
prefixes = ["8.8.8.0/24", "2001:db8::/32"]
[[wire.core.rule]]
match = {proto = "udp", prefixes = ["91.108.0.0/16"], ports = [596, 1400], direction = "up", payload = "stun"}
after = {packets = 12}
action = {drop = 1.0}
[[wire.far.rule]]
action = {drop = 0.5}
[[server]]
name = "telegram-relay"
fault = "silent"
[[truth]]
service = "telegram"
function = "calls"
outcome = ["fails"]
cause = ["selective"]
mechanism = ["address", "port"]
where = ["provider"]
depth = "quick"
"""


def test_a_whole_scenario_is_read_into_its_parts() -> None:
    scenario = parse(WHOLE)
    assert (scenario.id, scenario.seed, scenario.topology.nat) == ("telegram-calls-dropped", 7, "none")
    assert scenario.dns == Dns("forging", (), {"web.whatsapp.com": "10.10.34.35"})
    assert scenario.servers == (ServerFault("telegram-relay", "silent"),)
    truth = Truth("telegram", "calls", ("fails",), ("selective",), ("address", "port"), ("provider",), "quick")
    assert scenario.truths == (truth,)
    assert 10 <= scenario.wires["core"].up[0].delay_ms <= 40
    (entry,) = scenario.wires["lan"].down
    assert (entry.loss, entry.rate_kbps, entry.queue_kb, entry.jitter_ms) == (0.02, 2000, 256, 3)
    assert [str(network) for network in entry.prefixes] == ["8.8.8.0/24", "2001:db8::/32"]
    (rule,) = scenario.wires["core"].rules
    assert (rule.match.ports, rule.match.payload, rule.match.direction) == ((596, 1400), "stun", "up")
    assert (rule.after, rule.action.drop) == (After(packets=12), 1.0)
    assert scenario.wires["far"].rules == (Rule(Match(), After(), Action(drop=0.5)),)
    assert scenario.wires["access"] == Wire()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "id: is missing"),
        ('id = "A b"', "id: lower-case letters, digits and hyphens are wanted"),
        ('id = "a"\nsummary = ""', 'summary: a text is wanted, not ""'),
        ('id = "a"\nsummary = "s"\nseed = true\n', "seed: a number is wanted, not true"),
        (HEAD, "truth: is missing"),
        (HEAD + "colour = 1\n" + TRUTH, "colour: unknown key"),
        (HEAD + '"a b\\nc" = 1\n' + TRUTH, '"a b\\nc": unknown key'),
        (
            HEAD + '[topology]\nnat = "conical"\n' + TRUTH,
            'topology.nat: unknown word "conical" (known: cone, full_cone',
        ),
        (HEAD + "[topology]\nipv6 = 6\n" + TRUTH, "topology.ipv6: true or false is wanted, not 6"),
        (HEAD + '[topology]\naccess = "modem"\n' + TRUTH, 'topology.access: unknown word "modem" (known: fibre, cable'),
        (HEAD + "[topology]\nnat_sessions = 9\n" + TRUTH, 'topology.nat_sessions: the sessions of nat = "cgnat"'),
        (HEAD + '[topology]\nnat = "none"\nportal = true\n' + TRUTH, "topology.portal: nat = "),
        (HEAD + '[topology]\ntunnel = true\ntunnel_prefixes = ["10.0.0.0/8"]\n' + TRUTH, "takes everything already"),
        (HEAD + '[topology]\ntunnel_prefixes = ["::/0"]\n' + TRUTH, "the tunnel carries IPv4 alone"),
        (HEAD + '[topology]\nnat = "cgnat"\nrebind_s = 3\n' + TRUTH, "topology.rebind_s: behind nat"),
        (HEAD + '[topology]\nnat = "none"\ntunnel_prefixes = ["1.2.3.0/24"]\n' + TRUTH, "translates nothing"),
        (HEAD + "[[wire.core.up]]\n" + TRUTH, "wire.core.up[0]: does nothing"),
        (HEAD + '[[wire.core.up]]\nloss = 1\nprefixes = ["::/0"]\n' + TRUTH, "wire.core: prefixes of IPv6 alone"),
        (HEAD + '[dns]\nresolver = "missing"\nmissing = ["a\\nb"]\n' + TRUTH, "dns.missing: a host name is wanted"),
        (HEAD + '[dns.forged]\n\'"x\' = "1.2.3.4"\n' + TRUTH, "a host name is wanted"),
        (HEAD + "topology = 3\n" + TRUTH, "topology: a table is wanted, not 3"),
        (HEAD + '[dns]\nresolver = "lazy"\n' + TRUTH, 'dns.resolver: unknown word "lazy"'),
        (HEAD + '[dns]\nresolver = "missing"\n' + TRUTH, "dns.missing: missing and resolver"),
        (HEAD + '[dns]\nmissing = ["a.b"]\n' + TRUTH, "dns.missing: missing and resolver"),
        (HEAD + '[dns]\nresolver = "forging"\nforged = {"a.b" = "1.2.3"}\n' + TRUTH, 'dns.forged."a.b": an address'),
        (HEAD + "[[wire.moon.up]]\n" + TRUTH, 'wire.moon: unknown wire "moon" (known: lan, access, core, far)'),
        (HEAD + "[[wire.core.left]]\n" + TRUTH, 'wire.core.left: unknown direction "left"'),
        (HEAD + "[wire.core.up]\ndelay_ms = 1\n" + TRUTH, "wire.core.up: a list of tables is wanted"),
        (HEAD + "[[wire.core.up]]\nloss = 1.5\n" + TRUTH, "wire.core.up[0].loss: 1.5 is more than 1"),
        (HEAD + "[[wire.core.up]]\nloss = nan\n" + TRUTH, "wire.core.up[0].loss: a number is wanted"),
        (HEAD + f"[[wire.core.up]]\ndelay_ms = {10**400}\n" + TRUTH, "wire.core.up[0].delay_ms: a number is wanted"),
        (HEAD + "[[wire.core.up]]\ndelay_ms = -1\n" + TRUTH, "wire.core.up[0].delay_ms: -1 is less than 0"),
        (HEAD + "[[wire.core.up]]\ndelay_ms = {min = 2, max = 1}\n" + TRUTH, "delay_ms: min 2 is more than max 1"),
        (HEAD + "[[wire.core.up]]\ndelay_ms = {min = 2}\n" + TRUTH, "wire.core.up[0].delay_ms.max: is missing"),
        (HEAD + "[[wire.core.up]]\nloss = {min = 0, max = 2}\n" + TRUTH, "wire.core.up[0].loss: 2 is more than 1"),
        (HEAD + "[[wire.core.up]]\nge = {p = 1}\n" + TRUTH, "wire.core.up[0].ge.q: is missing"),
        (HEAD + "[[wire.core.up]]\nge = {p = 1, q = 0, h = 1, k = 0}\n" + TRUTH, "ge.q: 0 never leaves"),
        (HEAD + "[[wire.core.up]]\npolice_kbps = 9\n" + TRUTH, "burst_kb: police_kbps and burst_kb belong together"),
        (HEAD + "[[wire.core.up]]\nreorder_ms = 9\n" + TRUTH, "reorder_ms: reorder says how many"),
        (HEAD + "[[wire.core.up]]\nbundle = {members = 1}\n" + TRUTH, "bundle.members: 1 is less than 2"),
        (HEAD + "[[wire.core.up]]\nwhen = {from_s = 2, to_s = 1}\n" + TRUTH, "when.to_s: it ends before it begins"),
        (HEAD + "[[wire.core.up]]\nwhen = {on_s = 2}\n" + TRUTH, "when.on_s: on_s and off_s belong together"),
        (HEAD + "[[wire.core.up]]\nqueue_kb = 9\n" + TRUTH, "wire.core.up[0].queue_kb: a queue without rate_kbps"),
        (HEAD + "[[wire.core.up]]\nstall_ms = 9\n" + TRUTH, "stall_ms: stall_ms and stall_every_ms belong together"),
        (HEAD + "[[wire.core.up]]\nstall_ms = 9\nstall_every_ms = 9\n" + TRUTH, "a stall must be shorter"),
        (HEAD + '[[wire.core.up]]\nprefixes = ["8.8.8.8/24"]\n' + TRUTH, "prefixes: not a prefix"),
        (HEAD + "[[wire.core.up]]\nprefixes = []\n" + TRUTH, "prefixes: a list that is not empty"),
        (HEAD + "[[wire.core.rule]]\n" + TRUTH, "wire.core.rule[0].action: is missing"),
        (HEAD + "[[wire.core.rule]]\naction = {}\n" + TRUTH, "wire.core.rule[0].action: exactly one of drop"),
        (HEAD + "[[wire.core.rule]]\naction = {drop = 0}\n" + TRUTH, "action.drop: 0 does nothing"),
        (HEAD + "[[wire.core.rule]]\naction = {drop = 1, rst = true}\n" + TRUTH, "action: exactly one of drop"),
        (HEAD + "[[wire.core.rule]]\naction = {police_kbps = 24}\n" + TRUTH, "action.burst_bytes: police_kbps and"),
        (HEAD + '[[wire.core.rule]]\naction = {drop = 1, per = "rule"}\n' + TRUTH, "action.per: says whose bucket"),
        (HEAD + "[[wire.core.rule]]\naction = {drop = 1, race = true}\n" + TRUTH, "action.race: says when"),
        (HEAD + "[[wire.core.rule]]\naction = {rst = 1}\n" + TRUTH, "action.rst: true or false is wanted, not 1"),
        (HEAD + "[[wire.core.rule]]\naction = {rst = true}\n" + TRUTH, "rule[0].action: rst needs match.proto"),
        (HEAD + '[[wire.core.rule]]\naction = {forge = "1.2.3.4"}\n' + TRUTH, "rule[0].action: forge needs match"),
        (HEAD + "[[wire.core.rule]]\npenalty = {}\n" + TRUTH, "rule[0].penalty.seconds: is missing"),
        (
            HEAD + "[[wire.core.rule]]\nafter = {packets = 3}\naction = {drop = 1}\n" + TRUTH,
            "wire.core.rule[0].after: after needs a match",
        ),
        (
            HEAD + "[[wire.core.rule]]\nmatch = {}\nafter = {packets = 3, bytes = 4}\naction = {drop = 1}\n" + TRUTH,
            "wire.core.rule[0].after: exactly one of",
        ),
        (
            HEAD + "[[wire.core.rule]]\nmatch = {}\nafter = {packets = 3.5}\naction = {drop = 1}\n" + TRUTH,
            "after.packets: a whole number is wanted, not 3.5",
        ),
        (
            HEAD + '[[wire.far.rule]]\nmatch = {proto = "udp", payload = "sni"}\naction = {drop = 1}\n' + TRUTH,
            "match.payload: sni is never carried by udp",
        ),
        (HEAD + "[[wire.far.rule]]\nmatch = {ports = [70000]}\naction = {drop = 1}\n" + TRUTH, "match.ports: a port"),
        (HEAD + '[[wire.far.rule]]\nmatch = {names = ["a"]}\naction = {drop = 1}\n' + TRUTH, "names need payload"),
        (HEAD + '[[wire.far.rule]]\nmatch = {proto = "sctp"}\naction = {drop = 1}\n' + TRUTH, 'unknown word "sctp"'),
        (HEAD + '[[wire.far.rule]]\nmatch = {proto="icmp", ports=[1]}\naction = {drop = 1}\n' + TRUTH, "neither ports"),
        (HEAD + '[[server]]\nname = "a"\n' + TRUTH, "server[0].fault: is missing"),
        (HEAD + '[[server]]\nname = "a"\nfault = "rude"\n' + TRUTH, 'server[0].fault: unknown word "rude"'),
        (HEAD + '[[server]]\nname = "a"\nfault = "slow"\n' * 2 + TRUTH, 'server[1].name: "a" has a fault already'),
        (HEAD + "[[cross_traffic]]\ntcp_flows = 1\n" + TRUTH, "cross_traffic[0].wire: is missing"),
        (HEAD + TRAFFIC + TRUTH, "cross_traffic[0].tcp_flows: exactly one of tcp_flows and rate_kbps"),
        (HEAD + TRAFFIC + "tcp_flows = 1\n" + TRUTH, "cross_traffic[0].tcp_flows: nothing limits the rate of far down"),
        (HEAD + TRAFFIC + 'rate_kbps = 9\nprefixes = ["224.0.0.0/4"]\n' + TRUTH, "nobody can live at 224.0.0.250"),
        (HEAD + TRAFFIC + 'rate_kbps = 9\nprefixes = ["198.51.100.0/24"]\n' + TRUTH, "nobody can live at"),
        (
            HEAD + TRAFFIC + 'tcp_flows = 1\n[[wire.far.down]]\nrate_kbps = 9\nprefixes = ["1.2.3.0/24"]\n' + TRUTH,
            "nothing limits the rate of far down",
        ),
        (HEAD + TRAFFIC + "rate_kbps = 9\non_s = 1\n" + TRUTH, "cross_traffic[0].on_s: on_s and off_s belong together"),
        (HEAD + TRUTH.replace("selective", "none"), "truth[0].cause: what does not work has another cause"),
        (
            HEAD + TRUTH.replace('["selective"]', '["none", "selective"]'),
            "truth[0].cause: what does not work has another",
        ),
        (HEAD + TRUTH.replace("fails", "works"), "truth[0].cause: what works has the cause none"),
        (
            HEAD + TRUTH.replace("selective", "bufferbloat") + 'mechanism = ["port"]',
            "mechanism: only a function",
        ),
        (HEAD + TRUTH.replace('"telegram"', "[]"), "truth[0].service: a list that is not empty"),
        (HEAD + TRUTH + TRUTH, "truth[1].service: telegram calls has a truth at quick already"),
        (HEAD + TRUTH.replace("fails", "falls"), 'truth[0].outcome: unknown word "falls"'),
        (HEAD + TRUTH.replace("selective", "bad luck"), 'truth[0].cause: unknown word "bad luck"'),
        (HEAD + TRUTH.replace('"calls"', '"chess"'), 'truth[0].function: unknown word "chess"'),
        (HEAD + TRUTH + 'mechanism = ["magic"]', 'truth[0].mechanism: unknown word "magic"'),
        (HEAD + TRUTH + 'where = ["moon"]', 'truth[0].where: unknown word "moon"'),
        (HEAD + TRUTH + 'depth = "deepest"', 'truth[0].depth: unknown word "deepest"'),
        (
            HEAD + '[[truth]]\nservice = "telegram"\nfunction = "calls"\noutcome = ["fails"]\n',
            "truth[0].cause: is missing",
        ),
        (HEAD + TRUTH.replace('["fails"]', '"fails"'), "truth[0].outcome: a list that is not empty is wanted"),
        (HEAD + TRUTH.replace('["fails"]', '["fails", "fails"]'), "truth[0].outcome: says the same thing twice"),
        ("a = ", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
        ("a = " + "9" * 5000, "not TOML"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line_with_file_and_key(text: str, complaint: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        parse(text, "odd.toml")
    assert str(refusal.value).startswith("odd.toml: ")
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "absent.toml", tmp_path, binary, Path("/dev/zero")):
        with pytest.raises(ScenarioError, match=path.name):
            load(path)


def test_a_file_is_read_like_its_text(tmp_path: Path) -> None:
    path = tmp_path / "whole.toml"
    path.write_text(WHOLE, encoding="utf-8")
    assert load(str(path)).truths == parse(WHOLE).truths
    assert load(path).source == str(path)


def test_one_seed_always_draws_the_same_numbers_and_another_draws_others() -> None:
    scenario = parse(WHOLE)
    assert scenario.drawn(7) == scenario
    drawn = [scenario.drawn(seed).wires["core"].up[0].delay_ms for seed in range(20)]
    assert drawn == [parse(WHOLE).drawn(seed).wires["core"].up[0].delay_ms for seed in range(20)]
    assert len(set(drawn)) == 20
    assert scenario.drawn(8).seed == 8


def test_a_draw_depends_on_its_own_key_alone() -> None:
    alone = parse(HEAD + "[[wire.core.up]]\ndelay_ms = {min = 1, max = 9}\n" + TRUTH)
    more = parse(
        HEAD + "[[wire.core.up]]\njitter_ms = {min = 1, max = 9}\ndelay_ms = {min = 1, max = 9}\n"
        "[[wire.core.down]]\ndelay_ms = {min = 1, max = 9}\n" + TRUTH
    )
    assert alone.wires["core"].up[0].delay_ms == more.wires["core"].up[0].delay_ms
    assert more.wires["core"].up[0].delay_ms != more.wires["core"].down[0].delay_ms


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 2**31))
@settings(max_examples=100)
def test_a_draw_stays_within_its_range(one: int, other: int, seed: int) -> None:
    low, high = sorted((one, other))
    text = (
        f"[[wire.far.rule]]\nmatch = {{}}\nafter = {{packets = {{min = {low}, max = {high}}}}}\naction = {{drop = 1}}\n"
    )
    packets = parse(HEAD + text + TRUTH).drawn(seed).wires["far"].rules[0].after.packets
    assert packets is not None
    assert low <= packets <= high


@given(st.text(st.sampled_from('abn=.[]{}"\n #19-'), max_size=60))
@settings(max_examples=200)
def test_any_text_is_refused_or_read_but_never_breaks_the_reader(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"\Ascenario: [^\n]+\Z"):
        parse(text)


_NETWORKS: st.SearchStrategy[tuple[Network, ...]] = st.lists(
    st.ip_addresses().map(lambda address: Table({"p": [str(address)]}).networks("p")[0]), max_size=3, unique=True
).map(tuple)
_WHENS = st.sampled_from([When(), When(from_s=3), When(to_s=9.5), When(from_s=1, on_s=2, off_s=0.5)])
_ENTRIES = st.builds(
    Entry,
    delay_ms=st.floats(0, 60_000),
    jitter_ms=st.floats(0, 10_000),
    loss=st.floats(0, 1),
    ge=st.sampled_from([None, Gilbert(0.01, 0.2, 0.9, 0.001)]),
    rate_kbps=st.none() | st.floats(0.1, 1e7),
    duplicate=st.floats(0, 1),
    prefixes=_NETWORKS,
    bundle=st.sampled_from([None, Bundle(4), Bundle(2, "remote")]),
    when=_WHENS,
)
_MATCHES = st.builds(
    Match,
    proto=st.sampled_from([None, "udp"]),
    prefixes=_NETWORKS,
    ports=st.lists(st.integers(0, 65535), max_size=3, unique=True).map(tuple),
    payload=st.sampled_from([None, "stun", "reflector", "dtls", "dns", "quic_initial"]),
    min_ttl=st.integers(0, 255),
    flow_share=st.floats(0.001, 1),
    direction=st.sampled_from(["up", "down", "both"]),
)
_RULES = st.builds(
    Rule,
    match=_MATCHES,
    after=st.sampled_from([After(), After(packets=3), After(seconds=1.5), After(bytes=0, both_ways=True)]),
    action=st.builds(Action, drop=st.floats(0.001, 1))
    | st.sampled_from([Action(police_kbps=24, burst_bytes=1500, per="client"), Action(stall=True)]),
    penalty=st.none() | st.builds(Penalty, st.floats(0.1, 100), _MATCHES),
    when=_WHENS,
)
_WIRES = st.builds(Wire, *[st.lists(part, max_size=2).map(tuple) for part in (_ENTRIES, _ENTRIES, _RULES)])


@given(_WIRES)
@settings(max_examples=100)
def test_a_wire_written_for_the_bridge_reads_back_equal(wire: Wire) -> None:
    assert read_wire(Table(wire_as_table(wire))) == wire
