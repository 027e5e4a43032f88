"""What a few web sites, a page that should be empty, and IPv6 say about the way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callcheck.api import NEVER_LEFT, Claim, Evidence, Failure, Numbered, Observation, Role
from callcheck_link.numbers import number_of

Seen = Sequence[Numbered[Observation]]

_ENOUGH_SITES = 2
# A connection that does not open has had a second SYN by then (RFC 6298 2.1: the first repeats after a second).
_PATIENCE_MS = 1500.0
# A handshake takes one or two round trips (RFC 8446, RFC 5246), and a lost packet one more and some.
_HANDSHAKE_ROUND_TRIPS, _HANDSHAKE_MORE_MS = 3.0, 300.0
# Whoever sends these is there, but it need not be the site: no silence, and no answer.
_NOT_SILENT = {Failure.tls_invalid, Failure.tls_failed}
_OK, _MULTIPLE_CHOICES, _BAD_REQUEST, _NO_CONTENT, _PORTAL_WANTED = 200, 300, 400, 204, 511  # RFC 9110, RFC 6585


def read_web(observations: Seen, *, home_is_lossy: bool) -> Iterable[Evidence]:
    """web_at_home, web_abroad, captive_portal and ipv6_works. With `home_is_lossy`, silence is nobody's beyond home."""
    at_home = _web(observations, "domestic", Claim.web_at_home, home_is_lossy=home_is_lossy)
    abroad = _web(observations, "control", Claim.web_abroad, home_is_lossy=home_is_lossy)
    verified = any(one.value.op == "link.web" and one.value.failure is None for one in observations)
    found = (
        at_home,
        abroad,
        _portal([one for one in observations if one.value.op == "link.portal"], verified=verified),
        _ipv6([one for one in observations if one.value.op == "link.ipv6"], home_is_lossy=home_is_lossy),
    )
    return [evidence for evidence in found if evidence is not None]


def _web(observations: Seen, role: Role, claim: Claim, *, home_is_lossy: bool) -> Evidence | None:
    visits = [one for one in observations if one.value.op == "link.web" and _role(one) == role]
    asked = [one for one in visits if one.value.failure not in NEVER_LEFT]
    if not visits:
        return None
    answered = [one for one in asked if one.value.failure is None]
    opened = [one for one in asked if number_of(one.value, "connect_ms") is not None]
    facts: dict[str, object] = {"asked": len(asked), "opened": len(opened), "answered": len(answered)}
    refused = sum(one.value.failure is Failure.tls_invalid for one in asked)
    if refused:
        # A wrong clock makes every certificate invalid: that is this device's fault, and no silence.
        facts["certificates_refused"] = refused
    strength = 0
    if answered:
        strength = 3 if _networks(answered) >= _ENOUGH_SITES else 2
    elif asked and all(_is_silent(one.value) for one in asked):
        strength = _silence(asked, home_is_lossy=home_is_lossy)
    return Evidence(
        claim=claim, facts=facts, strength=strength, group=str(claim), seqs=tuple(one.seq for one in visits)
    )


def _is_silent(visit: Observation) -> bool:
    """Whether this site had its chance: a slow one that was still under way when time ran out is not silent."""
    if visit.failure in _NOT_SILENT or visit.failure is None:
        return False
    if visit.failure is not Failure.timeout:
        return True
    waited_ms, connect_ms = number_of(visit, "waited_ms"), number_of(visit, "connect_ms")
    if waited_ms is None:
        return False
    if connect_ms is None:
        return waited_ms >= _PATIENCE_MS
    return waited_ms >= _HANDSHAKE_ROUND_TRIPS * connect_ms + _HANDSHAKE_MORE_MS


def _silence(asked: Seen, *, home_is_lossy: bool) -> int:
    enough = len(asked) >= _ENOUGH_SITES and _networks(asked) >= _ENOUGH_SITES
    return -1 if home_is_lossy or not enough else -3


def _portal(pages: Seen, *, verified: bool) -> Evidence | None:
    """A page in the place of an empty one. Where a site proved itself by its certificate, nothing holds the line."""
    answered = [one for one in pages if number_of(one.value, "status") is not None]
    if not pages:
        return None
    replaced = [one for one in answered if _is_replaced(one.value)]
    empty = [one for one in answered if one.value.failure is None]
    strength = 0
    if replaced:
        strength = 0 if empty else 1 if verified else 3
    elif empty:
        strength = -2
    return Evidence(
        claim=Claim.captive_portal,
        facts={"asked": len(pages), "answered": len(answered), "redirected": len(replaced)},
        strength=strength,
        group="portal",
        seqs=tuple(one.seq for one in pages),
    )


def _is_replaced(page: Observation) -> bool:
    """A way to another host, a page where there is none, or the status that exists for portals (RFC 6585 section 6)."""
    status = number_of(page, "status") or 0
    body_bytes = number_of(page, "body_bytes") or 0
    if _MULTIPLE_CHOICES <= status < _BAD_REQUEST:
        return page.data.get("elsewhere") is True
    if _OK <= status < _MULTIPLE_CHOICES:
        return body_bytes > 0
    return status == _PORTAL_WANTED


def _ipv6(tries: Seen, *, home_is_lossy: bool) -> Evidence | None:
    """Silence counts only beside an answer of the same host by IPv4."""
    asked = [one for one in tries if one.value.failure not in NEVER_LEFT]
    if not tries:
        return None
    answered = [one for one in asked if one.value.failure in {None, Failure.refused, Failure.reset}]
    compared = [one for one in asked if number_of(one.value, "ipv4_connect_ms") is not None]
    silent = [one for one in compared if one not in answered and _waited_for(one.value)]
    strength = 2 if answered else 0
    if not answered and len(silent) >= _ENOUGH_SITES and _networks(silent) >= _ENOUGH_SITES:
        strength = -1 if home_is_lossy else -2
    return Evidence(
        claim=Claim.ipv6_works,
        facts={"asked": len(asked), "answered": len(answered)},
        strength=strength,
        group="ipv6",
        seqs=tuple(one.seq for one in tries),
    )


def _waited_for(attempt: Observation) -> bool:
    """Silence after less patience than two SYNs need, or than IPv4 took, proves nothing; an error says at once."""
    if attempt.failure is not Failure.timeout:
        return True
    waited_ms, ipv4_ms = number_of(attempt, "waited_ms"), number_of(attempt, "ipv4_connect_ms")
    return waited_ms is not None and ipv4_ms is not None and waited_ms >= max(_PATIENCE_MS, 2 * ipv4_ms)


def _networks(sites: Seen) -> int:
    return len({one.value.target.network or one.value.target.endpoint for one in sites if one.value.target is not None})


def _role(one: Numbered[Observation]) -> str:
    return one.value.target.role if one.value.target is not None else ""
