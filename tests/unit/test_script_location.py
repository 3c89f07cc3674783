"""A folder of scripts that is not there is a mistake in alembic.ini, not in a script."""

from pathlib import Path

import pytest

from headstart.revisions.project import open_project
from headstart.verdict.errors import BrokenHistory


def test_a_script_location_that_is_not_there_is_named_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nosuchfolder\n")
    with pytest.raises(BrokenHistory) as caught:
        open_project("alembic.ini", "head", ())
    assert str(caught.value) == (
        "alembic.ini: script_location = nosuchfolder: there is no such folder"
    )
    assert caught.value.next_step.startswith("correct script_location in alembic.ini")
