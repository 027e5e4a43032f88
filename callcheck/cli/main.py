"""The command line: what is asked for, and the exit code that answers."""

from __future__ import annotations

import gc
import importlib
import os

import click

from callcheck import __version__
from callcheck.cli.output import INTERNAL, INTERRUPTED, USAGE, Exit, say, tr
from callcheck.engine.errors import PluginError

_ = tr()
# Each command is loaded when it is asked for: a script that calls one shall not pay for the others.
_COMMANDS = {
    "run": "run:run",
    "open": "screen:open_file",
    "report": "saved:report",
    "judge": "saved:judge",
    "compare": "compare:compare",
    "checks": "lists:checks",
    "targets": "lists:targets",
    "consent": "lists:consent",
    "wipe": "lists:wipe",
    "lab": "lab:lab",
}
# These read files and end: what they load and read lives until then, and a search for cycles in it would find nothing.
_READING = frozenset({"report", "judge", "compare"})


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name in _READING:
            gc.disable()
        module, _colon, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"callcheck.cli.{module}"), name)
        return command


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Tells whether calls fail by your own network, by the service, or because someone singles them out."),
)
@click.version_option(__version__, prog_name="callcheck")
@click.pass_context
def cli(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        from callcheck.cli import screen  # noqa: PLC0415 - headless commands never load the screens

        if screen.has_terminal():
            raise Exit(screen.show())
        click.echo(ctx.get_help())
        raise Exit(USAGE)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing but a bug escapes as a traceback, and only if asked."""
    was_collecting = gc.isenabled()
    try:
        return _code_of(argv)
    finally:
        if was_collecting:
            gc.enable()


def _code_of(argv: list[str] | None) -> int:
    try:
        code = cli.main(args=argv, prog_name="callcheck", standalone_mode=False)
    except Exit as exit_:
        if exit_.line:
            say(f"callcheck: {exit_.line}")
        return exit_.code
    except click.ClickException as error:
        say(f"callcheck: {error.format_message()}")
        return USAGE
    except PluginError as error:
        say(f"callcheck: {error}")
        return USAGE
    except (KeyboardInterrupt, click.exceptions.Abort):
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("CALLCHECK_DEBUG"):
            import traceback  # noqa: PLC0415 - nobody else needs it

            traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        say(tr()("callcheck: internal error, please report it: {reason}").format(reason=reason))
        return INTERNAL
    return code if isinstance(code, int) else 0
