"""What keeps the lab's commands from doing their work, in one line and with the right exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from callcheck.cli.output import BAD_DATA, INTERNAL, NO_LAB, USAGE, fail, tr


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Whatever keeps the lab from running ends in one line and the right exit code."""
    from callcheck.lab.lab import LabError, LabUnavailable  # noqa: PLC0415 - an ordinary run shall not load the lab
    from callcheck.lab.scenario import ScenarioError  # noqa: PLC0415 - an ordinary run shall not load the lab

    try:
        yield
    except ScenarioError as error:
        fail(BAD_DATA, str(error))
    except LabUnavailable as error:
        fail(NO_LAB, tr()("the lab cannot run here: {reason}").format(reason=error))
    except LabError as error:
        fail(INTERNAL, str(error))
    except OSError as error:
        fail(USAGE, f"{error.filename or 'lab'}: {error.strerror or error}")
