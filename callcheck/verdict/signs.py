"""The signs that the judge weighs: for each, how firmly the findings say yes or no, from -3 to 3."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from callcheck.verdict import keys
from callcheck.verdict.findings import FIRM, Findings, Key
from callcheck.words import Claim, Function

# Loss from which people complain of gaps, and from which a talk is impossible.
POOR_LOSS: Final = 0.03
HOPELESS_LOSS: Final = 0.5
# Questions wait 1.5 s for an answer: where others need half of that, silence may be mere slowness.
SLOW_MS: Final = 750
# Loss of the service beyond twice the neutral hosts' and five points has another cause than what they share.
_SHARED_TIMES: Final = 2.0
_SHARED_POINTS: Final = 0.05


class Sign(StrEnum):
    """What is asked; `yes` and `no` are what a hypothesis predicts of it."""

    # Of the network, whoever is at the other end.
    route = "route"  # there is a way out at all
    gateway = "gateway"  # the router loses nothing
    steady = "steady"  # the router answers without pauses
    tcp = "tcp"  # connections open
    domestic = "domestic"  # hosts at home answer over UDP
    controls = "controls"  # neutral hosts answer over UDP
    carry = "carry"  # neutral hosts bear a call's packets
    cookie = "cookie"  # what a call begins with is answered as readily as its older form
    web_at_home = "web_at_home"
    web_abroad = "web_abroad"
    portal = "portal"  # a page of this network's own stands in the place of another
    resolver = "resolver"
    doubled = "doubled"  # one question for a name gets two answers that differ
    intercepted = "intercepted"  # somebody answers in the place of other resolvers
    quick_under_load = "quick_under_load"
    others = "others"  # what other services say, their text or their calls
    # Of the service.
    text = "text"
    names = "names"
    names_true = "names_true"
    names_elsewhere = "names_elsewhere"  # names that are missing here are known elsewhere
    text_stays = "text_stays"
    transfers = "transfers"
    name_passes = "name_passes"
    relays = "relays"
    refusals = "refusals"
    path = "path"  # packets go as far as others'
    path_beyond_home = "path_beyond_home"  # where they stop is not the person's own network
    forms = "forms"  # all forms in which a call begins are treated alike
    form_elsewhere = "form_elsewhere"  # neutral hosts answer the form that is silent here
    stream = "stream"
    late = "late"  # answers come too late for a talk
    cut_off = "cut_off"
    loses_more = "loses_more"
    limited = "limited"  # held to one speed, which neutral hosts are not
    too_slow_for_a_call = "too_slow_for_a_call"
    evenly = "evenly"  # up to a common hop its packets are lost no more often than others'
    shared_loss = "shared_loss"  # it loses about what neutral hosts lose


Level = Callable[[Findings, str, Function], int]


class Reading(msgspec.Struct, frozen=True):
    """How a sign is read: its level, and the evidence behind it. The first of its keys that anything is known of gives
    its group, unless it `adds` to what the other signs of that evidence say."""

    level: Level
    keys: Callable[[str, Function], tuple[Key, ...]]
    adds: bool = False


def is_slow(found: Findings) -> bool:
    """Whether answers take so long here that silence may be mere slowness."""
    texts = [found.number(keys.text(service), "rtt_ms") for service in found.services()]
    usual_ms = found.number(keys.CONTROLS, "rtt_ms") or min(filter(None, texts), default=0)
    return usual_ms > SLOW_MS


# What a line that is merely slow brings about: answers that come after the patience of whoever asked.
_SILENCES: Final = frozenset(
    {
        *(Sign.controls, Sign.domestic, Sign.carry, Sign.cookie, Sign.web_abroad, Sign.web_at_home, Sign.others),
        *(Sign.text, Sign.relays, Sign.stream, Sign.forms, Sign.transfers, Sign.text_stays, Sign.names),
    }
)


# What speaks of one function alone.
_ONLY: Final[dict[Function, frozenset[Sign]]] = {
    "messaging": frozenset({Sign.text_stays, Sign.transfers, Sign.name_passes}),
    "calls": frozenset(
        {
            *(Sign.relays, Sign.refusals, Sign.forms, Sign.form_elsewhere, Sign.stream, Sign.late, Sign.cut_off),
            *(Sign.loses_more, Sign.limited, Sign.too_slow_for_a_call, Sign.evenly, Sign.shared_loss),
            *(Sign.carry, Sign.cookie, Sign.quick_under_load, Sign.steady),
        }
    ),
}


def levels_of(found: Findings, service: str, function: Function) -> dict[Sign, int]:
    """The signs of which anything is known. Where everything is slow, silence means nothing."""
    slow = is_slow(found)
    foreign = frozenset[Sign]().union(*(signs for other, signs in _ONLY.items() if other != function))
    levels: dict[Sign, int] = {}
    for sign in READINGS:
        level = 0 if sign in foreign else level_of(found, service, function, sign)
        if level and not (slow and level < 0 and sign in _SILENCES):
            levels[sign] = level
    return levels


def level_of(found: Findings, service: str, function: Function, sign: Sign) -> int:
    """How firmly the findings say yes (1 to 3) or no (-1 to -3) to one sign; 0 where they do not tell."""
    return READINGS[sign].level(found, service, function)


def keys_of(service: str, function: Function, sign: Sign) -> tuple[Key, ...]:
    """The evidence behind a sign."""
    return READINGS[sign].keys(service, function)


def group_of(found: Findings, service: str, function: Function, sign: Sign) -> str:
    """What else shares the source of failure of a sign; itself where nothing does."""
    known = () if READINGS[sign].adds else keys_of(service, function, sign)
    return next((name for key in known if (name := found.group(key))), f"sign:{sign}")


def loss_of(found: Findings, service: str) -> float:
    return found.number(keys.stream(service), "loss_ratio")


def is_hopeless(found: Findings, service: str) -> bool:
    """Whether so much is lost that nobody could talk, chance allowed for."""
    key = keys.stream(service)
    return (found.number(key, "loss_low_ratio") or loss_of(found, service)) > HOPELESS_LOSS


def path_key(found: Findings, service: str, function: Function) -> Key:
    """The path of this function, or of the other where this one's was not followed."""
    own, other = _path_keys(service, function)
    if function == "messaging" and not found.denies(keys.text(service)):
        return own  # where calls stop says nothing of messages that get through
    return own if found.strength(own) != 0 else other


def _of_network(key: Key) -> Reading:
    def level(found: Findings, _service: str, _function: Function) -> int:
        return found.strength(key)

    def known(_service: str, _function: Function) -> tuple[Key, ...]:
        return (key,)

    return Reading(level, known)


def _of_service(key: Callable[[str], Key], level: Level | None = None, *, adds: bool = False) -> Reading:
    def strength(found: Findings, service: str, _function: Function) -> int:
        return found.strength(key(service))

    def known(service: str, _function: Function) -> tuple[Key, ...]:
        return (key(service),)

    return Reading(level or strength, known, adds)


def _others(found: Findings, service: str, _function: Function) -> int:
    """The best that is known of any other service; silence counts only where all of them are silent."""
    strengths = [
        found.strength(key(other)) for other in found.services() if other != service for key in (keys.text, keys.relays)
    ]
    return max((strength for strength in strengths if strength), default=0)


def _other_keys(service: str, _function: Function) -> tuple[Key, ...]:
    del service  # which others there are, only the findings know
    return ()


def _names_elsewhere(found: Findings, service: str, _function: Function) -> int:
    key = keys.names(service)
    if not found.denies(key):
        return 0
    return FIRM if found.number(key, "elsewhere") > 0 else -FIRM


def _beyond_home(found: Findings, service: str, function: Function) -> int:
    where = found.where(path_key(found, service, function))
    return {"home": -FIRM, "unknown": 0}.get(where, FIRM)


def _form_elsewhere(found: Findings, service: str, _function: Function) -> int:
    key = keys.forms_alike(service)
    if found.strength(key) >= 0:
        return 0
    neutral = {"stun_signature": keys.COOKIE, "dtls_signature": keys.DTLS}.get(found.word(key, "mechanism"))
    return found.strength(neutral) if neutral is not None else 0


def _late(found: Findings, service: str, _function: Function) -> int:
    if found.strength(keys.stream(service)) == 0:
        return 0
    delay_ms = max(found.number(keys.stream(service), name) for name in ("loop_ms", "rtt_ms"))
    return FIRM if delay_ms > POOR_DELAY_MS else -FIRM


def _limited(found: Findings, service: str, _function: Function) -> int:
    """One flow that seems limited may be chance, and a limit that neutral hosts meet too is nobody's in particular."""
    key = keys.limited(service)
    strength = found.strength(key)
    return strength if strength < 0 or (strength > FIRM and not found.number(key, "controls_limited")) else 0


def _too_slow(found: Findings, service: str, function: Function) -> int:
    if _limited(found, service, function) < FIRM:
        return 0
    return FIRM if found.number(keys.limited(service), "limit_high_kbps") < CALL_KBPS else -FIRM


def _shared_loss(found: Findings, service: str, _function: Function) -> int:
    """Yes where service and neutral hosts both lose, and about as much; no where only one of them does."""
    if not found.strength(keys.stream(service)) or not found.strength(keys.CONTROLS_CARRY):
        return 0
    own, neutral = loss_of(found, service), found.number(keys.CONTROLS_CARRY, "loss_ratio")
    if max(own, neutral) <= POOR_LOSS:
        return 0
    is_alike = own <= _SHARED_TIMES * neutral + _SHARED_POINTS and neutral <= _SHARED_TIMES * own + _SHARED_POINTS
    return FIRM if is_alike and min(own, neutral) > POOR_LOSS / 2 else -FIRM


# One-way delay from which an ordinary talk falls apart (G.114's planning limit); a relay's round trip is about that.
POOR_DELAY_MS: Final = 400
# What a call takes with its headers, at the rates of today's codecs (facts/calls-on-the-wire.md 2.3, 3.3).
CALL_KBPS: Final = 60


def _path(found: Findings, service: str, function: Function) -> int:
    return found.strength(path_key(found, service, function))


def _path_keys(service: str, function: Function) -> tuple[Key, ...]:
    routes = (keys.path(service, "messaging"), keys.path(service, "calls"))
    return routes if function == "messaging" else routes[::-1]


def _own(claim: Claim, function: Function) -> Callable[[str], Key]:
    return lambda service: Key(claim, service, function)


READINGS: Final[dict[Sign, Reading]] = {
    Sign.route: _of_network(keys.ROUTE),
    Sign.gateway: _of_network(keys.GATEWAY),
    Sign.steady: _of_network(Key(Claim.gateway_steady)),
    Sign.tcp: _of_network(keys.TCP),
    Sign.domestic: _of_network(keys.DOMESTIC),
    Sign.controls: _of_network(keys.CONTROLS),
    Sign.carry: _of_network(keys.CONTROLS_CARRY),
    Sign.cookie: _of_network(keys.COOKIE),
    Sign.web_at_home: _of_network(keys.WEB_AT_HOME),
    Sign.web_abroad: _of_network(keys.WEB_ABROAD),
    Sign.portal: _of_network(keys.PORTAL),
    Sign.resolver: _of_network(keys.RESOLVER),
    Sign.doubled: _of_network(keys.ANSWERS_DOUBLED),
    Sign.intercepted: _of_network(keys.RESOLVERS_INTERCEPTED),
    Sign.quick_under_load: _of_network(Key(Claim.stays_quick_under_load)),
    Sign.others: Reading(_others, _other_keys),
    Sign.text: _of_service(keys.text),
    Sign.names: _of_service(keys.names, adds=True),
    Sign.names_true: _of_service(keys.names_true, adds=True),
    Sign.names_elsewhere: _of_service(keys.names, _names_elsewhere, adds=True),
    Sign.text_stays: _of_service(_own(Claim.text_stays, "messaging")),
    Sign.transfers: _of_service(_own(Claim.transfers_finish, "messaging")),
    Sign.name_passes: _of_service(_own(Claim.name_passes, "messaging")),
    Sign.relays: _of_service(keys.relays),
    Sign.refusals: _of_service(keys.refusals),
    Sign.path: Reading(_path, _path_keys),
    Sign.path_beyond_home: Reading(_beyond_home, _path_keys, adds=True),
    Sign.forms: _of_service(keys.forms_alike),
    Sign.form_elsewhere: _of_service(keys.forms_alike, _form_elsewhere, adds=True),
    Sign.stream: _of_service(keys.stream),
    Sign.late: _of_service(keys.stream, _late, adds=True),
    Sign.cut_off: _of_service(keys.cut_off_at, adds=True),
    Sign.loses_more: _of_service(keys.loses_more, adds=True),
    Sign.limited: _of_service(keys.limited, _limited, adds=True),
    Sign.too_slow_for_a_call: _of_service(keys.limited, _too_slow, adds=True),
    Sign.evenly: _of_service(keys.loses_evenly, adds=True),
    Sign.shared_loss: _of_service(keys.stream, _shared_loss, adds=True),
}
