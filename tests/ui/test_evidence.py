"""The screen on which an engineer walks from the sentence down to the packet."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from textual.widgets.tree import TreeNode

from callcheck import session
from callcheck.engine import plugins
from callcheck.model import Evidence, Report
from callcheck.submit.settings import Settings
from callcheck.ui.app import CallcheckApp
from callcheck.ui.glyphs import ASCII, UNICODE, Glyphs
from callcheck.ui.model import Run
from callcheck.ui.screens.evidence import EvidenceScreen
from callcheck.ui.views.nodes import Node
from callcheck.ui.widgets.walk import Walk
from callcheck.verdict import explain
from callcheck.words import Claim, Failure
from tests.ui.driving import an_app, drive, events_of, read, text_of, until
from tests.ui.test_evidence_tree import HOSTILE, a_report, a_verdict, asked


def _app_of(report: Report, *, language: str = "en", glyphs: Glyphs = UNICODE) -> CallcheckApp:
    """The app, with a report that has been read already."""
    app = CallcheckApp(Settings(language=language), glyphs=glyphs)
    app.run_shown = Run("r.json", report=report, is_read=True)
    return app


@cache
def _cut_off(language: str = "en") -> Report:
    return session.report_of(events_of("cutoff-packets"), plugins.load_checks()[0], language)


async def _open(pilot: Pilot[int]) -> Walk:
    app = pilot.app
    assert isinstance(app, CallcheckApp)
    app.go("evidence")
    return await _walk(pilot)


async def _walk(pilot: Pilot[int]) -> Walk:
    await until(pilot, lambda: isinstance(pilot.app.screen, EvidenceScreen))
    await until(pilot, lambda: any(walk.root.children for walk in pilot.app.screen.query(Walk)))
    await pilot.pause(0.05)
    return pilot.app.screen.query_one(Walk)


def _node(walk: Walk) -> Node:
    branch = walk.cursor_node
    assert branch is not None
    assert branch.data is not None
    return branch.data


async def _down_to(pilot: Pilot[int], walk: Walk, holds: Callable[[Node], bool]) -> TreeNode[Node]:
    """Press down until the line is such a one."""
    for _ in range(60):
        if holds(_node(walk)):
            assert walk.cursor_node is not None
            return walk.cursor_node
        await pilot.press("down")
    pytest.fail(f"no such line:\n{text_of(pilot.app)}")


def _label(node: Node) -> str:
    return "".join(text for text, _tone in node.label)


def test_keys_lead_from_the_answer_to_a_lost_packet() -> None:
    app = an_app("cutoff-packets")

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        await pilot.press("e")
        walk = await _walk(pilot)
        assert _node(walk).kind == "verdict"
        assert "Telegram calls" in text_of(app)
        for kind in ("evidence", "flow", "second"):
            await _down_to(pilot, walk, lambda node, kind=kind: node.kind == kind)  # type: ignore[misc]
            await pilot.press("enter")
            await pilot.pause(0.05)
        await _down_to(pilot, walk, lambda node: node.kind == "packet" and "lost" in _label(node))
        await pilot.pause(0.05)
        shown = text_of(app)
        assert "size of a packet" in shown
        assert f"{UNICODE.failed}    10  sent at" in shown
        await pilot.press("escape")
        assert not isinstance(app.screen, EvidenceScreen)

    drive(app, steps)


def test_the_detail_stands_below_the_tree_or_beside_it_where_there_is_room() -> None:
    app = _app_of(_cut_off())

    async def steps(pilot: Pilot[int]) -> None:
        walk = await _open(pilot)
        told = app.screen.query_one("#told")
        assert told.region.y >= walk.region.bottom
        assert "How likely each explanation is" in text_of(app)
        await pilot.press("tab")
        assert app.focused is told
        await pilot.resize_terminal(200, 60)
        await pilot.pause(0.1)
        assert told.region.x >= walk.region.right
        assert "How likely each explanation is" in text_of(app)
        for size in ((20, 5), (1, 1)):
            await pilot.resize_terminal(*size)
            await pilot.press("tab", "enter", "down", "left", "right")

    drive(app, steps)


def test_the_detail_of_a_line_is_told_whole() -> None:
    app = _app_of(_cut_off("ru"), language="ru")

    async def steps(pilot: Pilot[int]) -> None:
        walk = await _open(pilot)
        await _down_to(pilot, walk, lambda node: node.kind == "evidence")
        await pilot.pause(0.05)
        item = _node(walk).evidence
        assert item is not None
        words = explain.claim_text(item, "ru").split()
        assert all(word in text_of(app) for word in words)
        assert item.claim.value in text_of(app)

    drive(app, steps, size=(160, 50))


def test_a_key_finds_what_speaks_against_on_either_keyboard() -> None:
    app = an_app("whole-service")

    async def steps(pilot: Pilot[int]) -> None:
        walk = await _open(pilot)
        found = []
        for key in ("x", "ч"):
            walk.go_to(walk.root.children[0])
            await pilot.press(key)
            assert _node(walk).kind == "evidence"
            assert _label(_node(walk)).startswith("-")
            found.append(walk.cursor_node)
        assert found[0] is found[1]  # there is only one, and the search goes round

    drive(app, steps)


def test_left_and_right_open_and_close_and_words_leave_only_what_has_them() -> None:
    app = _app_of(_cut_off())

    async def steps(pilot: Pilot[int]) -> None:
        walk = await _open(pilot)
        before = len(walk.root.children)
        await pilot.press("right", "right")
        assert _node(walk).kind == "evidence"
        await pilot.press("left")
        assert _node(walk).kind == "for"
        await pilot.press("left")
        assert walk.cursor_node is not None
        assert not walk.cursor_node.is_expanded
        await pilot.press("left")
        assert _node(walk).kind == "verdict"
        await pilot.press("slash", *"path_open")
        await until(pilot, lambda: {_node_of(one).kind for one in walk.root.children} == {"evidence"})
        assert all(one.claim is Claim.path_open for one in map(_evidence_of, walk.root.children))
        await pilot.press("enter")
        assert app.focused is walk
        await pilot.pause(0.05)
        assert "path_open" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(walk.root.children) == before)
        assert isinstance(app.screen, EvidenceScreen)
        assert app.screen.query_one(Input).has_class("hidden")

    drive(app, steps)


def _node_of(branch: TreeNode[Node]) -> Node:
    assert branch.data is not None
    return branch.data


def _evidence_of(branch: TreeNode[Node]) -> Evidence:
    item = _node_of(branch).evidence
    assert item is not None
    return item


def test_hostile_text_is_shown_and_does_nothing() -> None:
    observation = msgspec.structs.replace(asked(1, Failure.timeout, HOSTILE), check=HOSTILE, form=HOSTILE)
    evidence = Evidence(
        service="telegram", claim=Claim.relays_answer, facts={HOSTILE: HOSTILE}, strength=-3, seqs=(1, 9)
    )
    app = _app_of(a_report([evidence], [observation], [a_verdict(supporting=(0,))]))

    async def steps(pilot: Pilot[int]) -> None:
        walk = await _open(pilot)
        await _down_to(pilot, walk, lambda node: node.kind == "evidence")
        await pilot.press("enter")
        await _down_to(pilot, walk, lambda node: node.kind == "observation")
        await pilot.pause(0.05)
        shown = text_of(app)
        assert "[bold]\\x1b[31m\\u202eevil[/]" in shown
        assert all(character.isprintable() or character == "\n" for character in shown)
        await _down_to(pilot, walk, lambda node: node.kind == "note")
        assert "1 records are not in this report" in text_of(app)

    drive(app, steps, size=(160, 50))


def test_an_empty_report_says_so_and_nothing_speaks_against() -> None:
    app = _app_of(a_report())

    async def steps(pilot: Pilot[int]) -> None:
        await _open(pilot)
        assert "There is nothing in this report" in text_of(app)
        await pilot.press("enter", "right", "left", "down", "x")
        await until(pilot, lambda: "Nothing speaks against" in text_of(app))

    drive(app, steps)


def test_plain_signs_where_the_terminal_has_no_others() -> None:
    app = _app_of(_cut_off(), glyphs=ASCII)

    async def steps(pilot: Pilot[int]) -> None:
        walk = await _open(pilot)
        await pilot.press("right", "right", "enter", "right", "enter", "right")
        await pilot.pause(0.05)
        lines = text_of(app).splitlines()[1 : walk.region.bottom]
        assert all(line[: walk.region.width - 2].isascii() for line in lines)

    drive(app, steps)
