"""What people read of a revision that has failed before: how often, and what ran it."""

import pytest

from headstart.decision.failures import failure_in, note_of_failure
from headstart.facts.applied_record import AppliedRecord, Failed, NoRecord

DIGEST = "81d269e63f39"


@pytest.mark.parametrize(
    ("what", "digest", "told"),
    [
        ("v2", DIGEST, "run from the image v2, and"),
        (DIGEST, DIGEST, f"run from the script that this image has (its digest: {DIGEST}), and"),
        (DIGEST, "", f"run from another script (its digest: {DIGEST}), or the image {DIGEST}, and"),
        ("", DIGEST, "run from a script that could not be read, and"),
    ],
)
def test_what_ran_it_is_named_as_what_it_is(what: str, digest: str, told: str) -> None:
    assert told in note_of_failure(Failed("b", what, 2), digest)


def test_once_is_once() -> None:
    assert note_of_failure(Failed("b", "v2", 1)).startswith("b has failed once, run from")


def test_what_is_applied_by_now_is_no_failure() -> None:
    record = AppliedRecord(failed=Failed("b", "v2", 2))
    assert failure_in(record, {"a"}) == Failed("b", "v2", 2)
    assert failure_in(record, {"a", "b"}) is None
    assert failure_in(NoRecord.ANOTHERS, {"a"}) is None
