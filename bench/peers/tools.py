"""The tools that are compared: how each is had, how its project looks, and its command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from peers.work import (
    Step,
    write_alembic,
    write_dbmate,
    write_goose,
    write_migrate,
    write_yoyo,
)

PRESTART = '''"""What many an app has: wait with tenacity, then let Alembic upgrade."""

import os
import subprocess
import sys

import psycopg2
from tenacity import retry, stop_after_attempt, wait_fixed


@retry(stop=stop_after_attempt(60), wait=wait_fixed(1))
def wait() -> None:
    psycopg2.connect(os.environ["DATABASE_URL"]).close()


wait()
sys.exit(subprocess.call([os.environ["ALEMBIC"], "upgrade", "head"]))
'''
ENV = """
import os
config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace(
    "postgresql:", "postgresql+psycopg2:").replace("%", "%%"))
"""
DBMATE, YOYO = "dbmate@2.36.0", "yoyo-migrations==9.0.0"
GOOSE = "github.com/pressly/goose/v3/cmd/goose@v3.30.1"
MIGRATE = "github.com/golang-migrate/migrate/v4/cmd/migrate@v4.20.1"


@dataclass(frozen=True)
class Tool:
    """A tool; `command` and `environ` get the URL, and run in the project's folder.

    `files` names the kind of files that `write` makes of a history in the folder `scripts`.
    """

    name: str
    files: str
    write: Callable[[Path, list[Step]], None]
    scripts: str
    command: Callable[[str], list[str]]
    environ: Callable[[str], Mapping[str, str]] = lambda url: {"DATABASE_URL": url}


def tools(home: Path, programs: Path) -> tuple[list[Tool], list[str]]:
    """Every tool that can be had, and the names of the others with why."""
    alembic, python = str(programs / "alembic"), str(programs / "python")
    prestart = home / "prestart.py"
    prestart.write_text(PRESTART)
    found = [
        Tool(
            "headstart",
            "alembic",
            write_alembic,
            "alembic/versions",
            lambda _: [str(programs / "headstart")],
        ),
        Tool(
            "headstart, the long way",
            "alembic",
            write_alembic,
            "alembic/versions",
            lambda _: [str(programs / "headstart")],
            lambda url: {"DATABASE_URL": url, "HEADSTART_GATE": "off"},
        ),
        Tool(
            "alembic",
            "alembic",
            write_alembic,
            "alembic/versions",
            lambda _: [alembic, "upgrade", "head"],
        ),
        Tool(
            "prestart script",
            "alembic",
            write_alembic,
            "alembic/versions",
            lambda _: [python, str(prestart)],
            lambda url: {"DATABASE_URL": url, "ALEMBIC": alembic},
        ),
    ]
    missing = []
    for name, had in (
        ("dbmate", _dbmate),
        ("goose", _goose),
        ("golang-migrate", _migrate),
        ("yoyo", _yoyo),
    ):
        try:
            found.append(had(home))
        except (subprocess.CalledProcessError, OSError) as error:
            missing.append(f"{name} ({type(error).__name__})")
    return found, missing


def make_project(folder: Path, tool: Tool, history: list[Step], programs: Path) -> None:
    """The project of a tool in an empty folder."""
    folder.mkdir(parents=True)
    if tool.write is write_alembic:
        command = [str(programs / "alembic"), "--quiet", "init", "alembic"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        ini = folder / "alembic.ini"
        rows = [row for row in ini.read_text().splitlines() if not row.startswith("sqlalchemy.url")]
        ini.write_text("\n".join(rows) + "\n")
        env = folder / "alembic" / "env.py"
        env.write_text(
            env.read_text().replace("\ntarget_metadata = None", f"\n{ENV}\ntarget_metadata = None")
        )
    scripts = folder / tool.scripts
    scripts.mkdir(parents=True, exist_ok=True)
    tool.write(scripts, history)


def build_fingerprints(folder: Path) -> None:
    """Of a project for Alembic, on the embedded server."""
    build = [sys.executable, "-m", "headstart", "fingerprint", "build", "--once"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_URL", "PG"))}
    subprocess.run(build, cwd=folder, env=environ, check=True, capture_output=True)


def _dbmate(home: Path) -> Tool:
    npm = home / "npm"
    npm.mkdir(exist_ok=True)
    (npm / "package.json").write_text(json.dumps({"private": True}))
    _quietly(["npm", "install", "--silent", "--no-audit", "--no-fund", DBMATE], npm)
    found = next(npm.glob("node_modules/@dbmate/*/bin/dbmate"))
    command = [str(found), "--no-dump-schema", "--wait=false", "up"]
    return Tool("dbmate", "dbmate", write_dbmate, "db/migrations", lambda _: command)


def _goose(home: Path) -> Tool:
    program = _go(home, GOOSE, "goose")
    return Tool(
        "goose",
        "goose",
        write_goose,
        "migrations",
        lambda url: [program, "-dir", "migrations", "postgres", url, "up"],
    )


def _migrate(home: Path) -> Tool:
    program = _go(home, MIGRATE, "migrate", "-tags", "postgres")
    return Tool(
        "golang-migrate",
        "golang-migrate",
        write_migrate,
        "migrations",
        lambda url: [program, "-path", "migrations", "-database", url, "up"],
    )


def _yoyo(home: Path) -> Tool:
    folder = home / "yoyo"
    _quietly([sys.executable, "-m", "venv", str(folder)], home)
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        YOYO,
        "psycopg2-binary",
    ]
    _quietly(pip, home)
    program = str(folder / "bin" / "yoyo")
    return Tool(
        "yoyo",
        "yoyo",
        write_yoyo,
        "migrations",
        lambda url: [
            program,
            "apply",
            "--batch",
            "--no-config-file",
            "--database",
            url,
            "migrations",
        ],
    )


def _go(home: Path, module: str, name: str, *flags: str) -> str:
    if shutil.which("go") is None:
        raise OSError("go is not installed")
    environ = {**os.environ, "GOBIN": str(home / "go")}
    _quietly(["go", "install", *flags, module], home, environ)
    return str(home / "go" / name)


def _quietly(command: list[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
