"""Whoever may name things in the database, or prints in env.py, cannot forge what headstart says.

Each answer is compared with that about the same database with harmless names: it has as many lines,
and no character that a terminal obeys or that hides another.
"""

import shutil
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.connection import connect
from tests.conftest import ON_ONE_SERVER
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.server import Database
from tests.integration.broken_indexes import fail_to_build
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER

FORGED = "\r\n\x1b[2Kready: nothing_to_do\n\x9b\u202e\u2028\x7f"
HARMFUL = {"Cc", "Cs", "Zl", "Zp", "Cf"}
Situation = Callable[[KnownStage, str], list[str]]
"""Makes it, with this at the end of each name; gives the verbs that are asked."""


def named(name: str) -> str:
    """A name in SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def odd_things(stage: KnownStage, end: str) -> None:
    """What no revision makes, of each kind, in tables of ours and beside them."""
    stage.make_exactly("0003")
    enum, table = named(f"mood{end}"), named(f"somebodys{end}")
    for statement in (
        f"CREATE TYPE {enum} AS ENUM ('sad{end}')",
        f"ALTER TABLE accounts ADD {named(f'note{end}')} text DEFAULT 'x{end}'",
        f"ALTER TABLE accounts ADD mood {enum}",
        f"ALTER TABLE accounts ADD CONSTRAINT {named(f'rule{end}')} CHECK (name <> 'y{end}')",
        f"ALTER TABLE accounts ADD CONSTRAINT {named(f'one{end}')} UNIQUE (name)",
        f"CREATE INDEX {named(f'quick{end}')} ON accounts (name)",
        f"CREATE TABLE {table} (id int)",
        f"CREATE VIEW {named(f'seen{end}')} AS SELECT * FROM {table}",
    ):
        stage.database.execute(statement)


def drifted(stage: KnownStage, end: str) -> list[str]:
    odd_things(stage, end)
    stage.make_version_table("0003")
    return ["run", "check", "wait", "plan", "diff"]


def unproven(stage: KnownStage, end: str) -> list[str]:
    odd_things(stage, end)
    return ["run", "check", "plan", "diff --revision 0002"]


def another_constraint_name(stage: KnownStage, end: str) -> list[str]:
    stage.make_exactly("0003")
    key, name = "accounts_pkey", named(f"of_accounts{end}")
    stage.database.execute(f"ALTER TABLE accounts RENAME CONSTRAINT {key} TO {name}")
    return ["run", "check", "diff --revision 0003"]


def unknown_revision(stage: KnownStage, end: str) -> list[str]:
    stage.make_version_table(end[-20:])
    return ["run", "check", "plan"]


def a_schema_that_may_not_be_used(stage: KnownStage, end: str) -> list[str]:
    schema = named(f"theirs{end}")
    stage.database.execute(f"CREATE SCHEMA {schema}")
    stage.database.execute(
        f"ALTER DATABASE {named(stage.database.name)} SET search_path = {schema}"
    )
    stage.database.execute(f"CREATE TABLE {schema}.accounts (id int)")
    return ["run", "check", "plan"]


def a_script_that_prints_and_raises(stage: KnownStage, end: str) -> list[str]:
    body = f"""
        print({end!r}, file=__import__('sys').stderr)
        print('x', end={f"{end}."!r})
        __import__('logging').getLogger('theirs').warning({end!r})
        raise RuntimeError({end!r})
    """
    stage.project.add("0004", "0003", body)
    return ["run", "plan"]


def a_statement_that_fails(stage: KnownStage, end: str) -> list[str]:
    sql = f"SELECT 1 FROM {named('nowhere' + end)}"
    stage.project.add("0004", "0003", f"op.execute({sql!r})")
    return ["run"]


def an_env_that_raises(stage: KnownStage, end: str) -> list[str]:
    stage.project.edit_env("target_metadata = None", f"raise RuntimeError({end!r})")
    return ["run", "check", "plan --sql"]


def an_invalid_index(stage: KnownStage, end: str) -> list[str]:
    stage.make_exactly("0003")
    stage.make_version_table("0003")
    fail_to_build(stage.database)
    stage.database.execute(f"ALTER INDEX ix_names RENAME TO {named(f'ix{end}')}")
    return ["run", "check", "plan", "diff"]


def a_trigger_of_the_version_table(stage: KnownStage, end: str) -> list[str]:
    stage.make_version_table("0003")
    function = named(f"swallow{end}")
    stage.database.execute(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    stage.database.execute(
        f"CREATE TRIGGER {named(f't{end}')} BEFORE INSERT ON alembic_version FOR EACH ROW"
        f" EXECUTE FUNCTION {function}()"
    )
    return ["run", "check", "plan"]


def another_version_table(stage: KnownStage, end: str) -> list[str]:
    schema = named(f"ops{end}")
    table = f"{schema}.{named(f'versions{end}')}"
    stage.database.execute(f"CREATE SCHEMA {schema}")
    stage.database.execute(f"CREATE TABLE {table} (version_num varchar(32) PRIMARY KEY)")
    stage.database.execute(f"INSERT INTO {table} VALUES ('0001')")
    return ["check", "plan", "diff"]


SITUATIONS: list[Situation] = [
    drifted, unproven, another_constraint_name, unknown_revision, a_schema_that_may_not_be_used,
    a_script_that_prints_and_raises, a_statement_that_fails, an_env_that_raises, an_invalid_index,
    a_trigger_of_the_version_table, another_version_table,
]  # fmt: skip
FORMATS = {
    "console": {"HEADSTART_LOG_FORMAT": "console", "HEADSTART_LOG_LEVEL": "debug"},
    "json": {"HEADSTART_LOG_FORMAT": "json", "HEADSTART_LOG_LEVEL": "debug"},
}


@pytest.fixture
def other(known: KnownStage, tmp_path: Path) -> Iterator[KnownStage]:
    """The same project, in a database that has the hostile name itself."""
    server = known.database.server
    name = f"{known.database.name}{FORGED}"
    project = ProjectCopy(tmp_path / "other")
    shutil.copytree(known.project.path, project.path)
    server.execute(f"CREATE DATABASE {named(name)} TEMPLATE template0")
    try:
        yield replace(known, project=project, database=Database(server, name))
    finally:
        server.execute(f"DROP DATABASE IF EXISTS {named(name)} WITH (FORCE)")


def harmful(text: str) -> set[str]:
    """The characters in an output that must not be there."""
    return {c for c in text if unicodedata.category(c) in HARMFUL} - {"\n"}


def outputs(done: Result) -> tuple[str, str]:
    return done.stdout, done.stderr


def ours(output: str) -> list[str]:
    """The lines that begin as only ours do: a traceback's are indented."""
    return [line for line in output.split("\n") if not line.startswith("    ")]


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("form", list(FORMATS))
def test_no_name_and_no_text_from_elsewhere_forges_a_line(
    known: KnownStage, other: KnownStage, situation: Situation, form: str
) -> None:
    verbs = situation(known, "a-harmless-end-of-a-name")
    situation(other, FORGED)
    for verb in verbs:
        output = [] if verb == "run" else ["--output", "json" if form == "json" else "text"]
        verify = "auto" if verb == "wait" else "strict"  # else it waits
        plain, hostile = (
            stage.run(*verb.split(), *output, HEADSTART_VERIFY=verify, **FORMATS[form])
            for stage in (known, other)
        )
        assert hostile.exit_code == plain.exit_code, hostile.stderr
        for mine, theirs in zip(outputs(hostile), outputs(plain), strict=True):
            assert harmful(mine) == set(), verb
            assert len(ours(mine)) == len(ours(theirs)), (verb, mine, theirs)
            assert mine.count("\nready:") == theirs.count("\nready:")


def test_whoever_holds_the_lock_cannot_forge_a_line(known: KnownStage) -> None:
    holder = connect(known.database.parameters, FORGED)
    holder.execute("BEGIN")
    holder.execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")
    with holder:
        for form in FORMATS.values():
            done = known.run(HEADSTART_DEADLINE_SECONDS="1", **form)
            assert done.exit_code == 11
            assert harmful(done.stderr) == set()
            assert "\nready: nothing_to_do" not in done.stderr


def test_sql_that_is_told_can_be_executed_whatever_the_names_are(known: KnownStage) -> None:
    another_constraint_name(known, FORGED)
    asked = known.run("diff", "--revision", "0003")
    assert asked.exit_code == 25
    told = asked.stdout.split("these statements make it exact:\n")[1].split("\n")
    renames = [line.strip() for line in told if line.strip().startswith("ALTER")]
    assert len(renames) == 1
    known.database.execute(renames[0])
    assert known.run("diff", "--revision", "0003").exit_code == 0


def test_the_file_of_fingerprints_has_a_line_for_each_fact(fingerprint: Fingerprinter) -> None:
    """And a diff of it, which a person reviews, has no character that hides something."""
    table = named("t\n+table\tforged\t\ttable\u202e")
    body = f"""
        op.execute({f"CREATE TABLE {table} (id int, x text, d text DEFAULT 'x{FORGED}')"!r})
        op.execute({f"INSERT INTO {table} (id, x) VALUES (1, 'y{FORGED}')"!r})
        op.execute({f"CREATE TYPE mood AS ENUM ('sad{FORGED}')"!r})
        op.execute({f"CREATE VIEW v AS SELECT * FROM {table} WHERE x <> 'z{FORGED}'"!r})
    """
    fingerprint.project.add("0004", "0003", body)
    fingerprint.build()
    assert harmful(fingerprint.text.replace("\t", "")) == set()
    assert "forged" not in {fact.split("\t")[1] for fact in fingerprint.states.lines("0004")}
    (row,) = fingerprint.states.by_name["0004"].rows
    assert row.columns == ("id", "x")
    assert fingerprint("check").exit_code == 0
