"""A broken image never touches the database: 24, the file is named, nobody connects."""

from collections.abc import Callable, Iterator

import pytest

from tests.harness.program import run_headstart
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.proxy import SilentListener
from tests.harness.result import Result
from tests.integration.stage import Stage

Named = list[str]
"""Texts that the error must hold."""


@pytest.fixture
def listener() -> Iterator[SilentListener]:
    """Give an address where an attempt to connect would be seen."""
    with SilentListener() as listening:
        yield listening


def several_heads(project: ProjectCopy) -> Named:
    file = project.add("0003b", "0002")
    return ["several heads", str(file), "0003_create_invoices.py"]


def missing_parent(project: ProjectCopy) -> Named:
    file = project.add("0005", "0004")
    return [str(file), "0004", "which no script has"]


def duplicate_id(project: ProjectCopy) -> Named:
    file = project.add("0003", "0002", name="again")
    return [str(file), "0003_create_invoices.py", "twice"]


def cycle(project: ProjectCopy) -> Named:
    project.remove("0001")
    file = project.add("0001", "0003")
    return ["cycle", str(file)]


def missing_dependency(project: ProjectCopy) -> Named:
    file = project.add("0004", "0003", top='depends_on = "gone"')
    return [str(file), "depends on gone"]


def import_error(project: ProjectCopy) -> Named:
    file = project.add("0004", "0003", top="import no_such_module")
    return [f"{file}, line 5", "ModuleNotFoundError", "no_such_module"]


def syntax_error(project: ProjectCopy) -> Named:
    file = project.add("0004", "0003", top="def (:")
    return [f"{file}, line 5", "SyntaxError"]


def exit_on_import(project: ProjectCopy) -> Named:
    file = project.add("0004", "0003", top="raise SystemExit(0)")
    return [f"{file}, line 5", "SystemExit"]


def no_revisions(project: ProjectCopy) -> Named:
    project.remove(*REVISIONS)
    return ["there is no revision in", str(project.versions)]


def no_script_folder(project: ProjectCopy) -> Named:
    (project.path / "alembic").rename(project.path / "elsewhere")
    return [project.ini]


BROKEN: list[Callable[[ProjectCopy], Named]] = [
    several_heads,
    missing_parent,
    duplicate_id,
    cycle,
    missing_dependency,
    no_revisions,
    no_script_folder,
]


@pytest.mark.parametrize("spoil", BROKEN)
def test_a_broken_history_names_its_file_and_nobody_connects(
    project: ProjectCopy,
    listener: SilentListener,
    spoil: Callable[[ProjectCopy], Named],
) -> None:
    named = spoil(project)
    ended = run(project, listener)
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert [text for text in named if text not in ended.verdict["error"]["message"]] == []
    assert listener.attempts() == 0
    assert ended.verdict["wait_attempts"] == 0
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("spoil", [import_error, syntax_error, exit_on_import])
def test_a_script_that_does_not_import_is_named_before_the_first_revision(
    stage: Stage, spoil: Callable[[ProjectCopy], Named]
) -> None:
    """It may need what env.py prepares, so it is imported where Alembic does that."""
    named = spoil(stage.project)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert [text for text in named if text not in ended.verdict["error"]["message"]] == []
    assert "Traceback" not in ended.stderr
    assert stage.tables() == set()


@pytest.mark.parametrize("verb", ["check", "wait", "plan"])
def test_every_verb_refuses_a_broken_history_at_once(
    project: ProjectCopy, listener: SilentListener, verb: str
) -> None:
    several_heads(project)
    assert run(project, listener, verb).exit_code == 24
    assert listener.attempts() == 0


def test_a_sound_history_does_connect(project: ProjectCopy, listener: SilentListener) -> None:
    """Else the tests above would prove nothing."""
    assert run(project, listener).exit_code == 10
    assert listener.attempts() > 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [("HEADSTART_TARGET", "nowhere"), ("HEADSTART_BASELINE", "nowhere")],
)
def test_a_revision_that_no_script_has_is_a_mistake_in_the_settings(
    project: ProjectCopy,
    listener: SilentListener,
    setting: str,
    value: str,
) -> None:
    ended = run(project, listener, **{setting: value})
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "invalid_settings")
    assert f"{setting}={value}" in ended.verdict["error"]["message"]
    assert listener.attempts() == 0


def run(
    project: ProjectCopy,
    listener: SilentListener,
    *argv: str,
    **environ: str,
) -> Result:
    """Run with an address where nobody answers, and little patience."""
    given = {
        "DATABASE_URL": listener.url,
        "HEADSTART_ALEMBIC_INI": project.ini,
        "HEADSTART_WAIT_SECONDS": "0",
    }
    return run_headstart(*argv, env=given | environ)
