"""Makes any text safe within a line of Markdown, whoever renders it.

A backslash stops Markdown, but not what a forum does to the text afterwards: mentions, issue references, emoji and
links are looked for in the rendered page. In a code span none of them is, so that what could become one gets into one.
"""

from __future__ import annotations

import re
from typing import Final

from callcheck.report.printable import printable

# Letters, digits and punctuation that means nothing to Markdown within a line.
_PLAIN: Final = re.compile(r"""[\w ,.;:()"'%/+=?!«»–—…№°·-]*""")
# What a line of its own, a list item or a table cell could begin a block with.
_BLOCK: Final = re.compile(r"\s|[-+=.:]|\d+[.)]")
_ACTS_AFTERWARDS: Final = re.compile(
    r"""
      ://                            # a link
    | \bwww\.
    | \w\.\w*[^\W\d]                 # a host or file name, as forums link them without "http"
    | \b(?:mailto|xmpp):
    | :[\w+-]+:                      # an emoji by its name
    | \bgh-\d                        # an issue by its number
    | \b[0-9a-f]{7,40}\b             # a commit by its hash
    | \d(?:[ ,.()-]{0,2}\d){10,}     # a telephone number
    """,
    re.VERBOSE | re.IGNORECASE,
)
_INTRAWORD: Final = re.compile(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])")
_COMMAND: Final = re.compile(r"callcheck (?:lab run|run --depth) [a-z][a-z-]*")


def escape(text: str) -> str:
    """The text for the inside of a paragraph, heading, list item or table cell. Pure; it is not idempotent.

    It comes back as it is where nothing in it can act, with its commands as code; else as one code span, in which the
    two characters that could end it, or a table cell, are written as `printable` writes what it escapes.
    """
    shown = printable(text)
    if not shown:
        return ""
    bare = _COMMAND.sub("", shown)
    if _PLAIN.fullmatch(shown) and not _BLOCK.match(shown) and not _ACTS_AFTERWARDS.search(bare) and _is_bound(shown):
        return _COMMAND.sub(lambda found: f"`{found.group()}`", shown.rstrip()).replace("_", r"\_")
    return f"`{_in_code(shown)}`"


def _is_bound(text: str) -> bool:
    """Whether every underscore stands within a word, where it emphasises nothing; and no blank ends the line."""
    return "_" not in _INTRAWORD.sub("", text) and not text.endswith("  ")


def _in_code(text: str) -> str:
    """Without what ends a code span or a cell; a blank at both ends would be stripped, and one alone is no code."""
    held = text.replace("`", r"\x60").replace("|", r"\x7c")
    return held if held.strip() else r"\x20" * len(held)
