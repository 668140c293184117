"""Integrals over one variable between stated bounds."""

from __future__ import annotations

import numpy as np

from eqcheck.arrays.quadrature import NotSettledError, integrate
from eqcheck.arrays.values import Array, Value, constant, elementwise, new_axis
from eqcheck.evaluate.context import Context
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import Integral, Node
from eqcheck.symbols.lookup import Layered


def integral(evaluator: Context, node: Integral) -> Value:
    r"""The value of `\int_a^b body dx`, for each index by itself."""
    if node.low is None or node.high is None:
        raise EquationError(
            r"over what? State both bounds: \int_a^b or \int_{-\infty}^{\infty}",
            node.at,
        )
    if node.variable in evaluator.scope:
        raise EquationError(f"{node.variable} is an index here: rename one", node.at)
    low, high = _bound(evaluator, node.low), _bound(evaluator, node.high)

    def integrand(places: Array) -> Array:
        """Values at places between 0 and 1, those axes last."""
        axis = new_axis()
        x, slope = _stretched(low, high, Value(places, (axis,)))
        env = Layered(evaluator.env, {node.variable: x})
        value = elementwise(np.multiply, slope, evaluator.among(env).value(node.body))
        found.axes = tuple(a for a in value.axes if a != axis)
        return np.moveaxis(value.array, value.axes.index(axis), -1)

    found = _Axes()
    try:
        array = integrate(integrand)
    except NotSettledError:
        raise EquationError(
            "this integral does not settle down: does it converge?", node.at
        ) from None
    return Value(array, found.axes)


class _Axes:
    """The axes of indices that the integrand turned out to have."""

    axes: tuple[int, ...] = ()


def _bound(evaluator: Context, node: Node) -> Value:
    value = evaluator.value(node)
    infinite = np.isinf(np.real(value.array))
    if value.ndim or (infinite.any() and value.array.size > 1):
        raise EquationError("a bound must be a number", node.at)
    return value


def _stretched(low: Value, high: Value, t: Value) -> tuple[Value, Value]:
    """The variable where t runs from 0 to 1, and its derivative."""
    start, end = _sign_of_infinity(low), _sign_of_infinity(high)
    if start and end:
        if start == end:
            return low, constant(0)
        s = Value(2 * t.array - 1, t.axes)
        x = elementwise(lambda s: end * s / (1 - s**2), s)
        return x, elementwise(lambda s: 2 * end * (1 + s**2) / (1 - s**2) ** 2, s)
    if end:
        x = elementwise(lambda a, t: a + end * t / (1 - t), low, t)
        return x, elementwise(lambda t: end / (1 - t) ** 2, t)
    if start:
        x = elementwise(lambda b, t: b + start * (1 - t) / t, high, t)
        return x, elementwise(lambda t: -start / t**2, t)
    x = elementwise(lambda a, b, t: a + (b - a) * t, low, high, t)
    return x, elementwise(np.subtract, high, low)


def _sign_of_infinity(value: Value) -> int:
    real = np.real(value.array)
    return int(np.sign(real)) if real.size == 1 and np.isinf(real) else 0
