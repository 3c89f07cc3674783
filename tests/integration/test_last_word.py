"""The verdict is the last that anybody reads, whatever the app does when its process ends."""

import signal
import time
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.integration.known_stage import KnownStage
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

LATE = 1.0
"""Seconds after which a process that outlives the run speaks."""
OUTPUT = "print('late'); print('late', file=sys.stderr)"
SPEAKERS = {
    "an exit handler": f"def late():\n    {OUTPUT}\natexit.register(late)",
    "the original streams": "atexit.register(print, 'late', file=sys.__stderr__)\n"
    "atexit.register(print, 'late', file=sys.__stdout__)",
    "descriptors": "atexit.register(os.write, 1, b'late\\n')\n"
    "atexit.register(os.write, 2, b'late\\n')",
    "a thread": f"def late():\n    time.sleep(0.3)\n    {OUTPUT}\n"
    "threading.Thread(target=late).start()",
    "a daemon": f"def late():\n    while True:\n        {OUTPUT}\n        time.sleep(0.001)\n"
    "atexit.register(lambda: threading.Thread(target=late, daemon=True).start())",
    "a pool of threads": f"def late():\n    time.sleep(0.3)\n    {OUTPUT}\n"
    "from concurrent.futures import ThreadPoolExecutor\n"
    "pool = ThreadPoolExecutor(1)\npool.submit(late)",
    "an object": f"class Late:\n    def __del__(self):\n        {OUTPUT}\nsys.late = Late()",
    "a finalizer": f"class Late: pass\nlate = sys.late = Late()\n"
    f"def speak():\n    {OUTPUT}\nweakref.finalize(late, speak)",
    "logging": "import logging\nlogging.basicConfig(stream=sys.__stderr__, force=True)\n"
    "atexit.register(logging.getLogger('app').warning, 'late')",
    "a child": f"subprocess.Popen(['sh', '-c', 'sleep {LATE}; echo late; echo late >&2'])",
    "a child of a handler": "atexit.register(subprocess.run, 'echo late; echo late >&2',"
    " shell=True)",
    "a forked child": f"if os.fork() == 0:\n    time.sleep({LATE})\n    {OUTPUT}\n"
    "    sys.stdout.flush()\n    os._exit(0)",
    "a multiprocessing child": "import multiprocessing\ndef late():\n"
    f"    {OUTPUT}\nprocess = multiprocessing.get_context('fork').Process(target=late)\n"
    "process.start()",
}
TOP = "import atexit, os, subprocess, sys, threading, time, weakref\n"


def let_speak(stage: Stage, how: str) -> None:
    """Let a revision do it when it is imported; its text does not tell all, so check does that."""
    stage.project.add("0004", "0003", top=f"{TOP}{how}\nrevision = str('0004')\n")


def end_of(stage: Stage, *argv: str, **environ: str) -> Result:
    """Run it, and read what there is when everybody has spoken."""
    with stage.start(*argv, **environ) as run:
        ended = run.end()
        time.sleep(LATE + 0.5)
        return Result(ended.exit_code, run.stdout, run.stderr, ended.termination, ended.seconds)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_nothing_comes_after_the_verdict_on_either_stream(stage: Stage, speaker: str) -> None:
    let_speak(stage, SPEAKERS[speaker])
    done = end_of(stage)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded")
    assert done.stdout == ""
    checked = end_of(stage, "check")
    assert (checked.exit_code, checked.verdict["outcome"]) == (0, "nothing_to_do")
    assert checked.stdout == "ready: nothing_to_do\n"
    planned = end_of(stage, "plan")
    assert planned.verdict["outcome"] == "planned"
    assert planned.stdout.splitlines()[0] == "state:  at_head"
    assert "late" not in planned.stdout


@pytest.mark.parametrize(
    "speaker", ["an exit handler", "descriptors", "a thread", "a pool of threads", "a finalizer"]
)
def test_what_is_said_at_the_end_is_an_event_before_the_verdict(stage: Stage, speaker: str) -> None:
    let_speak(stage, SPEAKERS[speaker])
    done = stage.run()
    printed = [e["source"] for e in done.events if e.get("text") == "late"]
    assert sorted(printed) == ["stderr", "stdout"], done.stderr


def test_what_a_child_says_while_the_run_goes_on_is_an_event(stage: Stage) -> None:
    body = "import subprocess; subprocess.run('echo out; echo grün >&2', shell=True)"
    stage.project.add("0004", "0003", body)
    done = stage.run()
    printed = {(e["source"], e["text"]) for e in done.events if e["event"] == "output_printed"}
    assert printed == {("stdout", "out"), ("stderr", "grün")}
    assert done.stdout == ""


def test_what_a_forked_child_says_is_an_event_like_any_other(stage: Stage) -> None:
    top = TOP + SPEAKERS["a multiprocessing child"] + "\nprocess.join()"
    stage.project.add("0004", "0003", top=top)
    done = stage.run()
    printed = [e["text"] for e in done.events if e["event"] == "output_printed"]
    assert set(printed) == {"late"}


def test_the_answer_of_diff_is_the_last_word_too(known: KnownStage) -> None:
    assert known.run().exit_code == 0
    known.project.path.joinpath("sitecustomize.py").write_text(TOP + SPEAKERS["an exit handler"])
    done = end_of(known, "diff", PYTHONPATH=str(known.project.path))
    assert (done.exit_code, done.stdout) == (0, "same\n")
    assert done.verdict["outcome"] == "same"


WORK = {
    "an exit handler": "atexit.register(path.write_text, 'done')",
    "a thread": "def work():\n    time.sleep(0.5)\n    path.write_text('done')\n"
    "threading.Thread(target=work).start()",
    "a file that nobody closes": "sys.file = path.open('w')\nsys.file.write('done')",
    "a pool": "from concurrent.futures import ThreadPoolExecutor\n"
    "pool = ThreadPoolExecutor(1)\npool.submit(time.sleep, 0.3)\n"
    "pool.submit(path.write_text, 'done')",
    "a finalizer": "class Holder: pass\nholder = sys.holder = Holder()\n"
    "weakref.finalize(holder, path.write_text, 'done')",
    "a handler after one that fails": "atexit.register(path.write_text, 'done')\n"
    "atexit.register(lambda: 1 / 0)",
    "a handler after one that leaves": "atexit.register(path.write_text, 'done')\n"
    "atexit.register(os._exit, 3)",
}


@pytest.mark.parametrize("kind", WORK)
def test_work_at_the_end_is_done(stage: Stage, tmp_path: Path, kind: str) -> None:
    left = tmp_path / "left"
    let_speak(stage, f"import pathlib\npath = pathlib.Path({str(left)!r})\n{WORK[kind]}")
    done = stage.run()
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded")
    assert left.read_text() == "done"


HANGS = {
    "a handler that sleeps": "atexit.register(time.sleep, 60)",
    "a thread that never ends": "threading.Thread(target=time.sleep, args=(60,),"
    " name='poller').start()",
    "a handler that waits for a lock": "lock = threading.Lock()\nlock.acquire()\n"
    "atexit.register(lock.acquire)",
    "a child that is waited for": "atexit.register(subprocess.run, ['sleep', '20'])",
}


@pytest.mark.parametrize("kind", HANGS)
def test_what_never_ends_is_given_up_and_the_verdict_stays(stage: Stage, kind: str) -> None:
    let_speak(stage, HANGS[kind])
    began = time.monotonic()
    done = stage.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (14, "not_ready")
    assert done.stdout.startswith("not_ready: pending: 0001")
    assert time.monotonic() - began < 15
    given_up = [e for e in done.events if e["event"] == "exit_work_abandoned"]
    if kind == "a thread that never ends":
        assert not given_up, "it was waited for, and handlers came after it"
    else:
        assert [e["waited_seconds"] for e in given_up] == [5.0]


ENDS = {
    "a code of its own": "atexit.register(sys.exit, 9)",
    "a hard exit": "atexit.register(os._exit, 7)",
    "an error": "atexit.register(lambda: 1 / 0)",
    "an interrupt": "def late():\n    raise KeyboardInterrupt\natexit.register(late)",
    "a signal": "import signal\natexit.register(os.kill, os.getpid(), signal.SIGINT)",
}


@pytest.mark.parametrize("kind", ENDS)
def test_the_exit_code_is_that_of_the_verdict(stage: Stage, kind: str) -> None:
    stage.project.add("0004", "0003", "raise ValueError('no')", top=TOP + ENDS[kind])
    done = stage.run()
    assert (done.exit_code, done.verdict["outcome"]) == (21, "revision_failed")


def test_after_a_signal_the_end_comes_before_the_container_is_killed(stage: Stage) -> None:
    """`docker stop` waits 10 seconds."""
    body = 'op.execute("SELECT pg_sleep(60)")'
    stage.project.add("0004", "0003", body, top=TOP + HANGS["a handler that sleeps"])
    with stage.start() as run:
        run.await_event("revision_started", revision="0004")
        run.process.send_signal(signal.SIGTERM)
        done = run.end(10)
    assert (done.exit_code, done.verdict["outcome"]) == (143, "sigterm")
    assert done.seconds < 8


def test_a_mistake_in_the_arguments_is_said_last_as_well(stage: Stage) -> None:
    done = stage.run_python(
        "import atexit, runpy, sys; atexit.register(print, 'late', file=sys.stderr);"
        " sys.argv[1:] = ['--nonsense']; runpy.run_module('headstart', run_name='__main__')"
    )
    assert (done.exit_code, done.verdict["outcome"]) == (2, "invalid_settings")
