"""Runs the comments of a page again, with other draws and other whole numbers.

What hangs on a number that was given follows: arrays take other shapes, and values of a
package are computed anew. Only the comments that a statement needs are run.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from eqcheck.arrays.values import Value
from eqcheck.check.compare import Settings
from eqcheck.latex.nodes import Node
from eqcheck.symbols import giving
from eqcheck.symbols.comment import Assignment, Comment, Python
from eqcheck.symbols.dependencies import base_name, symbols_in
from eqcheck.symbols.giving import Target
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.memory import Memory
from eqcheck.symbols.state import Definition

Targets = dict[Assignment, list[Target]]
Change = Callable[[Assignment, list[Target]], Python]

SMALL = range(1, 13)  # extents and whole numbers that are exchanged
_FEW = 200  # draws and rounds are enough to see that two forms differ
_MAKERS = {"ones", "zeros", "eye", "full", "arange", "size"}


@dataclass(frozen=True)
class Step:
    """A comment that was run, with what its lines give."""

    comment: Comment
    targets: Targets

    @property
    def all_targets(self) -> list[Target]:
        """Everything that it gives."""
        return [target for listed in self.targets.values() for target in listed]


@dataclass
class Past:
    """The comments of a page up to one place."""

    steps: list[Step] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)

    def add(self, comment: Comment, targets: Targets) -> None:
        """Note a comment when it has been run."""
        self.steps.append(Step(comment, targets))

    @contextmanager
    def local(self) -> Iterator[None]:
        """What is noted inside is forgotten at the end."""
        before = [*self.steps]
        try:
            yield
        finally:
            self.steps = before

    def until_here(self) -> Past:
        """The same, whatever comes later on the page."""
        return Past([*self.steps], self.memory)

    def needed(
        self, root: Root, node: Node, pythons: Iterable[Python] = ()
    ) -> list[int]:
        """The comments that the symbols of a statement come from."""
        names = names_below(root, node)
        found: set[int] = set()
        todo: list[tuple[int, str]] = []
        for key, step in self._last().items():
            if base_name(key) in names:
                found.add(step)
        for definition in _definitions(root, names):
            if definition.ranges:
                found |= {
                    k
                    for k, step in enumerate(self.steps)
                    if self._holds(k, definition.line) and step.comment.ranges
                }
        todo += [(len(self.steps), alias) for each in pythons for alias in each.names]
        todo += [(k, alias) for k in found for alias in _reads(self.steps[k])]
        while todo:
            before, alias = todo.pop()
            giver = self._giver(before, alias)
            if giver is not None and giver not in found:
                found.add(giver)
                todo += [(giver, other) for other in _reads(self.steps[giver])]
        return sorted(found)

    def fixed(self, root: Root, steps: list[int], *, extents: bool) -> frozenset[int]:
        """The extents of arrays that no exchanged number changes; 1 may be chance."""
        found: set[int] = set()
        for k in steps:
            for target in self.steps[k].all_targets:
                given = root.given.get(target.key)
                if given is None or not isinstance(given.content, Value):
                    continue
                if not extents or _written_out(given.python):
                    found |= {*given.content.array.shape}
        return frozenset(found - {1})

    def _holds(self, k: int, line: int) -> bool:
        """Whether a line of the page is below this comment and above the next."""
        following = self.steps[k + 1].comment.line if k + 1 < len(self.steps) else line
        return self.steps[k].comment.line < line <= following

    def _last(self) -> dict[str, int]:
        """Where each symbol was given last."""
        return {
            target.key: k
            for k, step in enumerate(self.steps)
            for target in step.all_targets
        }

    def _giver(self, before: int, alias: str) -> int | None:
        names = {alias, alias.rpartition("_")[0]}
        for k in range(before - 1, -1, -1):
            if any(target.alias in names for target in self.steps[k].all_targets):
                return k
        return None

    def again(
        self,
        root: Root,
        settings: Settings,
        steps: list[int],
        seed: int,
        change: Change,
        helpers: dict[str, Any] | None = None,
    ) -> tuple[Root, Settings]:
        """The same place of the page with some comments run anew; may raise."""
        new = copied(root)
        new.memory = self.memory
        new.python.update(helpers or {})
        for k in steps:
            step = self.steps[k]
            new.python["rng"] = np.random.default_rng([seed, k])
            changed = {
                assignment: replace(assignment, python=change(assignment, targets))
                for assignment, targets in step.targets.items()
            }
            comment = replace(step.comment, assignments=[*changed.values()])
            giving.run(
                comment,
                new,
                {changed[a]: targets for a, targets in step.targets.items()},
            )
            self._take_ranges(root, new, k)
            if k == len(self.steps) - 1:
                ranges = {**settings.ranges, **_ranges(step.comment, new)}
                settings = replace(settings, ranges=ranges)
        self._restore(root, new, set(steps))
        new.memory = None
        return new, settings

    def _take_ranges(self, root: Root, new: Root, k: int) -> None:
        """The ranges that a comment states for the definitions below it."""
        ranges = _ranges(self.steps[k].comment, new)
        for key, old in root.definitions.items():
            if old.ranges and self._holds(k, old.line):
                new.definitions[key] = replace(old, ranges={**old.ranges, **ranges})

    def _restore(self, root: Root, new: Root, steps: set[int]) -> None:
        """What was given anew or forgotten further down is as it was."""
        last = self._last()
        new.definitions = {
            key: new.definitions.get(key, old) for key, old in root.definitions.items()
        }
        for function, old in root.functions.items():
            if isinstance(old, Definition) or function not in new.functions:
                new.functions[function] = old
        for name in [f for f in new.functions if f not in root.functions]:
            del new.functions[name]
        for k in steps:
            for target in self.steps[k].all_targets:
                if last[target.key] not in steps and target.alias in root.python:
                    new.python[target.alias] = root.python[target.alias]
                    new.tokens[target.alias] = root.tokens[target.alias]
                    if target.key in root.given:
                        new.given[target.key] = root.given[target.key]
        for key in [key for key in new.given if key not in root.given]:
            if key not in last or last[key] not in steps or base_name(key) == key:
                del new.given[key]
        for key in root.given.keys() - new.given.keys():
            new.given[key] = root.given[key]
        new.pads = {
            **root.pads,
            **{k: v for k, v in new.pads.items() if k in root.pads},
        }
        new.starts = {
            **root.starts,
            **{k: v for k, v in new.starts.items() if k in root.starts},
        }
        new.cache = {}


def copied(root: Root) -> Root:
    """The same symbols, so that changing some leaves the page as it is."""
    new = copy.copy(root)
    new.root = new
    new.cache = {}
    new.used = set()
    for name in (
        *("given", "definitions", "functions", "starts", "pads", "python"),
        *("aliases", "helpers", "families", "versions", "tokens"),
    ):
        setattr(new, name, dict(getattr(root, name)))
    return new


def _ranges(comment: Comment, root: Root) -> dict[str, tuple[int, int]]:
    return {
        name: (int(giving.evaluate(low, root)), int(giving.evaluate(high, root)))
        for name, (low, high) in comment.ranges.items()
    }


def names_below(root: Root, node: Node) -> set[str]:
    """The symbols below a node and below the definitions that they have."""
    found: set[str] = set()
    todo = [base_name(key) for key in symbols_in(node)]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for definition in _definitions(root, {name}):
            todo += [base_name(key) for key in symbols_in(definition.body)]
    return found


def _definitions(root: Root, names: set[str]) -> Iterator[Definition]:
    for definition in root.definitions.values():
        if definition.name in names:
            yield definition
    for (name, _), function in root.functions.items():
        if name in names and isinstance(function, Definition):
            yield function


def _reads(step: Step) -> set[str]:
    """The names that the Python of a comment reads and does not give itself."""
    found: set[str] = set()
    own: set[str] = set()
    for assignment, targets in step.targets.items():
        found |= assignment.python.names - own
        own |= {target.alias for target in targets}
    for low, high in step.comment.ranges.values():
        found |= (low.names | high.names) - own
    return found


# ------------------------------------------------------------------------- changes


def literal_integers(python: Python) -> list[int] | None:
    """The numbers of `3` or of `2, 5, 1`; None for any other Python."""
    body = python.tree.body
    parts = body.elts if isinstance(body, ast.Tuple | ast.List) else [body]
    numbers = [part.value for part in parts if isinstance(part, ast.Constant)]
    if len(numbers) != len(parts) or any(type(number) is not int for number in numbers):
        return None
    return [number for number in numbers if isinstance(number, int)]


def other_integers(
    seed: int, *, extents: bool = True, fixed: frozenset[int] = frozenset()
) -> Change:
    """A change of the whole numbers of comments, and of extents, the same everywhere.

    Equal numbers stay equal, so that arrays still fit together; numbers written down
    as floating point are moved as well, and long loops and samples are cut short.
    Those that are `fixed` stay: they are the extents of arrays written out.
    """
    rng = np.random.default_rng(seed)
    table = {n: int(rng.integers(1, n + 4)) for n in SMALL}
    table[0] = int(rng.integers(0, 3))
    share = (1.0, 0.6, 0.3)[seed % 3]
    moved = {n for n in table if rng.random() < share} - fixed
    exchanged = frozenset((n, table[n]) for n in moved)

    def change(assignment: Assignment, targets: list[Target]) -> Python:
        python = assignment.python
        number = getattr(python.tree.body, "value", None)
        if isinstance(number, float):
            moved_a_little = float(number * rng.uniform(0.8, 1.2))
            return Python(repr(moved_a_little), python.line)
        return _exchanged(python, exchanged, extents=extents and seed % 2 == 0)

    return change


@lru_cache(maxsize=10_000)
def _exchanged(
    python: Python, table: frozenset[tuple[int, int]], *, extents: bool
) -> Python:
    exchange = _Exchange(dict(table), extents=extents)
    exchange.literal = literal_integers(python) is not None
    if not exchange.concerns(python.tree):
        return python
    tree = exchange.visit(copy.deepcopy(python.tree))
    return Python(ast.unparse(tree), python.line)


def _written_out(python: Python) -> bool:
    """Whether an array is a list of numbers."""
    return any(
        isinstance(node, ast.List) and len(node.elts) > 1
        for node in ast.walk(python.tree)
    )


def same_integers(assignment: Assignment, targets: list[Target]) -> Python:
    """No change: other draws only."""
    return assignment.python


class _Exchange(ast.NodeTransformer):
    """Exchanges whole numbers that are given, and those that are extents."""

    def __init__(self, table: dict[int, int], *, extents: bool) -> None:
        self.table = table
        self.extents = extents
        self.literal = False

    def concerns(self, tree: ast.AST) -> bool:
        """Whether anything in a tree may be exchanged: a quick look."""
        least = min(self.table, default=_FEW) if self.literal or self.extents else _FEW
        return any(
            isinstance(node, ast.Constant)
            and type(node.value) is int
            and node.value >= least
            for node in ast.walk(tree)
        )

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if type(node.value) is not int:
            return node
        if node.value > _FEW:
            return ast.Constant(_FEW)
        if self.literal:
            return ast.Constant(self.table.get(node.value, node.value))
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        node.args = [self._argument(each, name) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self._argument(keyword.value, keyword.arg or "")
        return node

    def _argument(self, node: ast.expr, name: str) -> ast.expr:
        """An argument, whose numbers are extents if it is one or a list of them."""
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        before = self.literal
        if self.extents and name in _MAKERS:
            self.literal = all(
                isinstance(part, ast.Constant | ast.Name) for part in parts
            )
        changed: ast.expr = self.visit(node)
        self.literal = before
        return changed
