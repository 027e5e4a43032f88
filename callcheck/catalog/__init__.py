"""Whom callcheck talks to: dated data with a source, and the code that reads it."""
