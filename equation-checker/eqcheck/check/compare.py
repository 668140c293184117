"""Compares two sides of a relation at every index and entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from eqcheck.arrays.values import (
    EXTRAPOLATED,
    GROUPED,
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
from eqcheck.evaluate.variations import DECIDED
from eqcheck.latex.errors import EquationError, Position
from eqcheck.latex.nodes import (
    Add,
    Binary,
    Limit,
    Mean,
    Node,
    Number,
    Power,
    Relation,
)
from eqcheck.symbols.dependencies import has_derivative

# What rounding may cost: of an entry, and of the largest entry, since terms that cancel
# leave the rounding of the larger. Derivatives by differences cost more.
EXACT = (1e-9, 1e-13)
DIFFERENCES = (1e-8, 1e-11)
ABSOLUTE = 1e-12  # for zeros

STANDARD_ERRORS = 5  # of a mean of draws
ERRORS = 5  # of an extrapolation

SETS = {r"\in", r"\notin"}
EQUALITIES = {"=", ":=", r"\equiv", r"\approx"}
ORDERS = {"<", ">", "<=", ">="}

_NO_ERROR = Value(np.zeros(()))


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
    where: str = ""  # on which other data than those of the page


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
        sides = self.relation.sides[k], self.relation.sides[k + 1]
        left, right = _same_shape(left, right, sides)
        holds, error = self._holds(k, left, right)
        if not self._asserted(holds).array.any():
            return 0, None
        if holds.array.all():
            if right is not None:
                self._refuse_undecided(_itself(left), _itself(right), error, sides)
            return int(holds.array.size), None
        where = np.argwhere(~holds.array)[0]
        shown = "" if right is None else _entry(_itself(right), holds, where)
        place = self._place(holds, where)
        found = _entry(_itself(left), holds, where)
        operator = self.relation.operators[k]
        failure = Failure(operator, found, shown, place, sides[1].at)
        return int(holds.array.size), failure

    def is_false(self, k: int, left: Value, right: Value | None) -> bool | None:
        """Whether side k and the next are told apart; None if that is undecided."""
        sides = self.relation.sides[k], self.relation.sides[k + 1]
        left, right = _same_shape(left, right, sides)
        holds, error = self._holds(k, left, right)
        if not holds.array.all():
            return True
        if right is None or self._decided(_itself(left), _itself(right), error, sides):
            return False
        return None

    def _holds(self, k: int, left: Value, right: Value | None) -> tuple[Value, Value]:
        """Where the relation holds or is not asserted, and the errors of estimates."""
        operator = self.relation.operators[k]
        sides = self.relation.sides[k], self.relation.sides[k + 1]
        if right is None:
            holds = member(self.evaluator, left, sides[1])
            if operator == r"\notin":
                holds = elementwise(np.logical_not, holds)
            return self._or_excluded(holds), _NO_ERROR
        if operator not in ORDERS | EQUALITIES | {"!="}:
            raise EquationError(f"{operator} is not checked", self.relation.at)
        error = self._error(left, right)
        near = _relation(operator, self._slack(operator, sides))
        holds = elementwise(near, _itself(left), _itself(right), error)
        if operator == "!=" and holds.ndim:  # as wholes
            ordinary = tuple(range(-holds.ndim, 0))
            holds = Value(np.any(holds.array, axis=ordinary), holds.axes)
        return self._or_excluded(holds), error

    def _or_excluded(self, holds: Value) -> Value:
        """True also where the statement is not asserted."""
        held = Value(np.asarray(holds.array).astype(bool), holds.axes)
        if self.evaluator.mask is None:
            return held
        return elementwise(lambda a, b: a | ~b, held, self._asserted(holds))

    def _asserted(self, holds: Value) -> Value:
        """Where the conditions hold: of an array as large entry by entry, else all."""
        mask = self.evaluator.mask
        if mask is None:
            return Value(np.asarray(True))
        array = np.asarray(mask.array).astype(bool)
        if mask.ndim and mask.shape != holds.shape:
            array = np.asarray(array.all(axis=tuple(range(-mask.ndim, 0))))
        return Value(array, mask.axes)

    def _slack(
        self, operator: str, sides: tuple[Node, Node]
    ) -> Callable[[Array, Array], Array]:
        """How far two numbers may differ beside the errors of estimates."""
        stated = self.settings.tolerance
        if operator == r"\approx":
            units = [unit for side in sides if (unit := shown_unit(side))]
            if units:
                return lambda a, b: max(units) / 2 + _rounding(a, b, EXACT)
            if stated is not None:
                return lambda a, b: np.asarray(stated * _sizes(a, b))
            if not is_estimate(self.relation):
                raise EquationError(
                    r"\approx between two expressions needs a line such as "
                    "`tolerance = 1e-3` (of their size) in the comment",
                    self.relation.at,
                )
        root = self.evaluator.env.root
        differences = any(has_derivative(root, side) for side in self.relation.sides)
        allowed = DIFFERENCES if differences else EXACT
        return lambda a, b: _rounding(a, b, allowed)

    def _error(self, left: Value, right: Value) -> Value:
        """How far estimates may be off: several errors of the difference."""
        if not {GROUPED, EXTRAPOLATED} & {*left.axes, *right.axes}:
            return _NO_ERROR
        apart = elementwise(np.subtract, left, right)
        total = _NO_ERROR
        for axis in {GROUPED, EXTRAPOLATED} & {*apart.axes}:
            other = ({GROUPED, EXTRAPOLATED} - {axis}).pop()
            array = np.real(_first(apart, other).array)
            axes = tuple(a for a in apart.axes if a != other)
            each = np.moveaxis(array, axes.index(axis), 0)
            if axis == GROUPED:
                count = len(each) - 1
                spread_out = each[1:].std(axis=0) * np.sqrt(count - 1)
                error = STANDARD_ERRORS * spread_out
            else:
                error = ERRORS * np.abs(each[1] - each[0])
            rest = tuple(a for a in axes if a != axis)
            total = elementwise(np.add, total, Value(error, rest))
        return total

    def _refuse_undecided(
        self, left: Value, right: Value, error: Value, sides: tuple[Node, Node]
    ) -> None:
        """An error of more than 1 % would let a wrong constant pass."""
        if self._decided(left, right, error, sides):
            return
        part = _share(error, left, right)
        times = f"{(part / DECIDED) ** 2:.2g} times as many draws"
        raise EquationError(
            f"this is decided to {100 * part:.2g} % only, by {STANDARD_ERRORS} "
            f"standard errors; it must be to 1 %: give {times}, or fewer random "
            "numbers in each (of a limit: smaller steps)",
            self.relation.at,
        )

    def _decided(
        self, left: Value, right: Value, error: Value, sides: tuple[Node, Node]
    ) -> bool:
        if Number(0) in sides or not error.array.any():
            return True
        return not _share(error, left, right) > DECIDED

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


def _share(error: Value, left: Value, right: Value) -> float:
    """The largest error as a part of the largest number."""
    largest = max(float(np.max(np.abs(v.array), initial=0.0)) for v in (left, right))
    return float(np.max(error.array)) / largest if largest else np.inf


def _sizes(a: Array, b: Array) -> Array:
    return np.maximum(np.abs(a), np.abs(b))


def _rounding(a: Array, b: Array, allowed: tuple[float, float]) -> Array:
    of_entry, of_largest = allowed
    sizes = _sizes(a, b)
    finite = sizes[np.isfinite(sizes)]
    largest = finite.max(initial=0.0)
    return np.asarray(of_entry * sizes + of_largest * largest + ABSOLUTE)


def _relation(
    operator: str, slack: Callable[[Array, Array], Array]
) -> Callable[[Array, Array, Array], Array]:
    def holds(a: Array, b: Array, error: Array) -> Array:
        a, b, error = np.broadcast_arrays(np.real(a), np.real(b), error)
        with np.errstate(invalid="ignore"):
            near = np.asarray((np.abs(a - b) <= slack(a, b) + error) | (a == b))
            near &= np.isfinite(a) == np.isfinite(b)
            match operator:
                case "!=":
                    return np.asarray(~near & ~np.isnan(a) & ~np.isnan(b))
                case "<":
                    return np.asarray((a < b) & ~near)
                case ">":
                    return np.asarray((a > b) & ~near)
                case "<=":
                    return np.asarray((a <= b) | near)
                case ">=":
                    return np.asarray((a >= b) | near)
        return near

    return holds


def _same_shape(
    left: Value, right: Value | None, sides: tuple[Node, Node]
) -> tuple[Value, Value | None]:
    """Two sides whose shapes agree; a vector agrees with its row and its column."""
    if right is None:
        return left, None
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
    near = _relation("=", lambda a, b: _rounding(a, b, DIFFERENCES))
    return bool(elementwise(near, before, after, _NO_ERROR).array.all())


def is_estimate(node: Node) -> bool:
    """Whether a mean of draws or a limit stands here."""
    return not node.kinds.isdisjoint({Mean, Limit})


def shown_unit(node: Node) -> float | None:
    r"""The unit of the last digit of a literal number, such as `-2.5 \cdot 10^3`."""
    match node:
        case Number(value) if np.isfinite(value):
            return float(10.0**-node.places)
        case Add((-1,), (term,)):
            return shown_unit(term)
        case Binary(r"\cdot" | r"\times", Number() as digits, Power(Number(10), power)):
            exponent = _whole(power)
            return None if exponent is None else 10.0 ** (exponent - digits.places)
    return None


def _whole(node: Node) -> int | None:
    match node:
        case Number(value) if value == int(value):
            return int(value)
        case Add((-1,), (Number(value),)):
            return -int(value)
    return None


def _first(value: Value, axis: int) -> Value:
    """The value itself, without what stands beside it along an axis of errors."""
    if axis not in value.axes:
        return value
    place = value.axes.index(axis)
    rest = tuple(a for a in value.axes if a != axis)
    return Value(np.take(value.array, 0, axis=place), rest)


def _itself(value: Value) -> Value:
    return _first(_first(value, GROUPED), EXTRAPOLATED)
