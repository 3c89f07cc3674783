"""What a revision does, by the SQL that it sends.

Not here: who hears the statements (revisions), and what the catalog says.
"""
