"""Whose failure it is where a function of the database raised: the revision's, or a freeze's."""

import pytest

from headstart.decision.left_behind import unless_forbidden
from headstart.verdict.errors import RevisionFailed, ServerFailed

FROZEN = {"the freeze": "closed", "another": "seen"}
FROM_THE_TRIGGER = (
    "PL/pgSQL function closed() line 1 at RAISE",
    "fonction PL/pgSQL closed(), ligne 1 à RAISE",
    "PL/pgSQL function ops.closed() line 1 at RAISE",
    'SQL statement "CREATE TABLE t ()"\nPL/pgSQL function closed() line 3 at RAISE',
)
FROM_ELSEWHERE = (
    "",
    "PL/pgSQL function is_closed() line 1 at RAISE",
    "PL/pgSQL function closed_on(date) line 1 at RAISE",
    "PL/pgSQL function inline_code_block line 1 at RAISE",
)


def failed(context: str, sqlstate: str = "P0001") -> RevisionFailed:
    error = RevisionFailed("revision 0004: no", sqlstate=sqlstate, statement="CREATE TABLE t ()")
    error.raised_in = context
    return error


@pytest.mark.parametrize("context", FROM_THE_TRIGGER)
def test_what_an_event_trigger_forbids_is_the_databases_and_names_it(context: str) -> None:
    found = unless_forbidden(failed(context), FROZEN)
    assert isinstance(found, ServerFailed)
    assert 'the event trigger "the freeze"' in str(found)
    assert (found.sqlstate, found.statement) == ("P0001", "CREATE TABLE t ()")


@pytest.mark.parametrize("context", FROM_ELSEWHERE)
def test_what_another_function_raises_is_the_revisions(context: str) -> None:
    error = failed(context)
    assert unless_forbidden(error, FROZEN) is error


def test_the_author_of_a_trigger_chooses_the_sqlstate() -> None:
    error = failed(FROM_THE_TRIGGER[0], sqlstate="42501")
    assert isinstance(unless_forbidden(error, FROZEN), ServerFailed)
