"""What env.py says of an error: to the alembic command, and nothing of databases to headstart."""

from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DBAPIError

from headstart.alembic_cli import SQLSTATE_HINTS, explain


def failed(sqlstate: str) -> DBAPIError:
    said = SimpleNamespace(pgcode=sqlstate, diag=SimpleNamespace(message_primary="it is there"))
    error = DBAPIError("SELECT 1", None, Exception())
    error.orig = said  # type: ignore[assignment]
    return error


@pytest.mark.parametrize("sqlstate", SQLSTATE_HINTS)
def test_only_the_alembic_command_is_told_what_a_sqlstate_means(sqlstate: str) -> None:
    """headstart sees version rows and record, and says itself what fits them."""
    assert SQLSTATE_HINTS[sqlstate] in (explain(failed(sqlstate)) or "")
    assert explain(failed(sqlstate), under_headstart=True) is None


def test_no_hint_recommends_a_baseline() -> None:
    """It has no effect on a database that has version rows."""
    assert not any("HEADSTART_BASELINE" in hint for hint in SQLSTATE_HINTS.values())


def test_a_name_that_is_not_imported_is_explained_to_both() -> None:
    with pytest.raises(NameError) as caught:
        exec("Column()", {})  # noqa: S102
    told = explain(caught.value)
    assert told is not None
    assert explain(caught.value, under_headstart=True) == told
