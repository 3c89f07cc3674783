"""The same history for each tool, as its own files, and what is done with it."""

from dataclasses import dataclass
from pathlib import Path

ALEMBIC = '''"""{title}"""

from alembic import op

revision = "{revision}"
down_revision = {parent!r}


def upgrade() -> None:
    op.execute("""{up}""")


def downgrade() -> None:
    op.execute("""{down}""")
'''
STEPS = (
    ("CREATE TABLE {table} (id integer PRIMARY KEY)", "DROP TABLE {table}"),
    ("ALTER TABLE {table} ADD note text", "ALTER TABLE {table} DROP note"),
    ("CREATE INDEX {table}_note ON {table} (note)", "DROP INDEX {table}_note"),
    (
        "ALTER TABLE {table} ALTER note SET DEFAULT ''",
        "ALTER TABLE {table} ALTER note DROP DEFAULT",
    ),
)
"""What revisions do most; a table is made by every fourth."""
GONE = (
    "DROP TABLE {old}",
    (
        "CREATE TABLE {old} (id integer PRIMARY KEY, note text);"
        " CREATE INDEX {old}_note ON {old} (note)"
    ),
)
"""In place of the fourth where there are TABLES: an app does not grow as its history does."""
TABLES = 50


@dataclass(frozen=True)
class Step:
    """One revision: its number from 1, and its SQL both ways."""

    number: int
    up: str
    down: str

    @property
    def name(self) -> str:
        """Its id, of a fixed width."""
        return f"{self.number:014}"


def steps(revisions: int) -> list[Step]:
    """A linear history of so many revisions."""
    found = []
    for number in range(revisions):
        up, down = STEPS[number % len(STEPS)]
        made = number // len(STEPS) + 1
        if (number + 1) % len(STEPS) == 0 and made > TABLES:
            up, down = GONE
        names = {"table": f"table_{made}", "old": f"table_{made - TABLES}"}
        found.append(Step(number + 1, up.format(**names), down.format(**names)))
    return found


def write_alembic(folder: Path, history: list[Step]) -> None:
    """Scripts for Alembic, which all that runs it shares."""
    parent = None
    for step in history:
        text = ALEMBIC.format(
            title=f"step {step.number}",
            revision=step.name,
            parent=parent,
            up=step.up,
            down=step.down,
        )
        (folder / f"{step.name}_step.py").write_text(text)
        parent = step.name


def write_dbmate(folder: Path, history: list[Step]) -> None:
    """One file a step, with both ways."""
    for step in history:
        text = f"-- migrate:up\n{step.up};\n\n-- migrate:down\n{step.down};\n"
        (folder / f"{step.name}_step.sql").write_text(text)


def write_goose(folder: Path, history: list[Step]) -> None:
    """One file a step, with both ways."""
    for step in history:
        text = f"-- +goose Up\n{step.up};\n\n-- +goose Down\n{step.down};\n"
        (folder / f"{step.name}_step.sql").write_text(text)


def write_migrate(folder: Path, history: list[Step]) -> None:
    """Two files a step."""
    for step in history:
        (folder / f"{step.name}_step.up.sql").write_text(f"{step.up};\n")
        (folder / f"{step.name}_step.down.sql").write_text(f"{step.down};\n")


def write_yoyo(folder: Path, history: list[Step]) -> None:
    """Two files a step; each depends on the one before."""
    parent = None
    for step in history:
        depends = f"-- depends: {parent}\n" if parent else ""
        name = f"{step.name}_step"
        (folder / f"{name}.sql").write_text(f"{depends}{step.up};\n")
        (folder / f"{name}.rollback.sql").write_text(f"{step.down};\n")
        parent = name
