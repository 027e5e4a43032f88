"""The commands and their exit codes (DESIGN 5.1). The only room that writes to stdout and stderr."""

from callcheck.cli.main import main

__all__ = ["main"]
