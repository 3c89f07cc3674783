"""A role with an awkward password, and every documented way to tell headstart of it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness.project import ProjectCopy
from tests.harness.server import Database, a_role

PASSWORDS = ["p%40$w@/:'\"ü", "a b\\c?d#e&f%zz+g{}`!", "100%$x"]
PASSWORD = PASSWORDS[0]

Login = Mapping[str, str]
"""libpq's parameters, the password included."""


@pytest.fixture(params=PASSWORDS[:1])
def login(request: pytest.FixtureRequest, database: Database) -> Iterator[Login]:
    """Give a role of the test's own that may create tables and has such a password."""
    with a_role(database, "app", password=request.param) as role:
        database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        yield database.parameters | {"user": role, "password": request.param}


def url_of(login: Login, password: str | None = None) -> str:
    """The URL of a login, its password written as given or percent-encoded."""
    written = quote(login["password"], safe="") if password is None else password
    secret = f":{written}" if written else ""
    return f"postgresql://{login['user']}{secret}@{login['host']}:{login['port']}/{login['dbname']}"


def raw_url(login: Login) -> str:
    """The URL with the password as it is, but for what would read as an encoded character."""
    return url_of(login, login["password"].replace("%", "%25"))


def libpq_environment(login: Login) -> dict[str, str]:
    """PG* without the password."""
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
    return {name: login[parameter] for name, parameter in names.items()}


def file_with(folder: Path, text: str) -> str:
    """A mounted secret."""
    file = folder / "secret"
    file.write_text(text + "\n")
    file.chmod(0o600)
    return str(file)


def passfile_with(folder: Path, login: Login) -> str:
    """A passfile of libpq's."""
    escaped = login["password"].replace("\\", "\\\\").replace(":", "\\:")
    return file_with(folder, f"*:*:*:*:{escaped}")


def service_with(folder: Path, login: Login) -> str:
    """A service file of libpq's, with a service called app."""
    names = ("host", "port", "user", "dbname", "password")
    lines = [f"{name}={login[name]}" for name in names]
    return file_with(folder, "\n".join(["[app]", *lines]))


def ini_with(project: ProjectCopy, url: str) -> dict[str, str]:
    """Write the URL into alembic.ini; nothing is left for the environment to say."""
    ini = Path(project.ini)
    lines = [line for line in ini.read_text().splitlines() if "sqlalchemy.url" not in line]
    lines.insert(lines.index("[alembic]") + 1, f"sqlalchemy.url = {url}")
    ini.write_text("\n".join(lines) + "\n")
    return {}


SOURCES: dict[str, Callable[[Login, Path, ProjectCopy], dict[str, str]]] = {
    "url": lambda login, *_: {"DATABASE_URL": url_of(login)},
    "raw url": lambda login, *_: {"DATABASE_URL": raw_url(login)},
    "url for asyncpg": lambda login, *_: {
        "DATABASE_URL": url_of(login).replace("://", "+asyncpg://", 1)
    },
    "url file": lambda login, folder, _: {"DATABASE_URL_FILE": file_with(folder, url_of(login))},
    "ini": lambda login, _, project: ini_with(project, url_of(login)),
    "ini doubled": lambda login, _, project: ini_with(project, url_of(login).replace("%", "%%")),
    "ini raw": lambda login, _, project: ini_with(project, raw_url(login)),
    "password file": lambda login, folder, _: {
        "DATABASE_URL": url_of(login, ""),
        "PGPASSWORD_FILE": file_with(folder, login["password"]),
    },
    "PGPASSWORD": lambda login, *_: libpq_environment(login) | {"PGPASSWORD": login["password"]},
    "PG* and password file": lambda login, folder, _: (
        libpq_environment(login) | {"PGPASSWORD_FILE": file_with(folder, login["password"])}
    ),
    "url without user": lambda login, folder, _: {
        "DATABASE_URL": f"postgresql://{login['host']}:{login['port']}/{login['dbname']}",
        "PGUSER": login["user"],
        "PGPASSWORD_FILE": file_with(folder, login["password"]),
    },
    "url and PGPASSWORD": lambda login, *_: {
        "DATABASE_URL": url_of(login, ""),
        "PGPASSWORD": login["password"],
    },
    "ini and password file": lambda login, folder, project: {
        **ini_with(project, url_of(login, "")),
        "PGPASSWORD_FILE": file_with(folder, login["password"]),
    },
    "PGSERVICE": lambda login, folder, _: {
        "PGSERVICE": "app",
        "PGSERVICEFILE": service_with(folder, login),
    },
    "PGPASSFILE": lambda login, folder, _: (
        libpq_environment(login) | {"PGPASSFILE": passfile_with(folder, login)}
    ),
}
