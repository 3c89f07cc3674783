"""fleet run with mistakes in what it is told: each is one clear error, and nothing is touched."""

import os
from collections.abc import Mapping
from contextlib import closing

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import ProjectCopy
from tests.harness.server import Database
from tests.integration.fleets import schema_fleet, summary

LONG = "é" * 32
FILES = {
    "no name": ("# none\n\n", "targets names no target"),
    "repeated": ("a\nb\na\n", "targets:3: 'a' is named a second time, first on line 1"),
    "too long": (f"a\n{LONG}\n", "targets:2: 'ééé"),
    "control": ("a\nb\x07c\n", "targets:2: a name holds a control character"),
    "placeholder": ("{target}\n", "targets:1: '{target}' holds {target}"),
    "no text": ("\udcff\n", "cannot be read: it is no text in UTF-8"),
}
QUERIES = {
    "nothing": ("SELECT 'a' WHERE false", "gives no rows"),
    "null": ("SELECT 'a' UNION ALL SELECT NULL", "the name is NULL"),
    "empty": ("SELECT ''", "row 1: a name is empty"),
    "line break": ("SELECT E'a\\nb'", "row 1: a name holds a control character"),
    "two columns": ("SELECT 'a', 'b'", "gives 2 columns"),
    "syntax": ("SELEC 'a'", "failed: "),
    "octets": ("SELECT 'a'::bytea", "row 1: the name is no text"),
    "a list": ("SELECT ARRAY['a', 'b']", "row 1: the name is no text"),
    "a copy": ("COPY (SELECT 'a') TO STDOUT", "failed: "),
    "writes": ("CREATE TABLE written (id int)", "failed: cannot execute CREATE TABLE"),
}
SETTINGS: dict[str, tuple[Mapping[str, str], str]] = {
    "no source": ({"HEADSTART_TARGETS": ""}, "no source of targets"),
    "two sources": ({"HEADSTART_TARGETS_SQL": "SELECT 'a'"}, "are both set"),
    "no template": (
        {"HEADSTART_TARGET_X": "", "HEADSTART_TARGET_VERSION_TABLE": ""},
        "nothing tells one target from another",
    ),
    "two that may be one": (
        {"HEADSTART_TARGET_VERSION_TABLE": ""},
        "nothing says where the version table of each target is",
    ),
    "too long a database": (
        {"HEADSTART_TARGET_URL": f"postgresql://h/{'x' * 63}{{target}}"},
        "the dbname of 'a', ",
    ),
    "not a variable": ({"HEADSTART_TARGET_ENV": "'A B={target}'"}, "expected NAME=VALUE"),
    "ours": ({"HEADSTART_TARGET_ENV": "HEADSTART_X={target}"}, "sets HEADSTART_X"),
    "no table": ({"HEADSTART_TARGET_VERSION_TABLE": "a.b.{target}"}, "expected the name of a"),
    "no url": ({"HEADSTART_TARGET_URL": "{target}"}, "HEADSTART_TARGET_URL does not begin with"),
    "no such file": ({"HEADSTART_TARGETS": "/nowhere/at all"}, "cannot be read"),
    "no such first": ({"HEADSTART_FIRST": "z"}, "HEADSTART_FIRST: 'z' is not among"),
    "no such canary": ({"HEADSTART_CANARY": "a,z"}, "'z' is not among them"),
    "shard": ({"HEADSTART_SHARD": "8/8"}, "HEADSTART_SHARD='8/8' is invalid"),
    "no count": ({"JOB_COMPLETION_INDEX": "1"}, "set HEADSTART_SHARDS to it"),
    "no index": ({"HEADSTART_SHARDS": "3"}, "nothing says which of them"),
    "jobs": ({"HEADSTART_JOBS": "0"}, "expected a number from 1 to 500"),
    "budget": ({"HEADSTART_MAX_FAILURES": "101%"}, "0% to 100%"),
    "report": ({"HEADSTART_REPORT": "/nowhere/report"}, "cannot be written"),
    "embedded": (
        {"HEADSTART_EMBEDDED": "1", "HEADSTART_TARGET_URL": "postgresql://h/{target}"},
        "HEADSTART_EMBEDDED is for one run",
    ),
}


def refusal(
    project: ProjectCopy, database: Database, *argv: str, text: str = "", **environ: str
) -> str:
    """The message with which a fleet is refused, after a look at whether anything was touched."""
    fleet = schema_fleet(project, database, ("a", "b"))
    if text:
        path = project.path / "targets"
        path.write_bytes(text.encode(errors="surrogateescape"))
        environ["HEADSTART_TARGETS"] = str(path.with_name("own"))
        path.rename(path.with_name("own"))
    before = database.query("SELECT count(*) FROM pg_class")
    done = fleet.run(*argv, **environ)
    told = summary(done)
    assert (told["outcome"], told["exit_code"]) == ("invalid_settings", 2), done.stderr
    assert not any(event["event"] == "target_finished" for event in done.events)
    assert database.query("SELECT count(*) FROM pg_class") == before
    assert "s3cr3t" not in done.stderr
    return str(told["error"]["message"]).replace("/own", "/targets")


@ON_ONE_SERVER
@pytest.mark.parametrize("name", FILES)
def test_a_name_that_is_none_is_told_with_its_file_and_line(
    project: ProjectCopy, database: Database, name: str
) -> None:
    text, expected = FILES[name]
    assert expected in refusal(project, database, text=text)


@ON_ONE_SERVER
@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_gives_no_names_is_told(
    project: ProjectCopy, database: Database, name: str
) -> None:
    query, expected = QUERIES[name]
    message = refusal(project, database, "--targets-sql", query, HEADSTART_TARGETS="")
    assert "the query of HEADSTART_TARGETS_SQL" in message
    assert expected in message


@ON_ONE_SERVER
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_say_no_fleet_are_told(
    project: ProjectCopy, database: Database, name: str
) -> None:
    environ, expected = SETTINGS[name]
    assert expected in refusal(project, database, **environ)


@ON_ONE_SERVER
@pytest.mark.parametrize("option", ["--target-url", "--targets-url"])
def test_a_password_in_an_option_is_refused(
    project: ProjectCopy, database: Database, option: str
) -> None:
    given = ("--targets-sql", "SELECT 'a'", option, "postgresql://u:s3cr3t@h/{target}")
    message = refusal(project, database, *given, HEADSTART_TARGETS="")
    assert "which the process list shows" in message


@ON_ONE_SERVER
def test_a_fleets_options_belong_to_a_fleet(project: ProjectCopy, database: Database) -> None:
    fleet = schema_fleet(project, database, ("a",))
    done = fleet.run("--sql")
    assert done.exit_code == 2
    assert "--sql belongs to the verb plan" in done.events[-1]["error"]["message"]


@ON_ONE_SERVER
def test_a_report_does_not_take_the_place_of_the_names(
    project: ProjectCopy, database: Database
) -> None:
    names = project.path / "names"
    names.write_text("a\nb\n")
    link = project.path / "link"
    link.symlink_to(names)
    environ = {"HEADSTART_TARGETS": str(names), "HEADSTART_REPORT": str(link)}
    assert "is the file of HEADSTART_TARGETS" in refusal(project, database, **environ)
    assert names.read_text() == "a\nb\n"


@ON_ONE_SERVER
def test_a_pipe_that_nobody_reads_is_no_report(project: ProjectCopy, database: Database) -> None:
    pipe = project.path / "pipe"
    os.mkfifo(pipe)
    assert "cannot be written" in refusal(project, database, HEADSTART_REPORT=str(pipe))


WITHIN_A_MOMENT = {
    "a time limit": "SET statement_timeout = 50; SELECT pg_sleep(9)::text",
    "somebody's lock": "SET lock_timeout = 50; SELECT id::text FROM held",
    "a snapshot": "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$; SELECT 'a'",
}


@ON_ONE_SERVER
@pytest.mark.parametrize("case", WITHIN_A_MOMENT)
def test_a_query_that_may_do_better_a_moment_later_is_worth_another_try(
    project: ProjectCopy, database: Database, case: str
) -> None:
    database.execute("CREATE TABLE held (id int)")
    fleet = schema_fleet(project, database, ())
    with closing(psycopg2.connect(database.url)) as somebody:
        somebody.cursor().execute("LOCK TABLE held")
        done = fleet.run("--targets-sql", WITHIN_A_MOMENT[case], HEADSTART_TARGETS="")
    told = summary(done)
    assert (told["outcome"], told["exit_code"]) == ("connection_lost", 13), done.stderr
    assert "the query of HEADSTART_TARGETS_SQL" in told["error"]["message"]


@ON_ONE_SERVER
def test_an_env_that_works_in_another_schema_than_the_targets_own_is_refused(
    project: ProjectCopy, database: Database
) -> None:
    """Only its version tables are where they belong: all targets would share their tables."""
    fleet = schema_fleet(project, database, ("a", "b"))
    project.edit_env("SET search_path TO {quoted}", "SET search_path TO public")
    done = fleet.run()
    assert (done.exit_code, summary(done)["outcomes"]) == (27, {"invalid_settings": 2})
    assert 'env.py works in schema "public", and not in "a"' in done.stderr.replace("\\", "")
    assert database.query("SELECT to_regclass('public.accounts')") == [(None,)]
    assert fleet.revisions() == {"a": None, "b": None}
