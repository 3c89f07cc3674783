"""Faults at any moment of a run, by the hundred; what has to hold after each of them."""
