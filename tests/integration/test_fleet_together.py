"""Fleets beside each other and beside a plain run: what has to be alone is, and the rest is not."""

import pytest

from tests.harness.program import until
from tests.harness.project import REVISIONS, ProjectCopy, copied
from tests.harness.server import Database
from tests.integration.fleets import (
    SLEEPING,
    SchemaFleet,
    finished,
    outcomes,
    schema_fleet,
    summary,
)

SIX = tuple(f"t{number}" for number in range(6))
HEAD = REVISIONS[-1]
NAPS = 'op.execute("SELECT pg_sleep(1)")'
ONCE = 'op.create_table("once", sa.Column("id", sa.Integer))'


def napping(project: ProjectCopy, database: Database) -> SchemaFleet:
    """A fleet whose last revision takes a second, and cannot be applied twice."""
    project.add("0004", HEAD, f"{NAPS}\n{ONCE}")
    return schema_fleet(project, database, SIX)


def applied(database: Database) -> list[str]:
    """The targets in which the last revision was committed."""
    tables = database.query("SELECT schemaname FROM pg_tables WHERE tablename = 'once'")
    return sorted(row[0] for row in tables)


def test_schemas_with_a_version_table_of_their_own_are_worked_on_in_parallel(
    project: ProjectCopy, database: Database
) -> None:
    fleet = napping(project, database)
    with fleet.start("--jobs", "3") as run:
        until(lambda: len(database.query(SLEEPING)) == 3, "three at once", pause=0.01)
        assert run.end().exit_code == 0
    assert applied(database) == sorted(SIX)


def test_two_fleets_at_once_apply_nothing_twice(project: ProjectCopy, database: Database) -> None:
    fleet = napping(project, database)
    with fleet.start() as one, fleet.start() as other:
        ends = [one.end(), other.end()]
    assert [end.exit_code for end in ends] == [0, 0], ends[1].stderr
    assert applied(database) == sorted(SIX)
    worked = [name for end in ends for name, told in finished(end).items() if told["applied"]]
    assert sorted(worked) == sorted(SIX)


def test_the_first_one_has_the_database_alone(project: ProjectCopy, database: Database) -> None:
    fleet = napping(project, database)
    with fleet.start("--first", "t0") as one:
        until(lambda: database.query(SLEEPING), "the first one at work")
        with fleet.start("--jobs", "2") as other:
            most = 1
            while not any(event["event"] == "target_finished" for event in one.events()):
                most = max(most, len(database.query(SLEEPING)))
            assert other.end().exit_code == 0
        assert one.end().exit_code == 0
    assert most == 1
    assert applied(database) == sorted(SIX)


def test_an_env_py_whose_version_table_is_another_one_is_refused(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, SIX[:2])
    project.edit_env("version_table_schema=tenant", "version_table_schema='public'")
    done = fleet.run()
    assert summary(done)["exit_code"] == 27
    assert outcomes(done) == dict.fromkeys(SIX[:2], "invalid_settings")
    message = finished(done)["t1"]["error"]["message"]
    assert 'in "public"."alembic_version", and not in "t1"."alembic_version"' in message
    assert database.version_rows() == {}


def test_a_shared_version_table_behind_the_search_path_is_seen(
    project: ProjectCopy, database: Database
) -> None:
    """An unqualified name leads to public's where the tenant has none yet."""
    fleet = schema_fleet(project, database, SIX[:2])
    project.edit_env("TO {quoted}'", "TO {quoted}, public'")
    project.edit_env("            version_table_schema=tenant\n", "")
    project.edit_env("    connection.dialect.default_schema_name = tenant\n", "    pass\n")
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    assert set(outcomes(fleet.run()).values()) == {"invalid_settings"}
    assert database.query("SELECT * FROM public.alembic_version") == []


def test_a_project_of_someone_elses_with_a_tenant_by_x(
    database: Database, project: ProjectCopy
) -> None:
    tenants = copied("tenant_x", project.path.parent)
    fleet = SchemaFleet(
        tenants,
        ("acme", "globex"),
        {
            "DATABASE_URL": database.url,
            "HEADSTART_TARGET_X": "tenant={target}",
            "HEADSTART_TARGET_VERSION_TABLE": "{target}.alembic_version",
        },
        database,
    )
    database.execute("CREATE SCHEMA acme; CREATE SCHEMA globex")
    assert outcomes(fleet.run()) == dict.fromkeys(("acme", "globex"), "upgraded")
    assert len(set(fleet.revisions().values())) == 1


SHARED = {
    "any table at all": 'op.execute("DO $$ BEGIN PERFORM 1; END $$")',
    "a table that all share": "op.execute('INSERT INTO public.applied VALUES (1)')",
}


@pytest.mark.parametrize("case", SHARED)
def test_a_new_target_is_new_whatever_is_in_other_schemas(
    project: ProjectCopy, database: Database, case: str
) -> None:
    """Without fingerprints, a script that may be about any table makes no tenant's of others'."""
    project.add("0004", HEAD, SHARED[case])
    database.execute("CREATE TABLE public.applied (id int); CREATE TABLE accounts (id int)")
    fleet = schema_fleet(project, database, ("a", "b", "c"))
    done = fleet.run(HEADSTART_TARGETS="-", stdin="a\nb\n")
    assert outcomes(done) == {"a": "upgraded", "b": "upgraded"}, done.stderr
    done = fleet.run()
    assert outcomes(done) == {"a": "nothing_to_do", "b": "nothing_to_do", "c": "upgraded"}
