"""What a series of packets says: pure functions over loss flags and times; chance comes in as `random.Random`.

Loss is `Sequence[bool]`, one flag per packet in sending order, True where it was lost. Times are whole microseconds.
"""
