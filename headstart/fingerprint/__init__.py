"""The schema as lines of text, and which revision builds it. Pure: lines in, findings out.

Not here: connections, Alembic, settings. Strict order of its folders: catalog < statements < file
< show < match.
"""
