"""The modules of the project's own that have been imported, and what decides that it was these.

An import takes the first that it finds. So a module is the same one next time only where nothing
has come to stand before it, and where the folders are the same: those that alembic.ini or env.py
name are, PYTHONPATH's may not be, and the first one of all depends on how headstart is started.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import field

from headstart.process.reads import LIBRARIES, STANDARD, is_installed
from headstart.values import dataclass

PYTHONPATH = "PYTHONPATH"
_SUFFIXES = (".py", ".pyc", ".so")


@dataclass(frozen=True)
class OwnModules:
    """Files, as absolute paths, by which name of a module they were found.

    `absent` must not come to be there. `search_path` is PYTHONPATH, where it decides; else None.
    `by_start` are modules that were found only in the folder that the start put first.
    """

    files: frozenset[str]
    absent: frozenset[str] = field(default=frozenset())
    search_path: tuple[str, ...] | None = field(default=None)
    by_start: tuple[str, ...] = field(default=())


def own_modules() -> dict[str, str]:
    """By name, the files of the modules that are neither Python's, nor installed, nor ours."""
    named = ((name, getattr(each, "__file__", None)) for name, each in list(sys.modules.items()))
    return {
        name: os.path.abspath(file)
        for name, file in named
        if isinstance(file, str)
        and name.partition(".")[0] not in {*LIBRARIES, "__main__"}
        and not (is_installed(file) or file.startswith(STANDARD))
    }


def traced_modules(before: Sequence[str], named: Sequence[str]) -> OwnModules:
    """The modules, and by which way each was found.

    `before` is sys.path as the process began, and `named` are the folders of prepend_sys_path.
    """
    every = own_modules()
    python_path = python_path_of(os.environ.get(PYTHONPATH, ""))
    began = [os.path.abspath(each) for each in before]
    now = [os.path.abspath(each) for each in sys.path]
    chosen = {*now, *map(os.path.abspath, named)} - {*began} | {*map(os.path.abspath, named)}
    absent, others, by_start = set[str](), set[str](), set[str]()
    for name, file in every.items():
        root = _root_of(name, file)
        if root is None:
            continue
        # an editable install's finder comes behind all folders
        earlier = now[: now.index(root)] if root in now else now
        ours = [each for each in earlier if each in chosen or each in python_path]
        absent.update(_nearer(name, root, ours, every))
        if root in chosen:
            continue
        others.add(name)
        absent.update(_candidates(os.getcwd(), name.partition(".")[0]))  # by python -m
        if root == began[0] and root not in python_path:
            by_start.add(name.partition(".")[0])
    return OwnModules(
        frozenset(every.values()),
        frozenset(absent - {*every.values()}),
        python_path if others else None,
        tuple(sorted(by_start)),
    )


def python_path_of(text: str) -> tuple[str, ...]:
    """The folders that PYTHONPATH names, absolute."""
    return tuple(os.path.abspath(each) for each in text.split(os.pathsep) if each)


def _root_of(name: str, file: str) -> str | None:
    """The folder under which a module's file has its name; None for a file of another name."""
    place, suffix = os.path.splitext(file)
    if os.path.basename(place) == "__init__":
        place = os.path.dirname(place)
    inner = os.sep + name.replace(".", os.sep)
    return place.removesuffix(inner) or os.sep if suffix and place.endswith(inner) else None


def _nearer(name: str, root: str, earlier: Sequence[str], every: dict[str, str]) -> Iterator[str]:
    """What would be taken instead, of another folder or for a package without __init__.py."""
    first, *more = name.split(".")
    for folder in earlier:
        yield from _candidates(folder, first)
    package = first
    for part in more:
        if package not in every:
            yield from _candidates(root, package.replace(".", os.sep))
        package = f"{package}.{part}"


def _candidates(folder: str, module: str) -> Iterator[str]:
    place = os.path.join(folder, module)
    yield from (f"{place}{suffix}" for suffix in _SUFFIXES)
    yield from (os.path.join(place, f"__init__{suffix}") for suffix in _SUFFIXES)
