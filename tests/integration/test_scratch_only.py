"""While revisions are replayed, no engine of env.py's or a revision's works in another database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.harness.server import Database, empty_database
from tests.integration.fingerprinting import Fingerprinter, replayed
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE

pytestmark = ON_ONE_SERVER

DRIVERS = ["psycopg2", "psycopg", "asyncpg"]
OWN = "SQLALCHEMY_DATABASE_URI"
"""A variable that headstart knows nothing of."""
Kind = tuple[str, str, object]
ONLINE = "def run_migrations_online() -> None:\n"
AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}
CALLS = {
    "raises": "make()\n",
    "swallows": "try:\n    make()\nexcept Exception:\n    pass\n",
    "wraps": "try:\n    make()\nexcept Exception:\n    raise RuntimeError('no schema') from None\n",
}
KINDS = [
    *((driver, "raises", None) for driver in DRIVERS),
    *((driver, "swallows", AUTOCOMMIT) for driver in DRIVERS),
    ("psycopg2", "swallows", None),
    ("asyncpg", "wraps", None),
    ("psycopg", "wraps", AUTOCOMMIT),
]
"""Driver, what becomes of the refusal, options of the engine."""
MAKES = "CREATE SCHEMA made_by_env"
THERE = """
    SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1
"""


@pytest.fixture
def apps(database: Database) -> Iterator[Database]:
    """Give a database that is somebody's own."""
    with empty_database(database.server) as other:
        yield other


def making(driver: str = "psycopg2", options: object = None, variable: str = OWN) -> str:
    """Source of a make() which has an engine of its own, and commits."""
    made = f'(os.environ["{variable}"], **{options or {}!r})'
    if driver != "asyncpg":
        return (
            "import os, sqlalchemy\n"
            f"own = sqlalchemy.create_engine{made}\n"
            "def make():\n"
            "    with own.begin() as connection:\n"
            f"        connection.exec_driver_sql('{MAKES}')\n"
        )
    return (
        "import os, asyncio\n"
        "from sqlalchemy.ext.asyncio import create_async_engine\n"
        "async def make_schema():\n"
        f"    own = create_async_engine{made}\n"
        "    async with own.begin() as connection:\n"
        f"        await connection.exec_driver_sql('{MAKES}')\n"
        "    await own.dispose()\n"
        "def make():\n"
        "    asyncio.run(make_schema())\n"
    )


def named(database: Database, driver: str = "psycopg2") -> dict[str, str]:
    """The variable, with the database's URL."""
    return {OWN: database.url.replace("postgresql://", f"postgresql+{driver}://", 1)}


def assert_refused(done: Result, apps: Database, fingerprint: Fingerprinter) -> None:
    """Nothing is there, there is no file, and the answer is the same for every driver."""
    assert apps.query(THERE) == [("public",)]
    assert (done.exit_code, done.verdict["outcome"]) == (2, "wrong_database"), done.verdict
    assert "another database than the scratch one" in done.verdict["error"]["message"]
    assert "HEADSTART_URL_VARIABLES" in done.verdict["next_step"]
    assert not fingerprint.file.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_an_env_py_with_a_second_engine_makes_nothing_elsewhere(
    fingerprint: Fingerprinter, apps: Database, kind: Kind
) -> None:
    driver, call, options = kind
    fingerprint.project.edit_env(ONLINE, making(driver, options) + CALLS[call] + ONLINE)
    done = fingerprint("build", **named(apps, driver))
    assert_refused(done, apps, fingerprint)
    assert replayed(done) == []
    if driver != "asyncpg":  # where the event loop stands between
        assert "env.py, line " in done.verdict["error"]["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_revision_with_an_engine_of_its_own_makes_nothing_elsewhere_and_is_not_committed(
    fingerprint: Fingerprinter, stage: Stage, apps: Database, kind: Kind
) -> None:
    driver, call, options = kind
    body = "op.execute('CREATE TABLE notes ()')\n" + CALLS[call]
    fingerprint.project.add("0004", "0003", body, top=making(driver, options))
    done = fingerprint("build", **named(apps, driver))
    assert_refused(done, apps, fingerprint)
    assert replayed(done) == [*REVISIONS, "0004"]
    assert stage.rows() == ["0003"]
    assert "notes" not in stage.tables()


def test_an_env_py_that_commits_elsewhere_before_configure_executes_nothing_there(
    fingerprint: Fingerprinter, apps: Database
) -> None:
    """What it executes before context.configure() is committed before that can refuse it."""
    fingerprint.project.edit_env(
        "    with connectable.connect() as connection:\n",
        f'    import os\n    own = os.environ["{OWN}"]\n'
        "    from sqlalchemy import create_engine\n"
        "    with create_engine(own).connect() as connection:\n"
        f"        connection.exec_driver_sql('{MAKES}')\n"
        "        connection.commit()\n",
    )
    assert_refused(fingerprint("build", **named(apps)), apps, fingerprint)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_async_env_py_executes_nothing_elsewhere(
    fingerprint: Fingerprinter, apps: Database, driver: str
) -> None:
    shutil.copy(TEMPLATE, fingerprint.project.path / "alembic" / "env.py")
    fingerprint.project.edit_env(
        "    connectable = async_engine_from_config(\n",
        "    import os\n    from sqlalchemy.ext.asyncio import create_async_engine\n"
        f'    async with create_async_engine(os.environ["{OWN}"]).begin() as own:\n'
        f"        await own.exec_driver_sql('{MAKES}')\n"
        "    connectable = async_engine_from_config(\n",
    )
    assert_refused(fingerprint("build", **named(apps, driver)), apps, fingerprint)


def test_a_connection_that_was_pooled_before_the_replay_is_asked_too(
    fingerprint: Fingerprinter, apps: Database
) -> None:
    top = making() + "own.connect().close()\n"
    body = f"raw = own.raw_connection()\nraw.cursor().execute('{MAKES}')\nraw.commit()"
    fingerprint.project.add("0004", "0003", body, top=top)
    assert_refused(fingerprint("build", **named(apps)), apps, fingerprint)


def test_a_connection_that_was_lent_before_the_replay_is_asked_too(
    fingerprint: Fingerprinter, apps: Database
) -> None:
    top = making() + "lent = own.connect()\n"
    body = f"with lent.begin():\n    lent.exec_driver_sql('{MAKES}')"
    fingerprint.project.add("0004", "0003", body, top=top)
    assert_refused(fingerprint("build", **named(apps)), apps, fingerprint)


def test_what_an_app_does_to_each_new_connection_is_not_done_elsewhere(
    fingerprint: Fingerprinter, apps: Database
) -> None:
    top = (
        making() + "@sqlalchemy.event.listens_for(own, 'connect')\n"
        "def prepare(raw, _):\n"
        f"    raw.cursor().execute('{MAKES}')\n"
        "    raw.commit()\n"
    )
    fingerprint.project.add("0004", "0003", "own.connect()", top=top)
    assert_refused(fingerprint("build", **named(apps)), apps, fingerprint)


def test_check_refuses_such_an_engine_too(fingerprint: Fingerprinter, apps: Database) -> None:
    fingerprint.build()
    fingerprint.project.edit_env(ONLINE, making() + "make()\n" + ONLINE)
    done = fingerprint("check", **named(apps))
    assert (done.exit_code, done.verdict["outcome"]) == (2, "wrong_database"), done.verdict
    assert apps.query(THERE) == [("public",)]


@pytest.mark.parametrize("options", [None, AUTOCOMMIT], ids=["transaction", "autocommit"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_second_engine_to_the_scratch_database_works(
    fingerprint: Fingerprinter, stage: Stage, driver: str, options: object
) -> None:
    fingerprint.project.add("0004", "0003", "make()", top=making(driver, options))
    fingerprint.build(**named(stage.database, driver))
    assert [state.name for state in fingerprint.states.states][-1] == "0004"
    assert ("made_by_env",) in stage.database.query(THERE)


def test_a_second_engine_from_database_url_works(fingerprint: Fingerprinter, stage: Stage) -> None:
    top = (
        making(variable="DATABASE_URL").replace("own =", "own = lambda:").replace("own.", "own().")
    )
    fingerprint.project.add("0004", "0003", "make()", top=top)
    fingerprint.build()
    assert ("made_by_env",) in stage.database.query(THERE)


def test_an_engine_to_another_kind_of_database_is_left_alone(
    fingerprint: Fingerprinter, tmp_path: Path
) -> None:
    top = making().replace(MAKES, "CREATE TABLE kept (x)")
    fingerprint.project.add("0004", "0003", "make()", top=top)
    fingerprint.build(**{OWN: f"sqlite:///{tmp_path / 'kept.db'}"})
    assert (tmp_path / "kept.db").stat().st_size


@pytest.mark.parametrize("driver", DRIVERS)
def test_in_a_run_a_revision_may_work_in_another_database(
    stage: Stage, apps: Database, driver: str
) -> None:
    stage.project.add("0004", "0003", "make()", top=making(driver))
    ended = stage.run(**named(apps, driver))
    assert ended.verdict["outcome"] == "upgraded", ended.verdict
    assert apps.query(THERE) == [("made_by_env",), ("public",)]
