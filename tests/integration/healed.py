"""A run that heals INVALID indexes: what its revisions are, and how it must end."""

from tests.harness.result import Result
from tests.integration.broken_indexes import invalid
from tests.integration.stage import Stage
from tests.integration.test_cut_builds import CREATE

UNIQUE = CREATE.replace("INDEX", "UNIQUE INDEX")
VALID = """
    SELECT n.nspname, c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE x.indisvalid AND n.nspname NOT LIKE 'pg\\_%'
"""


def healed(stage: Stage, *names: str, **environ: str) -> Result:
    """Run; see that it needed nobody, and dropped these indexes, which are valid now."""
    done = stage.run(**environ)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.verdict
    assert [each["index"] for each in done.verdict.get("dropped_indexes", [])] == list(names)
    assert invalid(stage.database) == []
    valid = {f"{schema}.{name}" for schema, name in stage.database.query(VALID)}
    assert set(names) <= valid
    return done


def in_autocommit(*lines: str) -> str:
    """The body of a revision that works outside a transaction."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"with op.get_context().autocommit_block():\n{body}"


def executing(*statements: str) -> str:
    """The same, of statements."""
    return in_autocommit(*(f"op.execute('''{each}''')" for each in statements))
