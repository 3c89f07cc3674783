"""The generator of the documents: what it writes, and what it refuses."""

import sys
from pathlib import Path

import pytest

import generate
from headstart.settings.declared import SETTINGS
from headstart.verdict.outcome import Outcome

PART = "<!-- generated: settings -->\n{}<!-- end generated -->\n"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that holds nothing yet but a chart with one value."""
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "stale_versions", lambda *_, **__: ())
    chart = tmp_path / "k8s" / "chart"
    chart.mkdir(parents=True)
    (chart / "values.yaml").write_text("# -- How it runs\nmode: hook\n")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of the script."""
    monkeypatch.setattr(sys, "argv", ["generate.py", *arguments])
    return generate.main()


def page(folder: Path, text: str) -> Path:
    """A page with this text."""
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_what_is_written_is_fresh_and_only_the_part_between_the_marks_is_touched(
    repository: Path,
) -> None:
    written = page(repository, "before\n" + PART.format("an old row\n") + "after\n")
    assert generate.bring_up_to_date(written, check=False) == []
    assert generate.bring_up_to_date(written, check=True) == []
    text = written.read_text()
    assert text.startswith("before\n<!-- generated: settings -->\n|")
    assert text.endswith("|\n<!-- end generated -->\nafter\n")
    assert "an old row" not in text


def test_a_stale_part_fails_the_check_with_the_difference_and_is_left_alone(
    repository: Path,
) -> None:
    stale = page(repository, PART.format("old\n"))
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
    repository: Path, text: str
) -> None:
    broken = page(repository, text)
    (mistake,) = generate.bring_up_to_date(broken, check=False)
    assert mistake.startswith("page.md: ")
    assert broken.read_text() == text


def test_every_setting_and_every_outcome_has_its_row() -> None:
    settings, codes = ("\n".join(generate.PARTS[name]()) for name in ("settings", "exit-codes"))
    for row in SETTINGS:
        assert row.environment in settings
        assert row.meaning.replace("|", "\\|") in settings
    for outcome in Outcome:
        assert f"`{outcome.value}`" in codes
        assert outcome.meaning in codes


def test_each_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for part in generate.PARTS.values():
        assert len({line.replace("\\|", "").count("|") for line in part()}) == 1


def test_a_relative_link_that_leads_nowhere_is_named_and_no_other(
    repository: Path,
) -> None:
    (repository / "there.md").write_text("# Here it is\n")
    links = "[a](there.md) [b](there.md#here-it-is) [c](https://example.com/x) [d](#below) `[e](f)`"
    text = f"# Below\n{links} [g](nowhere.md)\n```\n[h](code.md)\n```\n"
    (mistake,) = generate.bring_up_to_date(page(repository, text), check=True)
    assert mistake == "page.md: nowhere.md does not exist"


def test_pages_of_other_people_and_of_the_site_are_passed_over(repository: Path) -> None:
    for folder in (".venv", "build"):
        (repository / folder).mkdir()
        page(repository / folder, "")
    ours = page(repository, "")
    assert list(generate.pages(repository)) == [ours]


def test_every_value_of_the_chart_has_its_row() -> None:
    assert '| `mode` | `"hook"` | How it runs |' in generate.PARTS["chart-values"]()


def test_the_written_schema_of_the_chart_is_fresh(repository: Path) -> None:
    assert generate.write_schema(check=False) == []
    assert generate.write_schema(check=True) == []
    assert '"How it runs"' in (repository / "k8s" / "chart" / "values.schema.json").read_text()


def test_a_stale_schema_fails_the_check_with_the_difference_and_is_left_alone(
    repository: Path,
) -> None:
    stale = repository / "k8s" / "chart" / "values.schema.json"
    stale.write_text("{}\n")
    (mistake,) = generate.write_schema(check=True)
    assert "k8s/chart/values.schema.json is stale: make docs" in mistake
    assert "\n-{}\n" in mistake
    assert stale.read_text() == "{}\n"


def test_the_check_fails_until_both_pages_and_schema_are_written(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page(repository, PART.format("an old row\n"))
    assert run(monkeypatch, "--check") == 1
    mistakes = capsys.readouterr().err
    assert "page.md is stale" in mistakes
    assert "values.schema.json is stale" in mistakes
    assert [run(monkeypatch), run(monkeypatch, "--check")] == [0, 0]


def test_a_comment_that_the_schema_cannot_be_made_of_is_named_with_its_line(
    repository: Path,
) -> None:
    (repository / "k8s" / "chart" / "values.yaml").write_text("a: 1\n# some words\nb: 2\n")
    (mistake,) = generate.write_schema(check=False)
    assert mistake.startswith("values.yaml:2: ")
