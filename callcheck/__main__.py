"""`python -m callcheck`."""

import sys

from callcheck.cli import main

if __name__ == "__main__":
    sys.exit(main())
