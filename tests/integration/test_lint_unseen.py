"""plan --lint: what cannot be seen is said, and so is what it needs; nothing is passed over."""

import json
import os
import venv
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import PROGRAMS, ROOT
from tests.harness.program import run_program
from tests.harness.result import Result
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def answer(stage: Stage, *bodies: str) -> dict[str, Any]:
    """Give the JSON of a plan for these revisions, where accounts has rows."""
    stage.run()
    stage.database.execute("INSERT INTO accounts (name) SELECT 'a' FROM generate_series(1, 100)")
    for number, body in enumerate(bodies, start=4):
        stage.project.add(f"{number:04}", f"{number - 1:04}", body)
    ended = stage.run("plan", "--lint", "--output", "json")
    assert ended.exit_code == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


BLIND = {
    "asks and goes on": (
        'if op.get_bind().execute(sa.text("SELECT 1")): op.drop_column("accounts", "name")',
        "it asks the database (SELECT ...), which decides what else it does",
    ),
    "asks for rows": (
        "op.get_bind().execute(sa.select(sa.literal(1))).scalar()",
        "it asks the database (SELECT ...)",
    ),
    "inspects": (
        "sa.inspect(op.get_bind()).get_table_names()",
        "it cannot be rendered to SQL any further: NoInspectionAvailable",
    ),
    "raises": ('raise RuntimeError("not offline")', "RuntimeError: not offline"),
    "does nothing offline": (
        "if context.is_offline_mode(): return\nop.drop_table('accounts')",
        "it renders no SQL",
    ),
    "a block of code": (
        "op.execute(\"DO $$ BEGIN EXECUTE 'DROP TABLE accounts'; END $$\")",
        "line 1 of its SQL executes code that squawk does not look into",
    ),
    "a function": (
        'op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; SELECT f()")',
        "line 1 of its SQL calls f(), which squawk does not look into",
    ),
    "a function for each row": (
        "op.execute('UPDATE orders SET id = public.f(id)')",
        "line 1 of its SQL calls public.f(), which squawk does not look into",
    ),
    "no SQL": ('op.execute("ALTER TABLE accounts ADDD x int")', "squawk cannot read line 1"),
}


@pytest.mark.parametrize("kind", BLIND)
def test_what_is_not_seen_of_a_revision_is_said(stage: Stage, kind: str) -> None:
    body, why = BLIND[kind]
    found = answer(stage, body, 'op.drop_column("accounts", "name")')
    assert [each["revision"] for each in found["lint_unread"]] == ["0004"]
    assert why in found["lint_unread"][0]["why"]
    assert ("0005", "ban-drop-column") in [(e["revision"], e["rule"]) for e in found["lint"]]
    shown = stage.run("plan", "--lint").stdout
    assert f"0004 is not looked at whole: {found['lint_unread'][0]['why']}" in shown


def test_what_comes_before_a_question_is_looked_at(stage: Stage) -> None:
    found = answer(
        stage, 'op.drop_column("accounts", "name")\nop.get_bind().execute(sa.text("SHOW x")).one()'
    )
    assert [each["rule"] for each in found["lint"]] == ["ban-drop-column"]
    assert "SHOW" in found["lint_unread"][0]["why"]


def test_text_shows_the_table_beside_the_finding(stage: Stage) -> None:
    answer(stage, 'op.create_index("i", "accounts", ["name"])\nop.drop_table("invoices")')
    stage.database.execute("ANALYZE accounts")
    lines = stage.run("plan", "--lint").stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("lint:   0004 require-"))
    assert lines[at + 1] == "        line 1: CREATE INDEX i ON accounts (name);"
    assert lines[at + 2].startswith("        public.accounts: about 100 rows, ")
    assert "lint:   1 finding left out: the table is new or empty" in lines


def test_no_value_of_a_statement_is_shown(stage: Stage) -> None:
    body = "op.execute(\"ALTER TABLE accounts ADD s text DEFAULT random()::text || 'hush'\")"
    found = answer(stage, body)
    assert found["lint"][0]["statement"].endswith("|| '?';")
    assert "hush" not in stage.run("plan", "--lint").stdout


def test_a_finding_that_somebody_has_looked_at_is_silent(stage: Stage) -> None:
    body = 'op.execute("-- squawk-ignore ban-drop-column\\nALTER TABLE accounts DROP COLUMN name")'
    assert answer(stage, body)["lint"] == []


def test_a_settings_file_of_squawk_is_not_read(stage: Stage) -> None:
    (stage.project.path / ".squawk.toml").write_text('excluded_rules = ["ban-drop-column"]')
    answer(stage, 'op.drop_column("accounts", "name")')
    shown = stage.run_shell(f"cd {stage.project.path} && headstart plan --lint")
    assert "ban-drop-column" in shown.stdout


def test_rows_of_a_table_that_was_never_analyzed_are_those_counted(stage: Stage) -> None:
    found = answer(stage, 'op.drop_column("accounts", "name")')
    assert found["lint"][0]["rows"] == 100
    assert found["lint"][0]["bytes"] > 0


def test_a_table_made_if_it_is_not_there_is_not_new_if_it_is(stage: Stage) -> None:
    """squawk takes it for new within that revision, which is said; the next one has a finding."""
    found = answer(
        stage,
        'op.execute("CREATE TABLE IF NOT EXISTS accounts (id int)")',
        'op.create_index("i", "accounts", ["name"])',
    )
    assert [each["rule"] for each in found["lint"]] == ["require-concurrent-index-creation"]
    assert [each["why"] for each in found["lint_unread"]] == [
        "line 1 of its SQL creates a table that is there already, which squawk takes for a new one"
    ]


def test_a_name_is_looked_for_as_the_connection_does(stage: Stage) -> None:
    """Another schema's table of the same name, with its rows, is not the one that is empty."""
    stage.database.execute("CREATE SCHEMA other; CREATE TABLE other.orders AS SELECT 1 AS id")
    found = answer(
        stage,
        'op.create_index("i", "orders", ["id"])',
        'op.create_index("j", "orders", ["id"], schema="other")',
    )
    assert [each["table"] for each in found["lint"]] == ["other.orders"]
    assert [each["table"] for each in found["lint_left_out"]] == ["public.orders"]


def test_a_percent_sign_is_one_also_without_the_template_s_dialect_options(stage: Stage) -> None:
    stage.project.edit_env('        dialect_opts={"paramstyle": "named"},\n', "")
    body = "op.execute(\"ALTER TABLE accounts ADD CHECK (name LIKE '50%' OR id % 2 = 0)\")"
    found = answer(stage, body)
    assert [each["rule"] for each in found["lint"]] == ["constraint-missing-not-valid"]
    assert found["lint_unread"] == []


def test_nothing_is_pending(stage: Stage) -> None:
    found = answer(stage)
    assert (found["lint"], found["lint_unread"]) == ([], [])
    assert "lint:   no finding that counts in 0 pending" in stage.run("plan", "--lint").stdout


def test_a_role_that_may_only_read_the_version_table_may_ask(stage: Stage) -> None:
    answer(stage, 'op.drop_column("accounts", "name")')
    with stage.login() as role:
        stage.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        ended = stage.run("plan", "--lint", DATABASE_URL=stage.url_of(role))
    assert "about 100 rows" in ended.stdout


def test_it_changes_nothing(stage: Stage) -> None:
    answer(stage, 'op.drop_column("accounts", "name")')
    before = stage.catalog()
    stage.run("plan", "--lint")
    assert (stage.catalog(), stage.rows()) == (before, ["0003"])


def test_sql_and_lint_are_asked_for_one_at_a_time(stage: Stage) -> None:
    ended = stage.run("plan", "--lint", "--sql")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--sql and --lint are given" in ended.verdict["error"]["message"]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Give a Python that has what ours has, except for programs."""
    folder = tmp_path / "bare"
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python3*/site-packages"))
    installed = Path(sqlalchemy.__file__).parents[1]
    (packages / "others.pth").write_text(f"{installed}\n{ROOT}\n")
    return folder / "bin" / "python"


def asked_with(python: Path, stage: Stage, *argv: str, path: str = os.defpath) -> Result:
    """Run plan with another Python."""
    environ = {
        "DATABASE_URL": stage.database.url,
        "HEADSTART_ALEMBIC_INI": stage.project.ini,
        "PATH": path,
    }
    return run_program(python, "-m", "headstart", "plan", *argv, env=environ)


def test_without_squawk_the_error_says_what_to_install(stage: Stage, bare: Path) -> None:
    ended = asked_with(bare, stage, "--lint")
    assert (ended.exit_code, ended.outcome) == (2, "invalid_settings")
    assert "squawk, which is not installed" in ended.verdict["error"]["message"]
    assert "pip install 'headstart[lint]'" in ended.verdict["next_step"]
    assert asked_with(bare, stage).exit_code == 0


def test_squawk_is_found_in_the_path_too(stage: Stage, bare: Path, tmp_path: Path) -> None:
    (tmp_path / "squawk").symlink_to(PROGRAMS / "squawk")
    answer(stage, 'op.drop_column("accounts", "name")')
    assert "ban-drop-column" in asked_with(bare, stage, "--lint", path=str(tmp_path)).stdout


def test_a_squawk_that_does_not_fit_is_named(stage: Stage, bare: Path, tmp_path: Path) -> None:
    """Another version may refuse the names of our rules; it sees nothing of our environment."""
    program = tmp_path / "squawk"
    program.write_text('#!/bin/sh\necho "unknown rule, ${DATABASE_URL-no URL}" >&2; exit 2\n')
    program.chmod(0o755)
    answer(stage, 'op.drop_column("accounts", "name")')
    ended = asked_with(bare, stage, "--lint", path=str(tmp_path))
    assert ended.exit_code == 2
    message = ended.verdict["error"]["message"]
    assert message == "--lint: squawk cannot be used: unknown rule, no URL"
