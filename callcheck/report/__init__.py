"""The report: folded from a journal, saved, read back, and cleaned before it is shown to others."""
