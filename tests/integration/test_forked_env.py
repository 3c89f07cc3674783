"""Processes that env.py or a script forks are theirs: no signal and no end of one is the run's."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

FORKED = {
    "a process that is terminated": (
        "import multiprocessing, time\nfork = multiprocessing.get_context('fork')\n"
        "p = fork.Process(target=time.sleep, args=(30,))\np.start()\ntime.sleep(0.2)\n"
        "p.terminate()\np.join()\n"
    ),
    "a pool that is left at work": (
        "import multiprocessing, time\nfork = multiprocessing.get_context('fork')\n"
        "with fork.Pool(2) as workers:\n    workers.map_async(time.sleep, [5, 5])\n"
        "    time.sleep(0.3)\n"
    ),
    "a child that exits": (
        "import os, sys\npid = os.fork()\nif pid == 0:\n    sys.exit(0)\nos.waitpid(pid, 0)\n"
    ),
    "a child that exits with 3": (
        "import os, sys\npid = os.fork()\nif pid == 0:\n    sys.exit(3)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3\n"
    ),
    "a child that raises": (
        "import os\npid = os.fork()\nif pid == 0:\n    raise ValueError('child')\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1\n"
    ),
    "a child that is killed": (
        "import os, signal, time\npid = os.fork()\nif pid == 0:\n    time.sleep(30)\n"
        "os.kill(pid, signal.SIGTERM)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM\n"
    ),
}


@pytest.mark.parametrize("code", FORKED.values(), ids=FORKED)
def test_a_child_of_env_py_is_not_the_run(stage: Stage, code: str) -> None:
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{code}")
    ended = stage.run(HEADSTART_LOCK_SECONDS="5")
    assert (ended.exit_code, ended.applied) == (0, REVISIONS), ended.verdict
    assert [event["event"] for event in ended.events].count("run_finished") == 1


@pytest.mark.parametrize("code", FORKED.values(), ids=FORKED)
def test_nor_is_one_of_a_revision(stage: Stage, code: str) -> None:
    stage.project.add("0004", "0003", code)
    ended = stage.run(HEADSTART_LOCK_SECONDS="5")
    assert (ended.exit_code, stage.rows()) == (0, ["0004"]), ended.verdict
