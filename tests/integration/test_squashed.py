"""A squashed history: its base takes the place of the revisions that it replaces."""

import json

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.recorded import record_of

# what is decided here, the server's version has no part in
pytestmark = ON_ONE_SERVER

BASE = """
    key = sa.Column("id", sa.Integer, primary_key=True)
    op.create_table("accounts", key.copy(), sa.Column("name", sa.Text, nullable=False))
    for table, other in (("orders", "account"), ("invoices", "order")):
        to = sa.ForeignKey(f"{other}s.id")
        column = sa.Column(f"{other}_id", sa.Integer, to, nullable=False)
        op.create_table(table, key.copy(), column)
    """
SEED = "op.execute(\"INSERT INTO accounts (name) VALUES ('seed')\")"
NOTE = 'op.add_column("accounts", sa.Column("note", sa.Text))'
LIST = f"headstart_replaces = {REVISIONS!r}"


def squash(stage: KnownStage, body: str = BASE, top: str = LIST) -> None:
    """Put one revision in the place of all, and a new one after it."""
    for file in stage.project.versions.glob("*.py"):
        file.unlink()
    stage.project.add("s1", None, body, top=top)
    stage.project.add("s2", "s1", NOTE)
    stage.file.unlink()
    rebuild(stage)


@pytest.fixture
def old(known: KnownStage) -> KnownStage:
    """Give a database that the old history has built."""
    assert known.run().exit_code == 0
    return known


def test_the_base_takes_its_place_and_what_is_new_runs(old: KnownStage) -> None:
    squash(old, BASE + SEED)
    asked = old.run("check")
    assert (asked.exit_code, asked.verdict["outcome"]) == (14, "not_ready")
    assert "would replace the version row by s1" in asked.verdict["error"]["message"]
    done = old.run()
    assert (done.exit_code, done.verdict["outcome"]) == (0, "baselined"), done.stderr
    assert (done.verdict["from"], done.verdict["to"]) == (["0003"], ["s2"])
    assert [each["revision"] for each in done.verdict["applied"]] == ["s2"]
    assert done.verdict["proof"] == "fingerprint"
    # what the base would have written is there already, or was never wanted
    assert old.database.query("SELECT count(*) FROM accounts") == [(0,)]
    assert record_of(old.database)["at"] == ["s2"]
    assert old.run().verdict["outcome"] == "nothing_to_do"


@pytest.mark.parametrize("beginning", ["stamped", "built"])
def test_the_way_back_right_after_a_squash_is_proven(known: KnownStage, beginning: str) -> None:
    """Whether the base was stamped in its place, or built an empty database itself."""
    scripts = {file: file.read_text() for file in known.project.versions.glob("*.py")}
    before = known.file.read_text()
    if beginning == "stamped":
        assert known.run().exit_code == 0
    squash(known)
    assert known.run().exit_code == 0
    marks = {each[0]: (each[1], each[2]) for each in record_of(known.database)["chain"]}
    assert marks["s1"] == (["0003"], "+")
    for file in known.project.versions.glob("s*.py"):
        file.unlink()
    for file, text in scripts.items():
        file.write_text(text)
    known.file.write_text(before)
    done = known.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (0, "ahead_compatible"), done.verdict
    assert "unproven_data" not in done.verdict
    told = json.loads(known.run("status", "--output", "json").stdout)
    assert {each["applied"] for each in told["revisions"]} == {True}


def test_plan_writes_the_replacing_row_as_sql(old: KnownStage) -> None:
    squash(old)
    done = old.run("plan", "--sql")
    assert done.exit_code == 0, done.verdict
    assert "SET version_num='s1' WHERE alembic_version.version_num = '0003'" in done.stdout
    assert "CREATE TABLE" not in done.stdout
    old.database.client("psql", "--quiet", "--set=ON_ERROR_STOP=1", stdin=done.stdout)
    assert old.run("check").verdict["outcome"] == "nothing_to_do"


def test_an_empty_database_gets_the_base_itself(known: KnownStage) -> None:
    squash(known, BASE + SEED)
    assert known.run().verdict["outcome"] == "upgraded"
    assert known.database.query("SELECT count(*) FROM accounts") == [(1,)]


def test_a_schema_that_is_not_the_bases_is_refused(old: KnownStage) -> None:
    squash(old)
    old.database.execute("ALTER TABLE accounts ADD more int")
    done = old.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")
    assert "not proven to be what s1 builds" in done.verdict["error"]["message"]
    assert old.rows() == ["0003"]


def test_a_row_that_is_not_the_last_is_refused_on_an_equal_schema(
    known: KnownStage,
) -> None:
    """What the last one does to rows no schema shows, and it has not run."""
    known.project.add("0004", "0003", SEED)
    assert known.run(HEADSTART_TARGET="0003", HEADSTART_VERIFY="off").exit_code == 0
    squash(known, top=f"headstart_replaces = {[*REVISIONS, '0004']!r}")
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")
    assert "'0004' is the last of these" in done.verdict["error"]["message"]
    assert "run the last image that has 0004" in done.verdict["next_step"]
    assert known.rows() == ["0003"]


def test_an_equal_schema_alone_is_no_reason(old: KnownStage) -> None:
    squash(old, top="")
    assert old.run().exit_code == 23
    assert old.rows() == ["0003"]


def test_without_fingerprints_nothing_is_replaced(old: KnownStage) -> None:
    squash(old)
    old.file.unlink()
    done = old.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")
    assert old.rows() == ["0003"]


@pytest.mark.parametrize(
    "top",
    [
        "headstart_replaces = []",
        "headstart_replaces = '0003'",
        "headstart_replaces = [3]",
        "headstart_replaces = list('abc')",
        "headstart_replaces = ['0003', 's1']",
    ],
)
def test_an_unclear_list_is_refused(old: KnownStage, top: str) -> None:
    for file in old.project.versions.glob("*.py"):
        file.unlink()
    old.project.add("s1", None, BASE, top=top)
    for argv in (["run"], ["check", "--image"]):
        done = old.run(*argv)
        assert (done.exit_code, done.verdict["outcome"]) == (24, "broken_history"), done.verdict
        assert "s1.py: headstart_replaces" in done.stdout + done.stderr
    assert old.rows() == ["0003"]
