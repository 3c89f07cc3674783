"""For a developer's machine only: a Postgres from a wheel, of the extra `embedded`.

Not here: anything that the image runs.
"""
