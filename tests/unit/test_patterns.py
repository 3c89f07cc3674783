"""Patterns that are compiled late are right all the same."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import headstart
from headstart import patterns


def ours() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Each pattern of the package, by its place."""
    for module in pkgutil.walk_packages(headstart.__path__, "headstart."):
        if module.name != "headstart.__main__":
            for name, value in vars(importlib.import_module(module.name)).items():
                if type(value).__name__ == "pattern":
                    yield f"{module.name}.{name}", value


PATTERNS = dict(ours())


def test_there_are_some() -> None:
    assert len(PATTERNS) > 50


@pytest.mark.parametrize("name", PATTERNS)
def test_each_can_be_compiled(name: str) -> None:
    assert PATTERNS[name].groups >= 0


def test_it_is_what_re_compile_gives() -> None:
    late = patterns.pattern(r"(?P<a>x)|y", re.IGNORECASE)
    assert late.sub("-", "aXy") == "a--"
    assert late.groupindex == {"a": 1}
    assert late.flags & re.IGNORECASE


def test_what_is_wrong_is_told_when_it_is_used() -> None:
    wrong = patterns.pattern("(")
    with pytest.raises(re.error, match="unterminated"):
        wrong.match("x")


def test_nothing_is_compiled_before(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = re.compile

    def watched(text: str, flags: int = 0) -> re.Pattern[str]:
        asked.append(text)
        return real(text, flags)

    monkeypatch.setattr(re, "compile", watched)
    late = patterns.pattern("some")
    assert not asked
    assert late.match("some")
    assert late.match("some")
    assert asked == ["some"]
