"""Data on the boundary of a condition, where `<` and `<=` differ.

One entry of a given array is moved until both sides of a comparison are equal; whatever
hangs on it is computed anew, the values of a package included.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqcheck.arrays.values import Array, Value, elementwise
from eqcheck.check.again import Past, copied
from eqcheck.check.compare import EQUALITIES, Settings
from eqcheck.check.statement import sides
from eqcheck.evaluate.conditions import ORDERS, NoCaseError, watching
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Index,
    Node,
    Partial,
    Relation,
    Statement,
    Symbol,
    walk,
)
from eqcheck.symbols.comment import Assignment, Python
from eqcheck.symbols.definitions import bare
from eqcheck.symbols.dependencies import reaches_derivative
from eqcheck.symbols.giving import Target, evaluate
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.state import Definition, Given

Key = tuple[int, int]  # the identities of the two nodes of a comparison
Check = tuple[Node, Python]

_NEAR = 2.0**-8  # how far beside a boundary a condition is tried, too
_GRIDS = (2.0**-4, 2.0**-12)
_STEPS = 5
_TRIED = 5  # symbols that are moved in turn
_SEED = 7


@dataclass(frozen=True)
class Draw:
    """A statement among other data; `kept` says which sides of the original it has."""

    statement: Statement
    kept: tuple[int, ...]
    root: Root
    settings: Settings
    where: str = ""  # what is special about the data, for an error message


@dataclass(frozen=True)
class Point:
    """A comparison at its boundary, with the data on it and on either side."""

    on: Draw
    beside: tuple[Draw, ...]
    allowed: bool  # whether the data of the page could be there


# ------------------------------------------------------------------------ statements


def without_derivatives(
    statement: Statement, root: Root, checks: Sequence[Check]
) -> tuple[Statement, tuple[int, ...], dict[str, Python]] | None:
    """The sides that have a value where a function has a kink.

    A derivative that the comment holds against Python is that Python's value.
    """
    relation = statement.relation
    kept: list[int] = []
    new: list[Node] = []
    operators: list[str] = []
    values: dict[str, Python] = {}
    skipped = False
    for k, side in enumerate(relation.sides):
        around = {*relation.operators[max(k - 1, 0) : k + 1]}
        if has_derivative(root, side):
            name = rf"\text{{side {k + 1}}}"
            found = _held_against(side, checks, name)
            if found is None:
                if not around <= EQUALITIES:
                    return None
                skipped = True
                continue
            side, values[name] = found
        if new:
            operators.append("=" if skipped else relation.operators[k - 1])
        skipped = False
        kept.append(k)
        new.append(side)
    if len(new) < 2:
        return None
    short = replace(relation, sides=tuple(new), operators=tuple(operators))
    return replace(statement, relation=short), tuple(kept), values


def _held_against(
    side: Node, checks: Sequence[Check], name: str
) -> tuple[Node, Python] | None:
    for node, python in checks:
        if isinstance(side, Partial | Symbol | Index) and bare(side) == bare(node):
            items = _items(side)
            symbol = Symbol(name, at=side.at)
            return (Index(symbol, items, at=side.at) if items else symbol), python
    return None


def _items(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Index):
        return node.items
    if isinstance(node, Partial):
        parts = (node.body, *node.targets)
        return tuple(item for part in parts for item in _items(part))
    return ()


def has_derivative(root: Root, node: Node) -> bool:
    """Whether a value comes from a derivative, and not from a comment."""
    return reaches_derivative(
        node, lambda name: [definition.body for definition in _defined(root, name)]
    )


def _defined(root: Root, name: str) -> Iterator[Definition]:
    """The definitions that give a symbol its value, where no comment does."""
    for key, definition in root.definitions.items():
        if definition.name == name and key not in root.given and name not in root.given:
            yield definition
    for (function, _), content in root.functions.items():
        if function == name and isinstance(content, Definition):
            yield content


def comparisons(statement: Statement, root: Root) -> dict[Key, tuple[Node, Node]]:
    """All comparisons in conditions of a statement and of what it is defined by."""
    found: dict[Key, tuple[Node, Node]] = {}
    seen: set[str] = set()
    todo: list[Node] = [*statement.relation.sides, *statement.conditions]
    todo += statement.premises
    while todo:
        for each in walk(todo.pop()):
            if isinstance(each, Relation):
                for k, operator in enumerate(each.operators):
                    if operator in ORDERS:
                        pair = each.sides[k], each.sides[k + 1]
                        found[id(pair[0]), id(pair[1])] = pair
            elif isinstance(each, Symbol) and each.name not in seen:
                seen.add(each.name)
                todo += [definition.body for definition in _defined(root, each.name)]
    return found


# --------------------------------------------------------------------------- solving


@dataclass
class Search:
    """Looks for data on the boundary of one comparison."""

    statement: Statement
    kept: tuple[int, ...]
    values: dict[str, Python]
    root: Root
    settings: Settings
    past: Past
    steps: list[int]

    def draw(self, assignment: Assignment, entry: float | None) -> Draw:
        """The data with the first entry of what an assignment gives moved."""
        inputs = self.inputs

        def change(each: Assignment, targets: list[Target]) -> Python:
            source = each.python.source
            if each is assignment and entry is not None:
                moved = f"_with_entry(_rounded({source}), float('{float(entry)!r}'))"
                return Python(moved, each.python.line)
            if each in inputs:
                return Python(f"_rounded({source})", each.python.line)
            return each.python

        helpers = {"_rounded": _rounded, "_with_entry": _with_entry}
        root, settings = self.past.again(
            self.root, self.settings, self.steps, _SEED, change, helpers
        )
        for name, python in self.values.items():
            value = Value(np.asarray(evaluate(python, root)))
            root.given[name] = Given(value, python)
        return Draw(self.statement, self.kept, root, settings)

    @property
    def inputs(self) -> dict[Assignment, Target]:
        """What is drawn or written down as floating-point numbers."""
        return {a: target for a, target, free in self._candidates if free}

    def candidates(self, shown: set[str]) -> list[tuple[Assignment, Target, bool]]:
        """What may be moved: first what is drawn, and what is compared."""
        listed = [each for each in self._candidates if each[2] or each[1].name in shown]
        return sorted(listed, key=lambda each: (not each[2], each[1].name not in shown))

    def __post_init__(self) -> None:
        self._candidates = list(self._find())

    def _find(self) -> Iterator[tuple[Assignment, Target, bool]]:
        for k in self.steps:
            for assignment, targets in self.past.steps[k].targets.items():
                target = targets[0]
                given = self.root.given.get(target.key)
                if len(targets) > 1 or given is None or assignment.sample:
                    continue
                content = given.content
                if not isinstance(content, Value) or target.helper:
                    continue
                if content.array.dtype.kind != "f" or _adds_to_one(content.array):
                    continue
                free = not any(self._varies(n) for n in assignment.python.names)
                yield assignment, target, free

    def _varies(self, alias: str) -> bool:
        """Whether a name of Python is a symbol other than a whole number."""
        if alias in self.root.families:
            return True
        if alias not in self.root.aliases and alias not in self.root.helpers:
            return False
        return not isinstance(self.root.python.get(alias), int)


def point(
    pair: tuple[Node, Node],
    search: Search,
    roots: Sequence[Root],
) -> Point | None:
    """Data on the boundary of a comparison, or None if none are found."""
    key = id(pair[0]), id(pair[1])
    shown = {
        each.name for side in pair for each in walk(side) if isinstance(each, Symbol)
    }
    for assignment, target, free in search.candidates(shown)[:_TRIED]:
        entry = _solve(search, key, assignment, target)
        if entry is None:
            continue
        try:
            on = search.draw(assignment, entry)
            beside = tuple(
                search.draw(assignment, entry + step) for step in (_NEAR, -_NEAR)
            )
        except Exception:
            continue
        place = f"{target.name} = {entry:.6g}"
        if np.ndim(on.root.given[target.key].content.array):  # type: ignore[union-attr]
            place = f"the first entry of {place}"
        allowed = free and _could_be(entry, assignment, target, roots)
        return Point(replace(on, where=f"where {place}"), beside, allowed)
    return None


def _solve(
    search: Search, key: Key, assignment: Assignment, target: Target
) -> float | None:
    """The entry for which the two sides of a comparison are equal."""
    known: dict[float, Array | None] = {}

    def differences(entry: float | None) -> Array | None:
        at = np.nan if entry is None else entry
        if at not in known:
            try:
                draw = search.draw(assignment, entry)
                known[at] = watched(draw).get(key)
            except (EquationError, ArithmeticError, ValueError, TypeError, IndexError):
                known[at] = None
        return known[at]

    content = search.root.given[target.key].content
    assert isinstance(content, Value)
    start = float(np.asarray(_rounded(content.array)).flat[0])
    a, b = start, start + 0.125
    low, high = differences(a), differences(b)
    if low is None or high is None or low.shape != high.shape:
        return None
    moved = np.flatnonzero((low != high) & np.isfinite(low) & np.isfinite(high))
    if not moved.size:
        return None
    place = moved[np.argmin(np.abs(low[moved]))]
    zero = differences(0.0)
    if zero is not None and zero.shape == low.shape and zero[place] == 0:
        return 0.0
    for _ in range(_STEPS):
        if high[place] == low[place]:
            return None
        slope = (high[place] - low[place]) / (b - a)
        guess = b - high[place] / slope
        if not np.abs(guess) <= 100 * (1 + np.abs(start)):
            return None
        for entry in (*(round(guess / grid) * grid for grid in _GRIDS), guess):
            found = differences(entry)
            if found is None or found.shape != low.shape:
                continue
            if found[place] == 0:
                return float(entry)
        if found is None or found.shape != low.shape:
            return None
        a, b, low, high = b, guess, high, found
    return None


def watched(draw: Draw) -> dict[Key, Array]:
    """Left side minus right side of each comparison, where it is evaluated."""
    found: dict[Key, list[Array]] = {}
    relation = draw.statement.relation
    with watching() as seen, suppress(NoCaseError):  # what it saw until there
        for _, values in sides(draw.statement, draw.root, draw.settings):
            for k, operator in enumerate(relation.operators):
                left, right = values[k], values[k + 1]
                if operator not in ORDERS or left is None or right is None:
                    continue
                pair = id(relation.sides[k]), id(relation.sides[k + 1])
                difference = elementwise(np.subtract, left, right).array
                found.setdefault(pair, []).append(np.real(difference).ravel())
    found |= seen
    return {key: np.concatenate(arrays) for key, arrays in found.items()}


def of_page(
    search_root: Root,
    statement: Statement,
    settings: Settings,
    values: dict[str, Python],
) -> Draw:
    """The statement among the data of the page."""
    root = copied(search_root)
    for name, python in values.items():
        root.given[name] = Given(Value(np.asarray(evaluate(python, root))), python)
    return Draw(statement, (), root, settings)


def _rounded(result: Any) -> Any:
    """Numbers with which a computer reckons exactly."""
    if isinstance(result, np.ndarray | float) and np.asarray(result).dtype.kind == "f":
        rounded = np.round(np.asarray(result) * 1024) / 1024
        keeps = rounded.all() or not np.asarray(result).all()
        if keeps and not _adds_to_one(np.asarray(result)):
            return rounded if isinstance(result, np.ndarray) else float(rounded)
    return result


def _with_entry(result: Any, entry: float) -> Any:
    if not isinstance(result, np.ndarray) or result.ndim == 0:
        return entry
    moved = np.array(result, dtype=float)
    moved.flat[0] = entry
    return moved


def _adds_to_one(array: Array) -> bool:
    if array.ndim == 0 or not bool(np.all(array >= 0)):
        return False
    return bool(np.allclose(array.sum(axis=-1), 1))


def _could_be(
    entry: float, assignment: Assignment, target: Target, roots: Sequence[Root]
) -> bool:
    """Whether the data of the page could have this entry."""
    body = assignment.python.tree.body
    function = body.func if isinstance(body, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr in {
        "normal",
        "standard_normal",
    }:
        return True
    contents = [root.given[target.key].content for root in roots]
    arrays = [each.array for each in contents if isinstance(each, Value)]
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    return low < entry < high
