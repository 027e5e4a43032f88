"""What may leave and what may not: the report rebuilt from an allow-list, what that removed, and the last look at the
bytes of an export (DESIGN 8).

`leaving.export` is the door; `redact` rebuilds, `removed` tells what went, `scan` looks through what is about to leave.
"""
