"""`python -m tests.reports.html.look`: has a browser and a validator judge pages of saved runs. See README."""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from callcheck import session
from callcheck.api import Report
from callcheck.engine import plugins
from callcheck.redaction.redact import redact
from callcheck.report.saved import load_run
from callcheck_html import REPORTER

HERE = Path(__file__).parent
MOST_BYTES = 300_000


def main() -> int:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    pages = [page for file in options.files for page in _rendered(file, options)]
    faults = _browsed(pages, options) + _validated(pages, options)
    if options.shots:
        faults += [fault for page in pages for fault in _on_paper(page)]
    sys.stdout.write(f"{len(pages)} pages, {faults} faults\n" if not faults else "\n".join(faults) + "\n")
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="journals or reports, also gzipped")
    parser.add_argument("--out", type=Path, default=Path("/tmp/callcheck-html"))
    parser.add_argument("--modules", type=Path, default=Path("/tmp/html-npm/node_modules"))
    parser.add_argument("--lang", nargs="+", default=["en", "ru"])
    parser.add_argument("--full", action="store_true", help="keep addresses and exact times")
    parser.add_argument("--shots", action="store_true", help="also make pictures, and print to paper")
    return parser.parse_args()


def _rendered(file: Path, options: argparse.Namespace) -> list[Path]:
    checks, _problems = plugins.load_checks()
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    found = load_run(data)
    pages = []
    for language in options.lang:
        report = found if isinstance(found, Report) else session.report_of(found, checks, language)
        report = report if options.full else redact(report, new_id=lambda: "0" * 32)
        page = options.out / f"{file.name.split('.')[0]}-{language}{'-full' * options.full}.html"
        out = io.BytesIO()
        start = time.perf_counter()
        REPORTER.write(report, language, out)
        took_ms = 1000 * (time.perf_counter() - start)
        page.write_bytes(out.getvalue())
        size = len(out.getvalue())
        note = f"  over {MOST_BYTES}" if size > MOST_BYTES else ""
        sys.stdout.write(f"{page.name}: {size} bytes in {took_ms:.0f} ms{note}\n")
        pages.append(page.resolve())
    return pages


def _browsed(pages: list[Path], options: argparse.Namespace) -> list[str]:
    shots = str(options.out.resolve()) if options.shots else "-"
    command = ["node", str(HERE / "browse.cjs"), str(options.modules.resolve()), shots, *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    return [f"{one['page']} {one['scheme']} {one['width']}: {fault}" for one in seen for fault in one["faults"]]


def _validated(pages: list[Path], options: argparse.Namespace) -> list[str]:
    jar = next(options.modules.glob("vnu-jar/**/vnu.jar"))
    command = ["java", "-jar", str(jar), "--format", "json", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # The validator does not reckon the hash in the page's policy; the browser does, and would say so on its console.
    said = [
        one for one in json.loads(done.stderr)["messages"] if "violates Content Security Policy" not in one["message"]
    ]
    return [f"{Path(one['url']).name}:{one.get('lastLine')}: {one['type']}: {one['message']}" for one in said]


def _on_paper(page: Path) -> list[str]:
    """Every sheet must hold the warnings that the page holds; sheets become pictures where pdftoppm is there."""
    paper = page.with_suffix(".pdf")
    if shutil.which("pdftotext") is None:
        return [f"{paper.name}: pdftotext (poppler-utils) is not there"]
    told = subprocess.run(["pdftotext", "-layout", str(paper), "-"], capture_output=True, text=True, check=True).stdout
    subprocess.run(["pdftoppm", "-r", "60", "-png", str(paper), str(paper.with_suffix(""))], check=True)
    html = page.read_text(encoding="utf-8")
    sheets = told.split("\f")[:-1]
    warned = html.split('<aside class="running">')[1].split("<span>")[1][:20] if "<aside" in html else ""
    return [f"{paper.name} sheet {at}: no warning" for at, text in enumerate(sheets, start=1) if warned not in text]


if __name__ == "__main__":
    sys.exit(main())
