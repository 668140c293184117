"""Runs the Python of a comment and files what it gives under LaTeX symbols."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqcheck.arrays.draws import Stream
from eqcheck.arrays.values import SAMPLES, Value
from eqcheck.latex.errors import EquationError
from eqcheck.latex.expressions import Reader
from eqcheck.latex.names import Names, family_member, identifier
from eqcheck.latex.nodes import Call, Function, Number, Symbol
from eqcheck.latex.parse import Syntax, parse
from eqcheck.latex.spelling import trees
from eqcheck.symbols.comment import (
    Assignment,
    Comment,
    CommentError,
    Python,
    is_helper,
)
from eqcheck.symbols.dependencies import base_name
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.memory import new_token
from eqcheck.symbols.state import Given, Token


@dataclass(frozen=True)
class Target:
    """The left side of a line: a symbol, a layer of it, or a function."""

    name: str
    layer: int | None = None
    parameters: tuple[str, ...] | None = None
    helper: bool = False

    @property
    def key(self) -> str:
        """How it is filed."""
        if self.layer is None:
            return self.name
        return family_member(self.name, self.layer)

    @property
    def alias(self) -> str:
        """Its Python name."""
        name = identifier(self.name)
        return name if self.layer is None else f"{name}_{self.layer}"


def read_target(text: str, line: int, compounds: set[str] | None = None) -> Target:
    """Read a symbol as LaTeX; `labels` and the like are names of Python only."""
    if is_helper(text):
        return Target(text, helper=True)
    reader = Reader(_Everything(compounds or set()))
    try:
        node = reader.expression(expression_tree(text))
    except EquationError as error:
        raise CommentError(f"{text}: {error.message}", line) from None
    if isinstance(node, Symbol) and node.layer is None:
        return Target(node.name)
    if isinstance(node, Symbol) and isinstance(node.layer, Number):
        return Target(node.name, int(node.layer.value))
    if isinstance(node, Call) and not isinstance(node.function, Function):
        arguments = [a for a in node.arguments if isinstance(a, Symbol)]
        if len(arguments) == len(node.arguments):
            names = tuple(identifier(argument.name) for argument in arguments)
            return Target(node.function.name, parameters=names)
    raise CommentError(f"{text} is not a symbol", line)


class _Everything(Names):
    """On the left of a comment a subscript belongs to the name."""

    def __init__(self, compounds: set[str]) -> None:
        super().__init__(values=_All(), functions=_All(), compounds=compounds)


class _All(set[str]):
    def __contains__(self, item: object) -> bool:
        return item not in {"d", "T"}


def expression_tree(text: str) -> Syntax:
    """The syntax of one expression."""
    rows = trees(parse(text))
    return trees(trees(rows[0])[0])[0]


def run(comment: Comment, root: Root, targets: dict[Assignment, list[Target]]) -> None:
    """Give the symbols of a comment their values, in the order of its lines."""
    root.cache.clear()
    for assignment in comment.assignments:
        given = targets[assignment]
        python = assignment.python
        if given[0].parameters is not None:
            _give_function(root, given[0], python)
            continue
        result, token = _result(assignment, root)
        if len(given) == 1:
            _give(root, given[0], result, python, token, sample=assignment.sample)
            continue
        parts = tuple(result)
        if len(parts) != len(given):
            message = f"{len(given)} names for {len(parts)} values"
            raise CommentError(message, assignment.line)
        for k, (target, part) in enumerate(zip(given, parts, strict=True)):
            piece = Python(f"({python.source})[{k}]", python.line)
            _give(root, target, part, piece, (token, k), sample=assignment.sample)
    for text, python in comment.pads:
        name = _array_name(text, python, root)
        root.pads[name] = float(evaluate(python, root))
    for text, python in comment.starts:
        first = np.atleast_1d(evaluate(python, root))
        root.starts[_array_name(text, python, root)] = tuple(map(int, first))


def _result(assignment: Assignment, root: Root) -> tuple[Any, Token]:
    """What a line gives, from memory if it is run again."""
    python = assignment.python

    def run() -> Any:
        return (_draw if assignment.sample else evaluate)(python, root)

    if root.memory is None:
        return run(), new_token()
    return root.memory.result(python, root, run)


def _array_name(text: str, python: Python, root: Root) -> str:
    name = read_target(text, python.line).name
    known = any(base_name(key) == name for key in (*root.given, *root.definitions))
    if not known:
        raise CommentError(f"{text} is not known here", python.line)
    return name


def evaluate(python: Python, root: Root) -> Any:
    """Evaluate an expression among the symbols known so far."""
    for name in python.names & root.packages.imports.keys():
        if name not in root.python:
            root.python[name] = _load(name, python, root)
    try:
        return eval(python.code, root.python)
    except NameError as error:
        message = f"{type(error).__name__}: {error}: {python.source}"
        if re.search(rf"\b{error.name}\.[A-Za-z]", python.source):
            message += (
                f" (a module? List it in pyproject.toml: [tool.eqcheck] "
                f'imports = ["{error.name}"])'
            )
        raise CommentError(message, python.line) from error
    except Exception as error:
        message = f"{type(error).__name__}: {error}: {python.source}"
        raise CommentError(message, python.line) from error


def _load(name: str, python: Python, root: Root) -> Any:
    try:
        return root.packages.load(name)
    except ImportError as error:
        message = f"{error} (from `imports` of [tool.eqcheck] in pyproject.toml)"
        raise CommentError(message, python.line) from error


def _draw(python: Python, root: Root) -> Any:
    """Evaluate a sample, with evenly spread draws if its first axis holds them."""
    plain = root.python["rng"]
    if "rng" not in python.names or not isinstance(plain, Stream):
        return evaluate(python, root)
    sampler = root.python["rng"] = plain.sampler
    sampler.lengths.clear()
    try:
        result = evaluate(python, root)
    finally:
        root.python["rng"] = plain
    if sampler.lengths - {len(np.atleast_1d(result))}:
        return evaluate(python, root)  # the rows drawn are not the draws
    return result


def _give(
    root: Root,
    target: Target,
    result: Any,
    python: Python,
    token: Token,
    *,
    sample: bool,
) -> None:
    root.python[target.alias] = result
    root.tokens[target.alias] = token
    root.versions[target.alias] = root.versions.get(target.alias, 0) + 1
    if target.helper:
        root.helpers[target.alias] = _given(root, None, python)
    _forget(root, target)
    _file(root, target, result, python, sample=sample)


def _given(
    root: Root,
    content: Value | Callable[..., Any] | None,
    python: Python,
    *,
    sample: bool = False,
) -> Given:
    versions = {name: root.versions.get(name, 0) for name in python.names}
    return Given(content, python, sample, versions)


def _file(
    root: Root, target: Target, result: Any, python: Python, *, sample: bool
) -> None:
    family = _family(result)
    root.families.pop(target.alias, None)
    if family is not None:
        root.families[target.alias] = {}
        for layer, part in family.items():
            place = layer - 1 if isinstance(result, list | tuple) else layer
            piece = Python(f"({python.source})[{place}]", python.line)
            member = Target(target.name, layer)
            given = _given(root, _value(part, python), piece)
            root.given[member.key] = given
            root.python[member.alias] = part
            root.tokens[member.alias] = root.tokens[target.alias], layer
            root.aliases[member.alias] = member.key
            root.families[target.alias][member.alias] = place
        return
    if not target.helper:
        _refuse_clash(root, target, python)
    if callable(result):
        root.given[target.key] = _given(root, result, python)
        return
    if target.helper and not isinstance(result, int | float | np.ndarray | np.number):
        return  # any object may help
    value = _value(result, python)
    if sample:
        value = Value(value.array, (SAMPLES,))
    given = _given(root, value, python, sample=sample)
    root.given[target.key] = given
    if not target.helper:
        root.aliases[target.alias] = target.key


def _refuse_clash(root: Root, target: Target, python: Python) -> None:
    """Python has one name for symbols that differ in their font alone."""
    others = [root.aliases.get(target.alias, target.key)]
    others += [
        key
        for key, given in root.given.items()
        if callable(given.content) and identifier(key) == target.alias
    ]
    for other in others:
        if other != target.key and other in root.given and other not in root.helpers:
            name = base_name(other)
            raise CommentError(
                f"{other} and {target.key} are both {target.alias} in Python; if {name}"
                f" is not needed any more, say `new {name}` above",
                python.line,
            )


def _forget(root: Root, target: Target) -> None:
    """Drop what the symbol was before."""
    name = target.name
    forget(root, name, layers=target.layer is None)


def forget(root: Root, name: str, *, layers: bool = True) -> None:
    """Drop a symbol with its definitions."""
    for key in [k for k in root.definitions if base_name(k) == name]:
        del root.definitions[key]
    for key in [k for k in root.given if base_name(k) == name]:
        if layers or key == name:
            del root.given[key]
    for function in [f for f in root.functions if f[0] == name]:
        del root.functions[function]
    root.pads.pop(name, None)
    root.starts.pop(name, None)


def _family(result: Any) -> dict[int, Any] | None:
    if isinstance(result, dict) and all(isinstance(k, int) for k in result):
        return result
    if isinstance(result, list | tuple) and any(np.ndim(p) > 0 for p in result):
        return {k + 1: part for k, part in enumerate(result)}
    return None


def _value(result: Any, python: Python) -> Value:
    try:
        array = np.asarray(result)
    except ValueError:
        array = np.asarray(None)
    if array.dtype == bool:
        array = array.astype(int)
    if array.dtype.kind not in "iuf":
        raise CommentError(
            f"neither numbers nor a function: {python.source}", python.line
        )
    if array.dtype.kind == "f":
        array = array.astype(float)
    return Value(array)


def _give_function(root: Root, target: Target, python: Python) -> None:
    assert target.parameters is not None
    source = f"lambda {', '.join(target.parameters)}: ({python.source})"
    function: Callable[..., Any] = evaluate(Python(source, python.line), root)
    given = _given(root, function, python)
    root.functions[target.name, len(target.parameters)] = given
