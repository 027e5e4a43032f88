"""What the flows say, one claim a room. Pure: series in, evidence out."""
