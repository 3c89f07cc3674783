"""Alembic projects on disk: those of tests/projects, put together for a test to spoil.

`base` in a project's case.toml names folders beside it, the later ones over the earlier ones:
another project ("as that one, but"), or a part that several share, in bases/. To read one whole:
python -m tests.harness.project NAME FOLDER
"""

import shutil
import sys
import tomllib
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from textwrap import dedent, indent

from tests.harness.environment import ROOT

FOLDER = ROOT / "tests" / "projects"
CASE = "case.toml"
REVISIONS = ["0001", "0002", "0003"]
"""The plain project's, in order."""
TABLES = {"accounts", "orders", "invoices"}
"""What they create, in the order of the revisions."""


@dataclass(frozen=True)
class ProjectCopy:
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
        write_anew(file, "\n".join(lines) + "\n")
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
        write_anew(file, text.replace(old, new))


def write_anew(file: Path, text: str) -> None:
    """Write a script that may have been run a moment ago.

    Python takes its compiled form where the size and the second of the change are the same.
    """
    file.write_text(text)
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def copy_plain(path: Path) -> ProjectCopy:
    """Copy the project to a folder that does not exist yet."""
    return ProjectCopy(copy_project("plain", path))


def copied(name: str, folder: Path) -> ProjectCopy:
    """Copy another of tests/projects into a folder."""
    return ProjectCopy(copy_project(name, folder / name))


def files_of(name: str) -> dict[str, Path]:
    """Each file of a project, as its path there, and where its text is."""
    found: dict[str, Path] = {}
    for base in bases_of(name):
        found |= files_of(base)
    return found | own_files(name)


def own_files(name: str) -> dict[str, Path]:
    """The files of a folder alone; its case.toml is about the project and no part of it."""
    folder = FOLDER / name
    assert folder.is_dir(), folder
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    own = {file.relative_to(folder).as_posix(): file for file in files}
    return {path: file for path, file in sorted(own.items()) if path != CASE}


def bases_of(name: str) -> list[str]:
    """What it builds on, none where it has no case.toml."""
    case = FOLDER / name / CASE
    return list(tomllib.loads(case.read_text()).get("base", [])) if case.exists() else []


def copy_project(name: str, folder: Path) -> Path:
    """Put a project together in a folder that does not exist yet, and return the folder."""
    folder.mkdir(parents=True)
    for path, file in files_of(name).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / path)
    return folder


if __name__ == "__main__":
    copy_project(sys.argv[1], Path(sys.argv[2]))
