"""Where conditions hold, and what depends on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from eqcheck.arrays.values import (
    Array,
    Value,
    both,
    constant,
    elementwise,
    spread,
    union,
    where,
)
from eqcheck.evaluate.context import Context
from eqcheck.evaluate.sets import member
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import Cases, Index, Indicator, Node, Relation, Symbol

Watched = dict[tuple[int, int], list[Array]]
_watched: list[Watched] = []  # those that look on, the innermost last


class NoCaseError(EquationError):
    """A place at which none of the cases applies."""


@contextmanager
def watching() -> Iterator[Watched]:
    """Collects left side minus right side of each comparison that is evaluated.

    The keys are the identities of the two nodes.
    """
    _watched.append({})
    try:
        yield _watched[-1]
    finally:
        _watched.pop()


def holds(evaluator: Context, node: Relation) -> Value:
    """Where a condition holds, as an array of booleans."""
    result: Value | None = None
    for operator, sides in zip(node.operators, pairwise(node.sides), strict=True):
        result = both(result, _holds(evaluator, operator, *sides))
    assert result is not None
    return result


def _holds(evaluator: Context, operator: str, left: Node, right: Node) -> Value:
    value = evaluator.value(left)
    if operator in {r"\in", r"\notin"}:
        inside = member(evaluator, value, right)
        return inside if operator == r"\in" else elementwise(np.logical_not, inside)
    if operator not in _COMPARISONS:
        raise EquationError(f"{operator} is no condition that is read", left.at)
    other = evaluator.value(right)
    if _watched and operator in ORDERS:
        difference = elementwise(np.subtract, value, other).array
        key = id(left), id(right)
        _watched[-1].setdefault(key, []).append(np.real(difference).ravel())
    return elementwise(_COMPARISONS[operator], value, other)


def all_hold(evaluator: Context, conditions: tuple[Relation, ...]) -> Value | None:
    """Where all conditions hold; None is everywhere."""
    result: Value | None = None
    for condition in conditions:
        result = both(result, holds(evaluator.where(result), condition))
    return result


def indicator(evaluator: Context, node: Indicator) -> Value:
    """1 where the conditions hold, else 0."""
    mask = all_hold(evaluator, node.conditions)
    assert mask is not None
    return Value(mask.array.astype(int), mask.axes)


def cases(evaluator: Context, node: Cases) -> Value:
    """At each index the value of the first case that applies."""
    undecided: Value | None = None  # where no case has held so far; None is everywhere
    result: Value | None = None
    for body, conditions in zip(node.values, node.conditions, strict=True):
        here = undecided
        mask = all_hold(evaluator.where(undecided), conditions or ())
        if mask is not None:
            here = both(undecided, mask)
            undecided = both(undecided, elementwise(np.logical_not, mask))
        else:
            undecided = constant(0)
        result = _choose(here, evaluator.where(here).value(body), result)
    assert result is not None
    live = undecided if evaluator.mask is None else both(undecided, evaluator.mask)
    if live is not None and live.array.any():
        raise NoCaseError(f"no case applies{_place(evaluator, node, live)}", node.at)
    return result


def _place(evaluator: Context, node: Cases, live: Value) -> str:
    """The values of what the conditions compare, where none of them holds."""
    shown: dict[str, float] = {}
    for condition in (c for each in node.conditions for c in each or ()):
        for side in condition.sides:
            base = side.base if isinstance(side, Index) else side
            if not isinstance(base, Symbol) or base.name in shown:
                continue
            value = evaluator.value(side)
            axes = union([live, value])
            if live.ndim or value.ndim:
                continue
            wide = np.broadcast_arrays(spread(live, axes), spread(value, axes))
            found = np.real(wide[1][wide[0].astype(bool)])
            shown[base.name] = float(found.flat[0])
    listed = ", ".join(f"{name} = {number:.6g}" for name, number in shown.items())
    return f" at {listed}" if listed else " at some index"


def _choose(mask: Value | None, value: Value, other: Value | None) -> Value:
    if mask is None:
        return value
    if other is None:
        return where(mask, value, 0.0)
    axes = union([mask, value, other])
    ndim = max(value.ndim, other.ndim)
    wide = spread(mask, axes)
    wide = wide.reshape((*wide.shape, *(1,) * (ndim - mask.ndim)))
    chosen = np.where(wide, spread(value, axes, ndim), spread(other, axes, ndim))
    return Value(chosen, axes)


def _near(a: Array, b: Array) -> Array:
    """Equality that forgives rounding."""
    scale = np.maximum(np.abs(np.real(a)), np.abs(np.real(b)))
    return np.asarray(np.abs(np.real(a) - np.real(b)) <= 1e-12 * scale)


ORDERS = frozenset({"<", ">", "<=", ">="})
_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "=": _near,
    "!=": lambda a, b: ~_near(a, b),
    "<": lambda a, b: np.real(a) < np.real(b),
    ">": lambda a, b: np.real(a) > np.real(b),
    "<=": lambda a, b: (np.real(a) <= np.real(b)) | _near(a, b),
    ">=": lambda a, b: (np.real(a) >= np.real(b)) | _near(a, b),
}
