"""Where the database is found, and what is refused on the way."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from headstart.settings.read import Settings, read_settings
from headstart.verdict.errors import InvalidSettings

INI = "[alembic]\nsqlalchemy.url = {}\n"
PLACEHOLDER = "driver://user:pass@localhost/dbname"


def read(
    folder: Path, environ: Mapping[str, str], arguments: Mapping[str, str] | None = None
) -> Settings:
    """Read settings with the alembic.ini of a folder, which is made where there is none."""
    ini = folder / "alembic.ini"
    if not ini.exists():
        ini.write_text("[alembic]\n")
    given = {"ALEMBIC_INI": str(ini)} | dict(arguments or {})
    return read_settings(given, environ, lambda path: Path(path).read_text(encoding="utf-8"))


def mistakes(
    folder: Path, environ: Mapping[str, str], arguments: Mapping[str, str] | None = None
) -> str:
    """What is wrong with these."""
    with pytest.raises(InvalidSettings) as caught:
        read(folder, environ, arguments)
    return "; ".join(caught.value.mistakes)


@pytest.mark.parametrize("mark", ["", "'", '"', "`"])
def test_a_placeholder_in_quotes_gives_way_to_libpqs_environment_too(
    tmp_path: Path, mark: str
) -> None:
    (tmp_path / "alembic.ini").write_text(INI.format(f"{mark}{PLACEHOLDER}{mark}"))
    assert read(tmp_path, {"PGHOST": "h"}).database.origin == "PG*"
    assert "is still the placeholder" in mistakes(tmp_path, {})


def test_an_empty_variable_of_libpqs_names_no_database(tmp_path: Path) -> None:
    assert "no database is named" in mistakes(tmp_path, {"PGHOST": "", "PGUSER": ""})


@pytest.mark.parametrize("name", ["DATABASE_URL_FILE", "PGPASSWORD_FILE"])
def test_an_empty_name_of_a_secret_file_is_not_passed_over(tmp_path: Path, name: str) -> None:
    told = mistakes(tmp_path, {"PGHOST": "h", name: ""})
    assert told == f"{name} is empty: name a file, or remove it"


@pytest.mark.parametrize("content", [b"s3cr\0et", b"s3cr\xffet"])
def test_a_secret_file_that_holds_no_text_is_named_and_not_shown(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    told = mistakes(tmp_path, {"PGHOST": "h", "PGPASSWORD_FILE": str(file)})
    assert told.startswith(f"PGPASSWORD_FILE: {file} ")
    assert "not a text" in told
    assert "s3cr" not in told


def test_a_path_that_no_file_can_have_is_a_mistake_like_any_other(tmp_path: Path) -> None:
    told = mistakes(tmp_path, {"DATABASE_URL_FILE": "a\0b"})
    assert "DATABASE_URL_FILE: what it says is no file" in told


def test_everything_that_stands_beside_the_embedded_server_is_named(tmp_path: Path) -> None:
    url = "postgresql://u@h/db"
    told = mistakes(
        tmp_path, {"HEADSTART_EMBEDDED": "1", "DATABASE_URL": url}, {"DATABASE_URL": url}
    )
    for name in ("--database-url", "DATABASE_URL"):
        assert f"HEADSTART_EMBEDDED and {name} exclude each other: remove one" in told


def test_the_embedded_server_takes_no_notice_of_alembic_ini_and_libpqs_environment(
    tmp_path: Path,
) -> None:
    (tmp_path / "alembic.ini").write_text(INI.format("mysql://h"))
    settings = read(tmp_path, {"HEADSTART_EMBEDDED": "1", "PGHOST": "h"})
    assert settings.database.origin == "HEADSTART_EMBEDDED"


@pytest.mark.parametrize("name", ["HEADSTART_TARGET_FILE", "HEADSTART_X_FILE"])
def test_only_secrets_are_read_from_files(tmp_path: Path, name: str) -> None:
    told = mistakes(tmp_path, {"PGHOST": "h", name: "/a"})
    assert told == f"{name} is not a setting; only DATABASE_URL_FILE and PGPASSWORD_FILE name files"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("HEADSTART_WAIT", "HEADSTART_WAIT_SECONDS"), ("headstart_target", "HEADSTART_TARGET")],
)
def test_a_name_without_its_unit_or_in_small_letters_is_a_typo(
    tmp_path: Path, name: str, meant: str
) -> None:
    told = mistakes(tmp_path, {"PGHOST": "h", name: "5"})
    assert told == f"{name} is not a setting; did you mean {meant}?"


@pytest.mark.parametrize("name", ["HEADSTART_LOG_SERVICE_HOST", "HEADSTART_DB_PORT_5432_TCP_PORT"])
def test_what_kubernetes_injects_for_our_other_services_is_ignored(
    tmp_path: Path, name: str
) -> None:
    assert read(tmp_path, {"PGHOST": "h", name: "tcp://10.0.0.1:5432"}).warnings == ()
