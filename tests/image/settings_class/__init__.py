"""An image of tests/projects/fastapi_settings, whose env.py has its URL from a settings class."""

import shutil
from pathlib import Path

from tests.harness.project import copy_project

HERE = Path(__file__).parent


def make_context(folder: Path) -> Path:
    """Make the folder that the image is built from; it names its base as build argument BASE."""
    copy_project("fastapi_settings", folder)
    for name in ("Dockerfile", "requirements.txt"):
        shutil.copy(HERE / name, folder)
    return folder
