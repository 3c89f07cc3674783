"""Where headstart says yes, nothing of the app fails; where it says no, something does.

docs/rolling-back-proof.md has what was said and what failed; `python -m tests.newer` writes it.
"""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.conftest import SERVERS
from tests.harness.server import Database, empty_database
from tests.newer.change import Answer, Change
from tests.newer.changes import CHANGES
from tests.newer.page import PAGE, page, row
from tests.newer.proof import Proof, prove
from tests.newer.statements import STATEMENTS

NEWEST = SERVERS[-1]
EVERYWHERE = 5
"""Of so many changes one is played on the older server, too."""
PLAYED = [(NEWEST, each) for each in CHANGES] + [
    (server, each) for server in SERVERS[:-1] for each in CHANGES[::EVERYWHERE] if each.since < 18
]


@pytest.mark.parametrize(("server", "change"), PLAYED, ids=lambda each: getattr(each, "name", each))
def test_a_yes_never_fails_and_a_no_always_does(
    server: str, change: Change, template: Callable[[str], Database]
) -> None:
    base = template(server)
    with empty_database(base.server, base.name) as database:
        proof = prove(database, change)
    assert (proof.answer, complaint(change, proof)) == (change.answer, ""), proof
    if server == NEWEST:
        assert row(change, proof) in PAGE.read_text().splitlines(), (
            "python -m tests.newer writes it"
        )


def complaint(change: Change, proof: Proof) -> str:
    """What is wrong with an answer."""
    if proof.answer is Answer.YES and proof.failed:
        return "a wrong yes"
    if change.says and not any(change.says in sentence for sentence in proof.sentences):
        return f"nothing says: {change.says}"
    if proof.answer is Answer.NO and bool(proof.failed) == bool(change.unshown):
        return "shown, and a reason why not" if proof.failed else "nothing fails"
    return ""


def test_there_are_enough_of_each() -> None:
    counts = Counter(each.answer for each in CHANGES)
    assert counts.total() >= 250
    assert min(counts.values()) >= 60
    assert len({each.name for each in CHANGES}) == len(CHANGES)
    assert len(STATEMENTS) >= 40


def test_the_page_has_no_other_rows() -> None:
    text = PAGE.read_text()
    rows = [line for line in text.split("## Each change")[1].splitlines() if line[:2] == "| "][1:]
    assert page(rows) == text
    assert [each[2:].split(" | ")[0] for each in rows] == [each.name for each in CHANGES]


def test_a_failure_would_be_seen(template: Callable[[str], Database]) -> None:
    """The app is really run: what refuses one statement is named by its driver."""
    base = template(NEWEST)
    sql = "ALTER TABLE settings ADD CONSTRAINT c CHECK (key <> 'n') NOT VALID"
    with empty_database(base.server, base.name) as database:
        proof = prove(database, Change("", Answer.NO, sql))
    assert proof.failed == ("upsert_settings",)
    assert {"psycopg2", "asyncpg"} == {driver for driver, each in proof.failures.items() if each}
