"""`callcheck lab`: see callcheck work on a network whose truth is known."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import cast

import click

from callcheck.cli import lab_score, options
from callcheck.cli.lab_errors import one_line_errors
from callcheck.cli.output import STDOUT, USAGE, fail, put_line, say, tr
from callcheck.words import Depth

_ = tr()


@click.group(help=_("Try callcheck where the answer is known. A network inside this machine, cut off from all others."))
def lab() -> None:
    pass


@lab.command("list", help=_("List the built-in scenarios."))
def list_scenarios() -> int:
    from callcheck.lab import play  # noqa: PLC0415 - an ordinary run shall not load the lab

    with one_line_errors():
        found = sorted((path.parent.name, name) for name, path in play.built_in().items())
        for kind, names in itertools.groupby(found, key=lambda one: one[0]):
            put_line(f"{kind}:")
            for _kind, name in names:
                put_line(f"  {name:28} {play.find(name).summary}")
    return 0


@lab.command("run", help=_("Run callcheck inside a scenario: a built-in id or a TOML file."))
@click.argument("scenario")
@options.depth("standard")
@options.form
@options.out
@options.seed
@click.option("--keep", type=options.FILE, help=_("Keep the journal, the lab's logs and what passed each wire."))
@options.servers
@options.services
@options.only
@options.without
@options.symptom
@options.continued(_("Go on with an earlier run in this scenario, of which this is the journal, at a greater depth."))
@click.option("--shipped-catalog", is_flag=True, help=_("Know of the servers only what the shipped catalogue knows."))
@click.option("--ui", is_flag=True, help=_("Show it on the screen. What it prints is left out."))
@click.pass_context
def run_scenario(
    ctx: click.Context,
    *,
    scenario: str,
    depth: str,
    form: str,
    out: Path | None,
    seed: int | None,
    keep: Path | None,
    servers: str,
    services: tuple[str, ...],
    only: tuple[str, ...],
    without: tuple[str, ...],
    symptom: str | None,
    continued: str | None,
    shipped_catalog: bool,
    ui: bool,
) -> int:
    from callcheck.lab import play  # noqa: PLC0415 - an ordinary run shall not load the lab

    if ui:
        return _on_screen(ctx, scenario)
    # What the run inside would refuse is refused before a lab is built for it.
    if form != "events":
        from callcheck.engine.plugins import load_reporter  # noqa: PLC0415 - the other commands need no plugins

        load_reporter(form)
    if out is not None and out.exists():
        fail(USAGE, tr()("{path} exists already; choose another name").format(path=out))
    if continued == "-":
        fail(USAGE, tr()("the lab cannot read a journal from standard input; name its file"))
    if continued is not None:
        from callcheck.cli.run import refuse_early  # noqa: PLC0415 - the other commands need no session

        refuse_early(continued, cast("Depth", depth))
    arguments = ["--depth", depth, "--format", form, *_destination(out)]
    for option, values in (("--service", services), ("--only", only), ("--without", without)):
        arguments += [part for value in values for part in (option, value)]
    arguments += ["--symptom", symptom] if symptom else []
    arguments += ["--continue", str(Path(continued).absolute())] if continued else []
    with one_line_errors():
        if keep is not None:
            arguments += ["--journal", str(_fresh_folder(keep) / "journal.ndjson")]
        found = play.find(scenario, seed)
        if keep is not None:
            play.keep_scenario(found, keep)
        network = play.lab_of(found, real_servers=servers == "real", keep=keep)
        played = play.play(network, play.run_arguments(*arguments, overlay=not shipped_catalog))
    for reason in played.lab.void:
        say(tr()("callcheck lab: this run shows nothing: {reason}").format(reason=reason))
    return played.exit_code


def _on_screen(ctx: click.Context, scenario: str) -> int:
    """The app, with this command as the process that it listens to."""
    from callcheck.cli.screen import show_measurement  # noqa: PLC0415 - a headless command never loads the screens
    from callcheck.lab import play  # noqa: PLC0415 - an ordinary run shall not load the lab

    if ctx.params["out"] is not None:
        fail(USAGE, tr()("with --ui nothing is printed, so nothing is saved by --out; --keep keeps the journal"))
    with one_line_errors():
        name = play.find(scenario, ctx.params["seed"]).id
    argv = options.same_again(ctx, ui=False, form="events")
    return show_measurement([sys.executable, "-m", "callcheck", "lab", "run", *argv], name)


def _destination(out: Path | None) -> list[str]:
    """For a command that runs in another folder."""
    return [] if out is None else ["--out", str(out if out == STDOUT else out.absolute())]


def _fresh_folder(keep: Path) -> Path:
    """The folder, made, and without a journal of an earlier run. Raises OSError."""
    folder = keep.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "journal.ndjson").exists():
        fail(USAGE, tr()("{path} exists already; choose another name").format(path=folder / "journal.ndjson"))
    return folder


lab.add_command(lab_score.score)


@lab.command("shell", help=_("A shell, or a command after --, inside the scenario's client."))
@click.argument("scenario")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@options.seed
@options.servers
def shell(*, scenario: str, command: tuple[str, ...], seed: int | None, servers: str) -> int:
    from callcheck.lab import play  # noqa: PLC0415 - an ordinary run shall not load the lab

    with one_line_errors():
        network = play.lab_of(play.find(scenario, seed), real_servers=servers == "real")
        played = play.play(network, command or (os.environ.get("SHELL", "/bin/sh"),))
    return played.exit_code
