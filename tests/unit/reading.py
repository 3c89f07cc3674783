"""Settings as a test reads them: environment, arguments and files are what it gives."""

from collections.abc import Mapping
from typing import Any

import pytest

from headstart.settings.read import Settings, read_settings
from headstart.verdict.errors import InvalidSettings

INI = "[alembic]\nscript_location = alembic\n"
INI_URL = INI + "sqlalchemy.url = postgresql://ini@ini/ini\n"
URL = {"DATABASE_URL": "postgresql://u@h/db"}
Arguments = Mapping[str, str | tuple[str, ...]]


def read(
    environ: Mapping[str, str] = URL,
    arguments: Arguments | None = None,
    files: Mapping[str, str] | None = None,
) -> Settings:
    """Read settings where these files exist."""
    return read_settings(arguments or {}, environ, reader({"alembic.ini": INI} | dict(files or {})))


def reader(files: Mapping[str, str]) -> Any:
    """A read_text for these files."""

    def read_text(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    return read_text


def mistakes(
    environ: Mapping[str, str],
    arguments: Arguments | None = None,
    files: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """The mistakes of settings that are refused."""
    with pytest.raises(InvalidSettings) as caught:
        read(environ, arguments, files)
    return caught.value.mistakes


def parameters(settings: Settings, files: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The parameters that the database's source gives now."""
    return settings.database.resolve(reader(files or {})).parameters
