"""The voice-like flow: numbered packets on an absolute schedule, sent and heard by a process of its own."""
