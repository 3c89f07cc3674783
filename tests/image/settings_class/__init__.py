"""An image of tests/projects/fastapi_settings, whose env.py has its URL from a settings class."""

import shutil
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1] / "projects" / "fastapi_settings"


def make_context(folder: Path) -> Path:
    """Make the folder that the image is built from; it names its base as build argument BASE."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Dockerfile", "requirements.txt"):
        shutil.copy(HERE / name, folder)
    return folder
