"""`callcheck checks`, `targets`, `consent`, `wipe`: what there is, whom it talks to, and what was agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import click

from callcheck.api import Budget, CheckInfo
from callcheck.catalog import cost as costs
from callcheck.catalog import load as catalog
from callcheck.cli import options
from callcheck.cli.output import BAD_DATA, USAGE, fail, language, put, put_line, say, tr
from callcheck.engine import plugins
from callcheck.model import Target
from callcheck.submit import consent as consents
from callcheck.submit import wiping
from callcheck.submit.consent_text import consent_text
from callcheck.words import Depth

_ = tr()


@click.command(help=_("List the plugins. Says where each comes from, and its version."))
def checks() -> int:
    for one in plugins.find_all():
        described = one.described()
        line = f"{described.kind:9} {described.name:12} {described.distribution} {described.version}"
        put_line(line)
    _loaded, problems = plugins.load_checks()
    for problem in problems:
        say(tr()("callcheck: cannot be used: {problem}").format(problem=problem))
    return 0


@click.command(help=_("List whom a run would contact. Says why, and what they learn."))
@click.option("--cost", is_flag=True, help=_("Also say how long a run takes and how much it moves at most."))
@click.option("--verify", is_flag=True, help=_("Ask them all, on an open network, and print catalogue lines."))
@options.catalog_file
def targets(*, cost: bool, verify: bool, catalog_file: Path | None) -> int:
    if verify:
        from callcheck.cli import run  # noqa: PLC0415 - only this option measures

        return run.verify(catalog_file)
    try:
        listed = catalog.with_overlay(catalog_file) if catalog_file else catalog.shipped()
    except catalog.CatalogError as error:
        fail(BAD_DATA, str(error))
    loaded, _problems = plugins.load_checks()
    for target in listed:
        put_line(_line(target))
        if cost:
            put("".join(f"    {line}\n" for line in _moved(target)).encode())
    translate = tr()
    if cost:
        put(("\n" + translate("All of it together:") + "\n" + _totals(listed)).encode())
    put(("\n" + translate("What they learn:") + "\n").encode())
    for check in loaded.values():
        info: CheckInfo = check.info
        put(f"  {translate(info.title)} ({info.name}): {translate(info.discloses)}\n".encode())
        if cost:
            put("".join(f"    {line}\n" for line in _costs(info)).encode())
    return 0


def _moved(target: Target) -> Iterator[str]:
    """What a run moves to and from this host, a line a depth; none where it was never measured."""
    place = costs.place_of(target)
    text = tr()("{depth}: {packets} packets, {kilobytes:.1f} kB")
    for depth, moved in costs.shipped().moved.items():
        if place in moved:
            packets, count_bytes = moved[place]
            yield text.format(depth=depth, packets=packets, kilobytes=count_bytes / 1000)


def _totals(listed: Iterable[Target]) -> str:
    """A line for each depth: packets and megabytes of a run, as measured on a healthy line."""
    text = tr()("{depth}: {packets} packets, {megabytes:.1f} MB")
    places = {costs.place_of(target) for target in listed}
    lines = []
    for depth, moved in costs.shipped().moved.items():
        own = [moved[place] for place in places & moved.keys()]
        packets, count_bytes = sum(one[0] for one in own), sum(one[1] for one in own)
        lines.append(f"  {text.format(depth=depth, packets=packets, megabytes=count_bytes / 1e6)}\n")
    return "".join(lines)


def _costs(info: CheckInfo) -> Iterator[str]:
    """One line, or one for each depth where they differ."""
    translate = tr()
    for depth in get_args(Depth) if info.at_depth else (None,):
        budget = Budget(info.max_seconds, info.max_bytes) if depth is None else info.budget(depth)
        text = translate("at most {seconds:g} s and {kilobytes:.0f} kB")
        cost = text.format(seconds=budget.max_seconds, kilobytes=budget.max_bytes / 1000)
        yield cost if depth is None else f"{depth}: {cost}"


def _line(target: Target) -> str:
    whose = f"{target.service} {target.function}" if target.service else target.role
    forms = ", ".join(f"{form}: {knowledge}" for form, knowledge in target.answers.items())
    return f"{target.endpoint:34} {whose:20} {target.protocol:15} {forms}  ({target.source}, {target.as_of})"


@click.command(help=_("Show what measuring discloses. Keeps your consent to it."))
@click.option("--version", "version", type=int, help=_("The version of the text that you have read."))
@click.option("--accept", is_flag=True, help=_("Keep the consent on this machine."))
def consent(version: int | None, accept: bool) -> int:
    translate = tr()
    if accept:
        if version != consents.CONSENT_VERSION:
            wanted = consents.CONSENT_VERSION
            fail(USAGE, translate("say which text you have read: --version {wanted} --accept").format(wanted=wanted))
        try:
            consents.accept()
        except OSError as error:
            fail(USAGE, translate("the consent cannot be kept: {reason}").format(reason=error.strerror or error))
        put((translate("Kept. `callcheck wipe` takes it back.") + "\n").encode())
        return 0
    loaded, _problems = plugins.load_checks()
    infos = [check.info for check in loaded.values()]
    put((consent_text(infos, language()) + "\n").encode())
    if not consents.is_given():
        text = translate("To keep your consent: callcheck consent --version {version} --accept")
        put(("\n" + text.format(version=consents.CONSENT_VERSION) + "\n").encode())
    if consents.is_given():
        put((translate("You have agreed to this text on this machine.") + "\n").encode())
    return 0


@click.command(help=_("Remove what callcheck has kept here."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
def wipe(yes: bool) -> int:
    translate = tr()
    if not yes and not click.confirm(translate("Remove everything that callcheck keeps here?"), err=True):
        return 0
    try:
        wiped = wiping.wipe_all()
    except OSError as error:
        fail(USAGE, translate("it cannot be removed: {reason}").format(reason=error.strerror or error))
    put_line(translate("Removed.") if wiped.existed else translate("There was nothing."))
    if left := wiping.left_text(wiped, language()):
        put_line(left)
    put_line(wiping.beyond_reach(language()))
    return 0
