"""Draw docs/pictures/*.svg: what headstart prints on a terminal, of databases made for that.

Each is a real run on the embedded server, in a terminal of 80 columns and of 120; of what is
long the end is drawn, as a screen shows it, and of the line below the log a moment of a run.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import PostgresServer
from tests.harness.environment import clean_environ
from tests.harness.program import until
from tests.harness.terminal import ERASE, Terminal, start_on_terminal

PICTURES = Path(__file__).parent / "pictures"
COLUMNS, WIDE, ROWS = 80, 120, 24
REVISION = '''"""{title}"""

from alembic import op
import sqlalchemy as sa

revision = "{revision}"
down_revision = {parent!r}


def upgrade() -> None:
    {upgrade}
'''
TITLES = ("create {}", "add a note to {}", "index the notes of {}")
UPGRADES = (
    'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))',
    'op.add_column("{0}", sa.Column("note", sa.Text))',
    'op.create_index("{0}_note", "{0}", ["note"])',
)
NAMES = ("accounts", "orders", "invoices", "payments", "parcels")
SIZES = (3, 300)
BY_HAND = "DROP TABLE alembic_version; ALTER TABLE accounts ADD owner text"
SLOW_TABLE = """
    CREATE FUNCTION words(note text) RETURNS int IMMUTABLE LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN length(note); END $$;
    CREATE TABLE chunks (id int PRIMARY KEY, note text);
    ALTER TABLE chunks ALTER note SET STORAGE PLAIN;
    INSERT INTO chunks SELECT i, repeat('x', 4000) FROM generate_series(1, 3000) i;
"""
SLOW_INDEX = "CREATE INDEX chunks_words ON chunks (words(note))"
HALF = re.compile(r"\b[45]\d\.\d %")
_FROM_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)
"""Fonts that a reader's browser would fetch; it has one of the kind."""


def main() -> None:
    """Draw each picture."""
    PICTURES.mkdir(exist_ok=True)
    with PostgresServer(18) as server:
        for size in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                project = Path(folder)
                make_project(project, size)
                name = f"pictures_{size}"
                server.execute(f"CREATE DATABASE {name}")
                environ = clean_environ() | {"DATABASE_URL": server.url(dbname=name)}
                environ |= {"HEADSTART_IMAGE_REVISION": "4f1c2d9"}
                headstart = [sys.executable, "-m", "headstart"]
                build = [*headstart, "fingerprint", "build", "--once"]
                alone = {k: v for k, v in environ.items() if k != "DATABASE_URL"}
                subprocess.run(build, cwd=project, env=alone, check=True, capture_output=True)
                for verb in ("plan", "run", "status"):
                    shown = on_terminal([*headstart, verb], project, environ)
                    draw_in_both(f"{verb}-{size}", f"headstart {verb}".removesuffix(" run"), shown)
                if size == SIZES[0]:
                    server.execute(BY_HAND, dbname=name)
                    shown = on_terminal(headstart, project, environ, code=22)
                    draw_in_both("run-refused", "headstart", shown)
        draw_live_line(server, "live-line", COLUMNS)
        draw_live_line(server, "live-line-wide", WIDE)


def draw_in_both(name: str, command: str, lines: list[str]) -> None:
    """Draw what does not look at the width, as terminals of 80 and of 120 columns wrap it."""
    draw(name, command, [part for line in lines for part in wrapped(line, COLUMNS)])
    draw(f"{name}-wide", command, [part for line in lines for part in wrapped(line)], WIDE)


def draw_live_line(server: PostgresServer, name: str, columns: int) -> None:
    """Draw the moment when an index is half built, on a terminal of so many columns."""
    database = name.replace("-", "_")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        make_project(project, 3)
        server.execute(f"CREATE DATABASE {database}")
        server.execute(SLOW_TABLE, dbname=database)
        script = project / "alembic" / "versions" / "0003_step.py"
        text = re.sub(r"op\.create_index.*", f"op.execute({SLOW_INDEX!r})", script.read_text())
        script.write_text(text)
        environ = {"DATABASE_URL": server.url(dbname=database)}
        environ |= {"HEADSTART_BASELINE": "base", "HEADSTART_HEARTBEAT_SECONDS": "1.5"}
        terminal = Terminal(columns)
        with start_on_terminal(env=environ, terminal=terminal, cwd=project):
            until(lambda: HALF.search("\n".join(terminal.drawn)), "an index that is half built")
            shown = terminal.screen
        lines = [part for line in shown for part in wrapped(line, columns)]
        draw(name, "headstart", lines, columns)


def wrapped(line: str, columns: int = WIDE) -> list[str]:
    """A line as it stands on a terminal."""
    return [line[at : at + columns] for at in range(0, max(1, len(line)), columns)]


def make_project(folder: Path, revisions: int) -> None:
    """A linear history on Alembic's generic template."""
    command = [sys.executable, "-m", "alembic", "--quiet", "init", "alembic"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    ini = folder / "alembic.ini"
    lines = ini.read_text().splitlines(keepends=True)
    ini.write_text("".join(line for line in lines if not line.startswith("sqlalchemy.url")))
    parent = None
    for number in range(revisions):
        step, turn = number % len(TITLES), number // len(TITLES)
        round_, name = divmod(turn, len(NAMES))
        table = NAMES[name] + (f"_{round_ + 1}" if round_ else "")
        revision = f"{number + 1:04}"
        text = REVISION.format(
            title=TITLES[step].format(table),
            revision=revision,
            parent=parent,
            upgrade=UPGRADES[step].format(table),
        )
        (folder / "alembic" / "versions" / f"{revision}_step.py").write_text(text)
        parent = revision


def on_terminal(
    command: list[str], folder: Path, environ: dict[str, str], code: int = 0
) -> list[str]:
    """What stands on a terminal behind a program, its answer and its log, without colors."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environ = environ | {"TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    printed = io.BytesIO()
    while chunk := read(leader):
        printed.write(chunk)
    lines = printed.getvalue().decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    shown = [line.rpartition(ERASE)[2] for line in lines]
    if process.wait() != code:
        raise SystemExit("\n".join(shown))
    return shown


def read(descriptor: int) -> bytes:
    """What there is to read; nothing once the other end is closed."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def draw(name: str, command: str, lines: list[str], columns: int = COLUMNS) -> None:
    """Write one picture."""
    console = Console(record=True, width=columns, file=io.StringIO())
    shown = [f"$ {command}", *lines]
    for line in shown[-ROWS:]:
        console.print(Text(line), soft_wrap=True)
    drawn = _FROM_ELSEWHERE.sub("", console.export_svg(title=command))
    (PICTURES / f"{name}.svg").write_text(drawn)


if __name__ == "__main__":
    main()
