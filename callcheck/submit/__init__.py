"""What may leave this machine, and what the person said to it (DESIGN 8)."""
