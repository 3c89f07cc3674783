"""fingerprint build: the file is what the revisions build, and an old state is kept as it is."""

import re
from pathlib import Path

from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.statements.inserted import InsertedRow, digest_of
from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, copied
from tests.harness.server import Database, empty_database
from tests.integration.fingerprinting import (
    ASYNC,
    BRANCHES,
    METADATA,
    Fingerprinter,
    edit,
    replayed,
    with_models,
)

pytestmark = ON_ONE_SERVER


def test_build_writes_the_file_beside_env_py(fingerprint: Fingerprinter) -> None:
    done = fingerprint.build()
    assert replayed(done) == REVISIONS
    assert done.verdict["outcome"] == "fingerprinted"
    assert re.fullmatch(rf"{fingerprint.file} has 3 revisions, \d+ bytes\n", done.stdout)
    assert [(s.name, s.parent, s.via) for s in fingerprint.states.states] == [
        ("0001", None, "upgrade"),
        ("0002", "0001", "upgrade"),
        ("0003", "0002", "upgrade"),
    ]
    assert fingerprint.states.tables == {"accounts", "orders", "invoices"}
    assert "column\taccounts\tid\tinteger not null serial" in fingerprint.states.lines("0001")


def test_what_a_replay_commits_is_nothing_that_the_verdict_calls_applied(
    fingerprint: Fingerprinter,
) -> None:
    done = fingerprint.build()
    assert [e["revision"] for e in done.events if e["event"] == "revision_applied"] == REVISIONS
    assert done.verdict["applied"] == []


def test_build_again_replays_nothing_and_changes_no_byte(fingerprint: Fingerprinter) -> None:
    fingerprint.build()
    before = fingerprint.text
    assert replayed(fingerprint.build()) == []
    assert fingerprint.text == before
    assert fingerprint.build_anew().exit_code == 0
    assert fingerprint.text == before


def test_only_a_new_revision_is_replayed_and_appended(fingerprint: Fingerprinter) -> None:
    fingerprint.build()
    before = fingerprint.others_lines[:-1]  # behind the last line break is nothing
    fingerprint.project.add("0004", "0003", 'op.execute("CREATE TABLE notes (x text)")')
    assert replayed(fingerprint.build()) == ["0004"]
    assert fingerprint.others_lines[: len(before)] == before
    assert "gate\theads\t0004" in fingerprint.gates_lines
    assert list(fingerprint.states.steps) == [*REVISIONS, "0004"]


def differing(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    """The lines that are others now, in pairs."""
    return [(old, new) for old, new in zip(before, after, strict=True) if old != new]


def test_an_edited_script_that_builds_the_same_changes_its_digest_only(
    fingerprint: Fingerprinter,
) -> None:
    fingerprint.build()
    before, gate = fingerprint.others_lines, fingerprint.gates_lines
    edit(fingerprint.project, '"""create orders"""', '"""create the orders"""')
    assert fingerprint.build_anew().exit_code == 0
    changed = differing(before, fingerprint.others_lines)
    assert len(changed) == 1
    kinds = [old.split("\t")[1] for old, _ in differing(gate, fingerprint.gates_lines)]
    assert kinds == ["scripts", "body"]
    assert {re.sub("file=[0-9a-f]+", "", text) for text in changed[0]} == {
        re.sub("file=[0-9a-f]+", "", changed[0][0])
    }


def test_an_edited_script_that_builds_another_schema_is_refused(
    fingerprint: Fingerprinter,
) -> None:
    fingerprint.build()
    before = fingerprint.text
    edit(fingerprint.project, "nullable=False", "nullable=True")
    done = fingerprint.build_anew()
    assert (done.exit_code, done.verdict["outcome"]) == (24, "stale_fingerprints")
    message = done.verdict["error"]["message"]
    assert "0002: its script was edited and builds another schema now" in message
    assert "~ column account_id: expected  integer not null" in done.stdout
    assert fingerprint.text == before
    assert "--replace" in done.verdict["next_step"]


def test_replace_forgets_what_is_on_file(fingerprint: Fingerprinter) -> None:
    fingerprint.build()
    before = fingerprint.text
    edit(fingerprint.project, "nullable=False", "nullable=True")
    assert fingerprint.build_anew("--replace").exit_code == 0
    assert fingerprint.text != before
    assert "column\torders\taccount_id\tinteger" in fingerprint.states.lines("0002")
    assert list(fingerprint.states.steps) == REVISIONS


def test_a_script_that_depends_on_its_environment_is_refused(fingerprint: Fingerprinter) -> None:
    fingerprint.project.add(
        "0004",
        "0003",
        """
        import os
        op.execute(f"CREATE TABLE notes (x {os.environ['NOTES_TYPE']})")
        """,
    )
    fingerprint.build(NOTES_TYPE="text")
    before = fingerprint.text
    done = fingerprint.build_anew(NOTES_TYPE="integer")
    assert done.exit_code == 24
    assert (
        "0004: its script is as it was and builds another schema"
        in (done.verdict["error"]["message"])
    )
    assert fingerprint.text == before


def test_create_all_is_recorded_as_a_variant_once(fingerprint: Fingerprinter) -> None:
    with_models(fingerprint.project)
    fingerprint.build("--create-all")
    (variant,) = fingerprint.states.variants
    assert (variant.name, *variant.revisions) == ("0003~create_all", "0003")
    assert any("of_order" in line for line in variant.delta.added)
    before = fingerprint.text
    fingerprint.build("--create-all")
    assert fingerprint.text == before


def test_create_all_that_equals_head_is_no_variant(fingerprint: Fingerprinter) -> None:
    with_models(fingerprint.project, METADATA.replace(', name="of_order"', ""))
    fingerprint.build("--create-all")
    assert list(fingerprint.states.variants) == []


def test_create_all_needs_models(fingerprint: Fingerprinter) -> None:
    done = fingerprint("build", "--create-all")
    assert done.exit_code == 2
    assert "target_metadata" in done.verdict["error"]["message"]


def test_branches_are_replayed_one_after_another(database: Database, tmp_path: Path) -> None:
    project = copied(BRANCHES, tmp_path)
    project.remove("0003", "0004")
    fingerprint = Fingerprinter(project, database)
    fingerprint.build()
    heads = [sorted(state.revisions) for state in fingerprint.states.states]
    assert heads[0] == ["0001"]
    assert heads[2] == ["0002a", "0002b"]
    assert fingerprint("check").exit_code == 0


def test_branches_that_were_built_apart_and_merged_in_git_are_built_on(
    database: Database, tmp_path: Path
) -> None:
    """Both sides appended a state to the file; git keeps both, and the merge comes after them."""
    project = copied(BRANCHES, tmp_path)
    fingerprint = Fingerprinter(project, database)
    kept = {path: path.read_text() for path in project.versions.glob("*.py")}
    parts = {}
    for other in ("0002a", "0002b"):
        project.remove("0003", "0004", other)
        with empty_database(database.server) as scratch:
            Fingerprinter(project, scratch).build("--replace")
        parts[other] = fingerprint.text
        for path, text in kept.items():
            path.write_text(text)
    begin, _, mine = parts["0002a"].partition("state 0002b")
    _, _, theirs = parts["0002b"].partition("state 0002a")
    fingerprint.file.write_text(f"{begin}state 0002b{mine}state 0002a{theirs}")
    done = fingerprint("build")
    assert done.exit_code == 0, done.verdict
    assert list(fingerprint.states.steps) == ["0001", "0002b", "0002a", "0003", "0004"]


def test_an_async_env_is_replayed(database: Database, tmp_path: Path) -> None:
    fingerprint = Fingerprinter(copied(ASYNC, tmp_path), database)
    fingerprint.build()
    assert list(fingerprint.states.steps) == REVISIONS
    assert fingerprint.states.by_name["0003"].delta.added


def test_a_file_that_is_broken_is_built_anew(fingerprint: Fingerprinter) -> None:
    """As the message of a broken file asks for."""
    fingerprint.build()
    before = fingerprint.text
    fingerprint.file.write_text(before.replace("state 0002", "<<<<<<< HEAD\nstate 0002"))
    assert fingerprint.build_anew("--replace").exit_code == 0
    assert fingerprint.text == before


def test_a_file_of_another_normal_form_is_built_anew(fingerprint: Fingerprinter) -> None:
    """As a stale file asks for."""
    fingerprint.build()
    before = fingerprint.text
    ours, other = (f'"normal_form": {number}' for number in (NORMAL_FORM, NORMAL_FORM - 1))
    assert ours in before
    fingerprint.file.write_text(before.replace(ours, other))
    done = fingerprint.build_anew()
    assert done.exit_code == 0, done.verdict
    assert fingerprint.text == before


def test_a_revision_changes_rows_and_the_file_says_which(fingerprint: Fingerprinter) -> None:
    fingerprint.project.add(
        "0004", "0003", "op.execute(\"INSERT INTO accounts (name) VALUES ('admin')\")"
    )
    fingerprint.build()
    state = fingerprint.states.by_name["0004"]
    assert (state.effect.value, *state.tables) == ("data", "accounts")
    assert state.rows == (InsertedRow("accounts", ("name",), digest_of(["admin"])),)
    assert "admin" not in fingerprint.text
