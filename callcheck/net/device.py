"""What else on this machine may change a call: load, containers, proxies, packet manglers (Linux; None elsewhere).

Only yes or no leaves this file: which product runs would tell about its owner (DESIGN 5.2, 8).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from callcheck.api import DeviceState

# Programs that rewrite or drop packets of calls, by the names of their processes (facts/calls-on-the-wire.md 5).
_MANGLERS = frozenset(
    {"nfqws", "nfqws2", "tpws", "dvtws", "winws", "goodbyedpi", "ciadpi", "byedpi", "youtubeunblock", "spoofdpi", "b4"}
)
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_CONTAINER_FILES = (".dockerenv", "run/.containerenv")


def device_state(root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> DeviceState:
    """Read what the system tells anybody; `root` and `environment` are others in tests."""
    told = (root / "proc/self").exists()
    return DeviceState(
        container=any((root / name).exists() for name in _CONTAINER_FILES) if told else None,
        filters=bool(_MANGLERS & set(_process_names(root))) if told else None,
        proxy=has_proxy(os.environ if environment is None else environment),
        load_ratio=_load_ratio(root),
    )


def has_proxy(environment: Mapping[str, str]) -> bool:
    """Whether a proxy is configured for programs that ask the environment, in either spelling."""
    return any(environment.get(name) or environment.get(name.upper()) for name in _PROXY_VARIABLES)


def _process_names(root: Path) -> Iterable[str]:
    """The names of all processes that may be seen, in lower case (/proc/PID/comm, 15 characters at most)."""
    for directory in (root / "proc").glob("[0-9]*"):
        try:
            yield (directory / "comm").read_text(encoding="utf-8", errors="replace").strip().lower()
        except OSError:  # it ended meanwhile, or is hidden
            continue


def _load_ratio(root: Path) -> float | None:
    """Runnable programs for each processor over the last minute (proc(5), loadavg)."""
    try:
        first = (root / "proc/loadavg").read_text(encoding="ascii").split()[0]
        return round(float(first) / (os.cpu_count() or 1), 2)
    except (OSError, ValueError, IndexError):
        return None
