"""Which recorded state a schema is in, or near. The search, and recording new states.

Not here: the questions' connections (postgres), and what the answer leads to (decision).
"""
