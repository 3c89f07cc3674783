"""Which statements may commit something before they are at their end."""

import pytest

from headstart.revisions.kept_work import may_commit

MAY = [
    "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$",
    "DO LANGUAGE plpython3u $$ plpy.commit() $$",
    "DO $$ BEGIN CALL p(); END $$",
    "/* all */ call p()",
    "CALL s.p(1)",
    "INSERT INTO t VALUES (1); COMMIT; ALTER TABLE t ADD x int",
    "INSERT INTO t VALUES (1); END; SELECT 1",
    "SELECT work()",
    "INSERT INTO t SELECT s.work()",
]
NEVER = [
    "INSERT INTO t (a) VALUES ('COMMIT; CALL p()')",
    "DO $$ BEGIN INSERT INTO t VALUES (1); END $$",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$",
    "ALTER TABLE committed ADD x int",
    "SELECT count(*), now() FROM t",
    "SELECT pg_catalog.set_config('a.b', 'c', false), setval('s', 3)",
    "ROLLBACK",
    "COMMENT ON TABLE t IS 'do (not) commit'",
    "",
]


@pytest.mark.parametrize("sql", MAY)
def test_what_may_commit_by_itself(sql: str) -> None:
    assert may_commit(sql)


@pytest.mark.parametrize("sql", NEVER)
def test_what_is_kept_whole_or_not_at_all(sql: str) -> None:
    assert not may_commit(sql)
