"""The terminal UI: shows what a run of another process tells, or what a file holds; it measures nothing itself."""
