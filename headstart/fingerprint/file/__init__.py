"""The states of a history, and how they stand in fingerprints.txt.

Not here: which state a database is in.
"""
