"""What is said where another table has the version rows: it can be done as it is written."""

from headstart.decision.elsewhere import _cure
from headstart.facts.state import VersionTable


def test_of_many_tables_a_few_are_named_and_the_others_counted() -> None:
    cure = _cure(tuple(VersionTable(f"t{number}", "alembic_version") for number in range(7)))
    named = [f"HEADSTART_VERSION_TABLE=t{number}.alembic_version" for number in range(5)]
    assert f": {' or '.join(named)}, or one of 2 more; if the version table" in cure
