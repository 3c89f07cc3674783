"""Run squawk, the linter of migrations (the extra `lint`), over texts of SQL.

It is a program, started without any of our environment, which holds passwords, and without a
configuration file of whoever's folder this is. What it says is the business of decision/lint.py.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from headstart.facts.remark import Remark
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings

EXCLUDED = (
    # a revision runs in one transaction, is recorded in it, and is not run a second time
    "prefer-robust-stmts",
    # headstart sets lock_timeout, and statement_timeout where it was told one
    "require-lock-timeout",
    "require-statement-timeout",
    "require-timeout-settings",
    # which type a column should have is no question of how safely it is added
    "ban-char-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-text-field",
    "prefer-timestamp-tz",
    # a new value at the end of an enum is what one gets everywhere
    "require-enum-value-ordering",
)
"""The rules of squawk's that are left out."""
_CURE = "pip install 'headstart[lint]', or run headstart plan without --lint"
_SECONDS = 60.0
"""What one revision may take; it is milliseconds."""
_FOUND = 1
"""Its exit code where it has findings, and where it could not read its settings."""


@dataclass(frozen=True)
class Squawk:
    """The program, which lints for a server of this version (libpq's number)."""

    program: str
    server_version: int

    def remarks(self, sql: str, *, in_transaction: bool) -> Iterator[Remark]:
        """What it says of the SQL of one revision. Raises InvalidSettings where it fails."""
        begin, end = ("BEGIN;\n", "\nCOMMIT;\n") if in_transaction else ("", "\n")
        text = f"{begin}{sql}{end}".encode()
        for each in self._run(text):
            offset = len(text[: _byte(text, each)].decode()) - len(begin)
            line = int(each["line"]) + (not begin)
            message = " ".join(filter(None, (each["message"], each.get("help"))))
            yield Remark(each["rule_name"], message, max(0, offset), max(1, line))

    def _run(self, text: bytes) -> list[dict[str, str]]:
        major, minor = divmod(self.server_version, 10_000)
        command = [
            self.program, "--reporter", "json", "--config", "/dev/null",
            "--pg-version", f"{major}.{minor}",
            "--exclude", ",".join(EXCLUDED),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, input=text, capture_output=True, env={}, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise _failed(type(error).__name__) from None
        if done.returncode in (0, _FOUND):
            try:
                found: list[dict[str, str]] = json.loads(done.stdout)
            except ValueError:
                pass
            else:
                return found
        raise _failed(" ".join(done.stderr.decode(errors="replace").split()))


def _byte(text: bytes, remark: dict[str, str]) -> int:
    """Where a remark stands: it counts lines from 0, and bytes within them."""
    lines = text.split(b"\n")[: int(remark["line"])]
    return sum(len(line) + 1 for line in lines) + int(remark["column"])


def _failed(why: str) -> InvalidSettings:
    return InvalidSettings(
        f"--lint: squawk cannot be used: {why}",
        next_step="install the version that headstart was tested with: pip install --upgrade"
        " --force-reinstall 'headstart[lint]'",
    )


def find_squawk() -> str:
    """The program's path: beside our own interpreter, else in PATH. Raises InvalidSettings."""
    folders = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    for folder in (*map(str, folders), None):
        if found := shutil.which("squawk", path=folder):
            return found
    raise InvalidSettings(
        "--lint needs the program squawk, which is not installed", next_step=_CURE
    )
