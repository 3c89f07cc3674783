"""The image's ENTRYPOINT: hands over to headstart.

An empty working directory means the project beside this file: in the image that of this repository,
until somebody puts one of their own into /app.
"""

import os
from pathlib import Path

from headstart.cli import main


def is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except PermissionError:  # somebody's, then; what is wrong with it is said later
        return False


if __name__ == "__main__":
    if is_empty(Path.cwd()):
        os.chdir(Path(__file__).resolve().parent)
    main()
