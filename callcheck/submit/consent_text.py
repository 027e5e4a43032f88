"""The text that a person agrees to before anything is measured (DESIGN 8)."""

from __future__ import annotations

from collections.abc import Iterable

from callcheck.api import CheckInfo
from callcheck.locale import translator
from callcheck.submit.consent import CONSENT_VERSION


def consent_text(infos: Iterable[CheckInfo], language: str) -> str:
    """What a run sends, who can see it, and what each check discloses; lines without an end."""
    translate = translator(language)
    lines = [
        translate("Consent to measuring, version {version}").format(version=CONSENT_VERSION),
        "",
        translate(
            "callcheck sends packets like those of a WhatsApp or Telegram call, from this device, to the hosts that "
            "`callcheck targets` lists. Your provider can see that, and whom you contact. Nothing is submitted "
            "anywhere, and an ordinary run writes no file."
        ),
        "",
        *(f"  {translate(info.title)}: {translate(info.discloses)}" for info in infos),
        "",
        translate(
            "The call emulation and the packets of limited life can be left out: --without stream --without path"
        ),
    ]
    return "\n".join(lines)
