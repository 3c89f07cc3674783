"""One row of the catalog, as query.py selects it. Pure."""

from collections.abc import Sequence

Row = Sequence[str | None]
"""kind, schema, object, name, a, b, c, d; what the last four are depends on the kind."""
