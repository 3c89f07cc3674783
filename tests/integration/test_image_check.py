"""check --image tells everything that is wrong with an image at once, and connects to nothing."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy, copied
from tests.harness.result import Result

CONTRACT = "headstart_phase = 'contract'"
LONG = "0004_add_a_display_name_to_the_accounts_table"


def checked(project: ProjectCopy, *argv: str, **environ: str) -> Result:
    """Check the image; there is no database, unless one is named."""
    return run_headstart(
        "check", "--image", *argv, env={"HEADSTART_ALEMBIC_INI": project.ini} | environ
    )


def problems(project: ProjectCopy, *argv: str, **environ: str) -> dict[str, str]:
    """Return what is wrong, with the cures; the exit code must be 24 then, else 0."""
    done = checked(project, "--output", "json", *argv, **environ)
    answer: dict[str, Any] = json.loads(done.stdout)
    every = answer["problems"]
    assert done.exit_code == (24 if every else 0), answer
    outcomes = {each["outcome"] for each in every}
    worst = "broken_history" if "broken_history" in outcomes else "stale_fingerprints"
    assert answer["outcome"] == (worst if every else "image_usable")
    told = {each["message"]: each["next_step"] for each in every}
    assert len(told) == len(every), "something is told twice"
    return told


def the_problem(project: ProjectCopy, *argv: str, **environ: str) -> tuple[str, str]:
    """Return the one thing that is wrong, and its cure: they are the verdict's own, too."""
    ((message, cure),) = problems(project, *argv, **environ).items()
    done = checked(project, *argv, **environ)
    assert done.stdout.splitlines()[0].endswith(f": {message}")
    assert done.stdout.splitlines()[-1] == f"next: {cure}"
    return message, cure


# ---- nothing connects


@contextmanager
def a_listener() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener, listener.getsockname()[1]


def test_a_sound_image_is_usable_without_any_database(project: ProjectCopy) -> None:
    done = checked(project)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "ready: image_usable"
    assert done.stdout.splitlines()[1] == "  3 revisions, head 0003"
    assert done.verdict["database"] == {}
    assert (done.verdict["revisions"], done.verdict["heads"]) == (3, ["0003"])


@pytest.mark.parametrize("wrong", [False, True], ids=["sound", "broken"])
def test_nobody_calls_the_database_that_is_named(project: ProjectCopy, *, wrong: bool) -> None:
    if wrong:
        project.add("0004", "0001", top="import os\nrevision = '00' + '04'")
    with a_listener() as (listener, port):
        url = f"postgresql://app:hunter2@127.0.0.1:{port}/app"
        done = checked(project, "--since", "0001", DATABASE_URL=url)
        assert done.exit_code == (24 if wrong else 0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_listener_would_have_heard_a_call(project: ProjectCopy) -> None:
    with a_listener() as (listener, port):
        url = f"postgresql://app@127.0.0.1:{port}/app"
        more = {"DATABASE_URL": url, "HEADSTART_DEADLINE_SECONDS": "2"}
        assert run_headstart("check", env={"HEADSTART_ALEMBIC_INI": project.ini} | more).exit_code
        listener.accept()[0].close()


def test_a_script_that_is_imported_finds_a_url_that_leads_nowhere(project: ProjectCopy) -> None:
    project.add(
        "0004",
        "0003",
        top="import os\nprint('URL', os.environ['DATABASE_URL'])\nrevision = str('0004')",
    )
    for environ in ({}, {"DATABASE_URL": "postgresql+asyncpg://app:hunter2@db/app"}):
        done = checked(project, **environ)
        assert done.exit_code == 0
        assert "hunter2" not in done.stdout + done.stderr
        (line,) = [e["text"] for e in done.events if e["event"] == "output_printed"]
        assert "@nowhere.invalid" in line
        assert line.startswith("URL postgresql+asyncpg:" if environ else "URL postgresql:")


WRONG_DATABASES = {
    "no URL at all": {"DATABASE_URL": "here"},
    "empty": {"DATABASE_URL": ""},
    "another system": {"DATABASE_URL": "mysql://root@db/app"},
    "set both ways": {"DATABASE_URL": "postgresql://a@b/c", "DATABASE_URL_FILE": "/nowhere"},
    "a file that is not there": {"DATABASE_URL_FILE": "/nowhere"},
    "embedded beside a URL": {"DATABASE_URL": "postgresql://a@b/c", "HEADSTART_EMBEDDED": "1"},
    "a port that is none": {"PGHOST": "db", "PGPORT": "many"},
}


@pytest.mark.parametrize("environ", WRONG_DATABASES.values(), ids=WRONG_DATABASES)
def test_a_wrong_database_is_not_its_business(
    project: ProjectCopy, environ: dict[str, str]
) -> None:
    done = checked(project, **environ)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "image_usable"), done.verdict


def test_the_embedded_server_is_not_started(project: ProjectCopy) -> None:
    folder = project.path / "embedded"
    more = {"HEADSTART_EMBEDDED": "1", "HEADSTART_EMBEDDED_DIR": str(folder)}
    done = checked(project, **more)
    assert (done.exit_code, folder.exists()) == (0, False)


def test_other_mistakes_in_the_settings_are_told(project: ProjectCopy) -> None:
    done = checked(project, HEADSTART_VERIFY="sometimes", HEADSTART_WAIT_SECOND="3")
    assert done.exit_code == 2
    assert "HEADSTART_VERIFY" in done.verdict["error"]["message"]
    assert "HEADSTART_WAIT_SECOND " in done.verdict["error"]["message"]
    done = checked(project, HEADSTART_TARGET="0009")
    assert (done.exit_code, "0009" in done.verdict["error"]["message"]) == (2, True)


# ---- the history


def test_several_heads_are_named_with_the_command_that_merges_them(project: ProjectCopy) -> None:
    files = [project.add(name, "0003") for name in ("0004", "0005")]
    message, cure = the_problem(project)
    assert message == f"there are several heads: 0004 ({files[0]}), 0005 ({files[1]})"
    assert 'alembic merge -m "merge" 0004 0005' in cure
    assert problems(project, HEADSTART_TARGET="heads") == {}


def test_a_missing_parent_is_named_with_its_file(project: ProjectCopy) -> None:
    project.remove("0002")
    message, cure = the_problem(project)
    assert message.endswith("follows revision 0002, which no script has")
    assert "0003" in message.split(" follows ")[0]
    assert "0002" in cure


def test_each_missing_parent_is_named(project: ProjectCopy) -> None:
    project.add("0004", "0009")
    project.add("0005", "0008")
    told = " ".join(problems(project))
    assert "revision 0009" in told
    assert "revision 0008" in told
    assert "several heads" not in told, "one of the missing scripts may be what joins them"


def test_a_dependency_that_is_missing_is_named(project: ProjectCopy) -> None:
    file = project.add("0004", "0003", top="depends_on = 'other'")
    assert the_problem(project)[0] == f"{file} depends on other, which no script has"


def test_a_dependency_may_be_a_label(project: ProjectCopy) -> None:
    project.add("a", None, top="branch_labels = ('other',)")
    project.add("0004", "0003", top="depends_on = 'other'")
    assert problems(project, HEADSTART_TARGET="heads") == {}


def test_an_id_that_is_there_twice_is_named_with_both_files(project: ProjectCopy) -> None:
    one, two = (project.add("0004", "0003", name=name) for name in ("one", "two"))
    message, _ = the_problem(project)
    assert message == f"revision 0004 is there twice: {one} and {two}"


def test_each_cycle_is_named(project: ProjectCopy) -> None:
    files = [
        project.add(name, parent)
        for name, parent in (("a", "b"), ("b", "a"), ("c", "e"), ("d", "c"), ("e", "d"))
    ]
    told = [message for message in problems(project) if "form a cycle" in message]
    assert len(told) == 2
    assert all(any(str(file) in message for message in told) for file in files)


def test_a_revision_that_follows_itself_is_named(project: ProjectCopy) -> None:
    file = project.add("0004", "0004")
    message, _ = the_problem(project)
    assert message.startswith(f"{file}: ")
    nowhere = {"DATABASE_URL": "postgresql://app@127.0.0.1:1/app"}
    for verb in ("run", "check", "plan"):  # no other verb may pass over it
        done = run_headstart(verb, env={"HEADSTART_ALEMBIC_INI": project.ini} | nowhere)
        assert (done.exit_code, done.verdict["error"]["message"]) == (24, message)


def test_an_image_without_revisions_is_refused(project: ProjectCopy) -> None:
    project.remove("0001", "0002", "0003")
    assert str(project.versions) in the_problem(project)[0]


# ---- the scripts

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


# ---- ids


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


# ---- the order of phases


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


# ---- fingerprints


def test_a_missing_file_is_a_note_unless_it_is_needed(project: ProjectCopy) -> None:
    done = checked(project)
    assert done.exit_code == 0
    assert "fingerprints.txt does not exist" in done.stdout
    message, cure = the_problem(project, HEADSTART_VERIFY="strict")
    assert message.endswith("does not exist, and HEADSTART_VERIFY=strict needs it")
    assert "headstart fingerprint build" in cure


def fingerprinted(project: ProjectCopy, text: str) -> None:
    (project.path / "alembic" / "fingerprints.txt").write_text(text)


def test_a_file_that_fits_is_fine(project: ProjectCopy, plain_fingerprints: str) -> None:
    fingerprinted(project, plain_fingerprints)
    assert problems(project) == {}
    assert problems(project, HEADSTART_VERIFY="strict") == {}
    assert "fingerprints" not in checked(project).stdout


def test_a_file_that_is_stale_is_named_with_the_command(
    project: ProjectCopy, plain_fingerprints: str
) -> None:
    fingerprinted(project, plain_fingerprints)
    project.add("0004", "0003")
    second = next(project.versions.glob("0002*"))
    second.write_text(second.read_text() + "# edited\n")
    message, cure = the_problem(project)
    assert message.endswith(
        "is stale: it has no state for 0004; it was built from other scripts of 0002"
    )
    assert "headstart fingerprint build" in cure
    assert checked(project).verdict["outcome"] == "stale_fingerprints"


def test_a_file_that_nobody_can_read_is_named(project: ProjectCopy) -> None:
    fingerprinted(project, "<<<<<<< HEAD\n")
    assert "fingerprints.txt: " in the_problem(project)[0]
    other = str(project.path / "other.txt")
    assert other in " ".join(problems(project, HEADSTART_FINGERPRINTS=other))


# ---- all at once


def test_everything_is_told_at_once_and_the_gravest_decides(
    project: ProjectCopy, plain_fingerprints: str
) -> None:
    fingerprinted(project, plain_fingerprints)
    project.add("c", "0003", "op.get_bind()", top=CONTRACT)
    project.add("e", "c", "op.get_bind()", top="headstart_phase = 'expand'")
    project.add(LONG, "0003", "if True")
    project.add("p", "e", top="headstart_phase = 3")
    (project.versions / "a.py").write_text(
        "revision = 'a'\ndown_revision = 'p'\nasync def upgrade(): pass\n"
    )
    told = list(problems(project, "--since", "0003"))
    parts = [
        "is not Python",
        "coroutine function",
        "is 3, which is no phase",
        "characters, but version_num",
        "there are several heads",
        "e (expand) comes after c (contract)",
        "is stale: it has no state for",
    ]
    assert all(any(part in message for message in told) for part in parts), told
    assert len(told) == len(parts)
    done = checked(project, "--since", "0003")
    assert done.verdict["error"]["message"].startswith(f"the image has {len(parts)} problems")
    for message in told:
        assert f"  - {message}\n" in done.stdout


def test_what_depends_on_a_script_that_cannot_be_read_is_not_guessed(
    project: ProjectCopy, plain_fingerprints: str
) -> None:
    fingerprinted(project, plain_fingerprints)
    second = next(project.versions.glob("0002*"))
    second.write_text("import nosuch\n" + second.read_text().replace("'0002'", "nosuch.ID"))
    second.write_text(second.read_text().replace('"0002"', "nosuch.ID"))
    done = checked(project, "--since", "0002", "--output", "json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 24
    assert [str(second) in each["message"] for each in answer["problems"]] == [True]
    assert len(answer["notes"]) == 2


def test_an_image_of_every_layout_is_usable(project: ProjectCopy) -> None:
    for name in ("branches_and_merge", "depends_on_and_labels", "several_version_locations"):
        other = copied(name, project.path / "others")
        assert problems(other, HEADSTART_TARGET="heads") == {}, name
