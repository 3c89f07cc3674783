"""By which folder a module of the project's own was found, and what would be taken instead."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from headstart.process.own_modules import OwnModules, traced_modules

NAME = "headstarts_shop"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Two folders on sys.path; PYTHONPATH is not set, and this is neither of them."""
    folders = str(tmp_path / "first"), str(tmp_path / "second")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(sys, "path", [*folders, *sys.path])
    yield folders
    sys.modules.pop(NAME, None)


def found_at(folder: str, before: tuple[str, ...], named: tuple[str, ...] = ()) -> OwnModules:
    """What is told of a module of that folder."""
    module = ModuleType(NAME)
    module.__file__ = f"{folder}/{NAME}.py"
    sys.modules[NAME] = module
    return traced_modules((*before, "/usr/lib/x"), named)


def names(found: OwnModules, folder: str) -> set[str]:
    """What must not come to be in a folder, of this module."""
    every = {path for path in found.absent if NAME in path}
    return {path.removeprefix(f"{folder}/") for path in every if path.startswith(folder)}


NEARER = {
    *(f"{NAME}{suffix}" for suffix in (".py", ".pyc", ".so")),
    *(f"{NAME}/__init__{suffix}" for suffix in (".py", ".pyc", ".so")),
}


def test_of_a_folder_that_is_named(places: tuple[str, str]) -> None:
    first, second = places
    found = found_at(second, before=("/bin", second), named=(second,))
    assert f"{second}/{NAME}.py" in found.files
    assert (names(found, first), names(found, second)) == (NEARER, set())
    assert NAME not in found.by_start


def test_of_a_folder_that_the_project_has_added(places: tuple[str, str]) -> None:
    found = found_at(places[0], before=())
    assert NAME not in found.by_start


def test_of_the_folder_of_the_start(places: tuple[str, str]) -> None:
    first, _ = places
    assert found_at(first, before=(first,)).by_start == (NAME,)


def test_of_pythonpath(places: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = places
    monkeypatch.setenv("PYTHONPATH", second)
    found = found_at(second, before=(second,))
    assert (found.search_path, found.by_start) == ((second,), ())
    assert names(found, first) == NEARER


def test_by_a_finder_that_is_asked_behind_all_folders(
    places: tuple[str, str], tmp_path: Path
) -> None:
    first, second = places
    found = found_at(str(tmp_path / "elsewhere"), before=("/bin", first), named=(second,))
    assert (names(found, first), names(found, second)) == (set(), NEARER)
