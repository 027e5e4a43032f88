"""The closed lists of words that observations, evidence, verdicts and scenarios may use."""

from enum import StrEnum
from typing import Literal

Depth = Literal["quick", "standard", "deep"]
Role = Literal["subject", "control", "domestic", "gateway"]
Function = Literal["messaging", "calls", ""]
Transport = Literal["udp", "tcp", "icmp"]
Knowledge = Literal["confirmed", "reported", "inferred"]

Outcome = Literal["works", "degraded", "fails", "unknown"]
Cause = Literal[
    "none",
    "device",
    "local_link",
    "bufferbloat",
    "resolver",
    "captive_portal",
    "congestion",
    "udp_blocked",
    "selective",
    "allow_list",
    "offline",
    "service_outage",
    "unknown",
]
Mechanism = Literal[
    "none",
    "dns",
    "address",
    "port",
    "stun_signature",
    "dtls_signature",
    "payload",
    "sni",
    "quic",
    "policing",
    "random_drop",
    "cutoff_time",
    "cutoff_packets",
    "voip_class",
    "unknown",
]
# What befell the machine while a flow ran: its clock was set, it slept, it got another address or default route.
FlowEvent = Literal["clock_set", "suspended", "address_changed", "route_changed"]
Where = Literal["home", "access", "provider", "beyond", "unknown"]
# What a person notices, in the order asked: a metallic voice or croaks; a call that connects for ever, or is stuck on
# exchanging keys; one that drops after some seconds; only one hears the other; a long delay; messages fail, too.
Symptom = Literal["metallic", "connects_forever", "key_exchange", "drops", "one_way", "delay", "text_too"]


class Failure(StrEnum):
    """Why a network operation gave no result. OONI's names (spec df-007) where one fits, ours for the rest."""

    timeout = "generic_timeout_error"
    refused = "connection_refused"
    reset = "connection_reset"
    host_unreachable = "host_unreachable"
    network_unreachable = "network_unreachable"
    expired = "time_to_live_exceeded"
    permission = "permission_denied"
    address_not_available = "address_not_available"
    eof = "eof_error"
    name_missing = "dns_nxdomain_error"
    name_empty = "dns_no_answer"
    resolver_timeout = "dns_timeout_error"
    resolver_refused = "dns_refused_error"
    resolver_failed = "dns_server_misbehaving"
    tls_invalid = "ssl_invalid_certificate"
    tls_failed = "ssl_failed_handshake"
    malformed = "malformed_answer"
    not_ours = "answer_to_another_question"
    error_answer = "error_answer"
    unsupported = "not_measured_here"
    other = "unknown_failure"


# A name led to no address.
NO_ADDRESS = frozenset(
    {
        Failure.name_missing,
        Failure.name_empty,
        Failure.resolver_timeout,
        Failure.resolver_refused,
        Failure.resolver_failed,
    }
)
# What kept a packet from leaving this machine: it says nothing about the network beyond.
NEVER_LEFT = NO_ADDRESS | frozenset(
    {
        Failure.network_unreachable,
        Failure.address_not_available,
        Failure.permission,
        Failure.unsupported,
    }
)


class Claim(StrEnum):
    """What a piece of evidence speaks about; its strength (-3..3) says how firmly the observations deny or support it.

    The facts that the judge and the sentences read stand beside each claim; a check may add its own.
    """

    # Of the network itself (no service).
    route_exists = "route_exists"
    gateway_healthy = "gateway_healthy"  # sent, received, loss_ratio, rtt_ms
    tunnel_in_use = "tunnel_in_use"
    resolver_works = "resolver_works"  # asked, answered
    tcp_passes = "tcp_passes"  # asked, opened
    gateway_steady = "gateway_steady"  # sent, received, rtt_ms, rtt_p95_ms, stalls, longest_stall_ms
    filters_in_use = "filters_in_use"  # proxies and packet manglers on this device: yes or no, never which
    device_busy = "device_busy"  # load_ratio (runnable programs for each processor)
    web_at_home = "web_at_home"  # domestic web sites: asked, opened, answered
    web_abroad = "web_abroad"  # foreign web sites: asked, opened, answered
    captive_portal = "captive_portal"  # asked, redirected
    ipv6_works = "ipv6_works"  # asked, answered
    resolvers_intercepted = "resolvers_intercepted"  # asked, differing: outside resolvers answered in another's name
    answers_doubled = "answers_doubled"  # names, doubled: one question got two answers that differ
    controls_answer = "controls_answer"  # asked, answered, networks, asked_networks, slowest_rtt_ms
    domestic_answers = "domestic_answers"  # asked, answered
    cookie_ignored = "cookie_ignored"  # with_cookie, without_cookie: hosts that answer the classic form
    one_way_out = "one_way_out"  # addresses, networks: every network sees this line under one address
    mapping_steady = "mapping_steady"  # asked, ports: a socket keeps its outside port whoever it talks to
    ports_alike = "ports_alike"  # hosts, silent: the same host answers on all of its ports
    stun_by_tcp = "stun_by_tcp"  # asked, answered
    dtls_passes = "dtls_passes"  # asked, answered: a call's first encrypted packet, at hosts of no messenger
    quic_passes = "quic_passes"  # asked, versions, hello, hello_ipv6: how many answered each rung of the ladder
    hosters_carry = "hosters_carry"  # asked, died, packets: flows to foreign hosters outlive 25 packets
    stays_quick_under_load = "stays_quick_under_load"  # idle_ms, loaded_down_ms, loaded_up_ms
    throughput_enough = "throughput_enough"  # down_kbps, up_kbps, megabytes
    controls_carry = "controls_carry"  # sent, received, loss_ratio, flows
    # Of a service's messaging.
    names_present = "names_present"  # names, missing, elsewhere: how many another resolver knows
    text_answers = "text_answers"  # asked, opened, answered, informative, rtt_ms
    # names, false, agreed, false_elsewhere: answers that lead into nobody's or a stranger's network
    names_true = "names_true"
    name_passes = "name_passes"  # asked, with_name, without_name: connections that show the service's name in clear
    quic_name_passes = "quic_name_passes"  # asked, with_name, without_name: the same for QUIC
    text_stays = "text_stays"  # asked, held, frozen: connections answered again after 5 and 15 s
    transfers_finish = "transfers_finish"  # asked, finished, frozen_low_bytes, frozen_high_bytes, retransmitted_ratio
    # Of a service's calls.
    relays_answer = "relays_answer"  # endpoints, answered, informative, source_ports, sites, rtt_ms
    relays_refuse = "relays_refuse"  # endpoints, refused
    relay_list_fresh = "relay_list_fresh"  # listed, known, age_days
    relays_answer_by_tcp = "relays_answer_by_tcp"  # endpoints, opened, answered
    # The forms a call may begin with are treated alike: endpoints, silent, answered, mechanism, silent_form
    call_forms_alike = "call_forms_alike"
    tunnel_on_the_way = "tunnel_on_the_way"  # endpoints, tunnelled: routes to this service's calls
    stream_carries = "stream_carries"  # sent, received, loss_ratio, endpoints, seconds, rtt_ms or loop_ms
    # flows, died, endpoints, renewed, controls_died, unit (packets, seconds), packets_low/high, seconds_low/high
    stream_cut_off = "stream_cut_off"
    # loss_ratio, controls_loss_ratio, more_low_ratio, more_high_ratio, pairs, rounds, rounds_held, controls
    stream_loses_more = "stream_loses_more"
    # Queueing, above each flow's shortest round trip: shift_ms, shift_low_ms, shift_high_ms, pairs, rounds, rounds_held
    stream_delayed = "stream_delayed"
    stream_rate_limited = "stream_rate_limited"  # limit_low_kbps, limit_high_kbps, offered_kbps, loss_ratio, flows
    # Each packet by itself, whatever became of the one before: loss_ratio, mean_run, burst_ratio, twins_correlation
    loss_independent = "loss_independent"
    # Of either: packets come as far as others'.
    path_loses_evenly = "path_loses_evenly"  # hop, sent, loss_ratio, controls_loss_ratio, p_value
    path_open = "path_open"  # last_hop_call, last_hop_neutral, last_hop_other_port, last_hop_control, where, mechanism
