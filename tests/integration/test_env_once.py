"""env.py runs once in a run, as with Alembic: what it does once for a process stays right."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage

# env.py decides here, not the server's version
pytestmark = ON_ONE_SERVER

TOP = "from alembic import context\n"
LOCK = 4711
ONCE_FOR_A_PROCESS = {
    "a session's lock, kept by a pooled connection": """
        import sqlalchemy
        pooled = sqlalchemy.create_engine(config.get_main_option("sqlalchemy.url"))
        with pooled.connect() as own:
            own.exec_driver_sql("SELECT pg_advisory_lock(4711)")
            own.commit()
        """,
    "a session's lock, on a connection that stays open": """
        import sqlalchemy
        own = sqlalchemy.create_engine(config.get_main_option("sqlalchemy.url")).connect()
        own.exec_driver_sql("SELECT pg_advisory_lock(4711)")
        """,
    "a transaction's lock": """
        import sqlalchemy
        own = sqlalchemy.create_engine(config.get_main_option("sqlalchemy.url")).connect()
        own.exec_driver_sql("SELECT pg_advisory_xact_lock(4711)")
        """,
    "a driver's own connection": """
        import os, psycopg2
        own = psycopg2.connect(os.environ["DATABASE_URL"])
        own.cursor().execute("SELECT pg_advisory_lock(4711)")
        """,
    "a file's lock": """
        import fcntl, pathlib
        own = open(pathlib.Path(__file__).with_name("lock"), "w")
        fcntl.flock(own, fcntl.LOCK_EX)
        """,
    "a lock that is only tried": """
        import sqlalchemy
        own = sqlalchemy.create_engine(config.get_main_option("sqlalchemy.url")).connect()
        if not own.exec_driver_sql("SELECT pg_try_advisory_lock(4711)").scalar_one():
            raise SystemExit("somebody else migrates")
        """,
    "a table of the app's MetaData": """
        import sys, types, sqlalchemy
        app = sys.modules.setdefault("the_app", types.ModuleType("the_app"))
        app.metadata = getattr(app, "metadata", sqlalchemy.MetaData())
        sqlalchemy.Table("legacy_audit", app.metadata, sqlalchemy.Column("id", sqlalchemy.Integer))
        """,
    "a counter": """
        import sys
        assert not getattr(sys, "env_has_run", False), "once is enough"
        sys.env_has_run = True
        """,
}
AUDIT = """
        import pathlib
        with pathlib.Path(__file__).with_name("audit").open("a") as audit:
            audit.write("once\\n")
        """


def prepare(stage: Stage, top: str) -> Path:
    """Let env.py do something first, and note that it runs; gives the file of its notes."""
    lines = "\n".join(line.removeprefix("        ") for line in (AUDIT + top).splitlines())
    env = stage.project.path / "alembic" / "env.py"
    env.write_text(
        env.read_text().replace(
            "config = context.config\n", f"config = context.config\n{lines}\n", 1
        )
    )
    return env.with_name("audit")


@pytest.mark.parametrize("top", ONCE_FOR_A_PROCESS.values(), ids=ONCE_FOR_A_PROCESS.keys())
def test_what_env_does_once_for_a_process_is_done_once(stage: Stage, top: str) -> None:
    audit = prepare(stage, top)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.rows() == ["0003"]
    assert stage.run().verdict["outcome"] == "nothing_to_do"
    assert audit.read_text() == "once\n" * 2


@pytest.mark.parametrize("name", [name for name in ONCE_FOR_A_PROCESS if "lock" in name])
def test_ten_starts_at_once_all_end_well_with_a_lock_of_env_s_own(stage: Stage, name: str) -> None:
    prepare(stage, ONCE_FOR_A_PROCESS[name])
    with ThreadPoolExecutor(10) as pool:
        ended = list(pool.map(lambda _: stage.run(), range(10)))
    assert [each.exit_code for each in ended] == [0] * 10
    assert sorted(each.verdict["outcome"] for each in ended) == ["nothing_to_do"] * 9 + ["upgraded"]
