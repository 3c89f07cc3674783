"""Which modules env.py imports is known to the gate: what is nearer, moved or hidden closes it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_headstart
from tests.harness.project import copied
from tests.integration.fingerprinting import ASYNC
from tests.integration.gate_stage import assert_closed, assert_open, build, opened, unfit_because
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER
METADATA = "target_metadata = None"
MODULE = "from sqlalchemy import MetaData\nmeta = MetaData()\n"
BROKEN = "raise RuntimeError('another module')\n"


def using(stage: KnownStage, module: str, *, prepended: str | None = "%(here)s") -> KnownStage:
    """The stage whose env.py imports this module, by a folder that alembic.ini names, or not."""
    ini = Path(stage.project.ini)
    line = "" if prepended is None else f"prepend_sys_path = {prepended}"
    ini.write_text(ini.read_text().replace("prepend_sys_path = .", line))
    stage.project.edit_env(METADATA, f"import {module}\n{METADATA}")
    return stage


def _package(folder: Path) -> None:
    (folder / "models_of_app").mkdir()
    (folder / "models_of_app" / "__init__.py").write_text(BROKEN)


def _compiled(folder: Path) -> None:
    (folder / "models_of_app.so").write_bytes(b"")


def _stale(folder: Path) -> None:
    (folder / "models_of_app").mkdir()
    (folder / "models_of_app" / "__init__.pyc").write_bytes(b"")


@pytest.mark.parametrize("nearer", [_package, _compiled, _stale])
def test_what_python_would_take_instead(known: KnownStage, nearer: Callable[[Path], None]) -> None:
    (known.project.path / "models_of_app.py").write_text(MODULE)
    opened(build(using(known, "models_of_app")))
    nearer(known.project.path)
    assert_closed(known, "run", "check")


@pytest.mark.parametrize("place", ["models_of_app.py", "models_of_app/__init__.py"])
def test_what_stands_in_an_earlier_folder(known: KnownStage, place: str) -> None:
    folder = known.project.path
    for name in ("first", "second"):
        (folder / name).mkdir()
    (folder / "second" / "models_of_app.py").write_text(MODULE)
    stage = using(known, "models_of_app", prepended="%(here)s/first:%(here)s/second")
    opened(build(stage))
    (folder / "first" / place).parent.mkdir(exist_ok=True)
    (folder / "first" / place).write_text(BROKEN)
    assert_closed(known, "run", "check")


def test_a_package_that_had_no_init_file(known: KnownStage) -> None:
    folder = known.project.path / "shop" / "models"
    folder.mkdir(parents=True)
    (folder / "tables.py").write_text(MODULE)
    opened(build(using(known, "shop.models.tables")))
    (folder / "__init__.py").write_text(BROKEN)
    assert_closed(known, "run", "check")
    (folder / "__init__.py").unlink()
    assert_open(known, "check")
    (known.project.path / "shop.py").write_text(BROKEN)
    assert_closed(known, "check")


def test_a_module_of_pythonpath_is_found_by_the_same_one(known: KnownStage) -> None:
    folder = known.project.path / "src"
    folder.mkdir()
    (folder / "models_of_app.py").write_text(MODULE)
    same = {"PYTHONPATH": str(folder)}
    stage = using(known, "models_of_app", prepended=None)
    opened(build(stage, **same), **same)
    assert_closed(stage, "run", "check")
    both = {"PYTHONPATH": f"{known.project.path}:{folder}"}
    assert_closed(stage, "run", "check", **both)
    assert_open(stage, "check", **same)


def test_a_module_of_a_folder_that_is_named_needs_no_pythonpath(known: KnownStage) -> None:
    (known.project.path / "models_of_app.py").write_text(MODULE)
    opened(build(using(known, "models_of_app")))
    assert_open(known, "check", PYTHONPATH="/srv/other")


LOADED = {
    "a module by its file": (
        "import importlib.util\n"
        "spec = importlib.util.spec_from_file_location('conf', {file!r})\n"
        "conf = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(conf)"
    ),
    "a module by its file, twice": (
        "import importlib.util\nfor _ in range(2):\n"
        "    spec = importlib.util.spec_from_file_location('conf', {file!r})\n"
        "    conf = importlib.util.module_from_spec(spec)\n    spec.loader.exec_module(conf)"
    ),
    "a loader": (
        "from importlib.machinery import SourceFileLoader\n"
        "SourceFileLoader('conf', {file!r}).get_data({file!r})"
    ),
    "runpy": "import runpy\nrunpy.run_path({file!r})",
    "a package's data": (
        "import pkgutil, sys\nsys.path.insert(0, {folder!r})\npkgutil.get_data('shop', 'conf.py')"
    ),
    "a package's resource": (
        "import importlib.resources, sys\nsys.path.insert(0, {folder!r})\n"
        "importlib.resources.files('shop').joinpath('conf.py').read_text()"
    ),
}


@pytest.mark.parametrize("way", LOADED.values(), ids=LOADED.keys())
def test_a_file_that_is_read_in_the_way_of_an_import(known: KnownStage, way: str) -> None:
    folder = known.project.path / "shop"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "conf.py").write_text("TABLE = 'alembic_version'\n")
    source = way.format(file=str(folder / "conf.py"), folder=str(known.project.path))
    known.project.edit_env(METADATA, f"{source}\n{METADATA}")
    build(known)
    assert "shop/conf.py" in (unfit_because(known) or "")


def test_alembics_async_template_is_fit_on_the_embedded_server(known: KnownStage) -> None:
    """Which listens at another place than DATABASE_URL says."""
    stage = replace(known, project=copied(ASYNC, known.project.path))
    built = run_headstart(
        "fingerprint", "build", "--once", env={"HEADSTART_ALEMBIC_INI": stage.project.ini}
    )
    assert built.exit_code == 0, built.stderr
    assert unfit_because(stage) is None
    assert "whole way" not in built.stdout


def test_the_build_says_why_the_gate_stays_closed(known: KnownStage) -> None:
    known.project.edit_env(METADATA, f"import os; os.environ.get('TENANT')\n{METADATA}")
    built = run_headstart(
        "fingerprint", "build", "--once", env={"HEADSTART_ALEMBIC_INI": known.project.ini}
    )
    assert "takes its full time" in built.stdout
    assert "reads TENANT" in built.stdout
