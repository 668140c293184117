"""The functions that LaTeX has names for, on real numbers and along a complex step.

A complex step carries a derivative in the imaginary part, so each function here must be
analytic in form: `abs` and `max` choose by the real part and keep the imaginary one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from eqcheck.arrays.values import (
    Array,
    Value,
    constant,
    elementwise,
    transpose,
)
from eqcheck.latex.errors import EquationError


def _absolute(x: Array) -> Array:
    return np.asarray(x * np.sign(np.real(x)))


def _sign(x: Array) -> Array:
    return np.asarray(np.sign(np.real(x)))


_erf = np.vectorize(math.erf, otypes=[float])


def _error_function(x: Array) -> Array:
    real = np.asarray(_erf(np.real(x)))
    if not np.iscomplexobj(x):
        return real
    return np.asarray(
        real + 1j * np.imag(x) * 2 / math.sqrt(math.pi) * np.exp(-(np.real(x) ** 2))
    )


def larger(a: Array, b: Array) -> Array:
    """The larger by real part; the first of equal ones."""
    return np.where(np.real(b) > np.real(a), b, a)


def smaller(a: Array, b: Array) -> Array:
    """The smaller by real part; the first of equal ones."""
    return np.where(np.real(b) < np.real(a), b, a)


def _binomial(n: Array, k: Array) -> Array:
    choose = np.vectorize(math.comb)
    return np.asarray(choose(np.real(n).astype(int), np.real(k).astype(int)))


def _factorial(n: Array) -> Array:
    whole = _whole(np.real(n))
    if np.any(whole < 0) or np.any(whole != np.round(whole)):
        raise EquationError("n! of a number that is not whole or is below 0")
    return np.asarray(np.vectorize(math.factorial, otypes=[float])(whole.astype(int)))


_ENTRYWISE: dict[str, Callable[..., Array]] = {
    **{name: getattr(np, name) for name in ("exp", "sin", "cos", "tan")},
    **{name: getattr(np, name) for name in ("sinh", "cosh", "tanh")},
    **{name: getattr(np, name) for name in ("arcsin", "arccos", "arctan")},
    "ln": np.log,
    "log": np.log,
    "lg": np.log10,
    "coth": lambda x: 1 / np.tanh(x),
    "abs": _absolute,
    "sign": _sign,
    "erf": _error_function,
    "floor": lambda x: np.floor(_whole(np.real(x))),
    "ceil": lambda x: np.ceil(_whole(np.real(x))),
    "binom": _binomial,
    "factorial": _factorial,
    "max": larger,
    "min": smaller,
}
_COUNT = {"binom": 2}


def _whole(x: Array) -> Array:
    """Remove the rounding error of a number that is meant to be whole."""
    near = np.round(x)
    return np.where(np.abs(x - near) < 1e-9 * np.maximum(1, np.abs(x)), near, x)


def _reduce(name: str, value: Value) -> Value:
    """The largest or smallest entry of an array."""
    if value.ndim == 0:
        raise EquationError(f"{name} of one number: write its index below")
    flat = value.array.reshape((*value.array.shape[: len(value.axes)], -1))
    choose = np.argmax if name == "max" else np.argmin
    place = choose(np.real(flat), axis=-1)[..., None]
    return Value(np.take_along_axis(flat, place, axis=-1)[..., 0], value.axes)


def _diagonal(value: Value) -> Value:
    if value.ndim == 1:
        return Value(value.array[..., None] * np.eye(value.shape[0]), value.axes)
    if value.ndim == 2 and value.shape[0] == value.shape[1]:
        return Value(np.diagonal(value.array, axis1=-2, axis2=-1), value.axes)
    if value.ndim == 2 and 1 in value.shape:
        flat = value.array.reshape((*value.array.shape[:-2], -1))
        return _diagonal(Value(flat, value.axes))
    raise EquationError(f"diag of an array of shape {value.shape}")


def square(value: Value, name: str) -> Value:
    """The matrix, if it is a square one."""
    if value.ndim != 2 or value.shape[0] != value.shape[1]:
        raise EquationError(f"{name} of an array of shape {value.shape}")
    return value


def _trace(value: Value) -> Value:
    array = square(value, "the trace").array
    return Value(np.trace(array, axis1=-2, axis2=-1), value.axes)


def _inner(a: Value, b: Value) -> Value:
    if a.shape != b.shape:
        raise EquationError(f"inner product of shapes {a.shape} and {b.shape}")
    product = elementwise(np.multiply, a, b)
    return total(product)


def total(value: Value) -> Value:
    """The sum of all entries."""
    return Value(value.array.sum(axis=tuple(range(-value.ndim, 0))), value.axes)


def _flat(value: Value) -> Value:
    kept = value.array.shape[: len(value.axes)]
    return Value(value.array.reshape((*kept, -1)), value.axes)


def _mean(value: Value) -> Value:
    size = int(np.prod(value.shape))
    return elementwise(np.divide, total(value), constant(size))


_WHOLE: dict[str, Callable[..., Value]] = {
    "diag": _diagonal,
    "tr": _trace,
    "det": lambda v: Value(np.linalg.det(square(v, "det").array), v.axes),
    "rank": lambda v: Value(np.linalg.matrix_rank(np.real(v.array)), v.axes),
    "inner": _inner,
    "vec": lambda v: _flat(transpose(v)),  # the columns, one below the other
    "mean": _mean,
}


OF_ARRAYS = frozenset(_WHOLE)


def apply(name: str, arguments: list[Value], base: Value | None) -> Value:
    """Call a function by its LaTeX name."""
    if name in {"max", "min"}:
        if len(arguments) == 1:
            return _reduce(name, arguments[0])
        result = arguments[0]
        for argument in arguments[1:]:
            result = elementwise(_ENTRYWISE[name], result, argument)
        return result
    if name in _WHOLE:
        try:
            return _WHOLE[name](*arguments)
        except TypeError:
            raise EquationError(f"{name} takes another number of arguments") from None
    if name not in _ENTRYWISE:
        raise EquationError(f"{name} has no meaning here: give it in the comment")
    if len(arguments) != _COUNT.get(name, 1):
        raise EquationError(f"{name} takes {_COUNT.get(name, 1)} argument")
    result = elementwise(_ENTRYWISE[name], *arguments)
    if base is not None:
        result = elementwise(np.divide, result, elementwise(np.log, base))
    return result


def norm(value: Value, kind: str, order: Value | None = None) -> Value:
    """A norm of a vector or a matrix; with an order, the p-norm of a vector."""
    if value.ndim == 2 and 1 in value.shape:
        value = _flat(value)
    if value.ndim == 0:
        return elementwise(_absolute, value)
    size = elementwise(_absolute, value)
    axes = tuple(range(-value.ndim, 0))
    if (value.ndim == 1 and kind in {"", "2"}) or kind == "F":
        return Value(np.sqrt(np.sum(value.array**2, axis=axes)), value.axes)
    if order is not None and value.ndim == 1 and order.ndim == 0:
        return _p_norm(value, order)
    if kind == "1" and value.ndim == 1:
        return total(size)
    if kind == r"\infty" and value.ndim == 1:
        return _reduce("max", size)
    if kind == "0":
        return Value(np.sum(np.real(value.array) != 0, axis=axes), value.axes)
    if kind == "2" and value.ndim == 2:
        return _spectral(value)
    shown = rf"\|...\|_{{{kind}}}" if kind else r"\|...\|"
    raise EquationError(f"{shown} of an array of shape {value.shape}: which norm?")


def _p_norm(value: Value, order: Value) -> Value:
    if np.any(np.real(order.array) <= 0):
        raise EquationError(r"the p of \|x\|_p must be greater than 0")
    if np.all(np.isinf(np.real(order.array))):
        return norm(value, r"\infty")
    powers = elementwise(lambda x, p: _absolute(x) ** p, value, order)
    return elementwise(lambda x, p: x ** (1 / p), total(powers), order)


def _spectral(value: Value) -> Value:
    u, s, vh = np.linalg.svd(np.real(value.array))
    largest = s[..., 0]
    if np.iscomplexobj(value.array):
        # the derivative of a simple singular value is u^T dA v
        change = np.einsum(
            "...i,...ij,...j", u[..., :, 0], np.imag(value.array), vh[..., 0, :]
        )
        return Value(largest + 1j * change, value.axes)
    return Value(largest, value.axes)


def power(base: Value, exponent: Value, *, entrywise: bool) -> Value:
    """A power of a number or of a square matrix."""
    if entrywise or (base.ndim == 0 and exponent.ndim == 0):
        return elementwise(_to_the, base, exponent)
    if exponent.ndim or exponent.axes:
        raise EquationError("the exponent of a matrix must be one number")
    number = float(np.real(exponent.array))
    if base.ndim != 2 or number != round(number):
        raise EquationError(
            f"a power of an array of shape {base.shape}; "
            r"entry by entry it is written ^{\odot 2}"
        )
    matrix = square(base, "a power").array
    if number < 0:
        try:
            matrix = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            raise EquationError("the matrix has no inverse") from None
    return Value(np.linalg.matrix_power(matrix, abs(int(number))), base.axes)


def _to_the(base: Array, exponent: Array) -> Array:
    whole = np.all(np.real(exponent) == np.round(np.real(exponent)))
    if whole and not np.iscomplexobj(exponent):
        # repeated multiplication keeps the complex step exact and negative bases real
        exponent = np.asarray(exponent).astype(int)
        return np.asarray(np.power(np.asarray(base) * 1.0, exponent))
    if np.any((np.real(base) < 0) & (np.real(exponent) != np.round(np.real(exponent)))):
        raise EquationError("a fractional power of a negative number")
    return np.asarray(np.power(np.asarray(base) * 1.0, exponent))
