"""What the names of a script stand for, if each has one meaning throughout."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from headstart.values import dataclass


@dataclass(frozen=True)
class Imported:
    """A name that an import binds; `path` is what it stands for in full."""

    path: str


@dataclass(frozen=True)
class Defined:
    """A function or class of the script itself."""


@dataclass(frozen=True)
class Assigned:
    """`name = value`, on its own."""

    value: ast.expr


@dataclass(frozen=True)
class Entered:
    """`with value as name`."""

    value: ast.expr


@dataclass(frozen=True)
class Other:
    """A parameter, a loop's variable, a caught exception: it may be anything."""


Binding = Imported | Defined | Assigned | Entered | Other


class Names:
    """The names of a script. One that is bound in several ways may be anything, in all places."""

    def __init__(self, tree: ast.Module) -> None:
        self._bindings: dict[str, list[Binding]] = defaultdict(list)
        alone: dict[int, Binding] = {}  # by the target's identity
        for node in ast.walk(tree):
            alone |= {id(target): found for target, found in _bound_alone(node)}
            for name, binding in _bound(node):
                self._bindings[name].append(alone.get(id(node), binding))

    def of(self, name: str) -> list[Binding]:
        """All that bind a name; none for one of the builtins."""
        return self._bindings.get(name, [])

    def path(self, node: ast.expr) -> str | None:
        """The full name of what is imported; None for anything else."""
        match node:
            case ast.Attribute():
                before = self.path(node.value)
                return before and f"{before}.{node.attr}"
            case ast.Name():
                every = set(self.of(node.id))
                only = next(iter(every)) if len(every) == 1 else None
                return only.path if isinstance(only, Imported) else None
            case _:
                return None

    def is_defined(self, name: str) -> bool:
        """Whether a name is a function or class of the script, and nothing else."""
        return bool(self.of(name)) and all(isinstance(each, Defined) for each in self.of(name))

    def value(self, node: ast.expr) -> ast.expr:
        """What a name is given, if it is given one value only; other expressions as they are."""
        if isinstance(node, ast.Name) and len(self.of(node.id)) == 1:
            binding = self.of(node.id)[0]
            if isinstance(binding, Assigned):
                return self.value(binding.value)
        return node


def _bound_alone(node: ast.AST) -> Iterator[tuple[ast.expr, Binding]]:
    match node:
        case ast.Assign(targets=[ast.Name() as target]):
            yield target, Assigned(node.value)
        case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
            yield target, Assigned(value)
        case ast.withitem(optional_vars=ast.Name() as target):
            yield target, Entered(node.context_expr)


def _bound(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node.id, Other()
        case ast.Import():
            for each in node.names:
                name = each.asname or each.name.partition(".")[0]
                yield name, Imported(each.name if each.asname else name)
        case ast.ImportFrom():
            module = "." * node.level + (node.module or "")
            for each in node.names:
                yield each.asname or each.name, Imported(f"{module}.{each.name}")
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, Defined()
        case ast.arg():
            yield node.arg, Other()
        case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
            yield name, Other()
        case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
            yield name, Other()
