"""Foreign text is shown, and cannot act."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.report.printable import escape_json, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 38 ms", "plain text, 38 ms"),
        ("Ёлка «да» — №5…", "Ёлка «да» — №5…"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"),
        ("\x9b\u202e\u200b\u2028", "\\x9b\\u202e\\u200b\\u2028"),
        ("漢\U0001f600", "\\u6f22\\U0001f600"),
        ("и\u0306\u0483", "и\\u0306\\u0483"),
    ],
)
def test_only_characters_that_cannot_act_stay(text: str, shown: str) -> None:
    assert printable(text) == shown


@settings(deadline=None)
@given(st.text())
def test_the_result_is_printable_and_stays_the_same(text: str) -> None:
    once = printable(text)
    assert once.isprintable()
    assert printable(once) == once


@settings(deadline=None)
@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3), max_leaves=4))
def test_escaped_json_means_the_same_and_holds_no_control(value: object) -> None:
    text = escape_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(text) == value
    assert not [character for character in text if character != "\n" and unicodedata.category(character)[0] == "C"]
