"""What a state leads to, as data: the plan, refusals, what repairs what.

Not here: a connection, a clock, the environment, a logger. Pure.
"""
