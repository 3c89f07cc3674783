"""A process that the warm interpreter has forked is as one that was started."""

import json
import signal
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.env_runs import audited, runs_in
from tests.harness.warm import COLD, Forked
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

SELF = """
import json, os, signal, sys, __main__
SAID = json.dumps({
    "argv": sys.argv,
    "path": sys.path,
    "folder": os.getcwd(),
    "environ": dict(os.environ),
    "main": [__main__.__name__, __main__.__spec__.name, __main__.__file__],
    "streams": [os.isatty(number) for number in range(3)],
    "open": len(os.listdir("/proc/self/fd")),
    "encoding": [stream.encoding for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__)],
    "buffered": [stream.line_buffering for stream in (sys.__stdout__, sys.__stderr__)],
    "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
    "children": str(signal.getsignal(signal.SIGCHLD)),
    "read": sys.stdin.read(),
    "tests": [name for name in sys.modules if name.startswith("tests")],
})
with open(os.environ["SAID_TO"], "w") as file:
    file.write(SAID)
"""


def themselves(stage: Stage, **environ: str) -> tuple[object, object]:
    """What a forked process and a started one say of themselves, and how they ended."""
    said = []
    for cold in ({}, {COLD: "1"}):
        with pytest.MonkeyPatch.context() as patched:
            for name, value in cold.items():
                patched.setenv(name, value)
            with stage.start("run", "--target", "0001", **environ) as started:
                assert isinstance(started.process, Forked) is not bool(cold)
                ended = started.end()
                assert ended.exit_code == 0, ended.verdict["error"]
        said.append([ended.exit_code, json.loads(Path(environ["SAID_TO"]).read_text())])
    return said[0], said[1]


@pytest.mark.parametrize("safe", [{}, {"PYTHONSAFEPATH": "1"}])
def test_a_forked_process_is_as_a_started_one(
    stage: Stage, tmp_path: Path, safe: dict[str, str]
) -> None:
    stage.project.edit_env("from alembic import context", f"{SELF}\nfrom alembic import context")
    forked, started = themselves(stage, SAID_TO=str(tmp_path / "said"), **safe)
    assert forked == started


def test_it_ends_by_the_signal_that_it_gets(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    with stage.start() as started:
        started.await_event("revision_started", revision="0004")
        started.process.send_signal(signal.SIGTERM)
        assert started.end().exit_code == 143
    with stage.start() as started:
        started.await_event("revision_started", revision="0004")
        started.kill()
        assert started.process.returncode == -signal.SIGKILL


def test_what_an_interpreter_imports_at_its_start_is_imported(stage: Stage, tmp_path: Path) -> None:
    noted = tmp_path / "runs"
    with stage.start(**audited({}, noted)) as started:
        assert isinstance(started.process, Forked)
        assert started.end().exit_code == 0
    assert runs_in(noted) == 1
