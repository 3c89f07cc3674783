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
from headstart.postgres.guards import DRIVERS_CONNECT_SECONDS
from headstart.postgres.identity import Purpose
from headstart.postgres.libpq_defaults import libpq_defaults
from headstart.settings.app_url import completed_url, leads_to
from headstart.settings.database import Database
from headstart.settings.database_url import DatabaseUrl, InvalidUrl, parse_database_url
from headstart.settings.driver_url import PLACE, built_url
from headstart.verbs.task import Task

_ALWAYS = "DATABASE_URL"
_TIMEOUT = "PGCONNECT_TIMEOUT"


@contextmanager
def app_environment(task: Task, *, connected: bool) -> Iterator[None]:
    """Let the variables hold the URL of the task's database; then they are as they were.

    Where the database is `connected`, it is asked for what only libpq finds (a passfile, a
    service); else that stays out. Raises InvalidSettings.
    """
    with _holding(_variables(task, connected=connected)):
        yield


def _variables(task: Task, *, connected: bool) -> Mapping[str, str]:
    database = task.database()
    place = _place(task, database.parameters, connected=connected)
    urls = {
        name: _url(_own(name, database.url), database, place)
        for name in (_ALWAYS, *task.settings.url_variables)
    }
    password = {"PGPASSWORD": place["password"]} if "password" in place else {}
    # else a mute address would keep env.py's driver for as long as the network likes
    limited = {} if os.environ.get(_TIMEOUT) else {_TIMEOUT: DRIVERS_CONNECT_SECONDS}
    return urls | password | limited


def _own(variable: str, source: DatabaseUrl) -> DatabaseUrl | None:
    """The URL in a variable of the user's; None if there is none that we can read."""
    text = os.environ.get(variable)
    if text is None or text == source.text:
        return None if text is None else source
    try:
        return parse_database_url(text, variable)
    except InvalidUrl:
        return None


def _url(own: DatabaseUrl | None, database: Database, place: Mapping[str, str]) -> str:
    """The URL for a variable: its own if it leads to this database, else the source's, completed.

    Its driver is the one that the variable names. The password goes to no other server.
    """
    url = own if own is not None and leads_to(own, place) else database.url
    named = (own and own.driver) or url.driver
    if url.written is not None and url.driver == named:
        return completed_url(url, place)
    rest = {name: value for name, value in database.parameters.items() if name not in PLACE}
    return built_url({**place, **rest}, named, database.url.driver_options)


def _place(task: Task, parameters: Mapping[str, str], *, connected: bool) -> Mapping[str, str]:
    """Host, port, database, user and password, as far as they are known."""
    place = {name: value for name, value in parameters.items() if name in PLACE}
    if "service" not in parameters:
        place = {**libpq_defaults(), **place}
    if connected and _asks_libpq(parameters, place):
        with suppress(ConnectFailed), task.try_connect(Purpose.READ) as connection:
            place = {**connection.login, **place}
    task.secrets.add(place.get("password"))
    return place


def _asks_libpq(parameters: Mapping[str, str], place: Mapping[str, str]) -> bool:
    """Whether only a connection tells where it leads, or may have found a password in a file."""
    if not {"host", "dbname", "user"} <= place.keys():
        return True
    passfile = parameters.get("passfile") or os.environ.get("PGPASSFILE") or "~/.pgpass"
    return "password" not in place and Path(passfile).expanduser().exists()


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
