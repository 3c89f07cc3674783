"""What a person is told to do where a beginner is likely to stand."""

from pathlib import Path

import pytest

from headstart.postgres.lock import RunLock
from headstart.revisions.causes import DRIVERS, cure_of
from headstart.verbs.fingerprint.presupposed import presupposing
from headstart.verdict.errors import RevisionFailed

NOT_FOUND = ModuleNotFoundError("No module named 'app.db'", name="app.db")


@pytest.mark.parametrize("made", ["app", "app.py"])
def test_a_module_of_the_app_that_is_here_is_looked_for_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    (tmp_path / made).mkdir() if made == "app" else (tmp_path / made).touch()
    monkeypatch.chdir(tmp_path)
    cure = cure_of(NOT_FOUND) or ""
    assert cure.startswith(f"app is in {tmp_path}, where Python does not look")
    assert "prepend_sys_path = ." in cure
    assert "PYTHONPATH" in cure


def test_a_module_that_is_nowhere_is_the_apps_or_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cure = cure_of(NOT_FOUND) or ""
    assert cure.startswith("if app is the app's own")
    assert "prepend_sys_path = ." in cure
    assert "if it is a library, install it" in cure


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_that_is_not_there_is_a_matter_of_the_url(driver: str) -> None:
    """SQLAlchemy 2.1 takes psycopg for a bare postgresql://, whatever is installed."""
    cure = cure_of(ModuleNotFoundError(f"No module named '{driver}'", name=driver)) or ""
    assert "write the driver that is installed into the URL, for instance postgresql+psyc" in cure
    assert f"or install {driver}" in cure
    assert "prepend_sys_path" not in cure


@pytest.mark.parametrize(
    "text",
    [
        'extension "vector" is not available',
        'could not open extension control file "/x/vector.control": No such file or directory',
    ],
)
def test_an_extension_that_the_embedded_server_lacks_is_on_another_one(text: str) -> None:
    with pytest.raises(RevisionFailed) as caught, presupposing():
        raise RevisionFailed(f"revision 0001 failed: {text}", sqlstate="0A000")
    assert "fingerprint build --url" in caught.value.next_step


class Held(RunLock):
    """A lock that is held by a connection to one place."""

    def __init__(self) -> None:
        pass

    def is_lost(self) -> bool:
        return False

    def login(self) -> dict[str, str]:
        return {"host": "db", "port": "5432", "dbname": "shop", "user": "app"}


def test_a_wrong_database_is_told_by_both_names() -> None:
    error = Held().explain_missing_fence(False, '"other" as app at 10.0.0.5:5432')
    assert str(error).endswith(
        'to "other" as app at 10.0.0.5:5432, and not to "shop" as app at db:5432'
    )
