"""A class of `headstart.values` behaves as the standard library's dataclass of the same fields."""

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import field, replace
from functools import cached_property
from typing import Any

import pytest

from headstart import values

Declare = Callable[..., Any]


class Plain:
    """Fields with and without a default."""

    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)


class Hidden:
    """Fields that are not shown, not compared, not given."""

    a: int
    secret: str = field(default="s", repr=False)
    aside: int = field(default=0, compare=False)
    found: int = field(default=7, init=False)
    made: list[int] = field(default_factory=list, init=False)
    unset: int = field(init=False, repr=False, compare=False)


class Empty:
    """No field."""


class Finished:
    """What is looked at once it is made."""

    a: int

    def __post_init__(self) -> None:
        """Refuse what is below zero."""
        if self.a < 0:
            raise ValueError(self.a)


class Own:
    """Methods of its own."""

    a: int

    def __eq__(self, other: object) -> bool:
        """Everything is equal."""
        return True

    def __hash__(self) -> int:
        """Nothing is told apart."""
        return 1

    def __repr__(self) -> str:
        """Nothing is shown."""
        return "own"


SHAPES = (Plain, Hidden, Empty, Finished, Own)
CALLS: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((), {}),
    ((1,), {}),
    ((), {"a": 1}),
    ((1, "x"), {}),
    ((1,), {"b": "x"}),
    ((1, "x", [3]), {}),
    ((1, "x", 3), {}),
    ((-1,), {}),
    ((1, 2, 3, 4), {}),
    ((1,), {"a": 2}),
    ((1,), {"wrong": 2}),
    ((1,), {"found": 2}),
    ((1,), {"aside": 2, "secret": "other"}),
)


def made(declare: Declare, shape: type, **options: bool) -> Any:
    """A copy of the shape, declared by one or the other."""
    body = {
        name: value
        for name, value in vars(shape).items()
        if name not in ("__dict__", "__weakref__")
    }
    return declare(**options)(type(shape.__name__, (), body))


def outcome(action: Callable[..., Any], *args: object, **kwargs: object) -> Any:
    """What an action gives, or the kind of error that it ends in."""
    try:
        return action(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 any kind is compared
        return type(error)


def traits(made: Any) -> object:
    """What can be seen of a value, or the kind of error that there is in its place."""
    if isinstance(made, type):
        return made
    return list(vars(made).items()), repr(made).rsplit(".", 1)[-1], type(outcome(hash, made))


@pytest.mark.parametrize("options", [{}, {"frozen": True}, {"kw_only": True}], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_behaves_as_the_standard_librarys(shape: type, options: dict[str, bool]) -> None:
    ours = made(values.dataclass, shape, **options)
    theirs = made(dataclasses.dataclass, shape, **options)
    assert ours.__match_args__ == theirs.__match_args__
    for args, kwargs in CALLS:
        one, other = (outcome(each, *args, **kwargs) for each in (ours, theirs))
        assert traits(one) == traits(other), (args, kwargs)
        if isinstance(one, type):
            continue
        again = ours(*args, **kwargs)
        assert (one == again, one != again, one == other) == (True, False, shape is Own)
        for change in ({"a": 5}, {"secret": "t"}, {"aside": 3}, {"found": 1}, {"no": 1}):
            new, others = (outcome(replace, each, **change) for each in (one, other))
            assert traits(new) == traits(others)
            assert (new == one) is (others == other)
        for name in ("a", "found", "no"):
            assert outcome(setattr, one, name, 9) == outcome(setattr, other, name, 9)
            assert traits(one) == traits(other)
            assert outcome(delattr, copy.copy(one), name) == outcome(
                delattr, copy.copy(other), name
            )


@values.dataclass(frozen=True)
class Base:
    """A class that others derive from."""

    a: int
    b: int = 2


@values.dataclass(frozen=True)
class Derived(Base):
    """One that has a field more."""

    c: int = 3


class Undeclared(Base):
    """One that has the fields of its base, and may have others."""


def test_fields_are_inherited() -> None:
    assert vars(Derived(1)) == {"a": 1, "b": 2, "c": 3}
    assert Derived(1) != Base(1)
    other = Undeclared(1)
    other.d = 4  # type: ignore[attr-defined]
    assert other.d == 4  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        other.a = 4  # type: ignore[misc]


def test_a_frozen_value_can_be_copied() -> None:
    value = Derived(1, c=9)
    assert copy.deepcopy(value) == copy.copy(value) == value


def test_no_source_is_compiled_for_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    execute = exec

    def refuse(source: str, names: dict[str, Any], local: dict[str, Any]) -> None:
        if source.count("def ") > 1:
            raise AssertionError("source was compiled")
        execute(source, names, local)  # of no method: the standard library does so from 3.13 on

    monkeypatch.setattr("builtins.exec", refuse)
    made(values.dataclass, Plain, frozen=True)
    with pytest.raises(AssertionError):
        made(dataclasses.dataclass, Plain, frozen=True)


def test_a_copy_has_what_is_changed_and_nothing_that_was_computed() -> None:
    @values.dataclass(frozen=True)
    class Word:
        text: str
        times: int = 1

        @cached_property
        def upper(self) -> str:
            return self.text.upper()

    word = Word("a", 2)
    assert word.upper == "A"
    other = values.replace(word, text="b")
    assert (other, other.upper, word.upper) == (Word("b", 2), "B", "A")
    with pytest.raises(TypeError, match="Word has not all of nosuch"):
        values.replace(word, nosuch=1)  # type: ignore[call-arg]
