"""The effect of a revision, in one word. Pure; effects.py finds it."""

from enum import StrEnum


class Effect(StrEnum):
    """What a revision does to a database."""

    SCHEMA = "schema"
    SCHEMA_AND_DATA = "schema+data"
    """It changes the schema and writes rows, or looks at some, which may decide what it does."""
    DATA = "data"
    READ = "read"
    """It looks at rows; what it does with them, an empty database cannot show."""
    NOOP = "noop"
