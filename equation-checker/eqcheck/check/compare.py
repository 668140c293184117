"""Compares two sides of a relation at every index and entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from eqcheck.arrays.values import (
    Array,
    IndexValue,
    Ones,
    Value,
    elementwise,
    spread,
    union,
)
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.evaluate.sets import member
from eqcheck.latex.errors import EquationError, Position
from eqcheck.latex.nodes import Limit, Mean, Node, Number, Relation, walk

# What rounding may cost: of an entry, of the largest entry, and at all. The second is
# for derivatives by central differences, the third for zeros.
OF_ENTRY = 1e-8
OF_LARGEST = 1e-9
ABSOLUTE = 1e-12

SETS = {r"\in", r"\notin"}
EQUALITIES = {"=", ":=", r"\equiv", r"\approx"}
ORDERS = {"<", ">", "<=", ">="}


@dataclass
class Settings:
    """What a comment says beside the symbols."""

    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    tolerance: float | None = None
    sequences: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Where two sides differ, and how."""

    operator: str
    left: str
    right: str  # empty for a set
    place: str
    at: Position
    hint: str = ""


@dataclass(frozen=True)
class Comparison:
    """Compares sides of one relation in the setting of one evaluator."""

    relation: Relation
    evaluator: Evaluator
    settings: Settings

    def pair(
        self, k: int, left: Value, right: Value | None
    ) -> tuple[int, Failure | None]:
        """Compare side k with the next: the number of comparisons, and a failure."""
        operator = self.relation.operators[k]
        sides = self.relation.sides[k], self.relation.sides[k + 1]
        if right is None:
            holds = member(self.evaluator, left, sides[1])
            if operator == r"\notin":
                holds = elementwise(np.logical_not, holds)
        else:
            left, right = _same_shape(left, right, sides)
            if operator not in ORDERS | EQUALITIES | {"!="}:
                raise EquationError(f"{operator} is not checked", self.relation.at)
            near = _relation(operator, self._slack(operator))
            holds = elementwise(near, left, right)
            if operator == "!=" and holds.ndim:  # as wholes
                ordinary = tuple(range(-holds.ndim, 0))
                holds = Value(
                    np.any(holds.array, axis=ordinary, keepdims=False), holds.axes
                )
        holds = self._or_excluded(holds)
        if holds.array.all():
            return int(holds.array.size), None
        where = np.argwhere(~holds.array)[0]
        shown = "" if right is None else _entry(right, holds, where)
        place = self._place(holds, where)
        hint = self._hint(operator)
        failure = Failure(
            operator, _entry(left, holds, where), shown, place, sides[1].at, hint
        )
        return int(holds.array.size), failure

    def _or_excluded(self, holds: Value) -> Value:
        """True also where the statement is not asserted."""
        mask = self.evaluator.mask
        array = np.asarray(holds.array).astype(bool)
        if mask is None:
            return Value(array, holds.axes)
        axes = union([holds, mask])
        excluded = ~spread(mask, axes).astype(bool)
        excluded = excluded.reshape(excluded.shape + (1,) * holds.ndim)
        return Value(spread(Value(array, holds.axes), axes) | excluded, axes)

    def _slack(self, operator: str) -> Callable[[Array, Array], Array]:
        """How far two numbers may differ."""
        stated = self.settings.tolerance
        if operator == r"\approx" and stated is None:
            raise EquationError(
                r"\approx needs a line `tolerance = 1e-3` in the comment",
                self.relation.at,
            )
        if stated is None or not (operator == r"\approx" or self._is_estimate()):
            return _rounding
        return lambda a, b: np.asarray(stated * np.maximum(1.0, _sizes(a, b)))

    def _is_estimate(self) -> bool:
        return any(isinstance(node, Mean | Limit) for node in walk(self.relation))

    def _hint(self, operator: str) -> str:
        stated = self.settings.tolerance is not None
        if stated or operator not in EQUALITIES or not self._is_estimate():
            return ""
        return "a mean of draws or a limit needs a line such as `tolerance = 1e-2`"

    def _place(self, holds: Value, where: Array) -> str:
        parts = []
        for name, value in self.evaluator.scope.items():
            if isinstance(value, IndexValue):
                if value.axes[0] in holds.axes:
                    k = int(where[holds.axes.index(value.axes[0])])
                    parts.append(f"{name} = {value.start + k}")
            elif value.array.size == 1:
                parts.append(f"{name} = {int(value.array)}")
        ordinary = [str(int(k) + 1) for k in where[len(holds.axes) :]]
        if ordinary:
            numbers = ", ".join(ordinary)
            several = len(ordinary) > 1
            parts.append(f"entry ({numbers})" if several else f"entry {numbers}")
        return ", ".join(parts)


def _sizes(a: Array, b: Array) -> Array:
    return np.maximum(np.abs(a), np.abs(b))


def _rounding(a: Array, b: Array) -> Array:
    sizes = _sizes(a, b)
    finite = sizes[np.isfinite(sizes)]
    largest = finite.max(initial=0.0)
    return np.asarray(OF_ENTRY * sizes + OF_LARGEST * largest + ABSOLUTE)


def _relation(
    operator: str, slack: Callable[[Array, Array], Array]
) -> Callable[[Array, Array], Array]:
    def holds(a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(np.real(a), np.real(b))
        with np.errstate(invalid="ignore"):
            near = np.asarray((np.abs(a - b) <= slack(a, b)) | (a == b))
            near &= np.isfinite(a) == np.isfinite(b)
            table: dict[str, Array] = {
                **dict.fromkeys(EQUALITIES, near),
                "!=": ~near & ~np.isnan(a) & ~np.isnan(b),
                "<": (a < b) & ~near,
                ">": (a > b) & ~near,
                "<=": (a <= b) | near,
                ">=": (a >= b) | near,
            }
        return table[operator]

    return holds


def _same_shape(
    left: Value, right: Value, sides: tuple[Node, Node]
) -> tuple[Value, Value]:
    """Two sides whose shapes agree; a vector agrees with its row and its column."""
    a, b = left.shape, right.shape
    if Number(0) in sides or isinstance(left, Ones) or isinstance(right, Ones):
        return left, right
    if not _agree(a, b):
        raise EquationError(f"the sides have the shapes {a} and {b}", sides[1].at)
    return (left, right) if a == b else (_flattened(left), _flattened(right))


def _agree(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    if a == b:
        return True
    squeezed = _squeezed(a)
    return squeezed == _squeezed(b) and (1 in (len(a), len(b)) or not squeezed)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _flattened(value: Value) -> Value:
    kept = value.array.shape[: len(value.axes)]
    return Value(value.array.reshape((*kept, *_squeezed(value.shape))), value.axes)


def _entry(value: Value, holds: Value, where: Array) -> str:
    """The entry of a side at the place of a failure."""
    ndim = max(value.ndim, holds.ndim)
    array = spread(value, union([holds, value]), ndim)
    place = tuple(
        min(int(k), size - 1) for k, size in zip(where, array.shape, strict=False)
    )
    found = np.real(array[place])
    if found.ndim:
        return np.array2string(found, precision=6, threshold=20)
    return f"{float(found):.12g}"


def same(before: Value, after: Value) -> bool:
    """Whether two values are equal up to rounding."""
    if not _agree(before.shape, after.shape):
        return False
    before, after = _flattened(before), _flattened(after)
    return bool(elementwise(_relation("=", _rounding), before, after).array.all())
