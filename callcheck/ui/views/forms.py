"""The form of a question or a packet, in a few plain words."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_, translator
from callcheck.ui.paint import safe

_LIKE_A_CALL: Final = N_("like a call")
# Where an operation has one form only, "": its own words say everything.
_TEXTS: Final[dict[str, str]] = {
    "a": "",
    "connect": "",
    "echo": "",
    "empty": "",
    "initial": "",
    "mini": "",
    "page": "",
    "query": "",
    "relay_list": "",
    "version": "",
    "allocate": N_("asks to carry a call"),
    "binding": N_("plain question"),
    "classic": N_("old kind of question"),
    "cookie": N_("question as of today"),
    "stun": N_("question as of today"),
    "hello": N_("greeting"),
    "dtls": N_("encrypted greeting"),
    "padded": N_("of the size of speech"),
    "loop": N_("there and back"),
    "mapping": N_("which address"),
    "filtering": N_("who may answer"),
    "call": _LIKE_A_CALL,
    "call_elsewhere": N_("like a call, to a neutral host"),
    "call_port": N_("to the port of calls at a neutral host"),
    "control": N_("to a neutral host"),
    "neutral": N_("unlike a call"),
    "other_port": N_("unlike a call, to another port"),
    "closed_port": N_("to a closed port"),
    "dead": N_("in a flow that fell silent"),
    "live": N_("in a flow that goes on"),
    "fresh": N_("in a new flow"),
    "chain": N_("one question after the other"),
    "download": N_("download"),
    "upload": N_("upload"),
    "down": N_("download"),
    "up": N_("upload"),
    "idle": N_("idle line"),
}


def form_text(form: str, language: str) -> str:
    """In plain words; its own name where callcheck has none (a protocol's variant, a foreign plugin's form)."""
    if form not in _TEXTS:
        return safe(form)
    return translator(language)(_TEXTS[form])


def full_form_text(form: str, language: str) -> str:
    """In plain words, and by the name that the report gives it."""
    text = form_text(form, language)
    return f"{text} ({safe(form)})" if text not in {"", safe(form)} else safe(form)
