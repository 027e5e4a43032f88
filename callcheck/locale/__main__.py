"""`python -m callcheck.locale`: bring the catalogues in step with the source, and say what is left to translate."""

from __future__ import annotations

import sys
from pathlib import Path

from callcheck.locale import FOLDER


def main() -> int:
    try:
        from callcheck.locale import catalogues  # noqa: PLC0415 - babel is there for developers only
    except ImportError as error:
        sys.stderr.write(f"This command is for developers and needs babel: {error}\n")
        return 1
    root = Path(FOLDER).parent.parent
    catalogues.update(root, FOLDER)
    left = catalogues.faults(root, FOLDER)
    sys.stderr.writelines(f"{line}\n" for line in left)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
