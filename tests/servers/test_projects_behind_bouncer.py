"""Awkward projects behind a pooler in transaction mode end as `alembic` does without one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projects.case import Case, read_cases
from tests.projects.playground import assert_same, assert_upgraded, copy_of
from tests.servers.containers import Container
from tests.servers.databases import ON_ONE_SERVER, Database, bouncer
from tests.servers.other_clients import clients_at_work

# each project runs on every version in tests/projects, and what a pooler shares on each of them in
# test_sessions_behind_bouncer.py
pytestmark = ON_ONE_SERVER
CASES = [case for case in read_cases() if case.pooled]
SERVERS_IN_POOL = 3
"""The run lock has one; our work and the other clients' comes to the other two."""


@pytest.fixture(scope="module")
def pool(official: Database) -> Iterator[Container]:
    """A pooler for every database of the server."""
    with bouncer(official, default_pool_size=SERVERS_IN_POOL, max_prepared_statements=100) as pool:
        yield pool


def prepared(case: Case, official: Database) -> Database:
    """A new database, with what an administrator does before the first run."""
    database = official.create()
    if case.prepare:
        database.query(case.prepare)
    return database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_project_ends_behind_a_pooler_as_with_alembic_alone(
    case: Case, official: Database, pool: Container, tmp_path: Path
) -> None:
    copy = copy_of(case, tmp_path / case.name)
    reference = prepared(case, official).through()
    copy.alembic(reference, "upgrade", case.target)
    for start in ("", case.middle):
        database = prepared(case, official)
        pooled, direct = database.through(pool), database.through()
        if start:
            copy.alembic(direct, "upgrade", start)
        with clients_at_work(pooled.url) as others:
            ended = copy.headstart(pooled)
        assert_upgraded(case, ended, start)
        assert [e["pooled"] for e in ended.events if e["event"] == "env_configured"] == [True]
        assert_same(case, direct, reference)
        assert others.leftovers == set()
