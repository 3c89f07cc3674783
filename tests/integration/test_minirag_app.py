"""The example app on a database that headstart made: what it serves, and what it answers when not.

On one server version: what differs between them is headstart's part, not the app's.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.server import Database, Rows, Server
from tests.integration.minirag_app import App, headstart

HEAD = "152ce5a49348"
MEBIBYTE = 1024 * 1024
TEXT = b"The quick brown fox jumps over the lazy dog. " * 40


@dataclass(frozen=True)
class Running:
    """The app, and the database that it works on, which headstart has upgraded."""

    app: App
    database: Database


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[Running]:
    """One app for all tests that only use it: each makes projects of its own."""
    database = Database(server, f"test_{uuid4().hex[:12]}")
    server.execute(f"CREATE DATABASE {database.name}")
    try:
        assert headstart(database.url).outcome == "upgraded"
        with App(DATABASE_URL=database.url) as app:
            yield Running(app, database)
    finally:
        server.execute(f"DROP DATABASE {database.name} WITH (FORCE)")


def new_project(app: App) -> int:
    """The key of a new project."""
    return int(app.post("/projects").json["project_id"])


def new_asset(app: App, content: bytes = TEXT, name: str = "a.txt") -> tuple[str, str]:
    """The paths of a new project and of an asset in it."""
    project = f"/projects/{new_project(app)}"
    uploaded = app.upload(f"{project}/assets", content, name, "text/plain")
    assert uploaded.status == 201, uploaded
    return project, f"{project}/assets/{uploaded.json['asset_id']}"


@ON_ONE_SERVER
def test_the_app_becomes_ready_when_headstart_has_run(database: Database) -> None:
    with App(DATABASE_URL=database.url) as app:
        before, page, request = app.get("/health/ready"), app.get("/"), app.get("/projects")
        assert headstart(database.url).outcome == "upgraded"
        after = app.get("/health/ready")
        app.stop()
        assert "Application shutdown complete" in app.log
        assert "Traceback" not in app.log
    assert (before.status, before.json["outcome"]) == (503, "not_ready")
    assert before.json["next_step"] == "run `headstart run` against this database"
    assert page.status == 503
    assert "run `headstart run` against this database" in page.body
    assert (request.status, request.json["detail"]) == (
        503,
        "the database does not have the schema of this app",
    )
    assert after.status == 200
    assert after.json == {
        "ready": True,
        "outcome": "nothing_to_do",
        "revisions": [HEAD],
        "message": None,
        "next_step": None,
    }


@ON_ONE_SERVER
def test_what_is_uploaded_and_cut_is_listed_and_found(running: Running) -> None:
    app = running.app
    project, asset = new_asset(app, TEXT + b"A zebra's crossing.", "zoo.txt")
    assert app.get(f"{project}/search?q=zebra").json["hits"] == []  # never cut

    cut = app.post(f"{asset}/chunks?size=500&overlap=50")

    assert (cut.status, cut.json["replaced"]) == (201, 0)
    ids = [listed["project_id"] for listed in app.get("/projects?limit=200").json["items"]]
    assert project in [f"/projects/{project_id}" for project_id in ids]
    (listed,) = app.get(f"{project}/assets").json["items"]
    assert (listed["asset_name"], listed["asset_size"]) == ("zoo.txt", len(TEXT) + 19)
    chunks = app.get(f"{project}/chunks?limit=2&offset=1").json
    assert (chunks["total"], len(chunks["items"])) == (cut.json["chunks"], 2)
    assert [chunk["chunk_order"] for chunk in chunks["items"]] == [1, 2]
    (hit,) = app.get(f"{project}/search?q=zebras%20crossing").json["hits"]
    assert "«zebra»'s «crossing»" in hit["excerpt"]
    assert hit["chunk_order"] == chunks["total"] - 1


@ON_ONE_SERVER
def test_the_table_of_a_project_is_no_business_of_headstart(running: Running) -> None:
    project, asset = new_asset(running.app)
    made = running.app.post(f"{asset}/chunks").json["chunks"]
    assert indexed(running.database, project) == chunked(running.database, project)
    assert headstart(running.database.url).outcome == "nothing_to_do"
    assert headstart(running.database.url, "check").outcome == "nothing_to_do"
    assert running.app.get("/health/ready").status == 200
    assert len(indexed(running.database, project)) == made > 1


def indexed(database: Database, project: str) -> Rows:
    """The keys in the table that the project has of its own."""
    table = f"collection_{project.rpartition('/')[2]}"
    return database.query(f"SELECT chunk_id FROM {table} ORDER BY chunk_id")


def chunked(database: Database, project: str) -> Rows:
    """The keys of the project's chunks."""
    key = project.rpartition("/")[2]
    return database.query(
        f"SELECT chunk_id FROM chunks WHERE chunk_project_id = {key} ORDER BY chunk_id"
    )


@ON_ONE_SERVER
def test_a_later_cut_replaces_the_chunks_of_the_asset_alone(running: Running) -> None:
    app = running.app
    project, asset = new_asset(app)
    other = app.upload(f"{project}/assets", b"Another text.", "b.md").json["asset_id"]
    assert app.post(f"{project}/assets/{other}/chunks").json["chunks"] == 1
    first = app.post(f"{asset}/chunks?size=200&overlap=0").json
    again = app.post(f"{asset}/chunks?size=400&overlap=0").json
    assert again["replaced"] == first["chunks"] > again["chunks"] > 1
    assert app.get(f"{project}/chunks").json["total"] == again["chunks"] + 1
    assert indexed(running.database, project) == chunked(running.database, project)


@ON_ONE_SERVER
def test_simultaneous_first_cuts_succeed_and_leave_the_chunks_of_one(running: Running) -> None:
    app = running.app
    projects, assets = zip(*(new_asset(app) for _ in range(3)), strict=True)
    with ThreadPoolExecutor(9) as clients:
        replies = list(clients.map(lambda at: app.post(f"{at}/chunks"), assets * 3))
    assert [reply.status for reply in replies] == [201] * 9, app.log
    for project in projects:
        assert app.get(f"{project}/chunks").json["total"] == replies[0].json["chunks"]
        assert indexed(running.database, project) == chunked(running.database, project)


@ON_ONE_SERVER
def test_bad_input_is_refused_with_its_status(running: Running) -> None:
    app = running.app
    project, asset = new_asset(app)
    assets, elsewhere = f"{project}/assets", f"/projects/{new_project(app)}/assets"
    number = asset.rpartition("/")[2]
    running.database.execute(f"UPDATE assets SET asset_config = NULL WHERE asset_id = {number}")
    refused = {
        "unknown project": (404, app.get("/projects/2147483647/assets")),
        "unknown project, search": (404, app.get("/projects/2147483647/search?q=a")),
        "unknown project, upload": (404, app.upload("/projects/2147483647/assets", b"text")),
        "unknown asset": (404, app.post(f"{assets}/2147483647/chunks")),
        "another project's asset": (404, app.post(f"{elsewhere}/{number}/chunks")),
        "an asset without text": (409, app.post(f"{asset}/chunks")),
        "no length": (411, app.send("POST", assets, headers={"Transfer-Encoding": "chunked"})),
        "too long": (413, app.upload(assets, b"a" * MEBIBYTE)),
        "far too long": (413, app.send("POST", assets, headers={"Content-Length": "99999999"})),
        "an image": (415, app.upload(assets, b"text", kind="image/png")),
        "no UTF-8": (422, app.upload(assets, b"\xff\xfe", kind="text/plain")),
        "a NUL byte": (422, app.upload(assets, b"a\0b", kind="text/plain")),
        "an empty file": (422, app.upload(assets, b"", kind="text/plain")),
        "no file": (422, app.post(assets)),
        "a name with a tab": (422, app.upload(assets, b"text", "a\tb")),
        "a key beyond integer": (422, app.get("/projects/2147483648/assets")),
        "size too small": (422, app.post(f"{asset}/chunks?size=99")),
        "overlap too large": (422, app.post(f"{asset}/chunks?size=100&overlap=51")),
        "no question": (422, app.get(f"{project}/search?q=")),
        "a NUL character": (422, app.get(f"{project}/search?q=%00")),
        "a negative offset": (422, app.get(f"{project}/chunks?offset=-1")),
    }
    wrong = {name: reply for name, (code, reply) in refused.items() if reply.status != code}
    assert not wrong
    assert all("detail" in reply.json for _, reply in refused.values())
    assert app.get(assets).json["total"] == 1


@ON_ONE_SERVER
def test_the_longest_upload_is_kept_and_cut(running: Running) -> None:
    app = running.app
    assets = f"/projects/{new_project(app)}/assets"
    # what a form puts around the file counts
    kept = app.upload(assets, b"word " * 209_000, kind="text/plain")
    assert (kept.status, kept.json["asset_size"]) == (201, 1_045_000)
    cut = app.post(f"{assets}/{kept.json['asset_id']}/chunks?size=200&overlap=0")
    assert (cut.status, cut.json["chunks"]) == (201, 5225)


@ON_ONE_SERVER
def test_the_page_shows_what_is_there_and_runs_none_of_it(running: Running) -> None:
    app = running.app
    text = b"A <script>alert(1)</script> in a text where 1 < 2."
    project, asset = new_asset(app, text, "<b>.txt")
    app.post(f"{asset}/chunks")

    page = app.get(f"/?project={project.rpartition('/')[2]}&q=text")

    assert page.status == 200
    assert "<title>minirag</title>" in page.body
    assert f"Project {project.rpartition('/')[2]}" in page.body
    assert "&lt;b&gt;.txt" in page.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; in a text where 1 &lt; 2." in page.body
    assert "in a <mark>text</mark> where 1 &lt; 2." in page.body, page.body
    assert f"<code>{HEAD}</code>" in page.body
    assert "<script" not in page.body
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert app.get("/?project=2147483647&q=text").status == 200


@ON_ONE_SERVER
def test_the_forms_of_the_page_lead_back_to_it(running: Running) -> None:
    app = running.app
    made = app.post("/page/projects")
    place = made.headers["location"]
    project = place.removeprefix("/#project-")
    sent = app.upload(f"/page/projects/{project}/assets", TEXT, "form.txt", "text/plain")
    assert (made.status, sent.status, sent.headers["location"]) == (303, 303, place)
    assert "form.txt" in app.get("/").body
    assert app.get(f"/projects/{project}/chunks").json["total"] > 1


@ON_ONE_SERVER
def test_a_database_that_goes_is_answered_with_503_and_one_that_returns_is_used(
    running: Running,
) -> None:
    app, database = running.app, running.database
    gone, rename = f"{database.name}_gone", "ALTER DATABASE {} RENAME TO {}"
    known = new_project(app)
    until(lambda: not connected(database), "the app has closed its connections")
    database.server.execute(rename.format(database.name, gone))
    try:
        request, probe, live = (
            app.post("/projects"),
            app.get("/health/ready"),
            app.get("/health/live"),
        )
    finally:
        database.server.execute(rename.format(gone, database.name))
    assert (request.status, request.json["detail"]) == (503, "the server has no such database")
    assert probe.status == 503
    assert live.status == 200
    assert app.get("/health/ready").status == 200
    assert app.get(f"/projects/{known}/assets").status == 200
    assert "Traceback" not in app.log


def connected(database: Database) -> bool:
    """Whether anybody is connected to the database."""
    seen = f"SELECT FROM pg_stat_activity WHERE datname = '{database.name}'"
    return bool(database.server.execute(seen))
