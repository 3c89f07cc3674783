"""The one way in which alembic.ini, SQL files and secrets are read."""

import os
from pathlib import Path


def read_text(path: str) -> str:
    """Read a text file in UTF-8.

    Raises OSError, in which the path is absolute and a lack of permission names the user.
    """
    try:
        return Path(path).absolute().read_text(encoding="utf-8")
    except PermissionError as error:
        reason = f"{error.strerror} for user {os.geteuid()}"
        raise PermissionError(error.errno, reason, error.filename) from None
