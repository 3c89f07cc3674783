"""What env.py prepares is there when the scripts are imported, as with Alembic."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import TABLES
from tests.harness.server import empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.stage import Stage

# env.py decides here, not the server's version
pytestmark = ON_ONE_SERVER

READS_ENVIRON = "import os; NAME = os.environ.get('MADE_NAME', 'default')"
PREPARED = {
    "a variable of the environment": ("import os; os.environ['MADE_NAME'] = 'made'", READS_ENVIRON),
    "a default of the environment": (
        "import os; os.environ.setdefault('MADE_NAME', 'made')",
        READS_ENVIRON,
    ),
    "a folder of sys.path": (
        (
            "import pathlib, sys; folder = pathlib.Path(__file__).with_name('more');"
            " folder.mkdir(exist_ok=True); (folder / 'names.py').write_text(\"NAME = 'made'\");"
            " sys.path.insert(0, str(folder))"
        ),
        "from names import NAME",
    ),
    "a module's attribute": (
        "import string; string.made_name = 'made'",
        "import string; NAME = getattr(string, 'made_name', 'default')",
    ),
    "an option of the configuration": (
        "config.set_main_option('made_name', 'made')",
        "from alembic import context; NAME = context.config.get_main_option('made_name', 'no')",
    ),
    "the current folder": (
        (
            "import os, pathlib; folder = pathlib.Path(__file__).with_name('here');"
            " folder.mkdir(exist_ok=True); (folder / 'name').write_text('made'); os.chdir(folder)"
        ),
        (
            "import pathlib; file = pathlib.Path('name');"
            " NAME = file.read_text() if file.exists() else 'default'"
        ),
    ),
}


def prepare(stage: Stage, before: str, top: str) -> None:
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{before}\n")
    stage.project.add("0004", "0003", "op.create_table(NAME, sa.Column('id', sa.Integer))", top=top)


@pytest.mark.parametrize(("before", "top"), PREPARED.values(), ids=PREPARED.keys())
def test_a_script_finds_what_env_has_prepared(stage: Stage, before: str, top: str) -> None:
    prepare(stage, before, top)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.tables() == TABLES | {"alembic_version", "made"}
    assert stage.run().verdict["outcome"] == "nothing_to_do"


@pytest.mark.parametrize("verb", ["check", "wait", "plan"])
def test_what_runs_no_env_imports_no_script(stage: Stage, verb: str) -> None:
    """It needs nothing of what env.py prepares, and what a script does on import is not done."""
    marker = stage.project.path / "imported"
    top = f"import pathlib; pathlib.Path({str(marker)!r}).touch()"
    stage.project.add("0004", "0003", top=top)
    assert stage.run().exit_code == 0
    marker.unlink()
    assert stage.run(verb).exit_code == 0
    assert not marker.exists()


def test_a_package_of_scripts_is_not_imported_before_env_has_run(stage: Stage) -> None:
    """version_locations = shop:versions names a package that needs what env.py prepares."""
    package = stage.project.path / "shop"
    stage.project.versions.rename(package.with_name("versions"))
    package.mkdir()
    package.with_name("versions").rename(package / "versions")
    (package / "__init__.py").write_text("import os\nNAME = os.environ['SHOP_NAME']\n")
    ini = stage.project.path / "alembic.ini"
    # with "os", a colon would separate two folders
    text = ini.read_text().replace("path_separator = os", "path_separator = space")
    ini.write_text(text.replace("[alembic]", "[alembic]\nversion_locations = shop:versions"))
    stage.project.edit_env(
        "config = context.config\n",
        "import os\nconfig = context.config\nos.environ['SHOP_NAME'] = 'shop'\n",
    )
    path = str(stage.project.path)
    assert stage.run(PYTHONPATH=path).verdict["outcome"] == "upgraded"
    assert stage.run("check", PYTHONPATH=path).exit_code == 0


CHANGED = {
    "globals()": "globals()['down_revision'] = None",
    "exec": "exec('down_revision = None')",
    "setattr": "import sys, types; vars().update(down_revision=None)",
}


@pytest.mark.parametrize("top", CHANGED.values(), ids=CHANGED.keys())
def test_a_script_that_is_another_than_its_text_told_is_refused(stage: Stage, top: str) -> None:
    stage.project.add("0004", "0003", top=top)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "0004.py says another revision" in ended.verdict["error"]["message"]
    assert stage.tables() == set()


@pytest.mark.parametrize(("before", "top"), PREPARED.values(), ids=PREPARED.keys())
def test_a_build_finds_it_where_the_text_does_not_tell_the_history(
    stage: Stage, before: str, top: str
) -> None:
    prepare(stage, before, f"{top}\nrevision = '000' + str(4)")
    with empty_database(stage.database.server) as scratch:
        fingerprint = Fingerprinter(stage.project, scratch)
        fingerprint.build()
    assert any(line.startswith("table\tmade") for line in fingerprint.states.lines("0004"))
    assert stage.run().verdict["proof"] == "fingerprint"


UNTOLD = {
    "computed": "revision = '000' + str(4)",
    "in an if": "if True:\n    revision = '0004'",
    "imported": "from string import digits as depends_on\ndepends_on = None or None",
}


@pytest.mark.parametrize("top", UNTOLD.values(), ids=UNTOLD.keys())
def test_a_script_whose_text_does_not_tell_is_known_when_it_is_imported(
    stage: Stage, top: str
) -> None:
    stage.project.add("0004", "0003", top=top)
    assert stage.run("check").exit_code == 14
    assert stage.run().verdict["to"] == ["0004"]
    assert stage.run("check").exit_code == 0
    assert stage.run().verdict["outcome"] == "nothing_to_do"


LABELLED = "import shop_names; revision = '0004'; branch_labels = ('mine', shop_names.BRANCH)"
PREPARES = (
    "import sys, types; module = types.ModuleType('shop_names'); module.BRANCH = 'shop';"
    " sys.modules['shop_names'] = module"
)


@pytest.mark.parametrize("verb", ["check", "plan", "diff"])
def test_labels_that_are_computed_matter_only_to_who_names_one(known: Stage, verb: str) -> None:
    """The script needs what env.py prepares, and these verbs run no env.py."""
    known.project.edit_env("config = context.config\n", f"config = context.config\n{PREPARES}\n")
    known.project.add("0004", "0003", top=LABELLED)
    with empty_database(known.database.server) as scratch:
        Fingerprinter(known.project, scratch).build()
    assert known.run().verdict["to"] == ["0004"]
    assert known.run(verb).exit_code == 0
    assert known.run(HEADSTART_TARGET="shop@head").verdict["outcome"] == "nothing_to_do"


NEEDS_ENV = {
    "a module": ("import shop_names", "shop_names.PARENT"),
    "a variable": ("import os", "os.environ['SHOP_PARENT']"),
}


@pytest.mark.parametrize("needs", NEEDS_ENV)
@pytest.mark.parametrize(
    "verb", [["check"], ["check", "--image"], ["wait", "--wait-seconds", "1"], ["plan"], ["diff"]]
)
def test_a_verb_that_runs_no_env_py_says_what_it_lacks(
    stage: Stage, verb: list[str], needs: str
) -> None:
    """A run finds it; they tell how it is found without."""
    prepares = f"{PREPARES}; module.PARENT = '0003'; import os; os.environ['SHOP_PARENT'] = '0003'"
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{prepares}\n")
    module, parent = NEEDS_ENV[needs]
    stage.project.add("0004", "0003", top=f"{module}\ndown_revision = {parent}")
    assert stage.run().verdict["to"] == ["0004"]
    ended = stage.run(*verb, HEADSTART_FINGERPRINTS="/nowhere")
    assert (ended.exit_code, ended.outcome) == (24, "broken_history"), ended.verdict
    told = f"{ended.verdict['next_step']} {ended.verdict.get('problems')}"
    assert "here no env.py runs, which may prepare what this script imports" in told
    if needs == "a module":
        folder = stage.project.path / "lib"
        folder.mkdir()
        (folder / "shop_names.py").write_text("PARENT = '0003'\n")
        assert stage.run(*verb, PYTHONPATH=str(folder)).exit_code in (0, 24 * (verb == ["diff"]))


@pytest.mark.parametrize("computed", [True, False])
def test_a_build_says_that_env_py_ran_twice_where_a_script_is_computed(
    stage: Stage, fingerprint: Fingerprinter, computed: bool
) -> None:
    once = (
        "import sqlalchemy, string\n"
        "data = vars(string).setdefault('shop_data', sqlalchemy.MetaData())\n"
        "sqlalchemy.Table('legacy', data, sqlalchemy.Column('id', sqlalchemy.Integer))\n"
    )
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{once}")
    stage.project.add("0004", "0003", top="revision = '000' + str(4)" if computed else "")
    ended = fingerprint.run("build")
    if computed:
        assert (ended.exit_code, ended.outcome) == (24, "broken_history"), ended.verdict
        assert ended.verdict["next_step"].startswith("env.py ran twice here")
    else:
        assert ended.exit_code == 0, ended.verdict
