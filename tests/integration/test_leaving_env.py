"""A refusal leaves env.py: whatever that makes of it, nothing is executed any more."""

import time
from textwrap import dedent, indent

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.in_between import RUN
from tests.integration.stage import Stage

# env.py decides here, not the server's version
pytestmark = ON_ONE_SERVER

WRITE = 'exec_driver_sql("CREATE TABLE written (x int)")'
SWALLOWED_AND_THEN = {
    "the connection": f"connection.{WRITE}; connection.commit()",
    "a driver's commit": """
        raw = connection.connection.driver_connection
        raw.cursor().execute("CREATE TABLE written (x int)")
        raw.commit()
        """,
    "a new connection": f"with connectable.begin() as other: other.{WRITE}",
    "a new engine": f"""
        import sqlalchemy
        with sqlalchemy.create_engine(config.get_main_option("sqlalchemy.url")).begin() as other:
            other.{WRITE}
        """,
    "once more": "context.run_migrations()",
    "all anew": "run_migrations_online()",
    "an exit that says all is well": "import sys; sys.exit(0)",
    "nothing": "pass",
}


def swallow(stage: Stage, then: str) -> None:
    """Let env.py catch everything, and go on with this."""
    act = indent(dedent(then).strip(), "    ")
    text = f"try:\n    context.run_migrations()\nexcept:\n    print('caught')\n{act}\n"
    stage.project.edit_env(RUN, f"{indent(text, ' ' * 12)}\n\nif")


@pytest.mark.parametrize("then", SWALLOWED_AND_THEN.values(), ids=SWALLOWED_AND_THEN.keys())
@pytest.mark.parametrize("begun", ["connect", "begin"])
def test_what_a_bare_except_does_after_a_refusal_is_not_executed(
    stage: Stage, then: str, begun: str
) -> None:
    swallow(stage, then)
    stage.project.edit_env("connectable.connect()", f"connectable.{begun}()")
    stage.make_by_hand("0001")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (22, "unproven"), ended.verdict
    assert stage.tables() == {"accounts"}
    assert "Exception during reset" not in ended.stderr


@pytest.mark.parametrize("pause", ["time.sleep(0.1)", "pass"])
def test_an_env_that_tries_again_for_ever_is_ended(stage: Stage, pause: str) -> None:
    loop = f"""
        import time
        while True:
            try:
                run_migrations_online()
                break
            except:
                {pause}
        """
    swallow(stage, loop)
    stage.make_by_hand("0001")
    started = time.monotonic()
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (22, "unproven"), ended.verdict
    assert stage.tables() == {"accounts"}
    assert time.monotonic() - started < 60


def test_an_env_may_still_say_what_has_happened(stage: Stage) -> None:
    swallow(stage, "print('told by env.py'); raise")
    stage.make_by_hand("0001")
    ended = stage.run()
    assert ended.exit_code == 22
    assert "told by env.py" in [
        e.get("text") for e in ended.events if e["event"] == "output_printed"
    ]


AT_CONFIGURE = {
    "an engine in AUTOCOMMIT": (
        "poolclass=pool.NullPool,",
        "poolclass=pool.NullPool, isolation_level='AUTOCOMMIT',",
        (24, "broken_history"),
    ),
    "no connection": ("connection=connection, ", "", (24, "broken_history")),
    "another database": (
        "config.get_section(config.config_ini_section, {})",
        "{'sqlalchemy.url': config.get_main_option('sqlalchemy.url').replace(NAME, 'postgres')}",
        (2, "wrong_database"),
    ),
}


@pytest.mark.parametrize("kind", AT_CONFIGURE)
def test_a_refusal_that_is_swallowed_before_the_migrations_stands(stage: Stage, kind: str) -> None:
    """It is no env.py that leaves its work to others."""
    old, new, end = AT_CONFIGURE[kind]
    stage.project.edit_env(old, new.replace("NAME", repr(stage.database.name)))
    stage.project.edit_env(
        "else:\n    run_migrations_online()",
        "else:\n    try:\n        run_migrations_online()\n    except:\n        print('caught')",
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == end, ended.verdict
    assert stage.tables() == set()
