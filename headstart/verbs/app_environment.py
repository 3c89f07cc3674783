"""What env.py and the scripts find in the environment while they are imported and run.

Most apps' env.py takes the URL from the app's settings class, which reads DATABASE_URL and knows
nothing of the other ways to give us a password. So DATABASE_URL, and what HEADSTART_URL_VARIABLES
names, hold the whole URL for that time, and PGPASSWORD the password, read anew each time. Child
processes that the scripts start get them too; ours start none meanwhile.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from headstart.postgres.connection import ConnectFailed
from headstart.postgres.identity import Purpose
from headstart.postgres.libpq_defaults import libpq_defaults
from headstart.settings.app_url import completed_url, driver_of, leads_to
from headstart.settings.database_url import DatabaseUrl
from headstart.settings.driver_url import PLACE, built_url
from headstart.verbs.task import Task

_ALWAYS = "DATABASE_URL"
_NOT_ASYNC = (None, "psycopg2")


@contextmanager
def app_environment(task: Task, *, driver: str | None = None, connected: bool) -> Iterator[None]:
    """Let the variables hold the URL of the task's database; then they are as they were.

    `driver` is for an env.py that is async and a URL that names no such driver. Where the database
    is `connected`, it is asked for what only libpq finds (a passfile, a service); else that stays
    out. Raises InvalidSettings.
    """
    with _holding(_variables(task, driver, connected=connected)):
        yield


def _variables(task: Task, driver: str | None, *, connected: bool) -> Mapping[str, str]:
    given = task.database()
    known = _known(task, given, connected=connected)
    found = {
        name: _url(os.environ.get(name), given, known, driver)
        for name in (_ALWAYS, *task.settings.url_variables)
    }
    return found | ({"PGPASSWORD": known["password"]} if "password" in known else {})


def _url(own: str | None, given: DatabaseUrl, known: Mapping[str, str], driver: str | None) -> str:
    """What one variable holds: its own text where that leads there, else the source's, completed.

    In the driver that the variable names, if it does, but for one that env.py has refused. The
    password goes to no other server.
    """
    text = own if own is not None and leads_to(own, known) else given.text
    named = driver_of(own) or driver_of(text)
    if named in _NOT_ASYNC:
        named = driver or named
    if text is not None and driver_of(text) == named:
        return completed_url(text, known)
    rest = {name: value for name, value in given.parameters.items() if name not in PLACE}
    return built_url({**known, **rest}, named, given.driver_options)


def _known(task: Task, given: DatabaseUrl, *, connected: bool) -> Mapping[str, str]:
    """Where the database is, as whom, with which password; as far as that is known."""
    known = {name: value for name, value in given.parameters.items() if name in PLACE}
    if "service" not in given.parameters:
        known = {**libpq_defaults(), **known}
    if connected and _asks_libpq(given, known):
        with suppress(ConnectFailed), task.connect(Purpose.READ) as connection:
            known = {**connection.login, **known}
    task.secrets.add(known.get("password"))
    return known


def _asks_libpq(given: DatabaseUrl, known: Mapping[str, str]) -> bool:
    """Whether only a connection tells where it leads, or may have found a password in a file."""
    if not {"host", "dbname", "user"} <= known.keys():
        return True
    passfile = given.parameters.get("passfile") or os.environ.get("PGPASSFILE") or "~/.pgpass"
    return "password" not in known and Path(passfile).expanduser().exists()


@contextmanager
def _holding(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
