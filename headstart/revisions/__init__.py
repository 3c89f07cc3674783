"""The Alembic side; the only importer of Alembic.

project.py loads the scripts and reads the history from them, environment.py runs env.py with what
we need attached from outside, upgrade.py runs revisions on top of that, output.py turns what all
of them print and log into events. It decides nothing: it does what the plan says.
"""
