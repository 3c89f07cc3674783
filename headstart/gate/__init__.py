"""The gate: where nothing is to be done, say so with proof, before anything costly is imported.

It says only one thing: the database is at this image's head, and its schema is the one that was
proven last. Whatever is unusual, unknown or too late goes on to the flow, which is right by itself.
It never waits, never refuses and never writes to the database.

Imported here is what an interpreter has anyway, psycopg2's C module, and modules of ours that do
the same.

Not here: dataclasses, enums, json, re, pathlib; nothing that waits, refuses or writes.
"""
