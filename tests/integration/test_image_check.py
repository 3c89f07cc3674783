"""check --image tells everything that is wrong with an image at once, and connects to nothing."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy, copied
from tests.integration.image_checking import CONTRACT, LONG, checked, problems, the_problem


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


def test_an_image_whose_scripts_are_nowhere_is_refused(project: ProjectCopy) -> None:
    (project.path / "alembic").rename(project.path / "elsewhere")
    assert str(project.path / "alembic") in the_problem(project)[0]


def test_an_image_without_revisions_is_refused(project: ProjectCopy) -> None:
    project.remove("0001", "0002", "0003")
    assert str(project.versions) in the_problem(project)[0]


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
