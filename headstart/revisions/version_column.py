"""How wide version_num will be: as Alembic would make it, and what scripts may make of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.facts.state import ALEMBICS_WIDTH, VersionColumn
from headstart.patterns import pattern
from headstart.revisions.project import Project
from headstart.revisions.script_source import mentions

_NAMES_IT = pattern("version_num")
_MAKES_IT = pattern(r"version_num|version_table_impl|\b_version\b")
"""What an env.py says that makes the table itself, or tells Alembic how."""


def width_made_by(context: Any) -> int | None:
    """Characters of version_num in the table that Alembic would make; None for no limit.

    `context` is its MigrationContext, as env.py has configured it (and changed it, maybe).
    """
    length = getattr(context._version.c.version_num.type, "length", None)
    return length if isinstance(length, int) else None


def as_scripts_make_it(project: Project, column: VersionColumn) -> VersionColumn:
    """The column with what env.py and the scripts may change of it, judging by their text.

    Each script is read for it: ask only if an id is too long.
    """
    if not column.exists and column.width == ALEMBICS_WIDTH and env_makes_table(project):
        column = replace(column, width=None)  # by SQL, in a transaction of its own, say
    return replace(column, widened_by=widening_revisions(project))


def widening_revisions(project: Project) -> frozenset[str]:
    """The revisions whose scripts name the column, and so may make it wider."""
    return frozenset(
        script.revision for script in project.scripts if mentions(Path(script.path), _NAMES_IT)
    )


def env_makes_table(project: Project) -> bool:
    """Whether env.py may make the version table itself, or wider than Alembic does."""
    file = Path(project.directory.env_py_location)
    return not file.is_file() or mentions(file, _MAKES_IT)
