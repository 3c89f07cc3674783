"""No function that a real server calls volatile is taken for harmless, unless there is a reason."""

from collections.abc import Callable

import pytest

from headstart.fingerprint.statements.known_functions import HARMLESS
from headstart.fingerprint.statements.sql_tables import is_known_function
from tests.harness.server import Database

CLOCK = "another value each time, of no row"
SEQUENCE = "takes a number, which no row and no table depends on"
LOCK = "holds a lock"
SESSION = "of this session only"
SIZE = "reads sizes of files"

REASONS = {
    **dict.fromkeys(("clock_timestamp", "timeofday", "random", "gen_random_uuid"), CLOCK),
    **dict.fromkeys(("uuidv4", "uuidv7", "pg_sleep"), CLOCK),
    **dict.fromkeys(("nextval", "currval", "lastval"), SEQUENCE),
    **dict.fromkeys(("setseed", "set_config", "current_query"), SESSION),
    **dict.fromkeys(("pg_advisory_lock", "pg_advisory_unlock", "pg_advisory_xact_lock"), LOCK),
    **dict.fromkeys(("pg_try_advisory_lock", "pg_try_advisory_xact_lock"), LOCK),
    **dict.fromkeys(("pg_relation_size", "pg_total_relation_size"), SIZE),
}


def of_the_list(name: str) -> bool:
    """But for pg_..: these look after the server itself, and none writes the rows of a table."""
    return HARMLESS.fullmatch(name) is not None and not name.startswith("pg_")


@pytest.mark.parametrize("is_harmless", [of_the_list, is_known_function])
def test_a_harmless_function_is_not_volatile_but_for_a_reason(
    database: Database, is_harmless: Callable[[str], bool]
) -> None:
    rows = database.query(
        "SELECT proname, bool_or(provolatile = 'v') FROM pg_catalog.pg_proc"
        " WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY proname"
    )
    harmless = {name: volatile for name, volatile in rows if is_harmless(name)}
    assert len(harmless) > 200
    assert {name for name, volatile in harmless.items() if volatile} - REASONS.keys() == set()
