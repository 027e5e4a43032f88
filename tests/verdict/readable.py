"""What every sentence must be, and facts that every sentence can use."""

from __future__ import annotations

import re
from typing import Any

from callcheck.model import Evidence
from callcheck.words import Claim

LANGUAGES = ("en", "ru")

# Names and terms that Russian text keeps in Latin letters, and what is typed into a terminal.
_COMMAND = re.compile(r"callcheck (lab )?run( (clean|telegram-calls-dropped|--depth (standard|deep)))?|--depth deep")
_TERM = re.compile(r"\b(Telegram|WhatsApp|callcheck|Wi-Fi|DNS|TCP|UDP|STUN|DTLS|QUIC|SNI|IPv4|IPv6|peer-to-peer)\b")
_CIRCUMVENTION = re.compile(r"vpn|впн|tor\b|proxy|прокси|wireguard|zapret|amnezia|обход", re.IGNORECASE)
# Facts with a value for everything that any sentence can show.
FULL_FACTS: dict[str, Any] = {
    "addresses": 3,
    "age_days": 3,
    "agreed": 3,
    "answered": 3,
    "asked": 5,
    "asked_networks": 4,
    "certificates_refused": 3,
    "controls_limited": 0,
    "controls_loss_ratio": 0.002,
    "died": 3,
    "differing": 3,
    "doubled": 3,
    "down_kbps": 41.5,
    "elsewhere": 2,
    "endpoints": 8,
    "false": 3,
    "finished": 3,
    "flows": 4,
    "frozen": 3,
    "frozen_high_bytes": 24000,
    "frozen_low_bytes": 16000,
    "held": 3,
    "hello": 3,
    "hop": 3,
    "hosts": 3,
    "idle_ms": 41.5,
    "informative": 6,
    "known": 3,
    "last_hop_call": 4,
    "last_hop_control": 9,
    "last_hop_neutral": 7,
    "last_hop_other_port": 4,
    "limit_high_kbps": 66.2,
    "limit_low_kbps": 58.4,
    "listed": 3,
    "load_ratio": 41.5,
    "loaded_down_ms": 41.5,
    "loaded_up_ms": 41.5,
    "longest_stall_ms": 41.5,
    "loop_ms": 76.2,
    "loss_ratio": 0.1234,
    "mean_run": 1.24,
    "mechanism": "port",
    "missing": 2,
    "names": 4,
    "networks": 3,
    "offered_kbps": 300.8,
    "opened": 2,
    "packets": 3,
    "packets_high": 24,
    "packets_low": 12,
    "ports": 3,
    "received": 17,
    "refused": 3,
    "renewed": 2,
    "rtt_ms": 38.44,
    "rtt_p95_ms": 41.5,
    "seconds": 5.2,
    "seconds_high": 5.41,
    "seconds_low": 4.96,
    "sent": 20,
    "shift_ms": 41.5,
    "silent": 3,
    "sites": 3,
    "source_ports": 3,
    "stalls": 3,
    "tunnelled": 3,
    "up_kbps": 41.5,
    "versions": 3,
    "where": "provider",
    "with_cookie": 1,
    "with_name": 3,
    "without_cookie": 4,
    "without_name": 3,
}


def assert_readable(text: str, language: str) -> None:
    assert text.strip() == text
    assert text
    assert "{" not in text
    assert "}" not in text
    assert "  " not in text
    assert not _CIRCUMVENTION.search(text)
    if language == "ru":
        rest = _TERM.sub("", _COMMAND.sub("", text))
        assert not re.search("[A-Za-z]", rest), text
        assert re.search("[А-Яа-яё]", text)
    else:
        assert not re.search("[А-Яа-яё]", text)


def claim(name: Claim, **changes: Any) -> Evidence:
    return Evidence(**({"claim": name, "service": "telegram", "function": "calls"} | changes))
