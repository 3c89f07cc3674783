"""A run refuses where others may plant in front of pg_catalog, and only there.

tests/integration/test_planted.py shows by the server's log that nothing planted is called.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness.result import Result
from tests.harness.server import a_role
from tests.integration.stage import Stage

OPERATOR = (
    "CREATE FUNCTION theirs.same(oid, int4) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';"
    "CREATE OPERATOR theirs.= (LEFTARG = oid, RIGHTARG = int4, FUNCTION = theirs.same)"
)
GRANTED = {
    "by name": "GRANT CREATE ON SCHEMA theirs TO {mallory}",
    "to everybody": "GRANT CREATE ON SCHEMA theirs TO PUBLIC",
    "to a group of theirs": "GRANT CREATE ON SCHEMA theirs TO {team}; GRANT {team} TO {mallory}",
    "as the owner": "ALTER SCHEMA theirs OWNER TO {mallory}",
}
TRUSTED = {
    "nobody was given it": "SELECT",
    "headstart's own role": "ALTER SCHEMA theirs OWNER TO {app}",
    "a superuser": "ALTER SCHEMA theirs OWNER TO {mallory}; ALTER ROLE {mallory} SUPERUSER",
    "the database's owner": "ALTER SCHEMA theirs OWNER TO pg_database_owner;"
    "ALTER DATABASE {database} OWNER TO {mallory}",
    "a member of the database's owner": "GRANT CREATE ON SCHEMA theirs TO {mallory};"
    "ALTER DATABASE {database} OWNER TO {team}; GRANT {team} TO {mallory}",
    "one that headstart's is a member of": "GRANT CREATE ON SCHEMA theirs TO {mallory};"
    "GRANT {mallory} TO {app}",
    "nobody who can log in": "GRANT CREATE ON SCHEMA theirs TO {team}",
}
HARMLESS = {
    "pg_catalog first": "pg_catalog, theirs, public",
    "pg_catalog left out": "theirs, public",
    "a schema that is not there": "missing, pg_catalog, public",
    "a temporary schema": "pg_temp, pg_catalog, public",
}


@pytest.fixture
def roles(stage: Stage) -> Iterator[dict[str, str]]:
    """One that is not trusted, a group, and headstart's own, which may create in `public`."""
    stage.database.execute("CREATE SCHEMA theirs; GRANT USAGE ON SCHEMA theirs TO PUBLIC")
    with ExitStack() as stack:
        names = {
            kind: stack.enter_context(a_role(stage.database, kind))
            for kind in ("mallory", "team", "app")
        }
        stage.database.execute(f"ALTER ROLE {names['team']} NOLOGIN")
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {names['app']}")
        try:
            yield names | {"database": stage.database.name}
        finally:
            stage.database.execute(f"ALTER DATABASE {stage.database.name} OWNER TO postgres")


def run(stage: Stage, roles: dict[str, str], sql: str, path: str = "theirs, pg_catalog") -> Result:
    """Run as headstart's own role, after the SQL, with this search_path of its."""
    stage.database.execute(sql.format(**roles))
    stage.database.execute(f"ALTER ROLE {roles['app']} SET search_path = {path}")
    return stage.run(DATABASE_URL=stage.url_of(roles["app"]))


@pytest.mark.parametrize("how", list(GRANTED))
def test_whoever_may_create_in_front_of_pg_catalog_is_refused_by_name(
    stage: Stage, roles: dict[str, str], how: str
) -> None:
    before = stage.tables()
    done = run(stage, roles, GRANTED[how], "theirs, pg_catalog, public")
    assert (done.exit_code, done.verdict["outcome"]) == (20, "access_refused"), done.stderr
    message = done.verdict["error"]["message"]
    assert 'schema "theirs" in front of pg_catalog' in message
    assert f'"{roles["mallory"]}"' in message or how == "to everybody"
    assert "may create there" in message
    assert stage.tables() == before


def test_what_they_made_there_is_refused_when_they_may_create_no_more(
    stage: Stage, roles: dict[str, str]
) -> None:
    made = f"SET SESSION AUTHORIZATION {roles['mallory']}; {OPERATOR}"
    stage.database.execute(GRANTED["by name"].format(**roles))
    stage.database.execute(made)
    done = run(stage, roles, "REVOKE CREATE ON SCHEMA theirs FROM {mallory}")
    assert done.exit_code == 20
    message = done.verdict["error"]["message"]
    assert f'"{roles["mallory"]}" made something there' in message, message


def test_the_cure_in_next_step_cures(stage: Stage, roles: dict[str, str]) -> None:
    path = "theirs, pg_catalog, public"
    done = run(stage, roles, "GRANT CREATE ON SCHEMA theirs TO {mallory}, {app}", path)
    cure, _, _ = done.verdict["next_step"].removeprefix("as an administrator: ").partition(" (")
    stage.database.execute(cure)
    done = stage.run(DATABASE_URL=stage.url_of(roles["app"]))
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.stderr
    assert "accounts" in stage.tables("theirs")


@pytest.mark.parametrize("who", list(TRUSTED))
def test_where_only_the_trusted_may_create_there_a_run_goes_on(
    stage: Stage, roles: dict[str, str], who: str
) -> None:
    path = "theirs, pg_catalog"
    done = run(stage, roles, "GRANT CREATE ON SCHEMA theirs TO {app};" + TRUSTED[who], path)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.stderr


@pytest.mark.parametrize("path", list(HARMLESS.values()), ids=list(HARMLESS))
def test_a_path_that_has_none_of_theirs_in_front_is_let_be(
    stage: Stage, roles: dict[str, str], path: str
) -> None:
    """With pg_catalog as the first schema that is there, Alembic's tables would go there."""
    grant = "GRANT CREATE ON SCHEMA theirs TO {app}, {mallory}"
    done = run(stage, roles, grant, path)
    assert "env_configured" in [each["event"] for each in done.events], done.stderr
    assert done.exit_code == 0 or "pg_catalog" in path
    assert "in front of" not in str(done.verdict.get("error"))
