"""Branches that depend on each other: rows are told, stamped, compared as Alembic writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER, SERVERS
from tests.harness.program import run_headstart
from tests.harness.project import copied
from tests.harness.server import Database, Server, empty_database
from tests.integration.branches_stage import EXPAND_CONTRACT, GRAPH, BranchesStage, ways
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.known_stage import refused

HEADS = {"HEADSTART_TARGET": "heads"}
ALL = ["audit1", "contract2", "expand3"]
"""The version rows of all seven revisions."""


@pytest.fixture(scope="session")
def fingerprints(
    servers: Callable[[str], Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Give the project's fingerprints, built once."""
    project = copied(EXPAND_CONTRACT, tmp_path_factory.mktemp("branches"))
    with empty_database(servers(SERVERS[0])) as scratch:
        fingerprint = Fingerprinter(project, scratch)
        fingerprint.build()
    return fingerprint.text


@pytest.fixture
def stage(database: Database, tmp_path: Path, fingerprints: str) -> BranchesStage:
    """Give the project with its fingerprints, and an empty database."""
    found = BranchesStage(copied(EXPAND_CONTRACT, tmp_path), database)
    found.file.write_text(fingerprints)
    return found


@ON_ONE_SERVER
@pytest.mark.parametrize("first", ["expand", "contract", "audit"])
def test_every_state_is_stamped_as_alembic_stamps_it(stage: BranchesStage, first: str) -> None:
    """On the way to all heads by alembic alone, with a copy that headstart adopts at each step."""
    applied: set[str] = set()
    for revision in ways(first):
        stage.upgrade(revision)
        applied.add(revision)
        with stage.copy() as copy:
            rows = copy.forget()
            assert rows == sorted(GRAPH.heads_of(applied))
            done = copy.run(**HEADS, HEADSTART_VERIFY="strict")
            assert (done.exit_code, done.verdict["outcome"]) == (0, "baselined"), done
            stamped = [e["revisions"] for e in done.events if e["event"] == "baseline_stamped"]
            assert stamped == [rows]
            assert (done.verdict["to"], done.verdict["proof"]) == (ALL, "fingerprint")
            pending = {step["revision"] for step in done.verdict["applied"]}
            assert pending == GRAPH.requirements.keys() - applied
    assert stage.rows() == ALL
    again = stage.run(**HEADS)
    assert (again.verdict["outcome"], again.verdict["proof"]) == ("nothing_to_do", "fingerprint")


OVERLAPS = [("contract1", "expand1"), ("base1", "contract1"), ("audit1", "contract1", "expand2")]


@pytest.mark.parametrize("rows", OVERLAPS, ids="+".join)
def test_overlapping_rows_are_diverged_whoever_asks(
    stage: BranchesStage, rows: tuple[str, ...]
) -> None:
    stage.upgrade(*GRAPH.rows_of(rows))
    stage.database.execute("DELETE FROM alembic_version")
    for row in rows:
        stage.database.execute(f"INSERT INTO alembic_version VALUES ('{row}')")
    before = stage.catalog()
    for verb, target in (
        ("run", "heads"),
        ("check", rows[0]),
        ("plan", "heads"),
        ("wait", "heads"),
    ):
        done = stage.run(verb, HEADSTART_TARGET=target, HEADSTART_WAIT_SECONDS="0.1")
        assert (done.exit_code, done.verdict["outcome"]) == (23, "diverged"), (verb, target)
        assert "headstart diff --revision" in done.verdict["next_step"]
    assert (stage.catalog(), stage.rows()) == (before, sorted(rows))
    assert "overlaps with" in stage.alembic("upgrade", "heads").stderr
    for row in GRAPH.included(rows):
        assert row in done.verdict["next_step"]
        stage.database.execute(f"DELETE FROM alembic_version WHERE version_num = '{row}'")
    assert stage.run(**HEADS).exit_code == 0
    assert stage.rows() == ALL


def test_overlapping_rows_stay_diverged_where_one_more_is_unknown(stage: BranchesStage) -> None:
    stage.upgrade("contract1")
    stage.database.execute("INSERT INTO alembic_version VALUES ('expand1'), ('newer')")
    done = stage.run(**HEADS, HEADSTART_AHEAD="allow")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "diverged")


@pytest.mark.parametrize("rows", ["contract1", "contract1+expand2", "audit1", "heads"])
def test_a_column_that_is_gone_is_never_a_success(stage: BranchesStage, rows: str) -> None:
    target = {"HEADSTART_TARGET": "heads"} if rows == "heads" else {}
    stage.upgrade(*rows.split("+"))
    at = {"HEADSTART_TARGET": "contract1"} | target
    assert stage.run("check", **at).verdict["proof"] == "fingerprint"
    stage.database.execute("ALTER TABLE accounts DROP COLUMN id")
    assert stage.run("check", **at).exit_code == 25
    for verb in ("run", "check", "wait"):
        asked = stage.run(verb, **at, HEADSTART_VERIFY="strict", HEADSTART_WAIT_SECONDS="0.1")
        assert asked.exit_code == 25


@pytest.mark.parametrize("said", ["contract1+expand2", "expand2,contract1", "contract1 expand2"])
def test_several_revisions_are_a_baseline(stage: BranchesStage, said: str) -> None:
    stage.upgrade("contract1", "expand2")
    rows = stage.forget()
    stage.database.execute("ALTER TABLE accounts ADD more text")
    asked = refused(stage, 22, "unproven", **HEADS)
    assert "--revision contract1+expand2" in asked.verdict["next_step"]
    differs = stage.run("diff", "--revision", said, **HEADS)
    assert (differs.exit_code, differs.verdict["extra"]) == (25, ["column accounts.more text"])
    planned = stage.run("plan", "--sql", "--baseline", said, **HEADS)
    done = stage.run(**HEADS, HEADSTART_BASELINE=said)
    assert (done.exit_code, done.verdict["proof"]) == (0, "operator"), done
    assert [e["revisions"] for e in done.events if e["event"] == "baseline_stamped"] == [rows]
    assert stage.rows() == ALL
    # both rows in one transaction, in SQL as well
    stamp = planned.stdout.partition("COMMIT;")[0]
    assert all(f"('{row}')" in stamp for row in rows)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("contract1+expand1", "name contract1"),
        ("base1,expand1,contract1", "name contract1"),
        ("audit@head+contract1", "name audit1"),
    ],
)
def test_a_baseline_that_overlaps_is_refused_before_anything_connects(
    stage: BranchesStage, said: str, says: str
) -> None:
    done = stage.run(**HEADS, HEADSTART_BASELINE=said, PGHOST="nowhere.invalid")
    assert (done.exit_code, done.verdict["outcome"]) == (2, "invalid_settings")
    assert says in done.verdict["next_step"]


def test_one_head_that_includes_the_other_is_told_apart_from_branches(
    stage: BranchesStage,
) -> None:
    stage.project.remove("expand2", "contract2", "expand3", "audit1")
    done = stage.run("plan")
    assert (done.exit_code, done.verdict["outcome"]) == (24, "broken_history")
    assert "set HEADSTART_TARGET=heads" in done.verdict["next_step"]
    assert "merge" not in done.verdict["next_step"]


def test_a_recorded_database_is_named_by_its_rows(stage: BranchesStage) -> None:
    stage.upgrade("contract1", "expand2")
    stage.file.unlink()
    url = stage.database.server.url(dbname=stage.database.name, password="")
    password = {"PGPASSWORD": stage.database.parameters.get("password", "")}
    ini = {"HEADSTART_ALEMBIC_INI": stage.project.ini}

    def record(said: str) -> int:
        arguments = ("fingerprint", "record", "--url", url, "--revision", said)
        return run_headstart(*arguments, env=ini | password).exit_code

    assert record("contract1") == record("contract1+expand1") == 2
    assert record("contract1,expand2") == 0
    assert "revs=contract1,expand2 " in stage.file.read_text()
