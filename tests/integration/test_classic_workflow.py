"""The `alembic` command alone: one document of ours is replayed, the troubles of another provoked.

HEADSTART_TEST_UPDATE_DOCS=1 writes what was printed into the documents instead of comparing it.
"""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, NullPool, create_engine

from models.db_schemas.minirag.schemas import Base
from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import ROOT
from tests.harness.page import Checkout, assert_document, copy_checkout, replay
from tests.harness.server import Database

WORKFLOW = ROOT / "docs" / "classic-workflow.md"
TROUBLES = ROOT / "docs" / "troubleshooting.md"
# Two backticks: a message may hold one.
ROW = re.compile(r"^\| `` (?P<seen>.*?) `` \| (?P<cause>.*?) \| (?P<cure>.*) \|$", re.MULTILINE)
PASSWORD = "pa$%w@rd"
SETTING = f"sqlalchemy.url = postgresql+psycopg2://minirag:{PASSWORD}@localhost:5432/minirag"
SCHEMAS = Path("models", "db_schemas", "minirag", "schemas")


COLLECTION = """
    CREATE TABLE collection_768_1 (
        id bigint PRIMARY KEY,
        vector double precision[] NOT NULL,
        chunk_id integer NOT NULL REFERENCES chunks (chunk_id)
    )
"""
"""What the application makes at run time, without pgvector's type."""

CALLER = """
import logging
from alembic import command, config
log = logging.getLogger("caller")
command.current(config.Config("alembic.ini"))
log.warning("still here")
"""


@dataclass(frozen=True)
class Desk(Checkout):
    """A checkout with an alembic.ini, and SQL as the server's superuser."""

    sql: Callable[[str], None]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """Give a checkout; its documented role and databases exist, under this test's names."""
    role, by_hand = f"{database.name}_role", f"{database.name}_by_hand"
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    database.execute(f"ALTER DATABASE {database.name} OWNER TO {role}")
    database.execute(f"CREATE DATABASE {by_hand} OWNER {role}")
    names = {
        "//minirag:": f"//{role}:",
        "@localhost:5432/": f"@127.0.0.1:{database.port}/",
        "/made_by_hand": f"/{by_hand}",  # before the name that it begins with
        "/minirag": f"/{database.name}",
        "port 5432 ": f"port {database.port} ",
        '"minirag"': f'"{role}"',
        "database: minirag@": f"database: {role}@",
    }
    copy_checkout(tmp_path)
    create_by_hand(role, database.port, by_hand)
    yield Desk(tmp_path, names, database.execute)
    database.execute(f"DROP DATABASE {by_hand} WITH (FORCE)")
    database.execute(f"ALTER DATABASE {database.name} OWNER TO CURRENT_USER")
    database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def create_by_hand(role: str, port: int, name: str) -> None:
    """Make the tables as somebody does who does not know Alembic."""
    url = URL.create("postgresql+psycopg2", role, PASSWORD, "127.0.0.1", port, name)
    engine = create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)


@ON_ONE_SERVER
def test_the_workflow_prints_what_its_document_shows(desk: Desk) -> None:
    """Each command of docs/classic-workflow.md, in order, with a password that holds $, % and @."""
    assert_document(WORKFLOW, replay(WORKFLOW.read_text(), desk))


@ON_ONE_SERVER
def test_an_error_is_told_once(desk: Desk) -> None:
    desk.set_url(SETTING)
    output = desk.run("alembic upgrade head; alembic stamp base; alembic upgrade head")
    assert output.count('relation "projects" already exists') == 1


@ON_ONE_SERVER
@pytest.mark.parametrize("line", ["", "sqlalchemy.url =", None], ids=["none", "empty", "example"])
def test_the_commands_work_with_the_url_of_the_environment(desk: Desk, line: str | None) -> None:
    """As in the image, whose alembic.ini has no line with a URL."""
    if line is not None:
        desk.set_url(line)
    else:
        desk.run("cp alembic.ini.example alembic.ini")
    url = SETTING.partition(" = ")[2]
    for documented, real in desk.real_names.items():
        url = url.replace(documented, real)
    (desk.path / "secret").write_text(f"{url}\n")
    says = "INFO  [alembic.env] database: minirag@localhost:5432/minirag\n"
    for command, told in (
        ("upgrade head", "Running upgrade 05572d91c071 -> 152ce5a49348"),
        ("current", f"{says}INFO"),
        ("downgrade -1", "Running downgrade 152ce5a49348 -> 05572d91c071"),
        ("stamp head", "Running stamp_revision 05572d91c071 -> 152ce5a49348"),
        ("history", "05572d91c071 -> 152ce5a49348 (head), create chunks"),
    ):
        assert told in desk.run(f"alembic {command}", DATABASE_URL=url)
    for environ in (
        {"DATABASE_URL_FILE": str(desk.path / "secret")},
        {"DATABASE_URL": url.replace(f":{PASSWORD}@", "@"), "PGPASSWORD": PASSWORD},
    ):
        done = desk.run("alembic current", **environ)
        assert says in done
        assert "152ce5a49348 (head)\n" in done


@ON_ONE_SERVER
def test_loggers_that_exist_before_alembic_runs_stay_enabled(desk: Desk) -> None:
    """A program that calls Alembic keeps its log, although alembic.ini configures logging."""
    desk.set_url(SETTING)
    output = desk.run(f"{shlex.quote(sys.executable)} -c {shlex.quote(CALLER)}")
    assert "still here" in output


def no_ini(desk: Desk) -> str:
    (desk.path / "alembic.ini").unlink()
    return desk.run("alembic current")


def placeholder(desk: Desk) -> str:
    return desk.run("cp alembic.ini.example alembic.ini; alembic current")


def quoted(desk: Desk) -> str:
    desk.set_url(SETTING.replace("= ", '= "') + '"')
    output = desk.run("alembic upgrade head && alembic current")
    assert "(head)" in output
    return output


def another_url(desk: Desk) -> str:
    output = desk.run("alembic current", DATABASE_URL="postgresql://app@db/other")
    assert "INFO  [alembic.env] database: minirag@localhost:5432/minirag\n" in output
    return output


def no_url(desk: Desk) -> str:
    desk.set_url("sqlalchemy.url = localhost:5432/minirag")
    return desk.run("alembic current")


def no_driver(desk: Desk) -> str:
    """Run with every installed package but psycopg2 on the path, as where it was forgotten."""
    packages = desk.path / "packages"
    packages.mkdir()
    for entry in Path(pytest.__file__).parents[1].iterdir():
        if not entry.name.startswith("psycopg2"):
            (packages / entry.name).symlink_to(entry)
    return desk.run(f"{shlex.quote(sys.executable)} -S -m alembic current", PYTHONPATH="packages")


def nobody_listens(desk: Desk) -> str:
    desk.set_url(SETTING.replace("localhost:5432", "127.0.0.1:1"))
    return desk.run("alembic current").replace("port 1 ", "port 5432 ")


def wrong_password(desk: Desk) -> str:
    desk.set_url(SETTING.replace("pa$%w", "pa$$%w"))
    return desk.run("alembic current")


def forgotten_import(desk: Desk) -> str:
    asset = desk.path / SCHEMAS / "asset.py"
    asset.write_text(asset.read_text().replace("ForeignKey, Index", "ForeignKey"))
    return desk.run('alembic revision --autogenerate -m "x"')


def made_by_hand(desk: Desk) -> str:
    return desk.run("alembic upgrade head; alembic stamp base; alembic upgrade head")


def behind(desk: Desk) -> str:
    return desk.run('alembic upgrade +1; alembic revision --autogenerate -m "x"')


def nothing_ahead(desk: Desk) -> str:
    return desk.run("alembic upgrade head; alembic upgrade +1")


def ahead(desk: Desk) -> str:
    return desk.run("alembic upgrade head; rm alembic/versions/152ce5a49348*; alembic current")


def two_heads(desk: Desk) -> str:
    branch = "alembic revision --head 152ce5a49348 --splice -m"
    return desk.run(f"{branch} one; {branch} two; alembic upgrade head")


def may_not_create(desk: Desk) -> str:
    desk.sql("ALTER SCHEMA public OWNER TO CURRENT_USER")
    return desk.run("alembic upgrade head")


def foreign_table(desk: Desk) -> str:
    upgraded = desk.run("alembic upgrade head")
    desk.sql(COLLECTION)
    return upgraded + desk.run("alembic downgrade -1")


TROUBLE: dict[str, Callable[[Desk], str]] = {
    "There is no alembic.ini": no_ini,
    "The URL is still the example's": placeholder,
    "The URL is in quotes": quoted,
    "alembic.ini and the environment name two databases": another_url,
    "The URL is none": no_url,
    "psycopg2 is not installed": no_driver,
    "Nothing listens at that address": nobody_listens,
    "The password is wrong": wrong_password,
    "A schema file uses a name that it does not import": forgotten_import,
    "The tables exist, but no revision was recorded": made_by_hand,
    "The database is behind the revisions": behind,
    "The database is at the head already": nothing_ahead,
    "The database is ahead of this checkout": ahead,
    "Two branches each added a revision": two_heads,
    "The role may not create tables": may_not_create,
    "A table of the application's own refers to ours": foreign_table,
}


def test_every_trouble_in_the_document_is_provoked() -> None:
    """The document's rows and the scenarios here are the same."""
    assert [row["cause"] for row in ROW.finditer(TROUBLES.read_text())] == list(TROUBLE)


@ON_ONE_SERVER
@pytest.mark.parametrize("cause", TROUBLE)
def test_a_trouble_prints_what_its_row_shows(desk: Desk, cause: str) -> None:
    """The message comes from the real thing going wrong, and has no traceback around it."""
    desk.set_url(SETTING)
    output = TROUBLE[cause](desk)
    document = TROUBLES.read_text()
    assert_document(TROUBLES, write_row(document, cause, essence(output)))
    assert "Traceback" not in output


def essence(output: str) -> str:
    """Pick the line that tells: the failure, else the warning."""
    lines = output.splitlines()
    told = [line for line in lines if line.startswith(("FAILED:", "  FAILED:"))]
    return (told or [line for line in lines if line.startswith("WARN")] or lines[-1:])[-1].strip()


def write_row(document: str, cause: str, seen: str) -> str:
    """Put what was seen into the row with that cause."""

    def write(row: re.Match[str]) -> str:
        other = row["cause"] != cause
        return row[0] if other else f"| `` {seen} `` | {cause} | {row['cure']} |"

    return ROW.sub(write, document)
