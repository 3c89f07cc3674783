"""A password with every awkward character works from each source, and is seen nowhere."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, ProjectCopy, copied
from tests.harness.result import Result
from tests.integration.logins import (
    PASSWORD,
    PASSWORDS,
    SOURCES,
    Login,
    login,
    raw_url,
    url_of,
)
from tests.integration.watched import Watched, watch

# what is shown does not depend on the server's version, and every run here is watched closely
pytestmark = ON_ONE_SERVER

__all__ = ["login"]

Run = Callable[..., Watched]
"""(environment, *argv) -> Watched, on a copy of the plain project"""


@pytest.fixture
def run(project: ProjectCopy, tmp_path: Path) -> Run:
    """Run headstart on the project and watch it."""

    def run(environ: Mapping[str, str], *argv: str) -> Watched:
        given = {"HEADSTART_ALEMBIC_INI": project.ini, **environ}
        return watch(tmp_path, given, *argv)

    return run


@pytest.mark.parametrize("source", SOURCES)
def test_the_password_works_from_each_source_and_is_seen_nowhere(
    source: str, login: Login, run: Run, tmp_path: Path, project: ProjectCopy
) -> None:
    watched = run(SOURCES[source](login, tmp_path, project))
    verdict = watched.finished.verdict
    assert verdict["outcome"] == "upgraded", verdict
    assert verdict["database"]["user"] == login["user"]
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("login", PASSWORDS[1:], indirect=True)
@pytest.mark.parametrize("write", [url_of, raw_url])
def test_other_awkward_passwords_work_too(
    login: Login, write: Callable[[Login], str], run: Run
) -> None:
    watched = run({"DATABASE_URL": write(login)})
    assert watched.finished.exit_code == 0, watched.finished.verdict
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("source", ["url", "url file", "ini raw", "password file", "PGPASSWORD"])
def test_a_wrong_password_is_not_shown(
    source: str, login: Login, run: Run, tmp_path: Path, project: ProjectCopy
) -> None:
    wrong = {**login, "password": "Wr0ng" + PASSWORD}
    watched = run({**SOURCES[source](wrong, tmp_path, project), "HEADSTART_LOG_LEVEL": "debug"})
    verdict = watched.finished.verdict
    assert (verdict["outcome"], verdict["error"]["sqlstate"]) == ("access_refused", "28P01")
    watched.assert_hidden(wrong["password"])


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_failing_statement_that_sets_a_password_is_shown_without_it(
    login: Login, run: Run, project: ProjectCopy, level: str
) -> None:
    other = "0th3r'secret"
    project.add(
        "0004",
        REVISIONS[-1],
        f"""
        op.execute(\"\"\"ALTER ROLE nobody_knows PASSWORD '{other.replace("'", "''")}'\"\"\")
    """,
    )
    watched = run({"DATABASE_URL": url_of(login), "HEADSTART_LOG_LEVEL": level})
    finished = watched.finished
    assert finished.verdict["outcome"] == "revision_failed", finished.verdict
    (shown,) = [e["statement"] for e in finished.events if e["event"] == "statement_failed"]
    assert "ALTER ROLE nobody_knows PASSWORD" in shown
    watched.assert_hidden(other)
    watched.assert_hidden(login["password"])


UNTOLD = "Zq9-nobody-told-it"
WRITTEN = {
    "rows": "INSERT INTO nowhere (login, password) VALUES ('ann', '{0}'), ('bob', '{0}')",
    "a value of another type": "SELECT '{0}'::int",
    "a row's value": "SELECT v::int FROM (VALUES ('{0}')) AS t (v)",
    "a string without an end": "SELECT '{0}",
    "dollar quotes without an end": "SELECT $x${0}",
    "a string where none may be": "SELECT 1 1 '{0}'",
    "format": "DO $do$ BEGIN EXECUTE format('ALTER ROLE nobody PASSWORD %%L', '{0}'); END $do$",
    "an escape string": "SELECT E'it\\\\'s {0}' FROM nowhere",
    "a comment": "SELECT 1 / 0 /* {0} */ -- {0}",
    "data": "COPY nowhere FROM STDIN;\\n1\\t{0}",
}
"""Statements that fail, with something in them that nobody may see."""


@pytest.fixture(params=["plain", "async_template_asyncpg"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectCopy:
    """A project of each driver's."""
    return copied(request.param, tmp_path)


@pytest.mark.parametrize("sql", WRITTEN.values(), ids=WRITTEN.keys())
def test_no_literal_and_no_comment_of_a_statement_that_fails_is_shown(
    login: Login, run: Run, either: ProjectCopy, sql: str
) -> None:
    statement = sql.format(UNTOLD)
    either.add("0004", REVISIONS[-1], f'op.get_bind().exec_driver_sql("""{statement} """)')
    finished = run({"DATABASE_URL": url_of(login), "HEADSTART_ALEMBIC_INI": either.ini}).finished
    assert finished.verdict["outcome"] == "revision_failed", finished.verdict
    assert [e for e in finished.events if e["event"] == "statement_failed"]
    assert_untold(finished)


@pytest.mark.parametrize("how", ["raise RuntimeError(f'no: {e}') from e", "raise RuntimeError(e)"])
def test_nor_by_what_a_script_makes_of_that_error(
    login: Login, run: Run, either: ProjectCopy, how: str
) -> None:
    statement = f"op.execute(\"SELECT '{UNTOLD}'::int\")"
    either.add("0004", REVISIONS[-1], f"try:\n    {statement}\nexcept Exception as e:\n    {how}")
    finished = run({"DATABASE_URL": url_of(login), "HEADSTART_ALEMBIC_INI": either.ini}).finished
    assert "invalid input syntax" in finished.verdict["error"]["message"]
    assert_untold(finished)


def assert_untold(finished: Result) -> None:
    """Fail where that text is in any output."""
    for output in (finished.stdout, finished.stderr, finished.termination):
        assert "nobody-told-it" not in output


TELLTALES = {
    "prints": "print(URL); print(repr(URL), file=sys.stderr)",
    "prints the password": "print(PASSWORD, repr(PASSWORD))",
    "prints it encoded": "import html; from base64 import b64encode as b64;"
    " from urllib.parse import quote; raw = PASSWORD.encode();"
    " print(b64(b'u:' + raw), b64(raw).decode(), raw.hex(), html.escape(PASSWORD))\n"
    "print(quote(quote(PASSWORD, safe=''), safe=''))",
    "logs": "logging.getLogger('app').warning('connecting to %s', URL)",
    "raises": "raise RuntimeError(f'no connection to {URL}')",
    "raises the password": "raise RuntimeError(PASSWORD)",
    "raises from": "raise RuntimeError('no') from ValueError(URL)",
    "exits": "raise SystemExit(URL)",
    "warns": "import warnings; warnings.warn(URL)",
}
GIVEN = """
import logging, os, sys
from sqlalchemy.engine import make_url
URL = config.get_main_option("sqlalchemy.url")
PASSWORD = os.environ.get("PGPASSWORD") or make_url(URL).password
"""


@pytest.mark.parametrize("telltale", TELLTALES)
def test_an_env_py_that_tells_the_url_is_masked(
    telltale: str, login: Login, run: Run, project: ProjectCopy
) -> None:
    line = "config = context.config\n"
    project.edit_env(line, line + GIVEN + TELLTALES[telltale] + "\n")
    watched = run({"DATABASE_URL": url_of(login), "HEADSTART_LOG_LEVEL": "debug"})
    assert (watched.finished.exit_code == 0) == (not telltale.startswith(("raises", "exits")))
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("source", ["password file", "PGPASSWORD"])
def test_a_password_that_is_not_in_the_url_is_masked_too(
    source: str, login: Login, run: Run, project: ProjectCopy, tmp_path: Path
) -> None:
    line = "config = context.config\n"
    project.edit_env(line, line + GIVEN + "raise RuntimeError(PASSWORD)\n")
    watched = run(SOURCES[source](login, tmp_path, project) | {"HEADSTART_LOG_LEVEL": "debug"})
    assert watched.finished.exit_code != 0
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("source", ["url", "raw url", "PGPASSWORD"])
def test_a_revision_that_fails_on_import_and_tells_the_environment_is_masked(
    source: str, login: Login, run: Run, project: ProjectCopy, tmp_path: Path
) -> None:
    secret = f"bytes.fromhex({login['password'].encode().hex()!r}).decode()"
    top = f"import os; raise RuntimeError(str(dict(os.environ)) + {secret})"
    project.add("0004", REVISIONS[-1], top=top)
    watched = run(SOURCES[source](login, tmp_path, project) | {"HEADSTART_LOG_LEVEL": "debug"})
    assert watched.finished.verdict["outcome"] == "broken_history"
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("verb", ["check", "plan", "wait"])
def test_no_verb_shows_the_password(verb: str, login: Login, run: Run) -> None:
    watched = run({"DATABASE_URL": url_of(login), "HEADSTART_WAIT_SECONDS": "0.1"}, verb)
    assert watched.finished.exit_code in (0, 14)
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("verb", ["check", "diff", "wait"])
def test_nor_does_an_answer_on_stdout_where_a_script_tells_it(
    verb: str, output: str, login: Login, run: Run, project: ProjectCopy
) -> None:
    """It is imported there, since its text does not tell what it revises."""
    file = project.add("0004", REVISIONS[-1], top="import os; raise RuntimeError(os.environ['U'])")
    file.write_text(file.read_text().replace("'0003'", "'00' + '03'"))
    url = url_of(login)
    watched = run(
        {"DATABASE_URL": url, "U": f"{url} {login['password']}"}, verb, "--output", output
    )
    assert watched.finished.verdict["outcome"] == "broken_history", watched.finished.stdout
    assert "RuntimeError" in watched.finished.stdout
    watched.assert_hidden(login["password"])


@pytest.mark.parametrize("spoiled", ["?nope=1", "/more", "?sslmode=nope"])
@pytest.mark.parametrize("write", [url_of, raw_url])
def test_a_url_with_a_mistake_is_not_shown(
    spoiled: str, write: Callable[[Login], str], login: Login, run: Run
) -> None:
    watched = run({"DATABASE_URL": write(login) + spoiled, "HEADSTART_LOG_LEVEL": "debug"})
    assert watched.finished.verdict["outcome"] == "invalid_settings"
    watched.assert_hidden(login["password"])


def test_a_url_in_an_argument_is_refused_and_not_repeated(login: Login, run: Run) -> None:
    watched = run({}, "--database-url", url_of(login))
    assert watched.finished.verdict["outcome"] == "invalid_settings"
    for text in (watched.finished.stderr, watched.finished.termination):
        assert quote(PASSWORD, safe="") not in text
