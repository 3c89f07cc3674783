"""An id that the version table cannot hold is known before the first revision, by every verb."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, TABLES
from tests.integration.stage import Stage
from tests.integration.version_tables import BRIEF, VERBS, told

pytestmark = ON_ONE_SERVER

LONG = "0004_add_a_display_name_to_the_accounts_table"
assert len(LONG) > 32


@pytest.mark.parametrize("before", [None, "0002"], ids=["a new database", "one that is behind"])
def test_a_long_id_is_refused_before_the_first_revision(stage: Stage, before: str | None) -> None:
    if before:
        assert stage.run(HEADSTART_TARGET=before).exit_code == 0
    stage.project.add(LONG, "0003")
    catalog = stage.catalog()
    for verb in VERBS:
        done = stage.run(verb, **BRIEF)
        code, message = told(done)
        assert (code, done.verdict["outcome"]) == (24, "broken_history"), (verb, done.verdict)
        assert f"'{LONG}' has {len(LONG)} characters" in message
        assert message.endswith("take 32" if before is None else "takes 32")
        assert "varchar(128)" in done.verdict["next_step"]
    assert stage.catalog() == catalog


def test_its_cure_is_one(stage: Stage) -> None:
    stage.project.add(LONG, "0003")
    for expected in ("CREATE TABLE", "ALTER TABLE"):
        step = stage.run().verdict["next_step"]
        cure = expected + step.split(expected, 1)[1].split(";")[0]
        stage.database.execute(cure)
        if expected == "CREATE TABLE":
            assert stage.run("check").exit_code == 14
            stage.database.execute("ALTER TABLE alembic_version ALTER version_num TYPE varchar(20)")
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.rows() == [LONG]


WIDTHS = {
    "narrow": ("varchar(3)", "0001", 3),
    "a domain": ("narrow", "0001", 3),
    "a domain of a domain": ("narrower", "0001", 3),
    "just too narrow": (f"varchar({len(LONG) - 1})", LONG, len(LONG) - 1),
}
DOMAINS = "CREATE DOMAIN narrow AS varchar(3); CREATE DOMAIN narrower AS narrow; "


@pytest.mark.parametrize("kind", WIDTHS)
def test_the_width_is_that_of_the_column_that_is_there(stage: Stage, kind: str) -> None:
    column, revision, width = WIDTHS[kind]
    stage.project.add(LONG, "0003")
    stage.database.execute(f"{DOMAINS}CREATE TABLE alembic_version (version_num {column})")
    for verb in VERBS:
        code, message = told(stage.run(verb, **BRIEF))
        assert (code, f"id of revision '{revision}'" in message) == (24, True), message
        assert message.endswith(f"takes {width}")


@pytest.mark.parametrize("column", [f"varchar({len(LONG)})", "text", "varchar", "wide", "name"])
def test_what_fits_is_let_be(stage: Stage, column: str) -> None:
    stage.project.add(LONG, "0003")
    stage.database.execute(
        f"CREATE DOMAIN wide AS text; CREATE TABLE alembic_version (version_num {column})"
    )
    assert stage.run("check").exit_code == 14
    assert [stage.run().exit_code for _ in range(2)] == [0, 0]


WIDENS = {
    "a revision in SQL": "op.execute('ALTER TABLE alembic_version ALTER version_num TYPE text')",
    "a revision by op": "op.alter_column('alembic_version', 'version_num', type_=sa.Text())",
}


@pytest.mark.parametrize("body", WIDENS.values(), ids=WIDENS.keys())
def test_a_revision_that_widens_the_column_comes_before_it(stage: Stage, body: str) -> None:
    """As projects do whose ids have always been long."""
    stage.project.add("0004", "0003", body)
    stage.project.add(LONG, "0004")
    for verb, code in (("plan", 0), ("check", 14), ("run", 0)):
        assert stage.run(verb).exit_code == code
    assert stage.rows() == [LONG]


def test_but_not_after_it(stage: Stage) -> None:
    stage.project.add(LONG, "0003")
    stage.project.add("0005", LONG, WIDENS["a revision in SQL"])
    code, message = told(stage.run())
    assert (code, LONG in message, stage.tables()) == (24, True, set()), message


CONFIGURED = (
    "        with context.begin_transaction():\n            context.run_migrations()\n\n\nif"
)
ENV = {
    "in SQL before": (
        "with connectable.connect() as connection:\n",
        (
            "with connectable.connect() as connection:\n"
            "        connection.exec_driver_sql('CREATE TABLE IF NOT EXISTS alembic_version"
            " (version_num varchar(99) PRIMARY KEY)')\n        connection.commit()\n"
        ),
    ),
    "in SQL, in the transaction of its revisions": (
        "with connectable.connect() as connection:\n",
        (
            "with connectable.begin() as connection:\n"
            "        connection.exec_driver_sql('CREATE TABLE IF NOT EXISTS alembic_version"
            " (version_num varchar(99) PRIMARY KEY)')\n"
        ),
    ),
    "by Alembic's own column": (
        CONFIGURED,
        (
            "        table = context.get_context()._version\n"
            f"        table.c.version_num.type.length = 99\n{CONFIGURED}"
        ),
    ),
    "by an implementation": (
        "target_metadata = None",
        (
            "target_metadata = None\nfrom alembic.ddl.postgresql import PostgresqlImpl\n"
            "def made(self, **options):\n"
            "    table = type(self).__mro__[1].version_table_impl(self, **options)\n"
            "    table.c.version_num.type.length = 99\n    return table\n"
            "PostgresqlImpl.version_table_impl = made\n"
        ),
    ),
}


@pytest.mark.parametrize("how", ENV)
def test_an_env_py_that_makes_it_wider_is_let_be(stage: Stage, how: str) -> None:
    stage.project.edit_env(*ENV[how])
    stage.project.add(LONG, "0003")
    for verb, code in (("check", 14), ("run", 0), ("check", 0)):
        done = stage.run(verb)
        assert done.exit_code == code, done.verdict
    assert stage.rows() == [LONG]


def test_an_env_py_that_makes_it_too_narrow_is_known_as_it_runs(stage: Stage) -> None:
    old, new = ENV["by Alembic's own column"]
    stage.project.edit_env(old, new.replace("= 99", "= 40"))
    stage.project.add(LONG, "0003")
    code, message = told(stage.run())
    assert (code, message.endswith("will take 40")) == (24, True), message
    assert stage.tables() == set()


def test_an_id_that_has_run_needs_no_room(stage: Stage) -> None:
    """Somebody has made the column narrow again; nothing is written any more."""
    stage.project.add(LONG, "0003")
    stage.database.execute("CREATE TABLE alembic_version (version_num text)")
    assert stage.run().exit_code == 0
    stage.project.add("0005", LONG)
    assert stage.run().exit_code == 0
    stage.database.execute("ALTER TABLE alembic_version ALTER version_num TYPE varchar(32)")
    assert [stage.run(verb).exit_code for verb in ("check", "run")] == [0, 0]


def test_what_would_be_stamped_has_to_fit_too(stage: Stage) -> None:
    stage.make_by_hand("0002")
    stage.database.execute("CREATE TABLE alembic_version (version_num varchar(3))")
    code, message = told(stage.run(HEADSTART_BASELINE="0002"))
    assert (code, "id of revision '0002'" in message) == (24, True), message
    assert stage.rows() == []


def test_what_nobody_foresaw_names_the_id_and_its_cure(stage: Stage) -> None:
    """A revision that makes the column narrower; the text of its script names another column."""
    body = "op.execute('ALTER TABLE alembic_version ALTER version_' + 'num TYPE varchar(4)')"
    stage.project.add("0004", "0003", body)
    stage.project.add("0005_long", "0004")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "22001"), ended.verdict
    assert "ALTER TABLE" in ended.verdict["next_step"]
    assert "correct the revision" not in ended.verdict["next_step"]
    assert [step["revision"] for step in ended.verdict["applied"]] == [*REVISIONS, "0004"]
    assert stage.tables() == TABLES | {"alembic_version"}
