"""Which state is it, or is it near to? The search, and recording new states.

Not here: the questions' connections (postgres), and what the answer leads to (decision).
"""
