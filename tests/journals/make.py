"""Plays the families' scenarios in the lab and writes their golden journals.

`python -m tests.journals.make [FAMILY…] [--goes N]` keeps a journal only if the lab was not void by more than a late
machine, and the evidence is what families.toml says; what is not met is printed. Without names it makes those missing.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

from callcheck import session
from callcheck.engine import plugins
from callcheck.engine.events import decode_lines
from tests.journals.golden import Golden, all_golden


def made(golden: Golden) -> list[str]:
    """What was not met; the journal is written where nothing is."""
    with tempfile.TemporaryDirectory(prefix="golden-") as directory:
        kept = Path(directory) / "kept"
        command = [sys.executable, "-m", "callcheck", "lab", "run", golden.scenario, "--depth", golden.depth]
        command += ["--format", "json", "--keep", str(kept)]
        command += [part for name in golden.only for part in ("--only", name)]
        done = subprocess.run(command, capture_output=True, check=False)
        void = [line for line in done.stderr.decode().splitlines() if "shows nothing" in line and "late" not in line]
        journal = kept / "journal.ndjson"
        if void or not journal.exists():
            return void or [done.stderr.decode()[-300:]]
        text = journal.read_bytes()
    report = session.report_of(decode_lines(text), plugins.load_checks()[0], "en")
    unmet = [
        f"{one.claim} {one.service or '-'} should be {one.sign}, is "
        f"{[item.strength for item in report.evidence if (item.claim, item.service) == (one.claim, one.service)]}"
        for one in golden.shows
        if not one.is_met(report.evidence)
    ]
    if not unmet:
        golden.path.write_bytes(gzip.compress(text, 9, mtime=0))
    return unmet


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", nargs="*")
    parser.add_argument("--goes", type=int, default=2)
    options = parser.parse_args()
    chosen = [one for name, one in all_golden().items() if name in options.family] if options.family else []
    chosen = chosen or [one for one in all_golden().values() if not one.path.exists() and not options.family]
    failed = 0
    for golden in chosen:
        unmet: list[str] = []
        for _ in range(options.goes):
            unmet = made(golden)
            if not unmet:
                break
        failed += bool(unmet)
        sys.stdout.write(f"{golden.family}: {'; '.join(unmet) or 'made'}\n")
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
