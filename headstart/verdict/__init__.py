"""What the world is told: outcomes with exit codes, errors, events, the record and its fields.

Not here: why a run ended so (decision), and who writes the lines (process, command). It costs no
more to import than dataclasses and enum.
"""
