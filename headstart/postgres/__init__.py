"""All that talks to the server on connections of ours: waiting, locking, reading.

Not here: Alembic and env.py's own connection (revisions), and what the answers lead to (decision).
"""
