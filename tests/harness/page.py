"""A page of the documents, its console blocks, and a copy of the checkout to replay them in.

It must not know what a command does: it runs it, and puts what it printed below it.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.environment import ROOT, clean_environ
from tests.harness.program import Run

CHECKED_OUT = ("models", "alembic", "headstart", "alembic.ini.example")
BLOCK = re.compile(r"^```(console|ini)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REVISION = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")
DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
SCRIPTS = "".join(file.read_text() for file in sorted(ROOT.glob("alembic/versions/*.py")))


@dataclass(frozen=True)
class Checkout:
    """A copy of what a user checks out, and the real names behind those that documents use."""

    path: Path
    real_names: Mapping[str, str]

    def run(self, command: str, **environ: str) -> str:
        """Run a command line as a user would and return what it printed, both streams in order."""
        seen = clean_environ(PYTHONUNBUFFERED="1") | environ
        with Run(["bash", "-c", command], seen, self.path, merged=True) as shell:
            return self.document_names(shell.end().stdout)

    def set_url(self, line: str) -> None:
        """Write `sqlalchemy.url = ...` into alembic.ini, for the real database."""
        for documented, real in self.real_names.items():
            line = line.replace(documented, real)
        ini = self.path / "alembic.ini"
        source = ini if ini.exists() else ini.with_suffix(".ini.example")
        text = source.read_text()
        ini.write_text(re.sub(r"^sqlalchemy\.url = .*$", lambda _: line, text, flags=re.MULTILINE))

    def document_names(self, output: str) -> str:
        """Replace all that differs from run to run by the names that documents use."""
        for documented, real in self.real_names.items():
            output = output.replace(real, documented)
        output = output.replace(str(self.path), "/home/you/headstart")
        output = REVISION.sub(lambda found: keep_known(found[0], "0a1b2c3d4e5f"), output)
        output = DATE.sub(lambda found: keep_known(found[0], "2026-11-24 12:00:00.000000"), output)
        return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


def copy_checkout(path: Path) -> None:
    """Copy the user's part and the engine; leave out what git would not carry."""
    for name in CHECKED_OUT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, path / name)


def assert_document(path: Path, actual: str) -> None:
    """Compare a document with what this run makes of it, or write that where asked to."""
    if os.environ.get("HEADSTART_TEST_UPDATE_DOCS") == "1":
        path.write_text(actual)
    assert actual == path.read_text()


def console_blocks(document: str) -> list[list[str]]:
    """What each of a page's console blocks tells a reader to type, a line each."""
    blocks = (text for language, text in BLOCK.findall(document) if language == "console")
    return [
        [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        for text in blocks
    ]


def replay(document: str, checkout: Checkout) -> str:
    """Return the document as it would be if it were written from this run."""
    return BLOCK.sub(lambda block: replay_block(block[1], block[2], checkout), document)


def replay_block(language: str, text: str, checkout: Checkout) -> str:
    """Run a block's commands, or take over its setting, and return the block with new output."""
    if language == "ini":
        checkout.set_url(text.strip())
        return f"```ini\n{text}```"
    commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    outputs = [f"$ {command}\n{checkout.run(command)}" for command in commands]
    return f"```console\n{''.join(outputs)}```"


def keep_known(value: str, otherwise: str) -> str:
    """Keep a revision or a date that the repository's own scripts hold."""
    return value if value in SCRIPTS else otherwise
