"""What somebody asked for: options of a verb, each declared once, and settings given as options.

Pure; command/arguments.py makes it. Which verb has which option is in command/verb_table.py.
"""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from enum import StrEnum
from typing import Any

from headstart.values import dataclass


class Output(StrEnum):
    """How a verb prints its answer."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class Option:
    """An option that only some verbs have: a flag where `metavar` is empty, else it has a value."""

    field: str
    name: str
    metavar: str = ""


def _flag(name: str = "") -> bool:
    declared: bool = field(default=False, metadata={"name": name})
    return declared


def _value(metavar: str) -> str | None:
    declared: str | None = field(default=None, metadata={"metavar": metavar})
    return declared


@dataclass(frozen=True)
class Request:
    """What somebody asked for, beside the verb; `values` are settings given as options, by name.

    `resume`: the database of --url may be at a revision on file, and later ones are run there.
    """

    output: Output = field(default=Output.TEXT, metadata={"metavar": "|".join(Output)})
    sql: bool = _flag()
    lint: bool = _flag()
    revision: str | None = _value("REVISION")
    image: bool = _flag()
    since: str | None = _value("REVISION")
    url: str | None = _value("URL")
    create_all: bool = _flag()
    replace: bool = _flag()
    resume: bool = _flag("--continue")
    once: bool = _flag()
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def _option(name: str, metadata: Mapping[str, Any]) -> Option:
    option = metadata.get("name") or "--" + name.replace("_", "-")
    return Option(name, option, metadata.get("metavar", ""))


OPTIONS = {
    each.name: _option(each.name, each.metadata)
    for each in fields(Request)
    if each.default is not MISSING
}
"""By their fields, in the order in which they are shown."""
