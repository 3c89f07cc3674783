"""This process: signals, log, recorder, masking, deadline, progress, garbage collection.

Not here: the database, and what a run does.
"""
