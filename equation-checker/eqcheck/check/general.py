"""Data of the general kind, among which changed forms must mean something else.

The numbers are moved a little, and the comments are run anew, with other draws and
other whole numbers: no row is one-hot there, and no number 1 by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from eqcheck.arrays.values import Array, Value
from eqcheck.check.again import Past, copied, names_below, other_integers
from eqcheck.check.compare import Settings, same
from eqcheck.check.statement import conditions_mask, evaluators
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.latex.nodes import Node, Statement
from eqcheck.symbols.dependencies import base_name
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.state import Given

REPLAYS = 20  # data among which a form must have the same value to be equivalent

Place = tuple[Root, Settings]


class General:
    """One place of a page with data of a general kind, one after the other.

    First the numbers are moved a little, then the comments are run anew with other
    draws and other whole numbers; what cannot be run is left out.
    """

    def __init__(
        self,
        root: Root,
        settings: Settings,
        past: Past,
        node: Node,
        made: dict[object, Place | None],
    ) -> None:
        self._root = copied(root)
        self._settings = settings
        self._past = past.until_here()
        self._node = node
        self._made = made  # by all statements of a display
        self._steps: tuple[int, ...] | None = None

    def places(self, *, as_given: bool) -> Iterator[tuple[Root, Settings, bool]]:
        """The data, and whether an expression without a value differs there.

        With `as_given` what hangs together in the comments does so still: a symbol is
        no other one if both are always the same.
        """
        for k in range(as_given, REPLAYS + 1):
            place = self._made_already(k, moved=not as_given and k % 4 == 0)
            if place is not None:
                yield *place, k == 0 or as_given

    def _made_already(self, k: int, *, moved: bool) -> Place | None:
        if self._steps is None:
            self._steps = tuple(self._past.needed(self._root, self._node))
        key = self._steps, k, moved, moved and id(self._node)
        if key not in self._made:
            self._made[key] = self._make(k, [*self._steps], moved=moved)
        return self._made[key]

    def _make(self, k: int, steps: list[int], *, moved: bool) -> Place | None:
        if k == 0:
            return general_root(self._root, self._node), self._settings
        if not steps:
            return None
        extents = k % 2 == 0
        fixed = self._past.fixed(self._root, steps, extents=extents)
        change = other_integers(k, extents=extents, fixed=fixed)
        try:
            root, settings = self._past.again(
                self._root, self._settings, steps, k, change
            )
        except Exception:
            return None
        return (general_root(root, self._node) if moved else root), settings


def general_root(root: Root, node: Node) -> Root:
    """The same symbols with data of a general kind where an expression reads them."""
    rng = np.random.default_rng(0)
    general = copied(root)
    names = names_below(root, node)
    for key, given in root.given.items():
        if base_name(key) in names:
            general.given[key] = _moved(given, rng)
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


class Elsewhere:
    """One side of a statement on other data, to be compared with changed forms."""

    def __init__(
        self, statement: Statement, k: int, root: Root, settings: Settings
    ) -> None:
        self._side = statement.relation.sides[k]
        self._coming = self._evaluate(statement, root, settings)
        self._known: list[tuple[Evaluator, Value]] = []

    def _evaluate(
        self, statement: Statement, root: Root, settings: Settings
    ) -> Iterator[tuple[Evaluator, Value]]:
        with suppress(Exception):  # these numbers do not fit the statement
            for start in evaluators(statement, root, settings):
                mask = conditions_mask(statement, start)
                evaluator = start.where(mask).keeping()
                value = finite_value(evaluator, self._side)
                if value is not None:
                    yield evaluator.reading(), value

    def tells_apart(self, new: Node, *, strict: bool) -> bool:
        """Whether a changed side has another value, or, if `strict`, none."""
        for evaluator, value in self._known:
            if differs_from(value, evaluator, new, strict=strict):
                return True
        for evaluator, value in self._coming:
            self._known.append((evaluator, value))
            if differs_from(value, evaluator, new, strict=strict):
                return True
        return False


def finite_value(evaluator: Evaluator, node: Node) -> Value | None:
    """The value of an expression, if it has one to compare with."""
    try:
        value = evaluator.value(node)
    except Exception:
        return None
    return value if np.isfinite(value.array).all() else None


def differs_from(
    before: Value, evaluator: Evaluator, new: Node, *, strict: bool
) -> bool:
    """Whether an expression has another value; with `strict` also if it has none."""
    try:
        return not same(before, evaluator.value(new))
    except Exception:
        return strict
