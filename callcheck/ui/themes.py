"""Two calm themes: colour says what is well, what is not and what is doubtful, and nothing else.

Green, yellow and red are strong enough to stay themselves in a terminal of 16 colours.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="callcheck-dark",
    primary="#7aa2c8",
    secondary="#8fa8bf",
    accent="#86b7e0",
    foreground="#d7dce2",
    background="#14181d",
    surface="#1a1f26",
    panel="#232a33",
    success="#55b25a",
    warning="#e0a030",
    error="#ef8478",
    dark=True,
    variables={"footer-background": "#1a1f26", "footer-key-foreground": "#86b7e0"},
)
LIGHT: Final = Theme(
    name="callcheck-light",
    primary="#2f5f8a",
    secondary="#4d6a85",
    accent="#1f6aa8",
    foreground="#1d2329",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#e7e4dd",
    success="#2c7a33",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={"footer-background": "#f3f1ec", "footer-key-foreground": "#1f6aa8"},
)
