"""Names and texts as SQL writes them. Pure."""


def literal(value: str) -> str:
    """A string as an SQL literal, whatever standard_conforming_strings says."""
    quoted = value.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in quoted else f"'{quoted}'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
