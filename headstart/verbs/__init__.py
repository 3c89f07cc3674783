"""What each verb does, step by step; run.py is the flow.

Not here: arguments, output and exit codes (command), SQL (postgres), Alembic (revisions).
"""
