"""The verb status: which revisions are applied, when and from which image. It only reads."""

import json
from typing import Any

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.integration.known_stage import KnownStage
from tests.integration.stage import Stage


def status(stage: Stage, **environ: str) -> dict[str, Any]:
    """The answer for programs, with exit code 0."""
    done = stage.run("status", "--output", "json", **environ)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "planned"), done.verdict
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def applied(found: dict[str, Any]) -> dict[str, bool | None]:
    """Of each revision, whether it is applied."""
    return {each["revision"]: each["applied"] for each in found["revisions"]}


def test_people_get_a_table_with_what_is_pending_at_its_end(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0002", HEADSTART_IMAGE_REVISION="v1.4").exit_code == 0
    done = stage.run("status")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0].split() == ["revision", "applied", "(UTC)", "took", "image", "mark", "title"]
    assert [line.split()[0] for line in lines[1:4]] == REVISIONS
    assert ["v1.4" in line for line in lines[1:4]] == [True, True, False]
    assert lines[3].split() == ["0003", "pending", "create", "invoices"]
    assert lines[4:] == [
        "",
        "state:  behind (every version row is an ancestor of the target)",
        "from:   0002",
        "target: 0003",
        "plan:   upgrade, 1 pending",
    ]


@ON_ONE_SERVER
def test_programs_get_the_same_as_fields(stage: Stage) -> None:
    run = stage.run(HEADSTART_TARGET="0002", HEADSTART_IMAGE_REVISION="v1.4")
    found = status(stage)
    assert (found["state"], found["plan"], found["pending"]) == ("behind", "upgrade", ["0003"])
    assert (found["from"], found["target"], found["record"]) == (["0002"], ["0003"], ["0002"])
    assert applied(found) == {"0001": True, "0002": True, "0003": False}
    first = found["revisions"][0]
    assert first["seconds"] <= run.verdict["applied"][0]["seconds"]
    assert (first["image"], first["mark"], first["edited"]) == ("v1.4", "?", False)


@ON_ONE_SERVER
def test_without_a_record_it_says_what_is_applied(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0002", HEADSTART_RECORD="off").exit_code == 0
    found = status(stage)
    assert found["record"] is None
    assert applied(found) == {"0001": True, "0002": True, "0003": False}
    assert "applied_at" not in found["revisions"][0]


@ON_ONE_SERVER
def test_an_empty_database_has_everything_pending_and_it_writes_nothing(stage: Stage) -> None:
    before = stage.catalog()
    found = status(stage)
    assert (found["state"], found["pending"]) == ("empty", REVISIONS)
    assert stage.catalog() == before


@ON_ONE_SERVER
def test_a_script_that_was_edited_since_is_reported_and_not_refused(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    file = next(stage.project.versions.glob("0002*.py"))
    file.write_text(f"{file.read_text()}\n# later\n")
    assert status(stage)["edited"] == ["0002"]
    assert "note:   edited since they were applied: 0002" in stage.run("status").stdout
    assert stage.run().exit_code == 0


@ON_ONE_SERVER
def test_after_the_alembic_command_the_record_is_said_to_be_history(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    assert not status(stage)["record_is_stale"]
    assert stage.alembic("downgrade", "0001").exit_code == 0
    found = status(stage)
    assert found["record_is_stale"]
    assert applied(found) == {"0001": True, "0002": False, "0003": False}
    assert "the alembic command, a role that does not own" in stage.run("status").stdout


@ON_ONE_SERVER
def test_what_a_run_would_refuse_is_part_of_the_answer(stage: Stage) -> None:
    stage.project.add("0004", "0003")
    assert stage.run().exit_code == 0
    stage.project.remove("0004", "0003")
    found = status(stage)
    assert found["plan"] == "refuse"
    assert found["refusal"]["exit_code"] == 23
    assert found["refusal"]["outcome"] == stage.run().verdict["outcome"]
    assert applied(found) == {"0001": True, "0002": True, "0003": True, "0004": True}
    assert [e["revision"] for e in found["revisions"] if not e["in_image"]] == ["0003", "0004"]


@ON_ONE_SERVER
def test_tables_without_a_version_row_are_not_called_applied(known: KnownStage) -> None:
    known.make_exactly("0002")
    found = status(known)
    assert (found["state"], found["plan"], found["baseline"]) == (
        "unversioned",
        "baseline",
        ["0002"],
    )
    assert applied(found) == dict.fromkeys(REVISIONS)


@ON_ONE_SERVER
def test_somebody_elses_comment_is_named_and_not_shown(stage: Stage) -> None:
    stage.make_version_table("0001")
    stage.make_by_hand("0001")
    stage.database.execute("COMMENT ON TABLE alembic_version IS 'a secret of ours'")
    text = stage.run("status").stdout
    assert "note:   no record: its comment is somebody else's" in text
    assert "secret" not in text


@ON_ONE_SERVER
def test_it_runs_no_env_py_and_imports_no_script(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    stage.project.edit_env("config = context.config", "raise RuntimeError('env.py was run')")
    file = next(stage.project.versions.glob("0003*.py"))
    file.write_text(f"{file.read_text()}\nraise RuntimeError('imported')\n")
    assert applied(status(stage)) == dict.fromkeys(REVISIONS, True)


@ON_ONE_SERVER
def test_a_run_in_progress_is_said_and_not_waited_for(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(30)')")
    with stage.start() as run:
        run.await_event("revision_started", revision="0004")
        found = status(stage)
    assert found["run_in_progress"]
    assert applied(found) == dict.fromkeys(REVISIONS, True) | {"0004": False}


@pytest.mark.parametrize(
    ("environ", "code", "outcome"),
    [
        ({"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}, 10, "unreachable"),
        ({"HEADSTART_TARGET": "0009"}, 2, "invalid_settings"),
    ],
)
@ON_ONE_SERVER
def test_what_cannot_be_answered_ends_as_check_does(
    stage: Stage, environ: dict[str, str], code: int, outcome: str
) -> None:
    for verb in ("status", "check"):
        done = stage.run(verb, **environ)
        assert (done.exit_code, done.verdict["outcome"]) == (code, outcome)
    assert stage.run("status", **environ).stdout == ""


@ON_ONE_SERVER
def test_a_role_that_may_read_only_the_version_table_gets_the_answer(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    with stage.login() as role:
        refused = stage.run("status", DATABASE_URL=stage.url_of(role))
        assert refused.exit_code == stage.run("check", DATABASE_URL=stage.url_of(role)).exit_code
        stage.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        found = status(stage, DATABASE_URL=stage.url_of(role))
        assert applied(found) == dict.fromkeys(REVISIONS, True)
        assert found["revisions"][0]["applied_at"]
        stage.database.execute(f"REVOKE SELECT ON alembic_version FROM {role}")


@ON_ONE_SERVER
def test_a_title_is_the_docstrings_first_line_or_what_the_file_is_called(stage: Stage) -> None:
    stage.project.add("0004", "0003", name="0004_no_docstring_here")
    file = stage.project.add("0005", "0004")
    file.write_text("# a comment\n\n" + '"""\nzwei Häuser \x1b[31m\n\nmore"""\n' + file.read_text())
    titles = [each["title"] for each in status(stage)["revisions"]]
    assert titles == [
        "create accounts",
        "create orders",
        "create invoices",
        "no docstring here",
        "zwei Häuser \x1b[31m",
    ]
    assert "zwei Häuser \\x1b[31m" in stage.run("status").stdout
