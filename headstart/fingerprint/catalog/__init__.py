"""What is read from the catalog, in one statement, and the lines that every server makes of it.

Not here: anything about revisions.
"""
