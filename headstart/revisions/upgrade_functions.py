"""What is called of a script: an upgrade() that is there, and that has done its work when it ends.

Alembic calls it and does not look at what it gives back: of a coroutine or a generator nothing has
run by then, and its version row would be written all the same.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future
from functools import partial
from itertools import starmap
from typing import Any

from alembic.script import Script

from headstart.revisions.project import Project
from headstart.revisions.script_graph import AnyScript
from headstart.verdict.errors import BrokenHistory, RevisionFailed

_LAZY = (Awaitable, AsyncIterator, Future, map, filter, starmap, partial)
"""What is given back before it has run. A cursor's result is an iterator, too, but has run."""
COROUTINE = "a coroutine function (async def)"
GENERATOR = "a generator function (it has a yield)"
_CURE = (
    "make it a plain function that has done everything when it returns (def upgrade(), no yield):"
    " its operations need no await, with an async driver, too"
)


def refuse_without_upgrade(project: Project, pending: Iterable[str]) -> None:
    """Raise BrokenHistory, before the first revision, for a script whose upgrade() cannot work.

    The scripts have been imported.
    """
    wanted = frozenset(pending)
    for script in project.load():
        if script.revision in wanted and (refusal := refusal_of_upgrade(script)):
            raise refusal


def refusal_of_upgrade(script: Script) -> BrokenHistory | None:
    """Why the upgrade() of an imported script cannot work; None where it may."""
    upgrade = getattr(script.module, "upgrade", None)
    if not callable(upgrade):
        return without_upgrade(script)
    kind = _kind_of_function(upgrade)
    return None if kind is None else with_useless_upgrade(script, kind)


def without_upgrade(script: AnyScript) -> BrokenHistory:
    """The refusal of a script that has no upgrade()."""
    return BrokenHistory(
        f"{script.path} has no function upgrade(), which revision {script.revision} needs",
        next_step=f"write def upgrade() in {script.path} (with pass in it, if it has nothing to"
        " do), and build the image again",
    )


def with_useless_upgrade(script: AnyScript, kind: str) -> BrokenHistory:
    """The refusal of a script whose upgrade() does nothing when it is called."""
    return BrokenHistory(
        f"{script.path}: upgrade() of revision {script.revision} is {kind}: nothing of it would"
        " run",
        next_step=f"{_CURE}; then build the image again",
    )


def _kind_of_function(upgrade: Callable[..., Any]) -> str | None:
    # an object that is callable is what its __call__ is
    call = getattr(upgrade, "__call__", upgrade)  # noqa: B004  it is what is asked for
    for function in (upgrade, call):
        if inspect.iscoroutinefunction(function):
            return COROUTINE
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            return GENERATOR
    return None


def refuse_unfinished(returned: object, revision: str) -> None:
    """Raise RevisionFailed for what an upgrade() gave back in place of running it."""
    if not (isinstance(returned, _LAZY) or inspect.isgenerator(returned) or _is_function(returned)):
        return
    if inspect.iscoroutine(returned) or inspect.isgenerator(returned):
        returned.close()  # else Python warns that it was never awaited
    kind = "function" if _is_function(returned) else type(returned).__name__
    raise RevisionFailed(
        f"revision {revision}: upgrade() returned a {kind} that nobody runs: what that would do"
        " has not been done",
        next_step=f"{_CURE}; look at its decorators, too. Then run again",
    )


def _is_function(returned: object) -> bool:
    """One that was never called: a decorator that wants its parentheses gives such."""
    return inspect.isroutine(returned)
