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
    controls_answer = "controls_answer"  # asked, answered, networks, asked_networks, slowest_rtt_ms
    domestic_answers = "domestic_answers"  # asked, answered
    cookie_ignored = "cookie_ignored"  # with_cookie, without_cookie: hosts that answer the classic form
    controls_carry = "controls_carry"  # sent, received, loss_ratio, flows
    # Of a service's messaging.
    names_present = "names_present"  # names, missing, elsewhere: how many another resolver knows
    text_answers = "text_answers"  # asked, opened, answered, informative, rtt_ms
    # Of a service's calls.
    relays_answer = "relays_answer"  # endpoints, answered, informative, source_ports, sites, rtt_ms
    relays_refuse = "relays_refuse"  # endpoints, refused
    stream_carries = "stream_carries"  # sent, received, loss_ratio, endpoints, seconds, rtt_ms or loop_ms
    # flows, died, endpoints, renewed, controls_died, unit (packets, seconds), packets_low/high, seconds_low/high
    stream_cut_off = "stream_cut_off"
    # loss_ratio, controls_loss_ratio, more_low_ratio, more_high_ratio, pairs, rounds, rounds_held, controls
    stream_loses_more = "stream_loses_more"
    stream_rate_limited = "stream_rate_limited"  # limit_low_kbps, limit_high_kbps, offered_kbps, loss_ratio, flows
    # Each packet by itself, whatever became of the one before: loss_ratio, mean_run, burst_ratio, twins_correlation
    loss_independent = "loss_independent"
    # Of either: packets come as far as others'.
    path_open = "path_open"  # last_hop_call, last_hop_neutral, last_hop_other_port, last_hop_control, where, mechanism
