"""A project's case.toml: how it is run, and how that must end; and what its files say of revisions.

A folder without a case.toml is other tests' material.
"""

import ast
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.harness.project import CASE, FOLDER, files_of


@dataclass(frozen=True)
class Case:
    """One project and what is expected of it; see docs/projects/env-py.md for what it stands for.

    `mode` is how env.py lets the revisions run, empty where it is refused before that is known.
    `middle` is the revision from which it is run too. `environ` may hold {url} and the parts of
    it; `prepare` is SQL that a superuser runs on each empty database first; `same` are queries
    whose rows must be equal, `leaves` is the revision at which a failure leaves the database
    (empty: at none), `leaves_too` what is there beside it. `elsewhere` asks for a second database,
    {elsewhere_url}, in which nothing may happen. `pooled`: it is run behind PgBouncer, too. `base`
    is what its files build on, see files.py.
    """

    name: str
    about: str
    mode: str = ""
    middle: str = ""
    target: str = "head"
    driver: str = "psycopg2"
    x: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    same: tuple[str, ...] = ()
    applied: tuple[str, ...] | None = None
    outcome: str = "upgraded"
    exit_code: int = 0
    says: str = ""
    next_step_says: str = ""
    leaves: str = ""
    leaves_too: str = ""
    plan_sql: bool = False
    dump_owners: bool = False
    elsewhere: bool = False
    pooled: bool = False
    base: tuple[str, ...] = ()

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """Its files, and where the text of each is."""
        return files_of(self.name)

    @property
    def succeeds(self) -> bool:
        """Whether headstart has to do what Alembic does."""
        return self.exit_code == 0

    @cached_property
    def parents(self) -> Mapping[str, frozenset[str]]:
        """Each revision with what must be applied before it, as the files say."""
        files = [file for path, file in self.files.items() if path.endswith(".py")]
        return dict(found for file in files if (found := _revision_in(file.read_text())))

    def applied_after(self, start: str) -> set[str]:
        """What a run to the target applies on a database at `start`; "" is an empty one."""
        every = self.parents if self.applied is None else self.applied
        return set(every) - self.with_ancestors([start] if start else [])

    def with_ancestors(self, revisions: Iterable[str]) -> set[str]:
        """All that is applied where these are."""
        found: set[str] = set()
        waiting = list(revisions)
        while waiting:
            revision = waiting.pop()
            found.add(revision)
            waiting.extend(self.parents[revision] - found)
        return found


def read_cases() -> list[Case]:
    """Every project that has a case.toml."""
    return [_read(file) for file in sorted(FOLDER.glob(f"*/{CASE}"))]


def _read(file: Path) -> Case:
    given = tomllib.loads(file.read_text())
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return Case(file.parent.name, **values)


def _revision_in(source: str) -> tuple[str, frozenset[str]] | None:
    """Read the names that Alembic reads, where they are literals."""
    names = {}
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(targets[0], ast.Name):
            names[targets[0].id] = node.value
    if not {"revision", "down_revision"} <= names.keys():
        return None
    needed = [*_literals(names["down_revision"]), *_literals(names.get("depends_on"))]
    return _literals(names["revision"])[0], frozenset(needed)


def _literals(node: ast.expr | None) -> tuple[str, ...]:
    value = None if node is None else ast.literal_eval(node)
    return tuple(value or ()) if not isinstance(value, str) else (value,)
