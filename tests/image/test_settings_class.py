"""An app whose settings class wants DATABASE_URL whole, by each way to give us the password."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness.result import Result
from tests.image.jobs import HARDENED, run_job
from tests.servers.databases import Database

PASSWORD = "pa$%w@rd/:"
WRITTEN = quote(PASSWORD, safe="")
SECRETS = "/run/secrets/headstart"
PLACE = "postgresql+psycopg://shop@{place}"
PARTS = {"PGHOST": "{host}", "PGDATABASE": "{database}", "PGUSER": "shop"}

WAYS: dict[str, dict[str, str]] = {
    "the URL": {"DATABASE_URL": f"postgresql+psycopg://shop:{WRITTEN}@{{place}}"},
    "the URL, in a file": {"DATABASE_URL_FILE": f"{SECRETS}/url"},
    "PGPASSWORD": {"DATABASE_URL": PLACE, "PGPASSWORD": PASSWORD},
    "PGPASSWORD_FILE": {"DATABASE_URL": PLACE, "PGPASSWORD_FILE": f"{SECRETS}/password"},
    "PGPASSFILE": {"DATABASE_URL": PLACE, "PGPASSFILE": f"{SECRETS}/passfile"},
    "PGHOST and the rest": PARTS | {"PGPASSWORD_FILE": f"{SECRETS}/password"},
}


@dataclass(frozen=True)
class App:
    """The image, a database with an owner of its own, a folder that is mounted twice."""

    image: str
    database: Database
    folder: Path

    def fill(self, text: str) -> str:
        """A text with the place of the database in it."""
        host, name = self.database.container.address, self.database.name
        return text.format(host=host, database=name, place=f"{host}:5432/{name}")

    def run(self, way: str, *command: str, **more: str) -> Result:
        """Run a verb as the user who owns the files; nothing that it says has the password."""
        mounted = (f"--volume={self.folder}:{SECRETS}:ro", f"--volume={self.folder}:/out")
        options = (*HARDENED, f"--user={os.getuid()}", *mounted)
        given = {name: self.fill(value) for name, value in WAYS[way].items()}
        ended = run_job(self.image, *command, options=options, environment=given | more)
        assert PASSWORD not in ended.stdout + ended.stderr
        assert WRITTEN not in ended.stdout + ended.stderr
        return ended


@pytest.fixture
def app(settings_class: str, database: Database, tmp_path: Path) -> App:
    """The app, its database, and the files with its password."""
    if database.query("SELECT 1 FROM pg_roles WHERE rolname = 'shop'") == []:
        database.query(f"CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'")
    database.query(f"ALTER DATABASE {database.name} OWNER TO shop")
    made = App(settings_class, database, tmp_path)
    (tmp_path / "url").write_text(made.fill(WAYS["the URL"]["DATABASE_URL"]) + "\n")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    escaped = PASSWORD.replace(":", r"\:")
    (tmp_path / "passfile").write_text(f"*:*:*:shop:{escaped}\n")
    (tmp_path / "passfile").chmod(0o600)  # libpq passes over others
    return made


@pytest.mark.parametrize("way", WAYS)
def test_the_settings_class_gets_the_whole_url(app: App, way: str) -> None:
    ends = [app.run(way, verb) for verb in ("run", "check")]
    assert [end.outcome for end in ends] == ["upgraded", "nothing_to_do"]
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = 'shop'"
    assert app.database.query(tables) == [(3,)]


@pytest.mark.parametrize("way", ["PGPASSWORD", "PGPASSWORD_FILE", "PGPASSFILE"])
def test_the_fingerprints_are_built_in_a_database_that_is_named(app: App, way: str) -> None:
    """And they are those that the image then proves the schema with."""
    file = {"HEADSTART_FINGERPRINTS": "/out/fingerprints.txt"}
    url = app.fill(PLACE)
    assert app.run(way, "fingerprint", "build", f"--url={url}", **file).outcome == "fingerprinted"
    assert app.run(way, "check", **file).verdict["proof"] == "fingerprint"
