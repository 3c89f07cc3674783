"""A stage with the project expand_contract, and the `alembic` command on its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from headstart.facts.state import History
from tests.harness.server import empty_database
from tests.integration.known_stage import KnownStage

EXPAND_CONTRACT = "expand_contract"
GRAPH = History(
    {
        "base1": frozenset(),
        "expand1": frozenset({"base1"}),
        "contract1": frozenset({"base1", "expand1"}),
        "expand2": frozenset({"expand1"}),
        "contract2": frozenset({"contract1", "expand2"}),
        "expand3": frozenset({"expand2"}),
        "audit1": frozenset({"expand1", "contract1"}),
    },
    frozenset({"contract2", "expand3", "audit1"}),
)
"""The project's, as its files say it."""


@dataclass(frozen=True)
class BranchesStage(KnownStage):
    """The project expand_contract with its fingerprints; the target is all heads."""

    def upgrade(self, *targets: str) -> None:
        """Run `alembic upgrade` to each of these, which has to succeed."""
        for target in targets:
            done = self.alembic("upgrade", target)
            assert done.exit_code == 0, done.stderr

    @contextmanager
    def copy(self) -> Iterator["BranchesStage"]:
        """Give a stage with a copy of the database."""
        with empty_database(self.database.server, self.database.name) as made:
            yield replace(self, database=made)

    def forget(self) -> list[str]:
        """Drop the version table; gives the rows that it had."""
        rows = self.rows()
        assert rows is not None
        self.database.execute("DROP TABLE alembic_version")
        return rows


def ways(first: str) -> Iterator[str]:
    """All revisions, those of one branch as early as that can be."""
    applied: set[str] = set()
    needed = GRAPH.requirements
    while left := [each for each in needed if each not in applied and needed[each] <= applied]:
        applied.add(revision := min(left, key=lambda each: (first not in each, each)))
        yield revision
