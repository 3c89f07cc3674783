"""What a run applies is recorded in the comment on the version table, in its row's transaction."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from headstart.fingerprint.file.digests import script_digest
from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, copied
from tests.harness.server import Database, empty_database
from tests.integration.alembic_calls import open_engine
from tests.integration.known_stage import KnownStage
from tests.integration.recorded import chain_of, comment_of, not_written, record_of
from tests.integration.stage import VERSION_TABLE, Stage
from tests.integration.test_async_env import TEMPLATE, url_with

AWKWARD = "a%s :1 $1 ${x} 'q' \"d\" \\ ü€ -- /* ;"
WRITTEN_BY = (
    "SELECT xmin, description FROM pg_description WHERE objoid = 'alembic_version'::regclass"
)


def test_each_revision_is_recorded_with_what_ran_when_and_from_which_image(stage: Stage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    done = stage.run(HEADSTART_IMAGE_REVISION="v1.4")
    record = record_of(stage.database)
    assert (record["headstart"], record["at"]) == (1, ["0003"])
    assert [(e[0], e[1], e[2]) for e in record["chain"]] == [
        ("0001", [], "?"),
        ("0002", ["0001"], "?"),
        ("0003", ["0002"], "?"),
    ]
    for (revision, *_, time, seconds, image, digest), applied in zip(
        record["chain"], done.verdict["applied"], strict=True
    ):
        file = next(stage.project.versions.glob(f"{revision}*.py"))
        assert before <= datetime.fromisoformat(time) <= datetime.now(UTC)
        assert 0 <= seconds <= applied["seconds"]
        assert (image, digest) == ("v1.4", script_digest(file.read_bytes()))
    assert not_written(done) == []


def test_the_next_run_adds_to_it(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0002").exit_code == 0
    first = record_of(stage.database)["chain"]
    assert stage.run(HEADSTART_IMAGE_REVISION="later").exit_code == 0
    record = record_of(stage.database)
    assert record["at"] == ["0003"]
    assert record["chain"][:2] == first
    assert [entry[5] for entry in record["chain"]] == ["", "", "later"]


@ON_ONE_SERVER
def test_a_run_with_nothing_to_do_writes_nothing(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    written = stage.database.query(WRITTEN_BY)
    assert stage.run().verdict["outcome"] == "nothing_to_do"
    assert stage.database.query(WRITTEN_BY) == written


@ON_ONE_SERVER
def test_off_writes_nothing_and_changes_nothing(stage: Stage) -> None:
    done = stage.run(HEADSTART_RECORD="off")
    assert (done.exit_code, not_written(done)) == (0, [])
    assert comment_of(stage.database) is None


@ON_ONE_SERVER
def test_plan_sql_shows_nothing_of_it(stage: Stage) -> None:
    assert "COMMENT" not in stage.run("plan", "--sql").stdout


@ON_ONE_SERVER
def test_what_is_stamped_is_recorded_without_a_duration_and_a_script(known: KnownStage) -> None:
    known.make_exactly("0002")
    assert known.run().verdict["outcome"] == "baselined"
    record = record_of(known.database)
    assert record["at"] == ["0003"]
    assert [(e[0], e[2], e[4] is None, e[6] == "") for e in record["chain"]] == [
        ("0002", "?", True, True),
        ("0003", "?", False, False),
    ]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg", "psycopg2"])
@ON_ONE_SERVER
def test_the_record_is_the_same_with_every_driver(stage: Stage, driver: str) -> None:
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    url = url_with(stage, driver)
    done = stage.run(DATABASE_URL=url, HEADSTART_IMAGE_REVISION=AWKWARD)
    assert (done.exit_code, not_written(done)) == (0, [])
    record = record_of(stage.database)
    assert record["at"] == ["0003"]
    assert [(e[0], e[5]) for e in record["chain"]] == [(each, AWKWARD) for each in REVISIONS]


NEVER_ONE = "connect_args={'prepare_threshold': 0}, poolclass=pool.NullPool"
SYNC = """config.set_main_option('sqlalchemy.url', config.get_main_option('sqlalchemy.url')
        .replace('%', '%%').replace('psycopg2', 'psycopg'))
    connectable = engine_from_config("""


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
@ON_ONE_SERVER
def test_psycopg_may_prepare_whatever_it_executes(stage: Stage, is_async: bool) -> None:
    if is_async:
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    else:
        stage.project.edit_env("connectable = engine_from_config(", SYNC)
    stage.project.edit_env("poolclass=pool.NullPool", NEVER_ONE)
    done = stage.run(DATABASE_URL=url_with(stage, "psycopg"))
    assert [e["driver"] for e in done.events if e["event"] == "env_configured"] == ["psycopg"]
    assert (done.exit_code, not_written(done)) == (0, []), done.verdict
    assert chain_of(stage.database) == REVISIONS


@pytest.mark.parametrize("name", ["engine_begin", "concurrent_index", "raw_commit", "own_commit"])
@ON_ONE_SERVER
def test_the_record_is_kept_in_whichever_transactions_revisions_run(
    stage: Stage, name: str
) -> None:
    project = copied(name, stage.project.path)
    done = stage.run(HEADSTART_ALEMBIC_INI=project.ini)
    assert (done.exit_code, not_written(done)) == (0, []), done.verdict
    assert record_of(stage.database)["at"] == stage.rows()
    assert chain_of(stage.database) == [each["revision"] for each in done.verdict["applied"]]


@ON_ONE_SERVER
def test_in_one_transaction_for_all_row_and_record_are_rolled_back_together(stage: Stage) -> None:
    project = copied("engine_begin", stage.project.path)
    assert stage.run(HEADSTART_ALEMBIC_INI=project.ini, HEADSTART_TARGET="0001").exit_code == 0
    before = record_of(stage.database)
    project.add("0004", "0003", "raise RuntimeError('no')")
    assert stage.run(HEADSTART_ALEMBIC_INI=project.ini).exit_code == 21
    assert stage.rows() == ["0001"]
    after = record_of(stage.database)
    assert after.pop("failed")[0] == "0004"
    assert after == before


@ON_ONE_SERVER
def test_what_env_rolls_back_and_runs_again_is_recorded_once(stage: Stage) -> None:
    stage.project.edit_env(
        "        with context.begin_transaction():\n            context.run_migrations()",
        "        with connection.begin():\n            context.run_migrations()\n"
        "            connection.rollback()\n"
        "        with connection.begin():\n            context.run_migrations()",
    )
    done = stage.run()
    record = record_of(stage.database)
    assert (record["at"], stage.rows()) == (["0003"], ["0003"]), done.verdict
    assert chain_of(stage.database) == REVISIONS


@ON_ONE_SERVER
def test_env_py_keeps_its_own_hook_and_hears_first(stage: Stage) -> None:
    stage.project.edit_env(
        "target_metadata=target_metadata\n        )",
        "target_metadata=target_metadata,\n"
        "            on_version_apply=lambda ctx, step, **_: ctx.connection.exec_driver_sql(\n"
        "                f'CREATE TABLE heard_{step.up_revision_id} AS SELECT'\n"
        "                \" obj_description('alembic_version'::regclass, 'pg_class')\"))",
    )
    assert stage.run().exit_code == 0
    assert chain_of(stage.database) == REVISIONS
    heard = [stage.database.query(f"SELECT * FROM heard_{each}")[0][0] for each in REVISIONS]
    assert [text and '"at": ["0001"]' in text for text in heard[:2]] == [None, True]


@ON_ONE_SERVER
def test_each_version_table_has_its_own(stage: Stage) -> None:
    for table in ("versions_a", "versions_b"):
        project = copied("plain", stage.project.path / table)
        project.edit_env(
            "target_metadata=target_metadata\n        )",
            f"target_metadata=target_metadata, version_table={table!r}\n        )",
        )
        for revision in REVISIONS:
            project.remove(revision)
        project.add(f"{table}_1", None, f"op.execute('CREATE TABLE of_{table} (id int)')")
        done = stage.run(HEADSTART_ALEMBIC_INI=project.ini, HEADSTART_BASELINE="base")
        assert done.exit_code == 0, done.verdict
        assert record_of(stage.database, table)["at"] == [f"{table}_1"]


def test_what_the_alembic_command_does_makes_it_history_until_the_next_run(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    first = record_of(stage.database)
    assert stage.alembic("downgrade", "0001").exit_code == 0
    assert record_of(stage.database) == first
    assert stage.alembic("upgrade", "0002").exit_code == 0
    assert stage.run().exit_code == 0
    record = record_of(stage.database)
    assert record["at"] == ["0003"] == stage.rows()
    assert chain_of(stage.database) == [*REVISIONS, "0003"]
    assert record["chain"][:3] == first["chain"]


@ON_ONE_SERVER
def test_a_dump_takes_it_along(stage: Stage) -> None:
    assert stage.run(HEADSTART_IMAGE_REVISION=AWKWARD).exit_code == 0
    dumped = stage.database.client("pg_dump")
    with empty_database(stage.database.server) as other:
        other.client("psql", "--quiet", "--set=ON_ERROR_STOP=1", stdin=dumped)
        assert comment_of(other) == comment_of(stage.database)
        ended = stage.run(DATABASE_URL=other.url)
        assert ended.verdict["outcome"] == "nothing_to_do"


@ON_ONE_SERVER
def test_autogenerate_proposes_nothing_because_of_it(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    with open_engine(stage.database) as engine, engine.connect() as connection:
        metadata = MetaData()
        metadata.reflect(connection, only=["accounts", "orders", "invoices"])
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@contextmanager
def encoded(stage: Stage, encoding: str) -> Iterator[Database]:
    """Give an empty database in this encoding."""
    server, name = stage.database.server, f"{stage.database.name}_encoded"
    server.execute(
        f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        " TEMPLATE template0"
    )
    try:
        yield Database(server, name)
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
@ON_ONE_SERVER
def test_any_encoding_takes_what_an_image_is_called(stage: Stage, encoding: str) -> None:
    with encoded(stage, encoding) as database:
        stage.project.add("0004", "0003", top="'''Größe in €, 価格'''")
        done = stage.run(DATABASE_URL=database.url, HEADSTART_IMAGE_REVISION="Größe €")
        assert (done.exit_code, not_written(done)) == (0, [])
        assert record_of(database)["chain"][-1][5] == "Größe €"


@ON_ONE_SERVER
def test_somebody_elses_comment_may_be_of_any_bytes(stage: Stage) -> None:
    with encoded(stage, "SQL_ASCII") as database:
        database.execute(
            f"{VERSION_TABLE}; COMMENT ON TABLE alembic_version IS E'{{\"headstart\": \\xff}}'"
        )
        done = stage.run(DATABASE_URL=database.url)
        assert done.verdict["outcome"] == "upgraded", done.verdict
        assert len(not_written(done)) == 1
