"""What may happen in an execution: a frozen class each, by what it is about.

Not here: who emits an event, and who writes the log's lines (process).
"""
