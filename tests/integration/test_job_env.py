"""What env.py and revisions do beside their work: it may not break the run or its last line."""

import pytest

from tests.harness.project import REVISIONS, TABLES
from tests.harness.server import Database, empty_database
from tests.integration.situations import NO_MIGRATIONS
from tests.integration.stage import Stage

NOISE = """
import logging, sys
print("a line on stdout"); print("a line on stderr", file=sys.stderr)
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)
logging.getLogger("app").warning("a warning")
for percent in (10, 50, 100):
    sys.stderr.write(f"\\r{percent}%|####"); sys.stderr.flush()
sys.stdout.write("no end of line")
"""


def test_what_env_and_revisions_print_becomes_events(stage: Stage) -> None:
    """Prints, basicConfig, the template's fileConfig, and a progress bar without line ends."""
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{NOISE}\n")
    stage.project.add("0004", "0003", NOISE)
    ended = stage.run()
    assert ended.exit_code == 0
    assert ended.verdict["outcome"] == "upgraded"
    assert ended.stdout == ""
    printed = [e["text"] for e in ended.events if e["event"] == "output_printed"]
    assert {"a line on stdout", "a line on stderr", "50%|####", "no end of line"} <= set(printed)
    assert "WARNING:app:a warning" in printed
    applied = [e["revision"] for e in ended.events if e["event"] == "revision_applied"]
    assert applied == [*REVISIONS, "0004"]


def test_an_answer_on_stdout_stays_clean(stage: Stage) -> None:
    """`plan --sql` runs env.py, and its stdout goes to psql."""
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{NOISE}\n")
    ended = stage.run("plan", "--sql")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("BEGIN;")
    assert "a line on" not in ended.stdout


@pytest.mark.parametrize(
    "spoil",
    [
        ("poolclass=pool.NullPool", "poolclass=pool.NullPool, isolation_level='AUTOCOMMIT'"),
        (".connect()", ".connect().execution_options(isolation_level='AUTOCOMMIT')"),
    ],
    ids=["engine", "connection"],
)
def test_an_env_in_autocommit_is_refused(stage: Stage, spoil: tuple[str, str]) -> None:
    stage.project.edit_env(*spoil)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "env.py" in ended.verdict["next_step"]
    assert not [e for e in ended.events if e["event"] == "revision_started"]
    assert stage.tables() == set()


def test_an_env_that_connects_elsewhere_is_refused_and_nothing_changes_there(
    stage: Stage, database: Database
) -> None:
    with empty_database(database.server) as elsewhere:
        url = elsewhere.driver_url().replace("%", "%%")
        line = f"target_metadata = None\nconfig.set_main_option('sqlalchemy.url', {url!r})"
        stage.project.edit_env("target_metadata = None", line)
        ended = stage.run()
        assert (ended.exit_code, ended.verdict["outcome"]) == (2, "wrong_database")
        assert Stage(stage.project, elsewhere).tables() == set()
        assert stage.tables() == set()


@pytest.mark.parametrize(
    "ending", ["sys.exit(1)", "sys.exit('no')", "raise RuntimeError('no configuration')"]
)
def test_an_env_that_ends_badly_is_broken(stage: Stage, ending: str) -> None:
    stage.project.edit_env(
        "target_metadata = None", f"target_metadata = None\nimport sys\n{ending}"
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "env.py, line" in ended.verdict["error"]["message"]
    assert stage.tables() == set()


def test_an_env_that_ends_between_configure_and_its_migrations_is_not_a_success(
    stage: Stage,
) -> None:
    """It says that all is well, but the database is behind."""
    begin = "        with context.begin_transaction():"
    stage.project.edit_env(begin, f"        raise SystemExit(0)\n{begin}")
    ended = stage.run(HEADSTART_LOCK_SECONDS="1")
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "env_skipped")
    assert stage.tables() == set()


def test_an_env_that_never_migrates_is_found_out(stage: Stage) -> None:
    """It may leave that to another process, so it is worth another attempt."""
    stage.project.edit_env(*NO_MIGRATIONS)
    ended = stage.run(HEADSTART_LOCK_SECONDS="1")
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "env_skipped")
    assert stage.tables() == set()


def test_x_arguments_reach_env_and_revisions(stage: Stage) -> None:
    body = "op.create_table(context.get_x_argument(as_dictionary=True)['name'])"
    stage.project.add("0004", "0003", body)
    assert stage.run(HEADSTART_X="name=tenant_7 other=1").exit_code == 0
    assert stage.tables() == TABLES | {"alembic_version", "tenant_7"}
    assert stage.run("-x", "name=again", HEADSTART_TARGET="0004").exit_code == 0


def test_nothing_of_ours_stays_at_an_engine_after_the_run(stage: Stage) -> None:
    """A transaction begun later would look for the fence of a lock that is gone, and fail."""
    stage.project.edit_env(
        "    with connectable.connect()",
        "    import builtins; builtins.engines.append(connectable)\n    with connectable.connect()",
    )
    ended = stage.run_python(
        "import builtins\n"
        "from sqlalchemy import Engine, event\n"
        "from headstart.command import execution\n"
        "from headstart.command.arguments import parse_arguments\n"
        "from headstart.revisions import sessions\n"
        "builtins.engines = []\n"
        "assert execution.execute(parse_arguments([])) == 0\n"
        "for engine in engines:\n"
        "    with engine.begin() as connection:\n"
        "        connection.exec_driver_sql('SELECT 1')\n"
        "assert not event.contains(Engine, 'begin', sessions._begin)\n"
        "raise SystemExit(40 + len(engines))"
    )
    assert ended.exit_code == 41, ended.stderr
