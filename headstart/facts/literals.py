"""Texts as SQL literals. Pure, and imports nothing: the gate pays for every import."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def literal(value: str) -> str:
    """A string as an SQL literal, whatever standard_conforming_strings says."""
    quoted = value.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in quoted else f"'{quoted}'"


def array(texts: "Iterable[str]") -> str:
    """Texts as an SQL array of them."""
    return f"ARRAY[{', '.join(map(literal, texts))}]::pg_catalog.text[]"
