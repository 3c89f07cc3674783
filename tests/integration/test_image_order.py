"""check --image --since: no expand may be held back with a contract of the same release."""

from typing import Any

import pytest

from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy
from tests.integration.image_checking import CONTRACT, checked, problems, the_problem


def forty(project: ProjectCopy) -> None:
    """r01 to r40, in a line: r10 is a contract, and all others are expands."""
    project.remove("0001", "0002", "0003")
    names = [f"r{number:02}" for number in range(1, 41)]
    for parent, name in zip([None, *names], names, strict=False):
        project.add(name, parent, "op.get_bind()", top=CONTRACT if name == "r10" else "")


def test_an_old_expand_behind_an_old_contract_is_fine(project: ProjectCopy) -> None:
    forty(project)
    assert problems(project, "--since", "r30") == {}
    assert problems(project, "--since", "r10") == {}
    assert problems(project) == {}, "without --since nothing is said of the order"
    assert len(problems(project, "--since", "r09")) == 30


def test_a_new_expand_behind_a_new_contract_is_named(project: ProjectCopy) -> None:
    project.add("r11", "0003", "op.get_bind()", top=CONTRACT)
    project.add("r12", "r11", "op.get_bind()")
    message, cure = the_problem(project, "--since", "0003")
    assert message == "r12 (expand) comes after r11 (contract): hold back would keep it out"
    assert cure == "put r12 before r11, or release it later"
    assert problems(project, "--since", "r11") == {}


ORDERS = {
    "contracts alone": ([("a", "0003", CONTRACT), ("b", "a", CONTRACT)], set()),
    "a contract at the end": ([("a", "0003", ""), ("b", "a", CONTRACT)], set()),
    "far behind": (
        [("a", "0003", CONTRACT), ("b", "a", CONTRACT), ("c", "b", "")],
        {"c (expand) comes after b (contract)"},
    ),
    "beside it": ([("a", "0003", CONTRACT), ("b", "0003", "")], set()),
    "behind it by a dependency": (
        [("a", "0003", CONTRACT), ("b", "0003", "depends_on = 'a'")],
        {"b (expand) comes after a (contract)"},
    ),
    "behind two": (
        [("a", "0003", CONTRACT), ("b", "0003", CONTRACT), ("c", ("a", "b"), "")],
        {"c (expand) comes after a, b (contract)"},
    ),
    "said to be expand": (
        [("a", "0003", CONTRACT), ("b", "a", "headstart_phase = 'expand'")],
        {"b (expand) comes after a (contract)"},
    ),
}


@pytest.mark.parametrize(("added", "expected"), ORDERS.values(), ids=ORDERS)
def test_only_what_would_be_held_back_with_a_contract_is_named(
    project: ProjectCopy, added: list[tuple[str, Any, str]], expected: set[str]
) -> None:
    for name, parent, top in added:
        project.add(name, parent, "op.get_bind()", top=top)
    told = problems(project, "--since", "0003", HEADSTART_TARGET="heads")
    assert {message.partition(": hold")[0] for message in told} == expected


def test_a_phase_that_is_said_counts_though_upgrade_does_nothing(project: ProjectCopy) -> None:
    project.add("a", "0003", top=CONTRACT)
    project.add("b", "a")
    assert problems(project, "--since", "0003") == {}
    project.add("b", "a", top="headstart_phase = 'expand'")
    assert len(problems(project, "--since", "0003")) == 1


def test_an_order_is_not_guessed_where_a_parent_is_missing(project: ProjectCopy) -> None:
    forty(project)
    project.remove("r20")
    (message,) = problems(project, "--since", "r30")
    assert message.endswith("follows revision r20, which no script has")


@pytest.mark.parametrize("top", ["", "revision = str('m')"], ids=["told", "imported"])
def test_a_merge_that_does_nothing_may_wait(project: ProjectCopy, top: str) -> None:
    project.add("a", "0003", "op.get_bind()", top=CONTRACT)
    project.add("b", "0003", "op.get_bind()")
    project.add("m", ("a", "b"), top=top)  # type: ignore[arg-type]
    assert problems(project, "--since", "0003") == {}
    project.add("m", ("a", "b"), "op.get_bind()", top=top)  # type: ignore[arg-type]
    assert len(problems(project, "--since", "0003")) == 1


def test_everything_is_new_since_base(project: ProjectCopy) -> None:
    project.add("a", None, "op.get_bind()", top=CONTRACT)
    project.add("b", "a", "op.get_bind()")
    assert len(problems(project, "--since", "base", HEADSTART_TARGET="heads")) == 1
    assert problems(project, "--since", "a+0003", HEADSTART_TARGET="heads") == {}


@pytest.mark.parametrize("since", ["0009", "", "0003+0009", "head", "000"])
def test_a_release_that_the_image_does_not_know_is_one_clear_error(
    project: ProjectCopy, since: str
) -> None:
    done = checked(project, "--since", since)
    assert (done.exit_code, done.verdict["outcome"]) == (2, "invalid_settings")
    unknown = since.rpartition("+")[2]
    assert done.verdict["error"]["message"] == f"--since: the image has no revision '{unknown}'"


def test_since_without_image_is_a_mistake(project: ProjectCopy) -> None:
    done = run_headstart("check", "--since", "0001", env={"HEADSTART_ALEMBIC_INI": project.ini})
    assert (done.exit_code, "--image" in done.verdict["error"]["message"]) == (2, True)
    done = run_headstart("run", "--image", env={"HEADSTART_ALEMBIC_INI": project.ini})
    assert done.verdict["error"]["message"] == "--image belongs to the verb check"


@pytest.mark.parametrize("since", [[], ["--since", "0003"]], ids=["alone", "since"])
def test_a_phase_that_is_none_is_named_with_its_file(
    project: ProjectCopy, since: list[str]
) -> None:
    file = project.add("0004", "0003", top="headstart_phase = 'drop'")
    message, cure = the_problem(project, *since)
    assert message.startswith(f"{file}: ")
    assert "'drop'" in message
    assert 'headstart_phase = "contract"' in cure
