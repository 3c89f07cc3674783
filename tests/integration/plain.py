"""A copy of tests/projects/plain (`alembic init`, three revisions) for a test to spoil."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from tests.projects.files import copy_project

REVISIONS = ["0001", "0002", "0003"]
"""The plain project's, in order."""
TABLES = {"accounts", "orders", "invoices"}
"""What they create, in the order of the revisions."""


@dataclass(frozen=True)
class PlainProject:
    """An Alembic project in a folder of the test's own."""

    path: Path

    @property
    def ini(self) -> str:
        """The path of its alembic.ini."""
        return str(self.path / "alembic.ini")

    @property
    def versions(self) -> Path:
        """The folder of its revisions."""
        return self.path / "alembic" / "versions"

    def add(
        self,
        revision: str,
        parent: str | None,
        body: str = "pass",
        *,
        top: str = "",
        name: str = "",
    ) -> Path:
        """Write a revision with this upgrade(); `top` is module level; return its file."""
        file = self.versions / f"{name or revision}.py"
        lines = [
            "import sqlalchemy as sa",
            "from alembic import context, op",
            f"revision = {revision!r}",
            f"down_revision = {parent!r}",
            dedent(top),
            "def upgrade():",
            indent(dedent(body).strip(), "    "),
        ]
        file.write_text("\n".join(lines) + "\n")
        return file

    def remove(self, *revisions: str) -> None:
        """Take revisions out of the image."""
        for revision in revisions:
            next(self.versions.glob(f"{revision}*.py")).unlink()

    def edit_env(self, old: str, new: str) -> None:
        """Replace a text of env.py that must be there."""
        file = self.path / "alembic" / "env.py"
        text = file.read_text()
        assert old in text, old
        file.write_text(text.replace(old, new))


def copy_plain(path: Path) -> PlainProject:
    """Copy the project to a folder that does not exist yet."""
    return PlainProject(copy_project("plain", path))
