"""Which folder and which files the gate looks at: the usual ones, or none."""

import os
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from headstart.fingerprint.file.header import ABSENT, Header, with_body
from headstart.gate.doubt import Doubt
from headstart.gate.image import digest_of, matching_header, read_ini, script_folder

USUAL = [
    "[alembic]\nscript_location = alembic\n",
    "[alembic]\nscript_location = %(here)s/alembic\n",
    "[alembic]\nscript_location=./alembic/\n",
    "[alembic]\n# script_location = other\nscript_location = alembic\n",
    "[other]\nscript_location = other\n[alembic]\nscript_location = alembic\n",
]
UNUSUAL = [
    "",
    "[alembic]\n",
    "[alembic]\nscript_location =\n",
    "[alembic]\nscript_location = app:migrations\n",
    "[alembic]\nscript_location = %(home)s/alembic\n",
    "[alembic]\nscript_location = %%/alembic\n",
    "[alembic]\nscript_location = a\nscript_location = b\n",
    "[alembic]\nscript_location: alembic\n",
    "[alembic]\nSCRIPT_LOCATION = alembic\n",
    "[DEFAULT]\nscript_location = alembic\n[alembic]\n",
    "[alembic]\n  script_location = alembic\n",
]


@pytest.mark.parametrize("ini", USUAL)
def test_it_is_alembics_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ini: str) -> None:
    file = tmp_path / "alembic.ini"
    file.write_text(ini)
    (tmp_path / "alembic").mkdir()
    monkeypatch.chdir(tmp_path)
    directory = ScriptDirectory.from_config(Config(str(file)))
    assert script_folder(str(file), ini) == str(Path(directory.dir).absolute())


@pytest.mark.parametrize("ini", UNUSUAL)
def test_an_unusual_way_to_name_it_is_a_doubt(ini: str) -> None:
    with pytest.raises(Doubt):
        script_folder("alembic.ini", ini)


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing", "no text"])
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    """A pipe would be empty for the flow then, or be waited for without an end."""
    place = tmp_path / "alembic.ini"
    match kind:
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case "no text":
            place.write_bytes(b"\xff")
    with pytest.raises(Doubt):
        read_ini(str(place))


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose fingerprints file has a header that fits."""
    ini = "[alembic]\nscript_location = alembic\n"
    folder = tmp_path / "alembic"
    (folder / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(ini)
    (folder / "env.py").write_text("")
    named = {"../alembic.ini": tmp_path / "alembic.ini", "env.py": folder / "env.py"}
    digests = {name: digest_of(str(path)) for name, path in named.items()}
    header = Header(
        heads=["1"],
        version_table="alembic_version",
        variables=[],
        files=digests | {"../pyproject.toml": ABSENT},
        scripts={"versions": "e4a6a0577479b2b4"},
        folders={},
        objects=[],
    )
    lines = with_body(tuple(header.lines), "first\n", "")
    (folder / "fingerprints.txt").write_text("\n".join(("first", *lines, "")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def looked() -> Header:
    """What is found from the current folder."""
    ini = read_ini("alembic.ini")
    return matching_header(script_folder("alembic.ini", ini), "alembic.ini")


@pytest.mark.usefixtures("image")
def test_a_header_whose_files_are_as_they_were_is_found() -> None:
    assert looked().heads == ["1"]


@pytest.mark.parametrize("name", ["alembic.ini", "alembic/env.py", "alembic/fingerprints.txt"])
def test_each_of_them_has_to_be_there_and_the_same(image: Path, name: str) -> None:
    file = image / name
    content = file.read_bytes()
    file.write_bytes(content.replace(b"first", b"other") + b"x = 1")
    with pytest.raises(Doubt):
        looked()
    file.unlink()
    with pytest.raises(Doubt):
        looked()
    file.write_bytes(content)
    assert looked()


def test_what_was_not_there_must_not_come(image: Path) -> None:
    (image / "pyproject.toml").symlink_to("nowhere")
    with pytest.raises(Doubt):
        looked()


@pytest.mark.usefixtures("image")
def test_another_current_folder_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """prepend_sys_path and pyproject.toml are looked up there."""
    monkeypatch.chdir("alembic")
    with pytest.raises(Doubt):
        matching_header("../alembic.ini", read_ini("../alembic.ini"))


def test_a_folder_of_scripts_that_is_not_there_is_a_doubt(image: Path) -> None:
    (image / "alembic" / "versions").rmdir()
    with pytest.raises(Doubt):
        looked()


INI = "[alembic]\nscript_location = alembic\nsqlalchemy.url = postgresql://a/b\n"
SAME = [
    INI.replace("a/b", "c/d"),
    INI.replace("url = ", "url: "),
    INI.replace("url = ", "url="),
    INI.replace("sqlalchemy.url = postgresql://a/b\n", ""),
]
OTHERS = [
    INI + "sqlalchemy.url = postgresql://c/d\n",
    INI.replace("sqlalchemy.url = postgresql://a/b", "sqlalchemy.url"),
    INI.replace("sqlalchemy.url", "  sqlalchemy.url"),
    INI.replace("sqlalchemy.url", "sqlalchemy.url_of_another"),
    INI.replace("a/b", "a/b\n  more"),
    INI.replace("[alembic]", "[alembic]\n[other]"),
]


@pytest.mark.parametrize(
    ("ini", "expected"), [*((each, True) for each in SAME), *((each, False) for each in OTHERS)]
)
def test_of_an_ini_file_only_one_usual_line_of_the_url_may_differ(
    tmp_path: Path, ini: str, expected: bool
) -> None:
    """Two of them, or none with a sign behind it, are what configparser refuses."""
    first, second = tmp_path / "a.ini", tmp_path / "b.ini"
    first.write_text(INI)
    second.write_text(ini)
    assert (digest_of(str(first)) == digest_of(str(second))) is expected
