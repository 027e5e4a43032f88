"""The lab's wires: one program that bridges pairs of devices and delays, loses, limits and filters what passes."""
