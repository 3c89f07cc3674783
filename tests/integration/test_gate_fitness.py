"""A project whose env.py does what the gate would leave out is unfit; the build says why."""

import json
from dataclasses import replace

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import copied
from tests.integration import gate_envs
from tests.integration.fingerprinting import ASYNC
from tests.integration.gate_stage import assert_closed, build, opened, unfit_because
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER
METADATA = "target_metadata = None"


def why(stage: KnownStage, old: str, new: str) -> str:
    """What the build says of a project whose env.py has this instead; empty if it is fit."""
    stage.project.edit_env(old, new)
    build(stage)
    assert "gate\tbody\t" in stage.file.read_text()
    return unfit_because(stage) or ""


@pytest.mark.parametrize("case", list(gate_envs.AT_TOP))
def test_what_it_reads_or_reaches(known: KnownStage, case: str) -> None:
    source, said = gate_envs.AT_TOP[case]
    assert said in why(known, METADATA, f"{source}\n{METADATA}")


@pytest.mark.parametrize("case", list(gate_envs.ONLINE))
def test_what_it_does_with_its_connection(known: KnownStage, case: str) -> None:
    (old, new), said = gate_envs.ONLINE[case]
    assert said in why(known, old, new)


@pytest.mark.parametrize("case", list(gate_envs.ASYNC))
def test_the_same_in_an_async_one(known: KnownStage, case: str) -> None:
    stage = replace(known, project=copied(ASYNC, known.project.path))
    (old, new), said = gate_envs.ASYNC[case]
    assert said in why(stage, old, new)


def test_an_async_one_is_fit_as_its_template_is(known: KnownStage) -> None:
    opened(build(replace(known, project=copied(ASYNC, known.project.path))))


@pytest.mark.parametrize("case", list(gate_envs.FIT))
def test_what_makes_no_difference(known: KnownStage, case: str) -> None:
    assert why(known, METADATA, f"{gate_envs.FIT[case]}\n{METADATA}") == ""


@pytest.mark.parametrize("case", ["getenv", "in"])
def test_the_gate_of_an_unfit_project_opens_by_an_operators_word(
    known: KnownStage, case: str
) -> None:
    why(known, METADATA, f"{gate_envs.AT_TOP[case][0]}\n{METADATA}")
    assert_closed(known, "run", "run", "check")
    opened(known, HEADSTART_GATE="on")
    assert_closed(known, "check")
    assert_closed(known, "check", HEADSTART_GATE="off")


_CALL = "CREATE FUNCTION f({0}) RETURNS {1} LANGUAGE sql AS 'SELECT {2}'"
_OPERATOR = "; CREATE OPERATOR <<< (LEFTARG = interval, RIGHTARG = int, FUNCTION = f)"
BLIND = {
    "a cast": (
        f"{_CALL.format('interval', 'int', 1)}; CREATE CAST (interval AS int) WITH FUNCTION f",
        "DROP CAST (interval AS int)",
    ),
    "an operator": (
        _CALL.format("interval, int", "boolean", "true") + _OPERATOR,
        "DROP OPERATOR <<< (interval, int)",
    ),
}


@pytest.mark.parametrize("kind", list(BLIND))
def test_no_word_opens_it_for_what_its_number_does_not_stand_for(
    known: KnownStage, kind: str
) -> None:
    make, drop = BLIND[kind]
    known.project.add("0004", "0003", f"op.execute({make!r})")
    build(known)
    assert_closed(known, "run", "run", HEADSTART_GATE="on")
    known.database.execute(drop)
    assert assert_closed(known, "check", HEADSTART_GATE="on").verdict["outcome"] == "drifted"


@pytest.mark.parametrize(("told", "fit"), [({}, False), ({"editable": True}, True)])
def test_a_package_that_is_installed_from_a_folder(
    known: KnownStage, told: dict[str, bool], fit: bool
) -> None:
    """Its modules are the project's, and not where the gate would look for them."""
    folder = known.project.path / "lib" / "site-packages"
    about = folder / "own_models-1.dist-info"
    about.mkdir(parents=True)
    (folder / "own_models.py").write_text("meta = None\n")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: own_models\nVersion: 1\n")
    (about / "top_level.txt").write_text("own_models\n")
    (about / "direct_url.json").write_text(json.dumps({"url": "file:///src", "dir_info": told}))
    source = f"import sys; sys.path.append({str(folder)!r}); import own_models"
    said = why(known, METADATA, f"{source}\n{METADATA}")
    assert ("own_models" in said) is not fit


SETTINGS = "import os\nTENANT = os.environ.get('TENANT')\n"
IMPORTED = (
    "import sys; sys.path.insert(0, __file__.rpartition('/alembic/')[0])\nimport app_settings"
)


@pytest.mark.parametrize("untold", [False, True], ids=["told", "untold"])
def test_what_a_module_reads_that_it_imports(known: KnownStage, untold: bool) -> None:
    """Also where a script has to be imported, which runs env.py before the build listens."""
    (known.project.path / "app_settings.py").write_text(SETTINGS)
    if untold:
        known.project.add("0004", "0003", top="import app_settings\nrevision = str('0004')")
    assert "reads TENANT" in why(known, METADATA, f"{IMPORTED}\n{METADATA}")
