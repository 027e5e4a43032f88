"""Stand-in servers of the lab: a second reading of the facts, which never sees `callcheck.codec`."""
