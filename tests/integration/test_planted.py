"""Nothing that another role has planted is executed by any statement of ours, in any verb.

headstart may be run by a superuser, on a database where others may create. What is planted does
what pg_catalog's own does, so that only the server's log tells of a call.
"""

from dataclasses import replace

import pytest

from tests.harness.project import copied
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import ASYNC, Fingerprinter
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.planted import CallLog, as_mallory, loud, plant_callables, plant_types
from tests.integration.planted_stage import (
    AS_EVER,
    THEIRS_FIRST,
    bare,
    log,
    on_planted,
    own_server,
    planted,
)

__all__ = ["bare", "log", "own_server", "planted"]

BOSS = {"user": "boss", "password": "boss"}
FEW = ("oid", "int4", "name", "text", "char")
AT_HEAD = (["run"], ["check"], ["plan"], ["wait"], ["diff"])
MOODS = """
op.execute("CREATE TYPE mood AS ENUM ('good')")
op.execute("CREATE TABLE moods (id serial PRIMARY KEY, name text, mood mood)")
"""


def test_no_verb_calls_it(bare: KnownStage, planted: Database, log: CallLog) -> None:
    """From the empty database to its head, and with a second run that has nothing to do."""
    stage = on_planted(bare, planted, AS_EVER)
    for argv, code in (
        (["check"], 14),
        (["plan"], 0),
        *((argv, 0) for argv in (["run"], *AT_HEAD)),
    ):
        done = stage.run(*argv)
        assert (done.exit_code, log.calls()) == (code, []), (argv, done.stderr)


@pytest.mark.parametrize(
    ("of", "env"),
    [("DATABASE {0}", "sync"), ("ROLE boss", "sync"), ("ROLE boss IN DATABASE {0}", "async")],
)
def test_nor_does_env_py_connect_where_theirs_is_found_first(
    bare: KnownStage, planted: Database, log: CallLog, of: str, env: str
) -> None:
    """What its driver sends by itself would be looked up among what they have made."""
    project = bare.project if env == "sync" else copied(ASYNC, bare.project.path)
    stage = on_planted(replace(bare, project=project), planted, AS_EVER)
    server, name = planted.server, stage.database.name
    server.execute("DROP ROLE IF EXISTS boss")
    server.execute(f"CREATE ROLE {BOSS['user']} LOGIN SUPERUSER PASSWORD '{BOSS['password']}'")
    server.execute(f"ALTER {of.format(name)} SET search_path = {THEIRS_FIRST}")
    stage = replace(stage, database=Database(Server(server.parameters(**BOSS)), name))
    for argv, code in ((["run"], 20), (["check"], 14), (["plan"], 0)):
        done = stage.run(*argv)
        assert (done.exit_code, log.calls()) == (code, []), (argv, done.stderr)
    recorder = Fingerprinter(stage.project, stage.database)
    done = recorder.run("build", "--continue")
    assert (done.exit_code, log.calls()) == (20, []), done.stderr
    assert (
        stage.rows() is None
    )  # asked last: this statement of the test's own calls what is planted


@pytest.mark.parametrize("known", [True, False], ids=["with fingerprints", "without"])
def test_nor_does_one_at_head_or_behind(
    bare: KnownStage, planted: Database, log: CallLog, known: bool
) -> None:
    """With the file of fingerprints and without it, which is where other statements are sent."""
    stage = on_planted(bare, planted, AS_EVER)
    if not known:
        stage.file.unlink()
    assert stage.run().verdict["outcome"] == "upgraded"
    for argv in AT_HEAD:
        code = 24 if argv == ["diff"] and not known else 0
        done = stage.run(*argv)
        assert (done.exit_code, log.calls()) == (code, []), (argv, done.stderr)
    stage.project.add("0004", "0003", 'op.execute("CREATE TABLE more (id int4)")')
    for argv, code in ((["check"], 14), (["plan"], 0), (["run"], 0), (["run"], 0)):
        done = stage.run(*argv)
        assert (done.exit_code, log.calls()) == (code, []), (argv, done.stderr)
    assert stage.rows() == ["0004"]


def test_nor_does_an_async_env(bare: KnownStage, planted: Database, log: CallLog) -> None:
    """Its driver names a type for each parameter, which makes other operators fit."""
    copy = copied(ASYNC, bare.project.path)
    stage = on_planted(replace(bare, project=copy), planted, AS_EVER)
    for argv in ("run", "run", "check"):
        done = stage.run(argv)
        assert (done.exit_code, log.calls()) == (0, []), (argv, done.stderr)


def test_nor_is_it_called_where_tables_are_adopted(
    bare: KnownStage, planted: Database, log: CallLog
) -> None:
    """Two revisions have the same schema, so that the rows of the tables are asked for, too."""
    bare.project.add("0004", "0003", "op.execute(\"UPDATE accounts SET name = 'x'\")")
    rebuild(bare)
    stage = on_planted(bare, planted, AS_EVER)
    stage.make_exactly("0003")
    log.calls()
    for argv in ("check", "plan", "run"):
        done = stage.run(argv)
        assert (done.verdict["outcome"], log.calls()) == ("ambiguous", []), done.stderr
    stage.database.execute("TRUNCATE accounts CASCADE")
    done = stage.run()
    assert (done.verdict["outcome"], done.verdict["to"], log.calls()) == ("baselined", ["0004"], [])


def test_nor_where_fingerprints_are_made(bare: KnownStage, planted: Database, log: CallLog) -> None:
    bare.file.unlink()
    for verb, *argv in (["build", "--continue"], ["check"]):
        with empty_database(bare.database.server) as scratch:
            plant_callables(scratch, FEW)
            fingerprint = Fingerprinter(bare.project, scratch)
            done = fingerprint.run(verb, *argv)
        assert (done.exit_code, log.calls()) == (0, []), (verb, done.stderr)
    stage = on_planted(bare, planted, AS_EVER)
    assert stage.run().exit_code == 0
    recorder = Fingerprinter(stage.project, stage.database)
    done = recorder.run("record", "--revision", "0003")
    assert (done.exit_code, log.calls()) == (0, []), done.stderr


def test_nor_is_a_type_with_the_name_of_the_servers_own(bare: KnownStage, log: CallLog) -> None:
    """Where it stands in front of pg_catalog's, which an owner of the database may have said."""
    assert bare.run().exit_code == 0
    bare.database.execute(
        f"ALTER DATABASE {bare.database.name} SET search_path = public, pg_catalog"
    )
    plant_types(bare.database)
    for argv in AT_HEAD:
        done = bare.run(*argv)
        code = 20 if argv == ["run"] else 0
        assert (done.exit_code, log.calls()) == (code, []), (argv, done.stderr)


@pytest.mark.parametrize("target", ["json", "jsonb", "text"])
def test_nor_is_a_cast_of_a_type_that_a_table_of_ours_has(
    bare: KnownStage, log: CallLog, target: str
) -> None:
    """Its owner may make one, and the server's own functions look for some of them."""
    bare.project.add("0004", "0003", MOODS)
    bare.project.add("0005", "0004", "op.execute(\"INSERT INTO moods VALUES (1, 'Ann', 'good')\")")
    rebuild(bare)
    bare.make_exactly("0003")
    as_mallory(bare.database, "CREATE TYPE mood AS ENUM ('good')")
    bare.database.execute("CREATE TABLE moods (id serial PRIMARY KEY, name text, mood mood)")
    bare.database.execute("INSERT INTO moods VALUES (1, 'Ann', 'good')")
    as_mallory(
        bare.database,
        loud("seen", "mood", target, work="found = NULL;"),
        f"CREATE CAST (mood AS {target}) WITH FUNCTION seen(mood) AS IMPLICIT",
    )
    for argv in ("check", "plan", "run"):
        done = bare.run(argv)
        assert log.calls() == [], (argv, done.stderr)
    assert bare.rows() == ["0005"], done.stderr


def test_nor_is_what_belongs_to_a_table_of_somebody_whom_we_do_not_trust(
    bare: KnownStage, log: CallLog
) -> None:
    """The planner evaluates a constant call in its statistics: so it is not asked for rows."""
    made = "CREATE TABLE moods (id serial PRIMARY KEY, name text)"
    bare.project.add("0004", "0003", f'op.execute("{made}")')
    bare.project.add("0005", "0004", 'op.execute("DELETE FROM moods")')
    rebuild(bare)
    bare.make_exactly("0003")
    seen = loud("seen", "int4", "int4", work="found = $1;")
    as_mallory(bare.database, made, seen, "CREATE STATISTICS s ON id, (id + seen(1)) FROM moods")
    for argv in ("check", "plan", "run"):
        done = bare.run(argv)
        assert (done.verdict["outcome"], log.calls()) == ("ambiguous", []), (argv, done.stderr)
    bare.database.execute("ALTER TABLE moods OWNER TO postgres; DROP STATISTICS s")
    assert bare.run().verdict["outcome"] == "baselined"
