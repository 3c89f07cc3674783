"""Alembic's UPDATE of its version row, with SQLAlchemy's own text and with ours: the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.runtime.migration import HeadMaintainer, MigrationContext
from alembic.util import CommandError

from headstart.revisions.version_rows import VersionRows, compile_once

NAMES = ("0001", "ae1027a6acf", "2024-01-02_add.users", "x" * 32)
ODD = ("50%", "a b", "ä", '"', "%s")


@contextmanager
def in_memory() -> Iterator[sa.Connection]:
    """A database in memory, with a second schema."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("ATTACH ':memory:' AS other")
            yield connection
    finally:
        engine.dispose()


@contextmanager
def migrating(**options: Any) -> Iterator[MigrationContext]:
    """A context with a version table of its own, on a database in memory."""
    with in_memory() as connection:
        context = MigrationContext.configure(connection, opts=options)
        context._ensure_version_table()
        yield context


def sent(context: MigrationContext, names: tuple[str, ...]) -> list[str]:
    """What the driver gets while each name follows the one before."""
    seen: list[str] = []
    connection = context.connection
    assert connection is not None
    sa.event.listen(
        connection, "before_cursor_execute", lambda *given: seen.append(f"{given[2]} {given[3]}")
    )
    rows = HeadMaintainer(context, ())
    rows._insert_version(names[0])
    for old, new in pairwise(names):
        rows._update_version(old, new)
    table = context._version
    assert connection.execute(sa.select(table.c.version_num)).scalars().all() == [names[-1]]
    return seen


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"version_table": "Our versions"},
        {"version_table_schema": "other"},
        {"version_table": "0002"},
        {"version_table": "'0001'"},
    ],
    ids=str,
)
@pytest.mark.parametrize("names", [NAMES, (*NAMES, *ODD, *NAMES[:1])], ids=["plain", "odd"])
def test_the_server_gets_what_alembic_sends(
    names: tuple[str, ...], options: dict[str, str]
) -> None:
    with migrating(**options) as context:
        expected = sent(context, names)
    with migrating(**options) as context:
        compile_once(context)
        assert sent(context, names) == expected


def test_a_statement_is_compiled_once() -> None:
    with migrating() as context:
        compile_once(context)
        rows = HeadMaintainer(context, ())
        rows._insert_version("a")
        rows._update_version("a", "b")
        counted: list[object] = []
        sa.event.listen(
            context.connection, "before_cursor_execute", lambda *g: counted.append(g[4])
        )
        rows._update_version("b", "c")
    assert [each.compiled for each in counted] == [None]  # type: ignore[attr-defined]


def test_it_stands_in_once() -> None:
    with migrating() as context:
        compile_once(context)
        first = context.impl._exec
        compile_once(context)
        assert context.impl._exec is first
        assert isinstance(first, VersionRows)


def test_a_row_that_is_not_there_is_alembics_error() -> None:
    with migrating() as context:
        compile_once(context)
        with pytest.raises(CommandError, match="expected to match one row"):
            HeadMaintainer(context, ("a",))._update_version("a", "b")


def test_who_listens_to_what_is_compiled_hears_it() -> None:
    heard: list[object] = []
    with migrating() as context:
        compile_once(context)
        sa.event.listen(context.connection, "before_execute", lambda *given: heard.append(given[1]))
        sent(context, NAMES)
    assert len([each for each in heard if isinstance(each, sa.Update)]) == len(NAMES) - 1


def test_a_translated_schema_is_translated() -> None:
    with in_memory() as connection:
        translated = connection.execution_options(schema_translate_map={"tenant": "other"})
        context = MigrationContext.configure(translated, opts={"version_table_schema": "tenant"})
        compile_once(context)
        context._ensure_version_table()
        assert all("tenant" not in each for each in sent(context, NAMES))


def test_another_statement_is_left_alone() -> None:
    with migrating() as context:
        compile_once(context)
        rows = HeadMaintainer(context, ())
        rows._insert_version("a")
        table = context._version
        for name, where in (("b", table.c.version_num != "z"), ("c", sa.true())):
            context.impl._exec(table.update().values(version_num=name).where(where))
        connection = context.connection
        assert connection is not None
        assert connection.execute(sa.select(table.c.version_num)).scalar() == "c"
