"""How often callcheck is right: its verdicts against the truth that scenarios hold (DESIGN 5.6, 9)."""

from callcheck.lab.score.again import Again, Kept, judged_again, kept_runs
from callcheck.lab.score.compare import Comparison, compared, void_reasons
from callcheck.lab.score.lines import Answer, Line, RunKey, Said
from callcheck.lab.score.player import LabPlayer, Player, journal_reader
from callcheck.lab.score.reading import Reading, journal_reading
from callcheck.lab.score.remembered import remembered
from callcheck.lab.score.runs import Finished, Planned, planned, play_all
from callcheck.lab.score.store import Store, StoreError
from callcheck.lab.score.tables import as_json, as_markdown
from callcheck.lab.score.tally import Tally, tallies_by_depth, tally

__all__ = [
    "Again",
    "Answer",
    "Comparison",
    "Finished",
    "Kept",
    "LabPlayer",
    "Line",
    "Planned",
    "Player",
    "Reading",
    "RunKey",
    "Said",
    "Store",
    "StoreError",
    "Tally",
    "as_json",
    "as_markdown",
    "compared",
    "journal_reader",
    "journal_reading",
    "judged_again",
    "kept_runs",
    "planned",
    "play_all",
    "remembered",
    "tallies_by_depth",
    "tally",
    "void_reasons",
]
