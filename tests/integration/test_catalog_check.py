"""`headstart check` where little is allowed: no privilege, no writing, names made to deceive."""

import re

import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.program import run_headstart, until
from tests.harness.result import Result
from tests.integration.known_stage import KnownStage
from tests.integration.schema_reading import identifier

EVIL = "\x1b]0;title\x07\x1b[2Kok\r\u202e\u2066x"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def upgraded(known: KnownStage) -> KnownStage:
    """A stage at head, whose schema is proven."""
    done = known.run()
    assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint"), done
    return known


def assert_proven(done: Result) -> None:
    assert (done.exit_code, done.verdict["outcome"]) == (0, "nothing_to_do"), done
    assert done.verdict["proof"] == "fingerprint"


def test_a_schema_without_usage_is_refused_with_the_grant_that_cures_it(
    upgraded: KnownStage,
) -> None:
    upgraded.database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    with upgraded.login() as role:
        as_role = {"DATABASE_URL": upgraded.url_of(role)}
        refused = upgraded.run("check", **as_role)
        assert (refused.exit_code, refused.verdict["outcome"]) == (20, "access_refused"), refused
        assert "GRANT USAGE ON SCHEMA" in refused.verdict["next_step"]
        upgraded.database.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        upgraded.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        assert_proven(upgraded.run("check", **as_role))


def test_a_database_that_is_read_only_is_proven(upgraded: KnownStage) -> None:
    name = upgraded.database.name
    upgraded.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert_proven(upgraded.run("check"))


@pytest.mark.parametrize("isolation", ["read committed", "serializable"])
def test_a_standby_is_proven(known: KnownStage, isolation: str) -> None:
    """SERIALIZABLE, which a role may have as its default, is refused there by the server."""
    ini = {"HEADSTART_ALEMBIC_INI": known.project.ini}
    with PostgresServer() as primary, PostgresServer(primary=primary) as standby:
        ran = run_headstart(env={"DATABASE_URL": primary.url(), **ini})
        assert ran.exit_code == 0, ran
        primary.execute(f"ALTER ROLE postgres SET default_transaction_isolation = '{isolation}'")
        (lsn,) = primary.execute("SELECT pg_current_wal_lsn()")[0]

        caught_up = f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'"
        plainly = r"-c default_transaction_isolation=read\ committed"
        until(
            lambda: standby.execute(caught_up, options=plainly) == [(True,)],
            "the standby to catch up",
        )
        assert_proven(run_headstart("check", env={"DATABASE_URL": standby.url(), **ini}))


@pytest.mark.parametrize("verb", ["check", "diff", "run"])
@pytest.mark.parametrize("form", ["console", "json"])
def test_no_name_of_the_databases_reaches_a_terminal_raw(
    upgraded: KnownStage, verb: str, form: str
) -> None:
    name = identifier(EVIL)
    upgraded.database.execute(f"ALTER TABLE accounts ADD {name} int; CREATE TABLE {name} (id int)")
    upgraded.database.execute(f"CREATE INDEX {identifier(EVIL + 'i')} ON orders (id)")
    done = upgraded.run(verb, HEADSTART_LOG_FORMAT=form)
    shown = done.stdout + done.stderr
    assert "\\1b;]0;title" in shown
    assert RAW.findall(re.sub("\x1b\\[[0-9;]*m", "", shown)) == []
