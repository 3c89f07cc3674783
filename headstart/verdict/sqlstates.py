"""What SQLSTATEs mean to us."""

ALREADY_THERE_SQLSTATES = frozenset({"42P07", "42710", "42701", "42P06"})
"""duplicate_table (an index, too), duplicate_object, duplicate_column, duplicate_schema."""
