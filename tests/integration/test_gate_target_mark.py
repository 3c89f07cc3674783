"""The mark of a target: who writes it, what it is bound to, and that no other gate heeds it."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from headstart.decision.target_state import Proven
from headstart.facts.target import TargetPlace
from tests.conftest import ON_ONE_SERVER
from tests.harness.project import ProjectCopy
from tests.harness.server import Database
from tests.integration.gate_stage import assert_closed, assert_open, opened, unfit_because
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.recorded import record_of
from tests.integration.tenant_stage import (
    CHOOSING,
    CONNECTED,
    TABLE,
    Counted,
    Tenants,
    kind_of,
    tenants_of,
    word,
)

pytestmark = ON_ONE_SERVER
PUBLIC = {"HEADSTART_VERSION_TABLE": "public.alembic_version"}


@pytest.fixture
def tenants(known: KnownStage) -> Tenants:
    """Two tenants, each proven."""
    tenants = tenants_of(known)
    tenants.prove("a", "b")
    return tenants


def header(stage: KnownStage, name: str) -> list[str] | None:
    """The values of a line of the header; None where there is none."""
    lines = (line.split("\t") for line in stage.file.read_text().splitlines())
    return next((values for _, key, *values in filter(is_gates, lines) if key == name), None)


def is_gates(parts: list[str]) -> bool:
    """Whether a line is one of the gate's."""
    return parts[0] == "gate"


def test_its_words_are_those_of_the_ordinary_one_and_a_digest(tenants: Tenants) -> None:
    record = record_of(tenants.database, f"a.{TABLE}")
    assert "proof" not in record
    words = r"1 \S+ [0-9a-f]{32} \d+ \d+ \d+ \d+ \d+ \S+ [0-9a-f]{16}"
    assert re.fullmatch(words, record["target"])


def test_an_ordinary_gate_never_answers_by_it(tenants: Tenants) -> None:
    """With the very schema in its search_path, and an operator's word for leaving env.py out."""
    separator = "&" if "?" in tenants.database.url else "?"
    url = f"{tenants.database.url}{separator}options={quote('-csearch_path=a')}"
    assert_closed(tenants, DATABASE_URL=url, HEADSTART_GATE="on")
    assert_closed(tenants, "check", "run", **tenants.told("a"))


def test_a_new_run_writes_it_again_only_where_it_differs(tenants: Tenants) -> None:
    def written() -> Any:
        return tenants.database.query(
            "SELECT xmin FROM pg_description WHERE objoid = 'a.alembic_version'::regclass"
        )

    before = written()
    assert tenants.run_for("a").exit_code == 0
    assert written() == before
    tenants.database.execute("ALTER TABLE a.accounts ALTER name SET STATISTICS 7")
    assert tenants.told_of(["a", "b"]) == {"a": "changed", "b": "proven"}
    assert tenants.run_for("a").exit_code == 0
    assert tenants.told_of(["a", "b"]) == {"a": "proven", "b": "proven"}


COMMENTS = {"none": ("NULL", "proven"), "somebody's": ("'ours é'", "unproven")}


@pytest.mark.parametrize("whose", list(COMMENTS))
def test_it_is_written_where_no_comment_of_somebody_elses_is_in_its_place(
    tenants: Tenants, whose: str
) -> None:
    comment, expected = COMMENTS[whose]
    tenants.database.execute(f"COMMENT ON TABLE a.{TABLE} IS {comment}")
    assert tenants.told_of(["a"]) == {"a": "unproven"}
    assert tenants.run_for("a").exit_code == 0
    assert tenants.told_of(["a"]) == {"a": expected}


def test_the_name_of_an_extensions_schema_counts_though_no_history_names_it(
    tenants: Tenants,
) -> None:
    tenants.database.execute("CREATE SCHEMA ext; CREATE EXTENSION vector SCHEMA ext")
    tenants.prove("c")
    tenants.database.execute("CREATE SCHEMA more")
    assert tenants.told_of(["a", "c"]) == {"a": "changed", "c": "proven"}
    tenants.database.execute("ALTER SCHEMA ext RENAME TO extensions")
    assert tenants.told_of(["c"]) == {"c": "changed"}


def test_of_a_run_that_works_elsewhere_than_in_the_named_table_there_is_none(
    tenants: Tenants,
) -> None:
    tenants.make("c")
    told = tenants.told("c") | {"HEADSTART_VERSION_TABLE": f"a.{TABLE}"}
    tenants.run(**told)
    assert tenants.told_of(["a", "c"]) == {"a": "proven", "c": "unproven"}


def test_a_role_of_another_name_heeds_it_in_a_check_alone(tenants: Tenants) -> None:
    tenants.database.execute("CREATE ROLE other_admin SUPERUSER LOGIN PASSWORD 's3cret'")
    try:
        url = tenants.database.url_of("other_admin")
        assert tenants.told_of(["a"], DATABASE_URL=url) == {"a": "unproven"}
        (answer,) = tenants.look(["a"], runs=False, DATABASE_URL=url).values()
        assert answer.standing == Proven()
    finally:
        tenants.database.execute("DROP ROLE other_admin")


def test_the_ordinary_mark_and_a_targets_stand_beside_each_other(known: KnownStage) -> None:
    """A job of its own and a fleet may both work in schema public."""
    opened(known)
    assert known.run(**PUBLIC).exit_code == 0
    assert_open(known)
    fleet = Tenants(known.project, known.database)
    place = TargetPlace("public", "public", TABLE)
    assert fleet.told_of([place]) == {"public": "proven"}
    known.database.execute("CREATE SCHEMA somebodys")  # closes the gate, and changes no target
    opened(known)
    assert fleet.told_of([place]) == {"public": "proven"}
    # a change: whoever runs first writes one of them, and never one that is not its own
    known.database.execute("ALTER TABLE accounts ALTER name SET STATISTICS 7")
    opened(known)
    assert fleet.told_of([place]) == {"public": "changed"}
    assert known.run(**PUBLIC).exit_code == 0
    assert fleet.told_of([place]) == {"public": "proven"}
    assert_open(known)


def test_a_new_one_differs_by_its_transaction_and_its_number(tenants: Tenants) -> None:
    mark = record_of(tenants.database, f"a.{TABLE}")["target"]
    tenants.database.execute("ALTER TABLE a.accounts ALTER name SET STATISTICS 7")
    assert tenants.run_for("a").exit_code == 0
    again = record_of(tenants.database, f"a.{TABLE}")["target"]
    assert [one == other for one, other in zip(mark.split(" "), again.split(" "), strict=True)] == [
        *(True,) * 7, False, False, True,
    ]  # fmt: skip


def with_variable(project: ProjectCopy) -> None:
    """Let env.py learn the tenant from its environment."""
    chosen = CHOOSING.replace('context.get_x_argument(as_dictionary=True)["tenant"]', "TENANT")
    project.edit_env(CONNECTED, chosen)
    project.edit_env(
        "from alembic import context\n",
        'import os\n\nfrom alembic import context\n\nTENANT = os.environ["TENANT"]\n',
    )


def test_what_env_py_reads_of_its_environment_is_in_the_digest(known: KnownStage) -> None:
    with_variable(known.project)
    rebuild(known, TENANT="public")
    assert header(known, "target") == ["TENANT"]
    tenants = Tenants(known.project, known.database)
    tenants.make("a")
    table = {"HEADSTART_VERSION_TABLE": f"a.{TABLE}"}
    assert tenants.run(**table, TENANT="a").exit_code == 0
    told = {
        "right": {"TENANT": "a"},
        "wrong": {"TENANT": "b"},
        "none": {},
    }
    places = [
        tenants.place("a", name=name, x=(), environment=environment)
        for name, environment in told.items()
    ]
    assert tenants.told_of(places) == {"right": "proven", "wrong": "unproven", "none": "unproven"}


@pytest.mark.parametrize("name", ["DB_PASSWORD", "api_key", "OTHER_URL"])
def test_what_may_be_a_secret_goes_into_no_digest(known: KnownStage, name: str) -> None:
    """The digest is in a comment that everybody may read."""
    read = f"import os\n\nfrom alembic import context\n\nos.environ.get({name!r})\n"
    known.project.edit_env("from alembic import context\n", read)
    rebuild(known)
    assert f"reads {name}" in (unfit_because(known) or "")
    assert header(known, "target") is None


OTHER_WORK = {
    "SQL of its own": ("connection.commit()\n", "connection.execute(text('SELECT 1'))\n"),
    "another configure": ("connection.commit()\n", "context.configure(connection=connection)\n"),
}


@pytest.mark.parametrize("what", list(OTHER_WORK))
def test_env_py_that_does_more_than_to_choose_a_schema_needs_an_operators_word(
    known: KnownStage, what: str
) -> None:
    found, more = OTHER_WORK[what]
    known.project.edit_env(CONNECTED, CHOOSING.replace(found, f"{more}        {found}"))
    rebuild(known, HEADSTART_X="tenant=public")
    assert header(known, "target") is None
    tenants = Tenants(known.project, known.database)
    tenants.prove("a")
    assert tenants.told_of(["a"]) == {"a": "unproven"}
    assert tenants.run_for("a", HEADSTART_GATE="on").exit_code == 0
    assert tenants.told_of(["a"], HEADSTART_GATE="on") == {"a": "proven"}


MEANWHILE = {
    "locked": (f"BEGIN; LOCK TABLE a.{TABLE} IN ACCESS EXCLUSIVE MODE", "in_progress"),
    "dropped": (f"DROP TABLE a.{TABLE}", "missing"),
    "replaced": (
        f"ALTER TABLE a.{TABLE} RENAME TO kept; CREATE TABLE a.{TABLE} AS TABLE a.kept",
        "failed",
    ),
    "without its column": (f"ALTER TABLE a.{TABLE} DROP version_num", "other_column"),
}


@pytest.mark.parametrize("what", list(MEANWHILE))
def test_what_happens_to_one_after_the_catalog_was_read_hides_no_other(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    sql, expected = MEANWHILE[what]
    with closing(psycopg2.connect(tenants.database.url)) as somebody:
        somebody.autocommit = True
        monkeypatch.setattr(Counted, "execute", after_the_catalog(somebody, sql))
        told = tenants.told_of(["b", "a"])
    assert told == {"b": "proven", "a": expected}


def after_the_catalog(somebody: Any, sql: str) -> Callable[..., Any]:
    """As Counted.execute, and somebody does this before the rows are read first."""
    execute, done = Counted.execute, [False]

    def executing(self: Counted, statement: str, **options: Any) -> Any:
        if kind_of(statement) == "rows" and not done[0]:
            done[0] = True
            somebody.cursor().execute(sql)
        return execute(self, statement, **options)

    return executing


def test_while_an_ordinary_run_is_at_work_nobody_is_called_proven(tenants: Tenants) -> None:
    """It may be at work on any of them; who is behind is so all the same."""
    tenants.database.execute(f"UPDATE b.{TABLE} SET version_num = '0003'")
    key = int.from_bytes(b"headstrt")
    with closing(psycopg2.connect(tenants.database.url)) as runner:
        runner.cursor().execute(f"SELECT pg_advisory_xact_lock({key})")
        assert tenants.told_of(["a", "b"]) == {"a": "in_progress", "b": "behind"}


@pytest.mark.parametrize("key", [7, -7, -(2**63), 2**63 - 1])
def test_whose_own_lock_is_held_is_in_progress(tenants: Tenants, key: int) -> None:
    places = [tenants.place("a", lock_key=key), tenants.place("b", lock_key=8)]
    with closing(psycopg2.connect(tenants.database.url)) as runner:
        runner.cursor().execute(f"SELECT pg_advisory_xact_lock({key})")
        assert tenants.told_of(places) == {"a": "in_progress", "b": "proven"}


def test_a_database_that_was_copied_proves_nothing(tenants: Tenants, database: Database) -> None:
    name = f"{database.name}_copy"
    database.server.execute(f"CREATE DATABASE {name} TEMPLATE {database.name}")
    try:
        copy = Tenants(tenants.project, Database(database.server, name))
        assert {word(each) for each in copy.look(["a", "b"]).values()} == {"unproven"}
    finally:
        database.server.execute(f"DROP DATABASE {name} WITH (FORCE)")
