"""HEADSTART_AHEAD=auto, for the pods of an app: prove where the image can, else accept."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage
from tests.integration.test_authors_word import newer as applied
from tests.integration.test_newer_database import COLUMN, REFERS, REQUIRED, VERBS, newer

# what is decided here, the server's version has no part in
pytestmark = ON_ONE_SERVER


def told(stage: KnownStage, verb: str) -> tuple[int, str, str]:
    """The exit code, the outcome and the proof that a verb ends with."""
    done = stage.run(verb, HEADSTART_AHEAD="auto", HEADSTART_WAIT_SECONDS="0.1")
    return done.exit_code, done.verdict["outcome"], done.verdict["proof"]


@VERBS
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(COLUMN, (0, "ahead_compatible", "fingerprint"), id="harmless"),
        pytest.param(REFERS, (23, "ahead_unproven", "none"), id="doubtful"),
        pytest.param(REQUIRED, (23, "ahead_incompatible", "none"), id="breaking"),
    ],
)
def test_with_fingerprints_it_proves(
    known: KnownStage, verb: str, statement: str, expected: tuple[int, str, str]
) -> None:
    newer(known, "DELETE FROM accounts", statement)
    assert told(known, verb) == expected


@VERBS
@pytest.mark.parametrize("file", ["none", "stale"])
def test_where_nothing_can_be_proven_it_accepts(known: KnownStage, verb: str, file: str) -> None:
    """No old pod of such an image could start again in the middle of a rollout."""
    newer(known, "DELETE FROM accounts", REQUIRED)
    if file == "none":
        known.file.unlink()
    else:
        known.project.add("0004", "0003", "op.add_column('accounts', sa.Column('b', sa.Text))")
    assert told(known, verb) == (0, "ahead_compatible", "operator")


@VERBS
def test_with_fingerprints_another_apps_database_is_refused(known: KnownStage, verb: str) -> None:
    known.make_version_table("9999")
    assert told(known, verb) == (23, "unknown_revision", "none")


@VERBS
def test_without_fingerprints_what_is_pending_is_not_passed_over(
    known: KnownStage, verb: str
) -> None:
    known.file.unlink()
    assert known.run(HEADSTART_TARGET="0001").exit_code == 0
    known.database.execute("INSERT INTO alembic_version VALUES ('newer')")
    assert told(known, verb) == (23, "unknown_revision", "none")


@VERBS
def test_without_fingerprints_the_newer_authors_no_counts(known: KnownStage, verb: str) -> None:
    applied(known, "pass", top="headstart_compatible = False")
    known.file.unlink()
    assert told(known, verb) == (23, "ahead_incompatible", "none")
