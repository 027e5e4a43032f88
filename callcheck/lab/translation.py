"""What the home's and the provider's routers do to packets beside forwarding them, as nft tables. Pure text.

A newline stands before each closing brace, as nft wants it (facts/lab.md 5).
"""

from typing import Final

CLIENT: Final = "192.168.1.10"
FIRST_PUBLIC_ADDRESS: Final = "198.51.100.2"
SECOND_PUBLIC_ADDRESS: Final = "198.51.100.6"  # what the home gets when its line is given another address
PORTAL: Final = "192.168.1.1"
_REMEMBERED: Final = "60s"  # how long an address-restricted router lets answers in


def home_table(nat: str, *, portal: bool = False, public_address: str | None = None) -> str:
    """The home router's rules. Mapping and filtering as RFC 4787 sections 4 and 5 call them (facts/lab.md 1):

    cone and cgnat: endpoint-independent, address and port-dependent; symmetric: both depend on address and port;
    full_cone: both independent; restricted: independent, address-dependent. none: nothing is translated. What
    leaves has `public_address`, or that of the device by which it leaves.
    """
    if nat == "none":
        return ""
    manner = " random,fully-random" if nat == "symmetric" else ""
    leave = [f'oifname {{ "wan0", "tun0" }} masquerade{manner}']
    if public_address is not None:
        leave.insert(0, f'oifname "wan0" snat to {public_address}{manner}')
    parts = [_chain("leave", "type nat hook postrouting priority 100", leave)]
    if nat == "full_cone":
        parts.append(_arrivals(f'iifname "wan0" udp dport 1024-65535 dnat to {CLIENT}'))
    if nat == "restricted":
        parts.append("set contacted {\n type ipv4_addr . inet_service\n size 65535\n flags dynamic,timeout\n }\n")
        note = f'oifname "wan0" meta l4proto udp update @contacted {{ ip daddr . udp sport timeout {_REMEMBERED} }}'
        parts.append(_chain("note", "type filter hook forward priority 0", [note]))
        parts.append(_arrivals(f'iifname "wan0" ip saddr . udp dport @contacted dnat to {CLIENT}'))
    if portal:
        parts.append(_arrivals(f'iifname "lan0" tcp dport 80 dnat to {PORTAL}'))
        # Names are told to everybody; nothing else goes on before the page was clicked away.
        closed = ['iifname "lan0" meta l4proto { tcp, udp } th dport 53 accept', 'iifname "lan0" drop']
        parts.append(_chain("closed", "type filter hook forward priority 0", closed))
    return _table("ip", "home", parts)


def home_table_ipv6(*, portal: bool) -> str:
    """A portal closes the newer kind of addresses whole: nobody has a page to click away there."""
    closed = _chain("closed", "type filter hook forward priority 0", ['iifname "lan0" drop'])
    return _table("ip6", "portal", [closed]) if portal else ""


def provider_table(nat: str, *, sessions: int | None) -> str:
    """The provider's own translation, with a cap on how many UDP flows it carries at a time."""
    if nat != "cgnat":
        return ""
    parts = [_chain("leave", "type nat hook postrouting priority 100", ['oifname "core0" masquerade'])]
    if sessions is not None:
        rule = f'oifname "core0" meta l4proto udp ct state new ct count over {sessions} drop'
        parts.append(_chain("cap", "type filter hook forward priority 0", [rule]))
    return _table("ip", "provider", parts)


def icmp_table(manner: str) -> str:
    """A router that withholds its ICMP errors; `limited` is a kernel setting and needs no rule."""
    if manner != "withheld":
        return ""
    kinds = "type { destination-unreachable, time-exceeded } drop"
    errors = [f"icmp {kinds}", f"icmpv6 {kinds}"]
    return _table("inet", "silence", [_chain("leave", "type filter hook output priority 0", errors)])


def border_table(*, domestic_only: bool) -> str:
    """The last router before abroad, which lets nothing out where only the domestic part is reachable."""
    if not domestic_only:
        return ""
    return _table("inet", "border", [_chain("closed", "type filter hook forward priority 0", ['oifname "far0" drop'])])


def rebound_table(nat: str, *, portal: bool, public_address: str) -> str:
    """The home router's rules when its line has another public address; they take the place of `home_table`."""
    forget = "table ip home {\n}\ndelete table ip home\n"
    return forget + home_table(nat, portal=portal, public_address=public_address)


def _arrivals(rule: str) -> str:
    return _chain("arrive", "type nat hook prerouting priority -100", [rule])


def _chain(name: str, hook: str, rules: list[str]) -> str:
    return f"chain {name} {{\n {hook}\n " + "\n ".join(rules) + "\n }\n"


def _table(family: str, name: str, parts: list[str]) -> str:
    return f"table {family} {name} {{\n" + "".join(parts) + "}\n"
