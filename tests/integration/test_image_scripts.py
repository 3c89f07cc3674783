"""check --image tells which scripts cannot run, and imports those alone that tell nothing."""

import py_compile

import pytest

from tests.harness.project import ProjectCopy
from tests.integration.image_checking import CONTRACT, LONG, checked, problems, the_problem

BROKEN_SCRIPTS = {
    "no Python in upgrade()": ("", "if True", "line 7 is not Python"),
    "no Python at the top": ("revision = (", "pass", "does not import: SyntaxError"),
    "a module that is not there": ("import nosuch\nrevision = str(nosuch)", "pass", "nosuch"),
    "a variable that is not set": (
        "import os\nrevision = os.environ['SHOP_KEY']",
        "pass",
        "the environment variable SHOP_KEY is not set",
    ),
    "an exit": ("import sys\nsys.exit(3)\nrevision = str(4)", "pass", "does not import"),
}


@pytest.mark.parametrize(("top", "body", "why"), BROKEN_SCRIPTS.values(), ids=BROKEN_SCRIPTS)
def test_a_script_that_cannot_be_read_is_named(
    project: ProjectCopy, top: str, body: str, why: str
) -> None:
    file = project.add("0004", "0003", body, top=top)
    if "exit" in top:
        file.write_text(file.read_text().replace("revision = '0004'\n", ""))
    message, _ = the_problem(project)
    assert why in message
    assert str(file) in message


def test_a_script_that_is_told_is_not_imported(project: ProjectCopy) -> None:
    project.add("0004", "0003", top="print('imported')\nimport nosuch")
    done = checked(project)
    assert done.exit_code == 0
    assert "imported" not in done.stderr


UPGRADES = {
    "none": ("def downgrade(): pass", "has no function upgrade()"),
    "async": ("async def upgrade() -> None: pass", "is a coroutine function"),
    "a generator": ("def upgrade():\n    yield", "is a generator function"),
    "an asynchronous generator": ("async def upgrade():\n    yield", "is a generator function"),
    "async, with a default": ("async def upgrade(n: int = 3): pass", "is a coroutine function"),
}
OPEN = {
    "imported": "from os import getcwd as upgrade",
    "a star": "def helper(): pass\nfrom os import *",
    "assigned": "async def later(): pass\nupgrade = lambda: None",
    "decorated": (
        "def at_once(function): return lambda: None\n@at_once\nasync def upgrade(): pass"
    ),
    "in a branch": "if 0 > 1:\n    async def upgrade(): pass\nelse:\n    def upgrade(): pass",
    "in one of two": (
        "import os\nif os:\n    def upgrade(): pass\nelse:\n    async def upgrade(): pass"
    ),
    "replaced": "async def upgrade(): pass\nimport asyncio\nupgrade = print",
    "by its name": "globals()['upgrade'] = print",
    "with one inside": "def upgrade():\n    async def inner(): yield\n    return None",
}
"""What is no mistake, or what only the module itself tells."""


def with_upgrade(project: ProjectCopy, upgrade: str, top: str = "") -> str:
    file = project.versions / "0004.py"
    file.write_text(f"revision = '0004'\ndown_revision = '0003'\n{top}\n{upgrade}\n")
    return str(file)


@pytest.mark.parametrize("top", ["", "revision = str('0004')"], ids=["told", "imported"])
@pytest.mark.parametrize(("upgrade", "why"), UPGRADES.values(), ids=UPGRADES)
def test_an_upgrade_that_would_do_nothing_is_refused(
    project: ProjectCopy, upgrade: str, why: str, top: str
) -> None:
    file = with_upgrade(project, upgrade, top)
    message, cure = the_problem(project)
    assert message.startswith(file)
    assert why in message
    assert "def upgrade()" in cure


@pytest.mark.parametrize("upgrade", OPEN.values(), ids=OPEN)
def test_an_upgrade_that_the_text_leaves_open_is_let_be(project: ProjectCopy, upgrade: str) -> None:
    with_upgrade(project, upgrade)
    assert problems(project) == {}


def test_an_env_that_is_missing_or_no_python_is_named(project: ProjectCopy) -> None:
    env = project.path / "alembic" / "env.py"
    env.write_text("def (\n")
    assert the_problem(project)[0].startswith(f"{env}, line 1 is not Python")
    env.unlink()
    assert the_problem(project)[0] == f"{env} does not exist"


def test_each_id_that_the_version_table_cannot_hold_is_named(project: ProjectCopy) -> None:
    project.add(LONG, "0003")
    project.add(f"{LONG}_2", LONG)
    told = problems(project)
    assert [f"'{LONG}'" in m or f"'{LONG}_2'" in m for m in told] == [True, True]
    assert all("will take 32" in message for message in told)
    assert all("varchar(128)" in cure for cure in told.values())


def test_what_widens_the_column_lets_later_ids_be_long(project: ProjectCopy) -> None:
    project.add(LONG, "0003")
    widen = "op.execute('ALTER TABLE alembic_version ALTER version_num TYPE text')"
    first = project.versions / next(project.versions.glob("0001*")).name
    first.write_text(first.read_text() + f"\n\ndef later():\n    {widen}\n")
    assert problems(project) == {}


def test_an_env_that_makes_the_table_lets_ids_be_long(project: ProjectCopy) -> None:
    project.add(LONG, "0003")
    env = project.path / "alembic" / "env.py"
    env.write_text("# it makes version_num wider\n" + env.read_text())
    assert problems(project) == {}


def test_compiled_scripts_tell_the_same(project: ProjectCopy) -> None:
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nsourceless = true", 1))
    with_upgrade(project, "async def upgrade(): pass", CONTRACT)
    project.add("0005", "0004", "op.get_bind()")
    (project.versions / "0006.py").write_text("revision = '0006'\ndown_revision = '0005'\n")
    for file in project.versions.glob("*.py"):
        py_compile.compile(str(file), str(file.with_suffix(".pyc")), doraise=True)
        file.unlink()
    told = list(problems(project, "--since", "0003"))
    assert ["coroutine function" in told[0], "has no function upgrade()" in told[1]] == [True] * 2
    assert told[2].startswith("0005 (expand) comes after 0004 (contract)")
    assert told[3].startswith("0006 (expand)"), "nobody knows what one without upgrade() is to do"
    assert len(told) == 4
