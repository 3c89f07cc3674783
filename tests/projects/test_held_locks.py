"""What each revision of a project held until its COMMIT on what existed before.

`make bench-locks` prints it for every project.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.projects.case import read_cases
from tests.projects.conftest import MakeDatabase
from tests.projects.playground import SOMEBODYS, copy_of, in_use

CASES = {case.name: case for case in read_cases()}
BOTH = "ShareRowExclusive"
ACCESS = "AccessExclusive"
NOTHING: dict[str, Any] = {"locks": {}}
HELD: dict[str, dict[str, dict[str, Any]]] = {
    # one transaction holds all: its last revision tells for all
    "advisory_lock_in_transaction": {"0001": {}, "0002": {}, "0003": NOTHING},
    "app_engine": {
        "0001": NOTHING,
        "0002": {"locks": {"books": BOTH}},
        "0003": {"locks": {"books": ACCESS}},
    },
    "async_template_asyncpg": {
        "0001": NOTHING,
        "0002": {"locks": {"books": BOTH}},
        "0003": {"locks": {"books": ACCESS}},
    },
    "autogenerate_options": {
        "0001": NOTHING,
        "0002": {"locks": {"accounts": ACCESS}},
        "0003": {"locks": {"accounts": BOTH}},
        "0004": {"locks": {"accounts": ACCESS, "orders": ACCESS}},
    },
    "concurrent_index": {
        "0001": NOTHING,
        "0002": {"locks": {}, "locks_in_part": True},
        "0003": {"locks": {"accounts": BOTH}},
        "0004": {"locks": {"orders": ACCESS}, "locks_in_part": True},
    },
    "include_schemas": {
        "0001": NOTHING,
        "0002": NOTHING,
        "0003": {"locks": {"shop.orders": BOTH}},
    },
    "no_metadata": {
        "0001": NOTHING,
        "0002": {"locks": {"accounts": BOTH}},
        "0003": {"locks": {"orders": "Share"}},
    },
    "own_commit": {
        "0001": NOTHING,
        "0002": {"locks": {"books": BOTH, "search_words": "Share"}},
        "0003": {"locks": {"books": BOTH}},
    },
}
"""What the verdict has to say of a few kinds, from their first revision on."""


@pytest.mark.parametrize("name", HELD)
def test_what_is_told_of_each_revision(
    name: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    case, database = in_use(CASES[name]), make_database()
    database.execute(SOMEBODYS)
    if case.prepare:
        database.execute(case.prepare)
    ended = copy_of(case, tmp_path / name).headstart(database, elsewhere=make_database().url)
    told = {
        step["revision"]: {key: step[key] for key in ("locks", "locks_in_part") if key in step}
        for step in ended.verdict["applied"]
    }
    assert told == HELD[name]
