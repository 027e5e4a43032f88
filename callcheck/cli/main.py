"""The command line: what is asked for, and the exit code that answers."""

from __future__ import annotations

import os
import sys
import traceback

import click

from callcheck import __version__
from callcheck.cli.lab import lab
from callcheck.cli.lists import checks, consent, targets, wipe
from callcheck.cli.output import INTERNAL, INTERRUPTED, USAGE, Exit, say, tr
from callcheck.cli.run import run
from callcheck.cli.saved import judge, report

_ = tr()


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Tells whether calls fail by your own network, by the service, or because someone singles them out."),
)
@click.version_option(__version__, prog_name="callcheck")
@click.pass_context
def cli(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        if not sys.stdout.isatty():
            raise Exit(USAGE, "")


for _command in (run, report, judge, checks, targets, consent, wipe, lab):
    cli.add_command(_command)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing but a bug escapes as a traceback, and only if asked."""
    try:
        code = cli.main(args=argv, prog_name="callcheck", standalone_mode=False)
    except Exit as exit_:
        if exit_.line:
            say(f"callcheck: {exit_.line}")
        return exit_.code
    except click.ClickException as error:
        say(f"callcheck: {error.format_message()}")
        return USAGE
    except (KeyboardInterrupt, click.exceptions.Abort):
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("CALLCHECK_DEBUG"):
            traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        say(tr()("callcheck: internal error, please report it: {reason}").format(reason=reason))
        return INTERNAL
    return code if isinstance(code, int) else 0
