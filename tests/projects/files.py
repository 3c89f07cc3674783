"""The files of a project: those of its bases, and over them what its own folder holds.

`base` in its case.toml names folders beside it, the later ones over the earlier ones: another
project ("as that one, but"), or a part that several share, in bases/. To read one whole:
python -m tests.projects.files NAME FOLDER
"""

import shutil
import sys
import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent
CASE = "case.toml"


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
