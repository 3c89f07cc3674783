"""The Alembic side; the only importer of Alembic.

project.py loads the scripts, history.py reads the graph from them and script_source.py what their
text says (compiled.py: their code, where there is no text; script_tables.py: which tables they may
make, by script_names.py and the list of known_calls.py). environment.py runs env.py with what we
need attached from outside (worker.py: what each transaction gets; sessions.py: session state behind
a pooler); probe.py does that to learn what it configures, upgrade.py to run revisions. output.py
turns what all of them print and log into events, failure.py and causes.py what they raise into our
errors.

Not here: any decision. It does what the plan says.
"""
