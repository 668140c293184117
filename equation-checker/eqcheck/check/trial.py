"""Tries changed forms of statements to see which of them would go unnoticed.

A changed form counts only if it means something else: on data of the general kind (no
row one-hot, no number 1 by chance) its value differs from the original. Where it does
and still passes on the data of the page, the check is blind to it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from eqcheck.arrays.values import Array, Value, new_axis
from eqcheck.check.compare import EQUALITIES, Comparison, Settings, same
from eqcheck.check.mutate import REVERSED, Mutant, mutations
from eqcheck.check.statement import (
    check,
    conditions_mask,
    evaluators,
    free_indices,
    sides,
)
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.latex.nodes import BigO, Node, Statement, walk
from eqcheck.symbols.lookup import Layered, Root
from eqcheck.symbols.state import Definition, Given


def changed_sides(
    statement: Statement, indices: tuple[str, ...]
) -> Iterator[tuple[str, int, Node]]:
    """Changed forms of the sides of equalities: description, side, new side."""
    relation = statement.relation
    for k, side in enumerate(relation.sides):
        around = {*relation.operators[max(k - 1, 0) : k + 1]}
        if around <= EQUALITIES:
            beside = relation.sides[max(k - 1, 0) : k + 2]
            for what, new in mutations(side, indices):
                if new not in beside:  # else it would say that a is a
                    yield what, k, new


class Trial:
    """A statement with the values of its sides, to be compared with changed ones."""

    def __init__(
        self, statement: Statement, roots: list[Root], settings: list[Settings]
    ) -> None:
        self.statement = statement
        self.roots = roots
        self.settings = settings
        self._kept: dict[int, list[tuple[Evaluator, list[Value | None]]]] = {}
        self._general = general_root(roots[0])

    def run(self, line: int) -> list[Mutant]:
        """Try all changed forms."""
        names = tuple(free_indices(self.statement, self.roots[0], self.settings[0]))
        found: list[Mutant] = []
        for what, k, new in changed_sides(self.statement, names):
            caught = self._noticed(k, new)
            if caught or self._differs(self.statement.relation.sides[k], new):
                found.append(Mutant(what, line, caught))
        for k, operator in enumerate(self.statement.relation.operators):
            if operator not in EQUALITIES and operator in REVERSED:
                found.append(self._reversed(k, operator, line))
        return found

    def _values(self, draw: int) -> list[tuple[Evaluator, list[Value | None]]]:
        if draw not in self._kept:
            root, settings = self.roots[draw], self.settings[draw]
            self._kept[draw] = list(sides(self.statement, root, settings))
        return self._kept[draw]

    def _noticed(self, k: int, new: Node) -> bool:
        return any(self._fails(draw, k, new) for draw in range(len(self.roots)))

    def _fails(self, draw: int, k: int, new: Node) -> bool:
        relation = self.statement.relation
        all_sides = (*relation.sides[:k], new, *relation.sides[k + 1 :])
        changed = replace(relation, sides=all_sides)
        if any(isinstance(node, BigO) for node in walk(self.statement)):
            statement = replace(self.statement, relation=changed)
            return fails(statement, [self.roots[draw]], [self.settings[draw]])
        try:
            for evaluator, values in self._values(draw):
                value = evaluator.value(new)
                comparison = Comparison(changed, evaluator, self.settings[draw])
                for pair in (k - 1, k):
                    if not 0 <= pair < len(relation.operators):
                        continue
                    left = value if pair == k else values[pair]
                    right = value if pair == k - 1 else values[pair + 1]
                    assert left is not None
                    if comparison.pair(pair, left, right)[1] is not None:
                        return True
        except Exception:
            return True
        return False

    def _differs(self, old: Node, new: Node) -> bool:
        """Whether a changed side has another value on general data."""
        for start in evaluators(self.statement, self._general, self.settings[0]):
            evaluator = start.where(conditions_mask(self.statement, start))
            if _unequal(evaluator, old, new):
                return True
        return False

    def _reversed(self, k: int, operator: str, line: int) -> Mutant:
        relation = self.statement.relation
        operators = list(relation.operators)
        operators[k] = REVERSED[operator]
        changed = replace(relation, operators=tuple(operators))
        statement = replace(self.statement, relation=changed)
        caught = fails(statement, self.roots, self.settings)
        return Mutant(f"{operator} became {operators[k]}", line, caught)


def fails(statement: Statement, roots: list[Root], settings: list[Settings]) -> bool:
    """Whether a statement is false in any draw."""
    for root, setting in zip(roots, settings, strict=True):
        try:
            if check(statement, root, setting).failure:
                return True
        except Exception:
            return True
    return False


class DefinitionTrial:
    """A definition with its changed forms, waiting for statements that use it."""

    def __init__(
        self, definitions: list[Definition], roots: list[Root], line: int
    ) -> None:
        self.definitions = definitions
        self._general = general_root(roots[0])  # as things stand here
        first = definitions[0]
        parameters = {p.name for p in first.parameters or ()}
        indices = tuple(n for n in first.indices if n not in parameters)
        self.pending = [
            (Mutant(what, line), body) for what, body in mutations(first.body, indices)
        ]
        self.seen = [mutant for mutant, _ in self.pending]

    def meet(
        self, statement: Statement, roots: list[Root], settings: list[Settings]
    ) -> None:
        """Let a statement that uses the definition notice changed forms of it."""
        if _filed(roots[0], self.definitions[0]) is not self.definitions[0]:
            return  # the symbol was given anew; something else on that line is used
        rest = []
        for mutant, body in self.pending:
            with_body = [replace(d, body=body) for d in self.definitions]
            mutant.caught = self._with(
                with_body, roots, lambda: fails(statement, roots, settings)
            )
            if not mutant.caught:
                rest.append((mutant, body))
        self.pending = rest

    def finish(self) -> list[Mutant]:
        """The mutants that count: caught, or different in general."""
        old = self.definitions[0]
        for mutant, body in self.pending:
            if not _definition_differs(self._general, old, body):
                self.seen.remove(mutant)
        return self.seen

    def _with(
        self, changed: list[Definition], roots: list[Root], test: Callable[[], bool]
    ) -> bool:
        try:
            for root, definition in zip(roots, changed, strict=True):
                _exchange(root, definition)
            return test()
        finally:
            for root, definition in zip(roots, self.definitions, strict=True):
                _exchange(root, definition)


def _exchange(root: Root, definition: Definition) -> None:
    if definition.parameters is None:
        root.definitions[definition.key] = definition
    else:
        root.functions[definition.name, len(definition.parameters)] = definition
    root.cache.clear()


def _filed(root: Root, definition: Definition) -> object:
    if definition.parameters is None:
        return root.definitions.get(definition.key)
    return root.functions.get((definition.name, len(definition.parameters)))


def _definition_differs(root: Root, old: Definition, body: Node) -> bool:
    try:
        if old.parameters is not None:
            return _unequal(_at_numbers(root, old), old.body, body)
        layers: list[int | None] = [None]
        if old.layer is not None:
            layers = [*root.layers(old.name)]
        new = replace(old, body=body)
        for layer in layers:
            before = root.materialise(root, old, layer)
            if not same(before, root.materialise(root, new, layer)):
                return True
    except Exception:
        return True
    return False


def _at_numbers(root: Root, definition: Definition) -> Evaluator:
    """A setting in which the parameters of a function are a few numbers each."""
    rng = np.random.default_rng(1)
    axis = new_axis()
    names = [parameter.name for parameter in definition.parameters or ()]
    numbers = {name: Value(rng.normal(size=7), (axis,)) for name in names}
    return Evaluator(Layered(root, numbers))


def _unequal(evaluator: Evaluator, old: Node, new: Node) -> bool:
    try:
        before = evaluator.value(old)
    except Exception:
        return False  # nothing to compare with
    if not np.isfinite(before.array).all():
        return False
    try:
        return not same(before, evaluator.value(new))
    except Exception:
        return True


def general_root(root: Root) -> Root:
    """The same symbols with data of a general kind."""
    rng = np.random.default_rng(0)
    general = copy.copy(root)
    general.root = general
    general.cache = {}
    general.used = set()
    general.definitions = dict(root.definitions)
    general.functions = dict(root.functions)
    general.given = {key: _moved(given, rng) for key, given in root.given.items()}
    return general


def _moved(given: Given, rng: np.random.Generator) -> Given:
    value = given.content
    if not isinstance(value, Value) or value.array.dtype.kind != "f":
        return given
    array = value.array
    rows = array.sum(axis=-1) if array.ndim else np.asarray(0.0)
    positive = bool(np.all(array >= 0))
    if array.ndim and positive and np.allclose(rows, 1):
        noise = rng.dirichlet(np.ones(array.shape[-1]), size=array.shape[:-1])
        moved = 0.7 * array + 0.3 * noise  # still probabilities
    else:
        largest = np.max(np.abs(array), initial=0.0)
        shift = rng.uniform(0.0 if positive else -0.1, 0.1, size=array.shape)
        moved = array * rng.uniform(0.8, 1.2, size=array.shape) + largest * shift
        if _symmetric(array):
            moved = (moved + np.swapaxes(moved, -1, -2)) / 2
    return replace(given, content=Value(moved, value.axes))


def _symmetric(array: Array) -> bool:
    """Whether this is a symmetric matrix, and not only a diagonal one."""
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        return False
    diagonal = np.diag(np.diagonal(array))
    return np.array_equal(array, array.T) and not np.array_equal(array, diagonal)
