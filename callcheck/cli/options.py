"""Options that several commands share, so that they read and behave the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from callcheck.cli.output import tr
from callcheck.words import Symptom

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Command], Command]

_ = tr()
FILE = click.Path(path_type=Path)


def same_again(ctx: click.Context, **changed: object) -> list[str]:
    """The words of the command that `ctx` was called with, but for some values that are changed."""
    words: list[str] = []
    for parameter in ctx.command.params:
        value = {**ctx.params, **changed}.get(parameter.name or "")
        if value in {None, False, ()}:
            continue
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif value is True:
            words.append(parameter.opts[0])
        else:
            several = value if isinstance(value, tuple) else (value,)
            words += [word for one in several for word in (parameter.opts[0], str(one))]
    return words


def depth(default: str) -> Option[Any]:
    choice = click.Choice(["quick", "standard", "deep"])
    return click.option(
        "--depth", type=choice, default=default, show_default=True, help=_("How long and how closely to look.")
    )


form: Option[Any] = click.option(
    "--format", "form", default="plain", show_default=True, help=_("plain, json, or events (the journal, live).")
)
out: Option[Any] = click.option("--out", type=FILE, help=_("Save to this file instead of printing."))
catalog_file: Option[Any] = click.option(
    "--catalog", "catalog_file", type=FILE, help=_("A catalogue to lay over the shipped one.")
)
services: Option[Any] = click.option(
    "--service", "services", multiple=True, metavar="NAME", help=_("Only this service (may be repeated).")
)
only: Option[Any] = click.option("--only", multiple=True, metavar="CHECK", help=_("Only this check (may be repeated)."))
without: Option[Any] = click.option(
    "--without", multiple=True, metavar="CHECK", help=_("Leave this check out (may be repeated).")
)
symptom: Option[Any] = click.option(
    "--symptom",
    type=click.Choice(get_args(Symptom)),
    help=_("What you notice in calls: the checks that are nearest to it come first. It changes nothing else."),
)


def continued(help_text: str) -> Option[Any]:
    return click.option("--continue", "continued", metavar="JOURNAL", help=help_text)


seed: Option[Any] = click.option("--seed", type=int, help=_("Draw the scenario's numbers with this seed."))
servers: Option[Any] = click.option(
    "--servers",
    type=click.Choice(["real", "own"]),
    default="real",
    show_default=True,
    help=_("real: coturn and unbound where installed; own: only callcheck's stand-ins."),
)
