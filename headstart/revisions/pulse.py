"""A sign of life while env.py runs: for how long, in which revision, and for whom it waits.

A revision that opens a connection of its own may wait for a lock that its transaction holds. The
server cannot know that: to it these are two clients, and one of them is idle. So what is seen at
two beats, one connection of the run waiting for another that stays idle in its transaction, ends
the run: neither will give way.

Nor does anybody tell a client whose connection was ended behind a network that keeps that to
itself: it would wait for ever. So a process of the server that is gone at two beats of a revision,
while its client holds on to the connection, ends the run, too.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from headstart.postgres.waits import Wait
from headstart.process.deadline import Deadline
from headstart.process.machine import start_thread
from headstart.revisions.lock_waits import FIRST_SECONDS
from headstart.revisions.waited import waits_for_itself
from headstart.revisions.worker import Worker
from headstart.verdict.errors import ConnectionLost
from headstart.verdict.events.revisions import EnvRunning, ProgressSeen, RevisionRunning, WaitsSeen

LAST_LOOK_SECONDS = 1.0
"""How long before the deadline that is: to connect and to look takes milliseconds, or too long."""
Now = Callable[[], tuple[str | None, float]]
"""The revision that runs, if one does, and when it was started, on time.monotonic()."""


@contextmanager
def pulse(worker: Worker, now: Now, every_seconds: float) -> Iterator[None]:
    """Emit how far env.py is, again and again, as long as the block runs."""
    ended = threading.Event()
    beats = threading.Thread(
        target=_beat, args=(worker, now, every_seconds, ended), name="pulse", daemon=True
    )
    start_thread(beats)
    try:
        yield
    finally:
        ended.set()
        beats.join()
        worker.lookout.rest()


def _beat(worker: Worker, now: Now, every_seconds: float, ended: threading.Event) -> None:
    started = time.monotonic()
    before: frozenset[Wait] = frozenset()
    gone_before: int | None = None
    while not _ended_before_beat(worker, every_seconds, ended):
        revision, since = now()
        watched = worker.link.process_to_watch() if revision is not None else None
        asked_at = time.monotonic()
        sight = worker.look(worker.link.processes(), watched)
        locks = worker.link.lock_waits
        locks.saw(sight, worker.link.migrates, asked_at, at_work=worker.link.is_at_work())
        # between two attempts nothing waits on the server, but the run does, for the same ones
        waits = locks.waits if locks.pausing else sight.waits
        seconds = round(time.monotonic() - (since if revision else started), 1)
        told = tuple(map(str, waits))
        worker.emit(WaitsSeen(tuple(str(wait) for wait in waits if not wait.by_itself)))
        if revision is None:
            worker.emit(EnvRunning(seconds, told, sight.progress))
        else:
            worker.emit(RevisionRunning(revision, seconds, told, sight.progress))
        by_itself = frozenset(wait for wait in sight.waits if wait.by_itself and wait.idle_since)
        if stuck := by_itself & before:
            worker.give_up(waits_for_itself(revision, min(stuck, key=str)))
        before = by_itself
        gone = watched if sight.is_gone else None
        if gone is not None and gone == gone_before:
            worker.give_up(_ended_unheard(revision, gone))
        gone_before = gone


def _ended_before_beat(worker: Worker, every_seconds: float, ended: threading.Event) -> bool:
    """Wait for the next beat; gives whether the work has ended.

    In between, while a statement runs, look so often that whoever lets it run into the lock timeout
    has been seen: after that nobody can tell any more.
    """
    now = time.monotonic()
    beat_at = now + _pause(worker.deadline, every_seconds)
    link = worker.link
    while (left := beat_at - now) > (often := _often(worker, every_seconds)):
        if ended.wait(often):
            return True
        if link.is_at_work():
            asked_at = time.monotonic()
            sight = worker.look(link.processes(), None)
            link.lock_waits.saw(sight, link.migrates, asked_at, at_work=True)
            worker.emit(ProgressSeen(sight.progress))
        elif not link.lock_waits.pausing:
            worker.lookout.rest()
        now = time.monotonic()
    return ended.wait(max(left, 0))


def _often(worker: Worker, every_seconds: float) -> float:
    """How soon to look again: twice in an attempt, and when a statement has to be canceled."""
    if not worker.lock_timeout_seconds:
        return every_seconds
    return worker.link.lock_waits.look_in(min(FIRST_SECONDS, worker.lock_timeout_seconds) / 2)


def _pause(deadline: Deadline, every_seconds: float) -> float:
    """Until the next look; there is one just before the deadline, whose verdict may need it."""
    left = deadline.remaining(time.monotonic()) - LAST_LOOK_SECONDS
    return min(every_seconds, left) if left > 0 else every_seconds


def _ended_unheard(revision: str | None, process: int) -> ConnectionLost:
    return ConnectionLost(
        f"the connection was lost in revision {revision}: the server has no process {process} any"
        " more, which nobody has told this client"
    )
