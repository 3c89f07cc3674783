"""One history over many targets: their names, their order, a process for each, what came of them.

A target's process is the ordinary run, forked from a warm interpreter (nursery.py); run.py is the
flow.

Not here: what a run does (verbs), and how a process becomes one: command hands that in.
"""
