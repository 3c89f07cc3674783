"""What is in the way of healing an INVALID index: builds, locks, owners, slots, transactions."""

from contextlib import closing

import psycopg2

from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PostgresServer
from tests.harness.program import until
from tests.harness.project import ProjectCopy
from tests.harness.server import a_role, empty_database
from tests.integration.broken_indexes import building, cut_off, invalid
from tests.integration.healed import executing, healed
from tests.integration.stage import Stage
from tests.integration.test_cut_builds import CAREFUL, CREATE, index_revision
from tests.integration.test_healing_queue import broken, refused


@ON_ONE_SERVER
def test_an_index_that_somebody_else_is_building_is_not_hurt(behind: Stage) -> None:
    index_revision(behind, CAREFUL)
    with building(behind.database, CREATE) as pid:
        done = behind.run()
        assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
        assert f"pid {pid}" in done.verdict["error"]["message"]
        assert "it was left alone" in done.verdict["error"]["message"]
        assert behind.rows() == ["0003"]
        assert invalid(behind.database) == ["ix_names"]
    assert invalid(behind.database) == []
    healed(behind)


@ON_ONE_SERVER
def test_another_index_that_is_being_built_on_the_table_is_not_hurt_either(behind: Stage) -> None:
    """Its build holds the lock that the DROP needs; the run ends, and says for whom."""
    index_revision(behind, CREATE)
    cut_off(behind.database, CREATE)
    other = "CREATE INDEX CONCURRENTLY ix_other ON accounts (name, id)"
    with building(behind.database, other) as pid:
        done = behind.run(HEADSTART_DDL_RETRY_SECONDS="1")
        assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
        assert f"pid {pid}" in done.verdict["error"]["message"]
    assert invalid(behind.database) == ["ix_names"]
    healed(behind, "public.ix_names")


@ON_ONE_SERVER
def test_an_index_of_another_owner_is_named_with_the_statement_for_a_person(
    behind: Stage,
) -> None:
    index_revision(behind, CAREFUL)
    cut_off(behind.database, CREATE)
    with behind.login() as role:
        behind.database.execute(
            f"GRANT ALL ON alembic_version, accounts TO {role};"
            f" GRANT CREATE ON SCHEMA public TO {role}"
        )
        done = behind.run(DATABASE_URL=behind.url_of(role))
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == ['DROP INDEX CONCURRENTLY "public"."ix_names"']
    assert "must be owner" in done.verdict["error"]["message"]
    assert (behind.rows(), invalid(behind.database)) == (["0003"], ["ix_names"])


BEGIN = ("with connectable.connect() as connection:", "with connectable.begin() as connection:")


@ON_ONE_SERVER
def test_where_one_transaction_holds_all_it_is_dropped_before_the_first(behind: Stage) -> None:
    behind.project.edit_env(*BEGIN)
    plain = CREATE.replace("CONCURRENTLY ", "")
    behind.project.add("0004", "0003", 'op.execute("ALTER TABLE accounts ADD note text")')
    behind.project.add("0005", "0004", f'op.execute("{plain}")')
    cut_off(behind.database, CREATE)
    healed(behind, "public.ix_names")


@ON_ONE_SERVER
def test_there_an_index_that_an_earlier_revision_drops_is_left_to_it(behind: Stage) -> None:
    behind.project.edit_env(*BEGIN)
    plain = CREATE.replace("CONCURRENTLY ", "")
    behind.project.add("0004", "0003", 'op.drop_index("ix_names")')
    behind.project.add("0005", "0004", f'op.execute("{plain}")')
    cut_off(behind.database, CREATE)
    healed(behind)


@ON_ONE_SERVER
def test_it_is_dropped_as_the_role_that_env_py_works_as(behind: Stage) -> None:
    with behind.login() as role:
        behind.database.execute(
            f"GRANT ALL ON alembic_version TO {role}; GRANT CREATE, USAGE ON SCHEMA public TO"
            f" {role}; ALTER TABLE accounts OWNER TO {role}"
        )
        behind.project.edit_env(
            "        context.configure(",
            f"        connection.exec_driver_sql('SET ROLE {role}')\n"
            "        connection.commit()\n        context.configure(",
        )
        cut_off(behind.database, CREATE)
        index_revision(behind, CREATE)
        healed(behind, "public.ix_names")


@ON_ONE_SERVER
def test_where_no_third_connection_is_to_be_had_a_person_drops_it(behind: Stage) -> None:
    index_revision(behind, CAREFUL)
    cut_off(behind.database, CREATE)
    with a_role(behind.database, "narrow", "CONNECTION LIMIT 2") as role:
        behind.database.execute(f"GRANT postgres TO {role}")
        done = behind.run(DATABASE_URL=behind.url_of(role))
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
        assert "a connection beside those of the run lock" in done.verdict["error"]["message"]
        assert done.verdict["repair"] == ['DROP INDEX CONCURRENTLY "public"."ix_names"']
        assert (behind.rows(), invalid(behind.database)) == (["0003"], ["ix_names"])
        behind.database.execute(done.verdict["repair"][0])
        healed(behind, DATABASE_URL=behind.url_of(role))


SLOW = """
    CREATE TABLE slow (id int, name text) WITH (autovacuum_enabled = false, fillfactor = 10);
    INSERT INTO slow SELECT n, repeat('x', 300) FROM generate_series(1, 20000) AS n;
    DELETE FROM slow WHERE id % 2 = 0;
    ALTER TABLE slow SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
"""
VACUUMED = "SELECT 1 FROM pg_stat_progress_vacuum"


def test_autovacuum_gives_way(project: ProjectCopy) -> None:
    """It would hold the table's lock for an hour here."""
    conf = ["autovacuum_naptime = 1s", "autovacuum_vacuum_threshold = 1"]
    with PostgresServer(18, conf=conf) as server, empty_database(server) as database:
        stage = Stage(project, database)
        stage.project.add("0004", "0003", f'op.execute("""{SLOW}""")')
        assert stage.run().exit_code == 0
        build = "CREATE INDEX CONCURRENTLY ix_slow ON slow (id)"
        cut_off(database, build)
        stage.project.add("0005", "0004", executing(build))
        database.execute("ALTER TABLE slow SET (autovacuum_enabled = true)")
        until(lambda: database.query(VACUUMED), "an autovacuum", 60)
        done = stage.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="2")
        assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.verdict
        assert [each["index"] for each in done.verdict["dropped_indexes"]] == ["public.ix_slow"]


def test_a_prepared_transaction_is_waited_for_and_its_cure_is_named(project: ProjectCopy) -> None:
    conf = ["max_prepared_transactions = 1"]
    with PostgresServer(18, conf=conf) as server, empty_database(server) as database:
        stage = Stage(project, database)
        assert stage.run().exit_code == 0
        broken(stage)
        with closing(psycopg2.connect(database.url)) as holder:
            holder.autocommit = True
            holder.cursor().execute(
                "BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE; PREPARE TRANSACTION 'left'"
            )
            done = stage.run(HEADSTART_DDL_RETRY_SECONDS="1")
            assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
            assert "ROLLBACK PREPARED 'left'" in done.verdict["next_step"]
            assert len(refused(done)) == 1
            with stage.start() as run:
                run.await_event("index_drop_blocked", 40)
                holder.cursor().execute("ROLLBACK PREPARED 'left'")
                ended = run.end()
        assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict


@ON_ONE_SERVER
def test_where_an_event_trigger_forbids_changes_the_run_says_that(behind: Stage) -> None:
    index_revision(behind, CAREFUL)
    cut_off(behind.database, CREATE)
    behind.database.execute(
        "CREATE FUNCTION closed() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$BEGIN RAISE 'no changes until Monday'; END$$;"
        " CREATE EVENT TRIGGER closed ON ddl_command_start EXECUTE FUNCTION closed()"
    )
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (13, "server_failed"), done.verdict
    assert invalid(behind.database) == ["ix_names"]
    behind.database.execute("DROP EVENT TRIGGER closed")
    healed(behind, "public.ix_names")
