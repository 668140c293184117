"""The value of an expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eqcheck.arrays import functions
from eqcheck.arrays.values import (
    Array,
    Ones,
    Value,
    both,
    constant,
    elementwise,
    multiply,
    spread,
    take,
    transpose,
    union,
)
from eqcheck.evaluate.big import evaluate_big
from eqcheck.evaluate.calls import call
from eqcheck.evaluate.conditions import cases, indicator
from eqcheck.evaluate.derivative import gradient, partial
from eqcheck.evaluate.integral import integral
from eqcheck.evaluate.variations import at_values, limit, mean
from eqcheck.latex.dots import RUN
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import (
    Add,
    At,
    Big,
    BigO,
    Binary,
    Call,
    Cases,
    Dots,
    Gradient,
    Index,
    Indicator,
    Integral,
    Limit,
    Matrix,
    Mean,
    Node,
    Norm,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Root,
    Symbol,
    Transpose,
    Tuple,
    index_items,
)
from eqcheck.symbols.lookup import Environment

_NUMBERS = {"e": np.e, r"\mathrm{e}": np.e, r"\pi": np.pi}
_EULER = (Symbol("e"), Symbol(r"\mathrm{e}"))


@dataclass(frozen=True)
class Evaluator:
    """Walks an expression; `scope` holds the indices, `mask` where values matter."""

    env: Environment
    scope: dict[str, Value] = field(default_factory=dict)
    mask: Value | None = None
    sequences: dict[str, Array] = field(default_factory=dict)  # for limits
    kept: dict[int, tuple[Node, Value]] | None = None  # values by the node's identity
    keeps: bool = False  # whether further ones are kept

    def keeping(self) -> Evaluator:
        """The same, which keeps the value of each part; see `reading`."""
        return replace(self, kept={}, keeps=True)

    def reading(self) -> Evaluator:
        """The same for changed forms: what they share with the original is known."""
        return replace(self, keeps=False)

    def inside(self, **scope: Value) -> Evaluator:
        """The same with more indices."""
        return Evaluator(self.env, {**self.scope, **scope}, self.mask, self.sequences)

    def where(self, mask: Value | None) -> Evaluator:
        """The same where a further mask holds."""
        if mask is None:
            return self
        return Evaluator(self.env, self.scope, both(self.mask, mask), self.sequences)

    def among(
        self, env: Environment, scope: dict[str, Value] | None = None
    ) -> Evaluator:
        """The same among other symbols, and other indices if some are given."""
        scope = self.scope if scope is None else scope
        return Evaluator(env, scope, self.mask, self.sequences)

    def value(self, node: Node) -> Value:
        """The value of any expression; errors point at the node."""
        if self.kept is not None and (known := self.kept.get(id(node))):
            return known[1]
        method: Callable[[Any], Value] = _METHODS.get(type(node), Evaluator._unread)
        try:
            found = method(self, node)  # type: ignore[call-arg]
        except EquationError as error:
            if error.at is None:
                error.at = node.at
            raise
        if self.keeps and self.kept is not None:
            self.kept[id(node)] = node, found  # the node keeps its identity
        return found

    def integer(self, node: Node, what: str) -> int:
        """One whole number."""
        value = self.value(node)
        number = np.real(value.array)
        if value.array.size != 1 or number != np.round(number):
            raise EquationError(f"{what} must be one whole number", node.at)
        return int(number)

    def _unread(self, node: Node) -> Value:
        raise EquationError("this has no value of its own", node.at)

    # ------------------------------------------------------------------- leaves

    def _number(self, node: Number) -> Value:
        return constant(node.value)

    def _symbol(self, node: Symbol) -> Value:
        if node.layer is None and node.name in self.scope:
            return self.scope[node.name]
        layer = None if node.layer is None else self.integer(node.layer, "a layer")
        try:
            return self.env.lookup(node.name, layer, node.at)
        except EquationError:
            if layer is None and self.knows(node.name):
                raise
            if layer is None and node.name == r"\mathbf{1}":
                return Ones(np.asarray(1.0))
            if layer is None and node.name in _NUMBERS:
                return constant(_NUMBERS[node.name])
            raise

    def knows(self, name: str) -> bool:
        """Whether a plain symbol is given or defined."""
        root = self.env.root
        return name in root.given or name in root.definitions

    def _index(self, node: Index) -> Value:
        base = node.base
        if base == Symbol(r"\mathbf{1}") and not self.knows(r"\mathbf{1}"):
            return Value(np.ones(self.integer(node.items[0], "the number of ones")))
        value = self.value(base)
        items = [self.whole_number(item) for item in index_items(node, value.ndim)]
        if len(items) > value.ndim:
            shown = _name(base)
            raise EquationError(
                f"{shown} has {value.ndim} axes, but {len(items)} indices", node.at
            )
        if len(node.items) == 1 < value.ndim and _two_digits(node.items[0]):
            items = _digits(node, value)
        root = self.env.root
        starts: tuple[int, ...] = (1,) * value.ndim
        outside = None
        if isinstance(base, Symbol):
            declared = root.starts.get(base.name, ())
            starts = (*declared, *starts[len(declared) :])
            outside = root.pads.get(base.name)
        found, wrong = take(value, items, starts, outside)
        if wrong is not None:
            bad = wrong if self.mask is None else both(wrong, self.mask)
            assert bad is not None
            if bad.array.any():
                raise self._outside(node, value, items, starts, bad)
        return found

    def whole_number(self, node: Node) -> Value:
        """The value of an index."""
        value = self.value(node)
        if value.ndim:
            raise EquationError("an index must be a number", node.at)
        if value.array.dtype.kind in "iu":
            return value
        real = np.real(value.array)
        rounded = np.round(real)
        if np.any(np.abs(real - rounded) > 1e-9):
            if self.mask is None:
                raise EquationError("an index must be a whole number", node.at)
            rounded = np.floor(real)
        return Value(rounded.astype(int), value.axes)

    def _outside(
        self,
        node: Index,
        value: Value,
        items: list[Value],
        starts: tuple[int, ...],
        bad: Value,
    ) -> EquationError:
        for k, item in enumerate(items):
            low, high = starts[k], starts[k] + value.shape[k] - 1
            axes = union([bad, item])
            numbers = np.broadcast_arrays(spread(item, axes), spread(bad, axes))
            wrong = numbers[0][numbers[1]]
            wrong = wrong[(wrong < low) | (wrong > high)]
            if wrong.size:
                name = _name(node.base)
                return EquationError(
                    f"{name} has no entry {wrong[0]} along axis {k + 1}: "
                    f"that index runs over {low}..{high}"
                    " (a comment line such as `pad x with 0` allows it)",
                    node.at,
                )
        return EquationError("an index is out of range", node.at)

    # --------------------------------------------------------------- arithmetic

    def _add(self, node: Add) -> Value:
        total: Value | None = None
        for sign, term in zip(node.signs, node.terms, strict=True):
            value = self.value(term)
            if total is None:
                total = value if sign > 0 else elementwise(np.negative, value)
            else:
                combine = np.add if sign > 0 else np.subtract
                total = elementwise(combine, total, value)
        assert total is not None
        return total

    def _product(self, node: Product) -> Value:
        result, *rest = (self.value(factor) for factor in node.factors)
        for value in rest:
            result = multiply(result, value)
        return result

    def _binary(self, node: Binary) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if node.operator == r"\odot":
            if left.shape != right.shape:
                raise EquationError(
                    rf"\odot of shapes {left.shape} and {right.shape}", node.at
                )
            return elementwise(np.multiply, left, right)
        if node.operator == r"\bmod":
            return elementwise(_modulo, left, right)
        if node.operator == r"\cdot" and left.ndim == right.ndim == 1:
            return functions.apply("inner", [left, right], None)
        if node.operator == r"\times" and left.ndim and right.ndim:
            raise EquationError(r"\times of two arrays", node.at)
        return multiply(left, right)

    def _quotient(self, node: Quotient) -> Value:
        top, bottom = self.value(node.top), self.value(node.bottom)
        if bottom.ndim and bottom.shape != top.shape and top.ndim != 0:
            vector_below = bottom.ndim == 1 and top.ndim == 2
            if not vector_below and 1 not in bottom.shape:
                raise EquationError(
                    f"division of shape {top.shape} by {bottom.shape}", node.at
                )
        return elementwise(_divide, top, bottom)

    def _power(self, node: Power) -> Value:
        base, exponent = self.value(node.base), self.value(node.exponent)
        if node.base in _EULER and not self.knows(node.base.name):
            return elementwise(np.exp, exponent)
        return functions.power(base, exponent, entrywise=node.entrywise)

    def _root(self, node: Root) -> Value:
        radicand = self.value(node.radicand)
        if node.degree is None:
            return elementwise(np.sqrt, radicand)
        degree = self.value(node.degree)
        return elementwise(lambda x, n: np.power(x, 1 / n), radicand, degree)

    def _transpose(self, node: Transpose) -> Value:
        return transpose(self.value(node.base))

    def _norm(self, node: Norm) -> Value:
        order = None if node.order is None else self.value(node.order)
        return functions.norm(self.value(node.body), node.kind, order)

    def _matrix(self, node: Matrix) -> Value:
        rows = [[self.value(entry) for entry in row] for row in node.rows]
        entries = [entry for row in rows for entry in row]
        if any(entry.ndim for entry in entries):
            raise EquationError("the entries of a matrix are numbers", node.at)
        axes = union(entries)
        wide = np.broadcast_arrays(*(spread(entry, axes) for entry in entries))
        array = np.stack(wide, axis=-1)
        array = array.reshape((*array.shape[:-1], len(rows), len(rows[0])))
        value = Value(array, axes)
        if node.determinant:
            return functions.apply("det", [value], None)
        # a matrix of one column is a vector
        return Value(array[..., 0], axes) if len(rows[0]) == 1 else value

    def _order(self, node: BigO) -> Value:
        return constant(0)  # what it stands for is looked at where sides are compared

    def _vector(self, node: Tuple) -> Value:
        if (node.opening, node.closing) not in {("(", ")"), ("[", "]")}:
            raise EquationError("this has no value of its own", node.at)
        if any(isinstance(item, Big) and item.operator == RUN for item in node.items):
            return self._run(node)
        return self._matrix(Matrix(tuple((item,) for item in node.items), at=node.at))

    def _run(self, node: Tuple) -> Value:
        r"""The vector `(x_1, \dots, x_n)`."""
        entries: list[Value] = []
        for item in node.items:
            if isinstance(item, Big) and item.operator == RUN:
                entries += self._entries(item)
            else:
                entries.append(self.value(item))
        if any(entry.ndim for entry in entries):
            raise EquationError("the entries of a vector are numbers", node.at)
        axes = union(entries)
        wide = np.broadcast_arrays(*(spread(entry, axes) for entry in entries))
        return Value(np.stack(wide, axis=-1), axes)

    def _entries(self, run: Big) -> list[Value]:
        (binder,) = run.binders
        assert binder.low is not None
        assert binder.high is not None
        low = self.integer(binder.low, "the first of a list")
        high = self.integer(binder.high, "the last of a list")
        if high < low:
            raise EquationError(f"the range {low}..{high} runs backwards", run.at)
        numbers = range(low, high + 1)
        return [
            self.inside(**{binder.name: constant(k)}).value(run.body) for k in numbers
        ]


def _divide(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(np.true_divide(a, b))


def _modulo(a: Array, b: Array) -> Array:
    return np.asarray(np.mod(np.real(a), np.real(b)))


def _two_digits(node: Node) -> bool:
    return isinstance(node, Number) and node.value >= 10


def _digits(node: Index, value: Value) -> list[Value]:
    """The digits of `A_{12}` as indices, where no axis needs two of them."""
    (item,) = node.items
    digits = str(item.value) if isinstance(item, Number) else ""
    if len(digits) != value.ndim or max(value.shape) > 9:
        raise EquationError("entry (1, 2) or row 12? Write A_{1,2}", node.at)
    return [constant(int(digit)) for digit in digits]


def _name(node: Node) -> str:
    return node.name if isinstance(node, Symbol) else "this"


_METHODS: dict[type, Any] = {
    Number: Evaluator._number,
    Symbol: Evaluator._symbol,
    Index: Evaluator._index,
    Add: Evaluator._add,
    Product: Evaluator._product,
    Binary: Evaluator._binary,
    Quotient: Evaluator._quotient,
    Power: Evaluator._power,
    Root: Evaluator._root,
    Transpose: Evaluator._transpose,
    Norm: Evaluator._norm,
    Matrix: Evaluator._matrix,
    Indicator: indicator,
    Cases: cases,
    Call: call,
    At: at_values,
    Limit: limit,
    Integral: integral,
    Mean: mean,
    Big: evaluate_big,
    Partial: partial,
    Gradient: gradient,
    BigO: Evaluator._order,
    Tuple: Evaluator._vector,
    Dots: Evaluator._unread,
}
