"""A run imports the scripts that it has to run, and those alone that their text may not tell."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, TABLES
from tests.harness.result import Result
from tests.integration.stage import Stage

# what is imported depends on no server's version
pytestmark = ON_ONE_SERVER

PRINTS = "print('imported', __file__)"


def imported(done: Result) -> list[str]:
    """The scripts that have printed, in their order."""
    texts = [e["text"] for e in done.events if e["event"] == "output_printed"]
    return [text.rpartition("/")[2] for text in texts if text.startswith("imported")]


@pytest.fixture
def printing(stage: Stage) -> Stage:
    """A database at the head of five scripts, of which each tells when it is imported."""
    for file in stage.project.versions.glob("*.py"):
        file.write_text(f"{file.read_text()}\n{PRINTS}\n")
    stage.project.add("0004", "0003", top=PRINTS)
    stage.project.add("0005", "0004", top=PRINTS)
    done = stage.run()
    assert (done.verdict["outcome"], len(imported(done))) == ("upgraded", 5)
    return stage


def test_with_nothing_to_do_nothing_is_imported(printing: Stage) -> None:
    done = printing.run()
    assert (done.verdict["outcome"], imported(done)) == ("nothing_to_do", [])


def test_what_is_pending_is_imported_and_nothing_else(printing: Stage) -> None:
    printing.project.add("0006", "0005", "op.create_table('made')", top=PRINTS)
    printing.project.add("0007", "0006", top=PRINTS)
    done = printing.run()
    assert (done.verdict["to"], imported(done)) == (["0007"], ["0006.py", "0007.py"])
    assert "made" in printing.tables()


def test_a_script_that_no_longer_imports_is_met_by_the_run_that_needs_it(printing: Stage) -> None:
    printing.project.add("0004", "0003", top="import nosuch")
    assert printing.run().verdict["outcome"] == "nothing_to_do"
    printing.project.add("0006", "0005", "op.create_table('made')", top="import nosuch")
    done = printing.run()
    assert (done.exit_code, done.outcome) == (24, "broken_history")
    assert "0006.py, line 5 does not import" in done.verdict["error"]["message"]
    assert printing.rows() == ["0005"]


def test_a_script_whose_text_may_lie_is_imported_with_nothing_to_do(printing: Stage) -> None:
    """By its text the database is at head; as it is imported, 0005 is another head beside it."""
    printing.project.add("0005", "0004", top="globals()['down_revision'] = '0003'")
    done = printing.run()
    assert (done.exit_code, done.outcome) == (24, "broken_history")
    assert "0005.py says another revision" in done.verdict["error"]["message"]


LIAR = """
import sys
frame = sys._getframe()
while not frame.f_globals.get("__file__", "").endswith("0006.py"):
    frame = frame.f_back
frame.f_globals["down_revision"] = "0004"
"""


def test_a_pending_script_that_another_module_changes_is_refused(printing: Stage) -> None:
    """Its own text shows no way to; but what is to run is imported, and compared."""
    (printing.project.path / "liar.py").write_text(LIAR)
    printing.project.add("0006", "0005", "op.create_table('made')", top="import liar")
    done = printing.run(PYTHONPATH=str(printing.project.path))
    assert (done.exit_code, done.outcome) == (24, "broken_history")
    assert "0006.py says another revision" in done.verdict["error"]["message"]
    assert "made" not in printing.tables()


@pytest.mark.parametrize("verb", [["plan", "--sql"], ["run"]])
def test_a_script_that_says_another_revision_is_neither_shown_nor_run(
    printing: Stage, verb: list[str]
) -> None:
    printing.project.add("0006", "0005", top="globals()['down_revision'] = '0004'")
    done = printing.run(*verb)
    assert (done.exit_code, done.outcome) == (24, "broken_history")


def test_a_script_that_env_adds_is_not_overlooked(printing: Stage) -> None:
    printing.project.edit_env(
        "config = context.config\n",
        "config = context.config\nimport pathlib\n"
        "pathlib.Path(__file__).with_name('versions').joinpath('0006.py').write_text(\n"
        "    \"revision = '0006'\\ndown_revision = '0005'\\ndef upgrade(): pass\\n\")\n",
    )
    done = printing.run()
    assert (done.exit_code, done.outcome) == (24, "broken_history")
    assert "0006.py" in done.verdict["error"]["message"]


WALK = """
from alembic.script import Script
for each in context.script.walk_revisions():
    assert isinstance(each, Script)
    assert callable(each.module.upgrade)
    print('walked', each.revision, each.module.revision, each.doc or 'no title')
"""


def test_an_env_that_walks_the_history_gets_scripts_each_imported_once(printing: Stage) -> None:
    printing.project.edit_env("config = context.config\n", f"config = context.config\n{WALK}\n")
    printing.project.add("0006", "0005", top=PRINTS)
    done = printing.run()
    assert done.verdict["to"] == ["0006"]
    assert len(imported(done)) == len(set(imported(done))) == 6
    texts = [e["text"] for e in done.events if e["event"] == "output_printed"]
    walked = [text.split()[1:3] for text in texts if text.startswith("walked")]
    assert walked == [[each, each] for each in ["0006", "0005", "0004", *reversed(REVISIONS)]]


def test_a_callback_of_env_gets_what_a_row_came_from(printing: Stage) -> None:
    """step.source_revisions are scripts that nobody has to import otherwise."""
    printing.project.edit_env(
        "connection=connection,",
        "connection=connection, on_version_apply=lambda step, **_: print("
        "'from', *(each.module.revision for each in step.source_revisions)),",
    )
    printing.project.add("0006", "0005")
    done = printing.run()
    texts = [e["text"] for e in done.events if e["event"] == "output_printed"]
    assert "from 0005" in texts
    assert imported(done) == ["0005.py"]


def test_computed_labels_are_there_for_an_env_that_asks_for_them(stage: Stage) -> None:
    """They change nothing of the graph, so that its text is enough for a run."""
    stage.project.add("0004", "0003", top=f"branch_labels = ('lab' + 'el',)\n{PRINTS}")
    stage.project.edit_env(
        "config = context.config\n",
        "config = context.config\nprint(context.script.get_revision('label').revision)\n",
    )
    done = stage.run()
    assert done.verdict["outcome"] == "upgraded"
    assert "0004" in [e["text"] for e in done.events if e["event"] == "output_printed"]
    assert imported(done) == ["0004.py"]
    assert stage.tables() >= TABLES
