"""Where the database is: the settings of headstart itself, from the environment.

The job and the app read the same variables with the same code, so that they cannot mean two
databases. See "Settings" in docs/reference.md.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import URL, make_url

from headstart.process.files import read_text
from headstart.settings.driver_url import sqlalchemy_url
from headstart.settings.read import Settings, read_settings

FindUrl = Callable[[], URL]
"""Gives the URL for asyncpg, anew at every connection: a mounted secret may have been rotated."""


def read_database(environ: Mapping[str, str]) -> FindUrl:
    """Read the settings and try them. Raises headstart.errors.InvalidSettings."""
    settings = read_settings({}, environ, read_text)

    def find_url() -> URL:
        return make_url(sqlalchemy_url(_parameters(settings), "asyncpg"))

    find_url()
    return find_url


def _parameters(settings: Settings) -> Mapping[str, str]:
    if settings.embedded:
        # development only: the image does not have what this imports
        from headstart.dev.embedded import start_embedded

        return start_embedded(settings.embedded_dir)
    return settings.database.resolve(read_text).parameters
