"""The Alembic side; the only importer of Alembic.

script_graph.py reads the graph from the scripts' text, project.py imports them, history.py checks
what they make, and script_source.py reads what their text says (compiled.py: their code, where
there is no text; script_tables.py: which tables they may make, by script_names.py and the list of
known_calls.py). environment.py runs env.py, once, with what we need attached from outside
(worker.py: what each transaction gets; sessions.py: session state behind a pooler; late_driver.py:
an async driver; pulse.py: signs of life; held_locks.py: what is held until a COMMIT); configured.py
is what it has configured by then, upgrade.py decides and runs the revisions in it, refusal.py
leaves it. output.py turns what all of them print and log into events, failure.py and causes.py what
they raise into our errors.

Not here: any decision. It does what the plan says.
"""
