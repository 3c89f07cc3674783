"""How two schemas differ, for a person.

Not here: what a difference leads to (decision).
"""
