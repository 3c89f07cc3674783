"""An autovacuum in the way of a revision gives way by itself, but for one against wraparound."""

from pathlib import Path

import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.program import until
from tests.harness.project import copy_plain
from tests.harness.server import a_role, empty_database
from tests.integration.stage import Stage

ADD = "op.execute('ALTER TABLE accounts ADD note text')"
VACUUMING = "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 'accounts'::regclass"


@pytest.mark.parametrize("plain", [True, False])
def test_an_autovacuum_is_waited_for_until_it_gives_way(tmp_path: Path, *, plain: bool) -> None:
    """It gives way after deadlock_timeout, to a role that sees nothing of it as well."""
    with (
        PostgresServer(18, conf=["autovacuum_naptime = 1"]) as server,
        empty_database(server) as database,
        a_role(database, "plain") as role,
    ):
        stage = Stage(copy_plain(tmp_path / "project"), database)
        database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        url = stage.url_of(role) if plain else database.url
        assert stage.run(DATABASE_URL=url).exit_code == 0
        stage.project.add("0004", "0003", ADD)
        database.execute(
            "ALTER TABLE accounts SET (autovacuum_vacuum_threshold = 1,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);"
            " INSERT INTO accounts SELECT n, repeat('x', 500) FROM generate_series(9, 30000) n;"
            " DELETE FROM accounts WHERE id > 200"
        )
        until(lambda: database.query(VACUUMING) == [(1,)], "it vacuums", 30)
        ended = stage.run(DATABASE_URL=url)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert 2 <= ended.verdict["lock_attempts"]["0004"] <= 6, "it gave way, however slow"


BURN = """
    CREATE TABLE burnt (id int);
    DO $$ BEGIN FOR n IN 1 .. 110000 LOOP
        BEGIN INSERT INTO burnt VALUES (n); EXCEPTION WHEN division_by_zero THEN NULL; END;
    END LOOP; END $$
"""
"""As many numbers of transactions as make the server freeze what is older."""


def test_one_against_wraparound_is_waited_for_to_its_end(tmp_path: Path) -> None:
    conf = ["autovacuum_naptime = 1", "autovacuum_freeze_max_age = 100000"]
    with PostgresServer(18, conf=conf) as server, empty_database(server) as database:
        stage = Stage(copy_plain(tmp_path / "project"), database)
        assert stage.run().exit_code == 0
        stage.project.add("0004", "0003", ADD)
        database.execute(
            "ALTER TABLE accounts SET (autovacuum_enabled = off,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 10);"
            " INSERT INTO accounts SELECT n, repeat('x', 500) FROM generate_series(9, 1200) n"
        )
        database.execute(BURN)
        until(lambda: database.query(FREEZING) == [(1,)], "it freezes", 60)
        ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    attempts = [event for event in ended.events if event["event"] == "revision_blocked"]
    assert "(to prevent wraparound)" in attempts[0]["waits"][0]
    assert {attempt["lock_timeout_seconds"] for attempt in attempts} == {0.5}


FREEZING = """
    SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_progress_vacuum USING (pid)
    WHERE a.query LIKE '%accounts (to prevent wraparound)'
"""
