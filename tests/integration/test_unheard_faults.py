"""What a script meets where nobody listens may pass; a login may be changed meanwhile."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

LOCK = "LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE"
RAW = f"cursor = op.get_bind().connection.cursor()\nerrors = []\ntry: cursor.execute({LOCK!r})\n"
RAW += "except Exception as e: errors.append(str(e))\n"
OWN = "import os, sqlalchemy as sa\ne = sa.create_engine(os.environ['DATABASE_URL'])\nerrors = []\n"
OWN += (
    "try:\n    with e.begin() as c:\n        c.exec_driver_sql(\"SET LOCAL lock_timeout='1s'\")\n"
)
OWN += f"        c.exec_driver_sql({LOCK!r})\nexcept Exception as x: errors.append(str(x))\n"
RAISE = "raise RuntimeError('; '.join(errors))"
UNHEARD = {
    "another statement": f"{RAW}op.execute('CREATE TABLE t (a int)')",
    "nothing more": RAW,
    "its words": f"{RAW}{RAISE}",
    "other words": f"{RAW}raise ValueError('the backfill failed')",
    "an exit": f"{RAW}import sys; sys.exit('failed')",
    "an engine's words": f"{OWN}{RAISE}",
    "an engine, and other words": f"{OWN}raise ValueError('the backfill failed')",
    "an engine that cannot connect": "import sqlalchemy as sa\ntry:\n"
    "    sa.create_engine('postgresql+psycopg2://u@127.0.0.1:1/d').connect()\n"
    "except Exception: pass\nraise ValueError('the backfill failed')",
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
@pytest.mark.parametrize("how", UNHEARD)
def test_nobody_gives_up_for_what_nobody_has_heard(stage: Stage, how: str, driver: str) -> None:
    stage.run()
    stage.project.add("0004", "0003", UNHEARD[how])
    url = stage.database.driver_url(driver)
    with closing(psycopg2.connect(stage.database.url)) as other:
        other.cursor().execute("SELECT FROM accounts")
        ended = stage.run(
            DATABASE_URL=url,
            HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="1",
            HEADSTART_DDL_RETRY_SECONDS="2",
        )
    assert ended.exit_code in (12, 13), ended.verdict
    assert stage.rows() == ["0003"]


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('a bug')",
        "op.execute('SELECT nonsense')",
        f"{RAW.replace(LOCK, 'SELECT 1')}raise ValueError('a bug')",
        (
            "try: op.get_bind().connection.cursor().execute('SELECT nonsense')\n"
            "except Exception as e: raise ValueError('a bug') from e"
        ),
    ],
    ids=["a bug", "a statement", "a cursor that is well", "a cursor that tells"],
)
def test_what_is_heard_and_wrong_is_the_revisions_own(stage: Stage, body: str) -> None:
    stage.run()
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict


CHANGES: dict[str, Callable[[str], str]] = {
    "a password": lambda role: f"ALTER ROLE {role} PASSWORD 'another'",
    "a token that is over": lambda role: f"ALTER ROLE {role} VALID UNTIL '2020-01-01'",
    "no login": lambda role: f"ALTER ROLE {role} NOLOGIN",
}
CONNECTS = "import os, sqlalchemy as sa\nsa.create_engine(os.environ['DATABASE_URL']).connect()"


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("where", ["env.py", "revision"])
def test_a_login_that_is_changed_meanwhile_is_nobodys_mistake(
    stage: Stage, where: str, change: str, driver: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    wait = (
        f"import pathlib, time\nwhile not pathlib.Path({str(mark)!r}).exists(): time.sleep(0.1)\n"
    )
    if where == "env.py":
        stage.project.edit_env("target_metadata = None", f"{wait}target_metadata = None")
    else:
        stage.project.add("0004", "0003", f"print('here')\n{wait}{CONNECTS}")
    with stage.login() as role:
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        url = stage.url_of(role).replace("postgresql:", f"postgresql+{driver}:")
        with stage.start(DATABASE_URL=url) as run:
            run.await_event("lock_acquired" if where == "env.py" else "output_printed")
            time.sleep(0.3)
            stage.database.execute(CHANGES[change](role))
            mark.touch()
            ended = run.end()
        assert ended.exit_code == 13, ended.verdict
        stage.database.execute(f"DROP OWNED BY {role} CASCADE")


ODD = {
    "a method errors": "def errors(self): return ['row 5 invalid']",
    "one with arguments": "def errors(self, kind): return []",
    "one that fails": "title = 'x'\n    def errors(self): raise KeyError",
    "a property orig": "@property\n    def orig(self): raise RuntimeError('no')",
    "a property pgcode": "@property\n    def pgcode(self): raise RuntimeError('no')",
    "a number as SQLSTATE": "sqlstate = 57014",
    "a statement": "pgcode = '42601'\n    statement = 5",
    "no text": "def __str__(self): return 5",
    "no attribute": "def __getattribute__(self, name): raise RuntimeError('no')",
    "a note": "__notes__ = [1, None]",
}


@pytest.mark.parametrize("where", ["env.py", "revision"])
@pytest.mark.parametrize("odd", ODD)
def test_no_exceptions_class_makes_it_a_bug_of_ours(stage: Stage, odd: str, where: str) -> None:
    body = f"class ImportFailed(Exception):\n    {ODD[odd]}\nraise ImportFailed('3 rows')"
    if where == "env.py":
        stage.project.edit_env("target_metadata = None", body)
    else:
        stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert ended.exit_code == (24 if where == "env.py" else 21), ended.verdict


def test_nor_does_a_group_of_any_depth(stage: Stage) -> None:
    body = "e = ValueError('x')\nfor _ in range(5000): e = ExceptionGroup('g', [e])\nraise e"
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert "ValueError: x" in ended.verdict["error"]["message"]
