"""A machine that gives no more threads or memory ends a run in 13, always with a verdict."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

WITH_THREADS = """
import sys, threading
start, left = threading.Thread.start, {0}
def limited(thread):
    global left
    left -= 1
    if left < 0:
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = limited
sys.argv = ["headstart", "{1}"]
from headstart.command.main import main
main()
"""
WITHOUT_MEMORY = """
import sys
class Full:
    def find_spec(self, name, path=None, target=None):
        if name == "{0}":
            raise {1}
sys.meta_path.insert(0, Full())
sys.argv = ["headstart", "run"]
from headstart.command.main import main
main()
"""


@pytest.mark.parametrize("verb", ["run", "check", "wait"])
@pytest.mark.parametrize("threads", [0, 1])
def test_without_our_own_threads_nothing_is_begun(stage: Stage, threads: int, verb: str) -> None:
    ended = stage.run_python(WITH_THREADS.format(threads, verb))
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict
    assert "no more threads" in ended.verdict["error"]["message"]
    assert "podPidsLimit" in ended.verdict["next_step"]
    assert stage.tables() == set()


@pytest.mark.parametrize("threads", [2, 3, 4, 5])
def test_however_far_a_run_comes(stage: Stage, threads: int) -> None:
    ended = stage.run_python(WITH_THREADS.format(threads, "run"))
    assert ended.exit_code in (0, 13), ended.verdict
    assert ended.exit_code == 13 or stage.rows() == ["0003"]
    assert stage.run().exit_code == 0


@pytest.mark.parametrize("module", ["headstart.command.execution", "psycopg2", "sqlalchemy"])
@pytest.mark.parametrize(
    "error",
    ["MemoryError()", "ImportError('libpq.so: failed to map segment from shared object')"],
)
def test_a_library_that_does_not_fit(stage: Stage, module: str, error: str) -> None:
    ended = stage.run_python(WITHOUT_MEMORY.format(module, error))
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.stderr


@pytest.mark.parametrize(
    "body",
    [
        'raise RuntimeError("can\'t start new thread")',
        "raise MemoryError",
        (
            "from concurrent.futures import ThreadPoolExecutor\nimport threading\n"
            'def full(_): raise RuntimeError("can\'t start new thread")\n'
            "threading.Thread.start = full\nThreadPoolExecutor().submit(print)"
        ),
        "raise ImportError('libx.so: failed to map segment from shared object')",
    ],
    ids=["a thread", "memory", "a pool of threads", "a library"],
)
def test_in_a_revision_too(stage: Stage, body: str) -> None:
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict
