"""The generator of the documents: what it writes, and what it refuses."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from headstart.setting_table import SETTINGS
from headstart.verdict import EXITS

SCRIPT = Path(__file__).parents[2] / "docs" / "generate.py"
PART = "<!-- generated: settings -->\n{}<!-- end generated -->\n"


@pytest.fixture
def generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for a repository that holds nothing yet."""
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def page(folder: Path, text: str) -> Path:
    """A page with this text."""
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_what_is_written_is_fresh_and_only_the_part_between_the_marks_is_touched(
    generate: ModuleType, tmp_path: Path
) -> None:
    written = page(tmp_path, "before\n" + PART.format("old\n") + "after\n")
    assert generate.bring_up_to_date(written, check=False) == []
    assert generate.bring_up_to_date(written, check=True) == []
    text = written.read_text()
    assert text.startswith("before\n<!-- generated: settings -->\n|")
    assert text.endswith("|\n<!-- end generated -->\nafter\n")
    assert "old" not in text


def test_a_stale_part_fails_the_check_with_the_difference_and_is_left_alone(
    generate: ModuleType, tmp_path: Path
) -> None:
    stale = page(tmp_path, PART.format("old\n"))
    (mistake,) = generate.bring_up_to_date(stale, check=True)
    assert "page.md is stale: make docs" in mistake
    assert "\n-old\n" in mistake
    assert stale.read_text() == PART.format("old\n")


@pytest.mark.parametrize(
    "text",
    [
        "<!-- generated: settings -->\n",
        "<!-- end generated -->\n",
        "<!-- generated: settings -->\n" + PART.format(""),
        "<!-- generated: nothing -->\n<!-- end generated -->\n",
    ],
)
def test_marks_that_do_not_fit_are_named_and_nothing_is_written(
    generate: ModuleType, tmp_path: Path, text: str
) -> None:
    broken = page(tmp_path, text)
    (mistake,) = generate.bring_up_to_date(broken, check=False)
    assert mistake.startswith("page.md: ")
    assert broken.read_text() == text


def test_every_setting_and_every_outcome_has_its_row(generate: ModuleType) -> None:
    settings, codes = ("\n".join(generate.PARTS[name]()) for name in ("settings", "exit-codes"))
    for row in SETTINGS:
        assert row.environment in settings
        assert row.help.replace("|", "\\|") in settings
    for outcome, end in EXITS.items():
        assert f"`{outcome.value}`" in codes
        assert end.meaning in codes


def test_each_row_of_a_table_has_as_many_cells_as_its_head(generate: ModuleType) -> None:
    for part in generate.PARTS.values():
        assert len({line.replace("\\|", "").count("|") for line in part()}) == 1


def test_a_relative_link_that_leads_nowhere_is_named_and_no_other(
    generate: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "there.md").write_text("# Here it is\n")
    links = "[a](there.md) [b](there.md#here-it-is) [c](https://example.com/x) [d](#below) `[e](f)`"
    text = f"# Below\n{links} [g](nowhere.md)\n```\n[h](code.md)\n```\n"
    (mistake,) = generate.bring_up_to_date(page(tmp_path, text), check=True)
    assert mistake == "page.md: nowhere.md does not exist"


def test_pages_of_other_people_are_passed_over(generate: ModuleType, tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    page(tmp_path / ".venv", "")
    ours = page(tmp_path, "")
    assert list(generate.pages(tmp_path)) == [ours]
