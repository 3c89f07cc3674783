"""A folder that was deleted while headstart was started in it: nothing relative leads anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path

from headstart.settings.declared import SETTINGS, DeclaredSettings
from headstart.verdict.errors import InvalidSettings

_PATH = "PATH"


def leave_gone_folder(settings: DeclaredSettings) -> None:
    """Go where a folder is for sure, if the current one was deleted.

    Raises InvalidSettings if a setting is a path relative to it.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        relative = [
            f"{name}={path!r}" for name, path in _paths(settings) if not Path(path).is_absolute()
        ]
        if relative:
            raise InvalidSettings(
                "the working directory in which headstart was started does not exist any more, and"
                f" {', '.join(relative)} is relative to it",
                next_step="start headstart in a directory that exists, or make the path absolute",
            ) from None
        os.chdir(os.sep)


def _paths(settings: DeclaredSettings) -> Iterator[tuple[str, str]]:
    for setting in SETTINGS:
        unused = setting.field == "embedded_dir" and not settings.embedded
        path = getattr(settings, setting.field) if setting.unit == _PATH and not unused else None
        if path:
            yield setting.environment, path
