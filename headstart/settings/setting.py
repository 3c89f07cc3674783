"""How a setting is declared: one field of a dataclass says all about it. Pure.

    wait_seconds: float = setting(
        default=60.0, parse=kinds.seconds, unit="SECONDS", meaning="How long to wait"
    )

mypy refuses a default or a parser that does not fit the field's type, and a declaration that leaves
a part out.
"""

from collections.abc import Callable
from dataclasses import field, fields
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from headstart.settings import kinds
from headstart.values import dataclass

PREFIX = "HEADSTART_"

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Setting:
    """One setting: HEADSTART_<name>, --<name>, and the field of Settings in lower case.

    No message and no repr repeats a value that is `secret`.
    """

    name: str
    default: Any
    parse: Callable[[str], Any]
    unit: str
    meaning: str
    secret: bool = False

    @property
    def environment(self) -> str:
        """The environment variable."""
        return self.name if self.name == "DATABASE_URL" else PREFIX + self.name

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the command line; a name of one letter has a short one, too."""
        long = "--" + self.name.lower().replace("_", "-")
        return (long[1:], long) if len(self.name) == 1 else (long,)

    @property
    def field(self) -> str:
        """The name in Settings and in the log."""
        return self.name.lower()

    @property
    def several(self) -> bool:
        """Whether the option may be repeated: each one gives a word."""
        return self.parse is kinds.words

    @property
    def default_text(self) -> str:
        """The default, as one writes it."""
        match self.default:
            case None | ():
                return "none"
            case bool():
                return str(self.default).lower()
            case float():
                return f"{self.default:g}"
            case _:
                return str(self.default)


_DECLARATION = "declaration"
"""Where the metadata of a field hold its declaration."""


def setting(
    *, default: Value, parse: Callable[[str], Value], unit: str, meaning: str, secret: bool = False
) -> Value:
    """Declare a field; its name is added by declared_in()."""
    declaration = partial(
        Setting, default=default, parse=parse, unit=unit, meaning=meaning, secret=secret
    )
    return field(default=default, repr=not secret, metadata={_DECLARATION: declaration})


def one_of(default: Choice, *, meaning: str) -> Choice:
    """Declare a field whose value is a member of the default's class."""
    choices = type(default)
    return setting(
        default=default, parse=kinds.choice(choices), unit="|".join(choices), meaning=meaning
    )


def declared_in(settings: type[Any]) -> tuple[Setting, ...]:
    """The settings that a dataclass declares, in its order. Raises TypeError for any other field.

    mypy accepts `field: str = "x"`, which declares nothing: that fails here, at import.
    """
    declared = []
    for each in fields(settings):
        if _DECLARATION not in each.metadata:
            raise TypeError(f"{each.name} is not declared: use setting() or one_of()")
        declared.append(each.metadata[_DECLARATION](name=each.name.upper()))
    return tuple(declared)
