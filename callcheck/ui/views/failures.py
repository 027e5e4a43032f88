"""Why a question got no answer, in plain words."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_, translator
from callcheck.words import Failure

_TEXTS: Final[dict[Failure, str]] = {
    Failure.timeout: N_("no answer in time"),
    Failure.refused: N_("refused: nothing listens there"),
    Failure.reset: N_("the connection was broken off"),
    Failure.host_unreachable: N_("the network says: this host cannot be reached"),
    Failure.network_unreachable: N_("no way into that network"),
    Failure.expired: N_("reached a station on the way, which reported it"),
    Failure.permission: N_("this device did not allow it"),
    Failure.address_not_available: N_("this device has no such address"),
    Failure.eof: N_("the other end closed the connection"),
    Failure.name_missing: N_("the name server (DNS) says: there is no such name"),
    Failure.name_empty: N_("the name server (DNS) gave no address"),
    Failure.resolver_timeout: N_("the name server (DNS) did not answer in time"),
    Failure.resolver_refused: N_("the name server (DNS) refused to answer"),
    Failure.resolver_failed: N_("the name server (DNS) reported a fault of its own"),
    Failure.tls_invalid: N_("the other end could not prove who it is"),
    Failure.tls_failed: N_("no encrypted connection came about"),
    Failure.malformed: N_("an answer came that makes no sense"),
    Failure.not_ours: N_("an answer came, to another question"),
    Failure.error_answer: N_("an answer came: it reports an error"),
    Failure.unsupported: N_("cannot be measured on this device"),
    Failure.other: N_("it failed, why is not known"),
}


def failure_text(failure: Failure, language: str) -> str:
    """A few words of `language`; the name for engineers is the failure's value."""
    return translator(language)(_TEXTS[failure])
