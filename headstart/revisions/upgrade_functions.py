"""What is called of a script: an upgrade() that is there, and that has done its work when it ends.

Alembic calls it and does not look at what it gives back: of a coroutine or a generator nothing has
run by then, and its version row would be written all the same.
"""

import inspect
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from itertools import chain, starmap
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
    """Raise BrokenHistory, before the first revision, for a script whose upgrade() cannot work."""
    wanted = frozenset(pending)
    for script in project.scripts:
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


@contextmanager
def finished_work(revision: str) -> Iterator[Callable[[object], None]]:
    """Refuse an upgrade() that leaves work undone; it gets what upgrade() has returned.

    Raises RevisionFailed for work that is given back, and for a coroutine that was called in the
    block and never awaited: Python says so when it forgets it, which any filter of warnings hides.
    """
    found: list[str] = []
    with _heard_unawaited(found):
        yield lambda returned: _refuse_returned(returned, revision)
    if found:
        raise RevisionFailed(
            f"revision {revision}: {found[0]} was called and never awaited: what it would do has"
            " not been done",
            next_step=f"{_CURE}; or run what is async to its end (asyncio.run(), in a thread of its"
            " own). Then run again",
        )


@contextmanager
def _heard_unawaited(found: list[str]) -> Iterator[None]:
    """Name what Python finds never awaited, of the coroutines that this thread makes in the block.

    Source: CPython, _PyErr_WarnUnawaitedCoroutine, which looks for the function in the module.
    """
    depth, tell = sys.get_coroutine_origin_tracking_depth(), vars(warnings).get(_TELL_UNAWAITED)

    def hear(coroutine: Any) -> None:
        if coroutine.cr_origin is not None:  # an older one, or another thread's, has none
            file, line, _ = coroutine.cr_origin[0]
            found.append(f"{coroutine.__qualname__}() ({file}, line {line})")
        elif tell is not None:
            tell(coroutine)

    vars(warnings)[_TELL_UNAWAITED] = hear
    sys.set_coroutine_origin_tracking_depth(max(depth, 1))
    try:
        yield
    finally:
        sys.set_coroutine_origin_tracking_depth(depth)
        vars(warnings)[_TELL_UNAWAITED] = tell


_TELL_UNAWAITED = "_warn_unawaited_coroutine"


def _refuse_returned(returned: object, revision: str) -> None:
    if returned is None:  # nearly always
        return
    work = returned if _is_lazy(returned) else next(_work_within(returned), None)
    if work is None:
        return
    for one in (work, *_work_within(returned)):
        if inspect.iscoroutine(one) or inspect.isgenerator(one):
            one.close()  # else Python warns that it was never awaited
    kind = "function" if _is_function(work) else type(work).__name__
    raise RevisionFailed(
        f"revision {revision}: upgrade() returned a {kind} that nobody runs: what that would do"
        " has not been done",
        next_step=f"{_CURE}; look at its decorators, too. Then run again",
    )


def _is_lazy(returned: object) -> bool:
    is_one = isinstance(returned, _LAZY) or inspect.isgenerator(returned)
    return is_one or _is_function(returned)


def _work_within(returned: object, depth: int = 3) -> Iterator[Any]:
    """What has not begun, or not ended, in the lists and mappings that upgrade() gave back."""
    if inspect.iscoroutine(returned):
        if inspect.getcoroutinestate(returned) != inspect.CORO_CLOSED:
            yield returned
    elif inspect.isgenerator(returned):
        if inspect.getgeneratorstate(returned) == inspect.GEN_CREATED:
            yield returned
    elif isinstance(returned, Future):
        if not returned.done():
            yield returned
    elif isinstance(returned, list | tuple | set | frozenset | Mapping) and depth:
        values = returned.values() if isinstance(returned, Mapping) else returned
        yield from chain.from_iterable(_work_within(one, depth - 1) for one in values)


def _is_function(returned: object) -> bool:
    """One that was never called: a decorator that wants its parentheses gives such."""
    return inspect.isroutine(returned)
