"""Functions given in Python: called on arrays, differentiated numerically.

Inside a derivative values carry an imaginary part of size `STEP` along the direction of
the derivative. LaTeX is evaluated with complex numbers as it stands; a Python function
may treat those wrongly without a word (`np.abs`, say). So its derivative is taken from
differences of real values, at several steps that fit the size of what moves, and the
value with complex numbers is believed only where the two agree.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eqcheck.arrays.extrapolate import extrapolate
from eqcheck.arrays.values import Array, Value, full, union
from eqcheck.latex.errors import EquationError

STEP = 1e-30  # of the complex step: exact to rounding, since nothing is subtracted

# Differences over a step, its half, its quarter and its eighth are extrapolated. The
# step is a part of what moves; if that does not settle the slope, larger and smaller
# ones are tried: a function may have a kink nearby, or end there.
HALVES = 0.5 ** np.arange(4)
PART = 0.1
_FACTORS = (1.0, 16.0, 1 / 16, 256.0, 1 / 256)

# Rounding, in a difference of two numbers of size 1.
ROUNDING = 4e-16
SETTLED = 1e-10  # the error of a slope that needs no other step, of its size
_AGREEING = 1e-7  # and of one that confirms the slope by complex numbers

_PROBES = 4


def call_opaque(function: Callable[..., Any], values: Sequence[Value]) -> Value:
    """Call a Python function once for every setting of the indices."""
    axes = union(values)
    sizes: dict[int, int] = {}
    for value in values:
        sizes.update(zip(value.axes, value.array.shape, strict=False))
    wide = [full(value, axes, sizes) for value in values]
    shape = tuple(sizes[axis] for axis in axes)
    if all(value.ndim == 0 for value in values):
        vectorised = _entrywise(function, wide, shape)
        if vectorised is not None:
            return Value(vectorised, axes)
    results = [_directional(function, [a[k] for a in wide]) for k in np.ndindex(shape)]
    if len({result.shape for result in results}) != 1:
        raise EquationError("the function returns arrays of different shapes")
    return Value(np.stack(results).reshape(shape + results[0].shape), axes)


def _entrywise(
    function: Callable[..., Any], arrays: list[Array], shape: tuple[int, ...]
) -> Array | None:
    """One call for all entries, if a few single calls give the same."""
    size = int(np.prod(shape))
    if size <= _PROBES:
        return None
    try:
        result = _directional(function, arrays, entrywise=True)
    except Exception:
        return None
    if result.shape != shape:
        return None
    for place in np.linspace(0, size - 1, _PROBES).astype(int):
        where = np.unravel_index(place, shape)
        alone = _directional(function, [array[where] for array in arrays])
        if alone.shape or not np.allclose(alone, result[where], rtol=1e-9, atol=0):
            return None
    return result


def _directional(
    function: Callable[..., Any], arrays: Sequence[Array], *, entrywise: bool = False
) -> Array:
    """The value, with the derivative along the imaginary parts as imaginary part."""
    real = [np.real(array) for array in arrays]
    value = _call(function, real)
    if not any(np.iscomplexobj(array) and np.any(array.imag) for array in arrays):
        return value
    direction = [np.imag(array) / STEP for array in arrays]
    reach = _reach(real, direction, entrywise=entrywise)
    by_complex = _complex_slope(function, real, direction, value.shape)
    slope = _slope(function, real, direction, reach, by_complex)
    return np.asarray(value + 1j * STEP * slope)


def _reach(real: list[Array], direction: list[Array], *, entrywise: bool) -> Array:
    """How far the direction leads until an entry has changed by its own size."""
    reaches = []
    for x, d in zip(real, direction, strict=True):
        size = np.where(x == 0, np.max(np.abs(x), initial=0.0), np.abs(x))
        size = np.where(size == 0, 1.0, size)
        reach = np.where(d == 0, np.inf, size / np.abs(d))
        reaches.append(reach if entrywise else np.min(reach, initial=np.inf))
    least = np.min(reaches, axis=0)
    return np.asarray(np.where(np.isfinite(least), least, 1.0))


def _slope(
    function: Callable[..., Any],
    real: list[Array],
    direction: list[Array],
    reach: Array,
    by_complex: Array | None,
) -> Array:
    slope: Array | float = np.nan
    error: Array | float = np.inf
    for factor in _FACTORS:
        size = PART * factor * reach
        found, apart = _difference(function, real, direction, size)
        better = apart < error
        slope, error = np.where(better, found, slope), np.where(better, apart, error)
        if by_complex is not None:
            largest = np.max(np.abs(by_complex), initial=0.0)
            certain = np.all((error <= _AGREEING * largest) | (slope == 0))
            if certain and np.all(np.abs(by_complex - slope) <= 10 * error):
                return by_complex
        if np.all((error <= SETTLED * np.abs(slope)) | (slope == 0)):
            break
    if by_complex is not None and np.all(np.abs(by_complex - slope) <= 10 * error):
        return by_complex  # not certain, but no worse than what is known otherwise
    return np.asarray(slope)


def _difference(
    function: Callable[..., Any],
    real: list[Array],
    direction: list[Array],
    size: Array,
) -> tuple[Array, Array]:
    slopes = []
    largest: Array | float = 0.0
    for half in HALVES:
        ahead = _call(function, _moved(real, direction, half * size))
        behind = _call(function, _moved(real, direction, -half * size))
        slopes.append((ahead - behind) / (2 * half * size))
        largest = np.maximum(largest, np.maximum(np.abs(ahead), np.abs(behind)))
    noise = ROUNDING * largest / (HALVES[-1] * size)
    slope, error = extrapolate(slopes, list(HALVES**2), noise)
    return slope, np.where(np.isfinite(slope), error, np.inf)


def _complex_slope(
    function: Callable[..., Any],
    real: list[Array],
    direction: list[Array],
    shape: tuple[int, ...],
) -> Array | None:
    """What the function makes of complex numbers, if it takes any."""
    moved = _moved(real, direction, 1j * STEP)
    arguments = [a.item() if a.ndim == 0 else np.array(a) for a in moved]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # such as: the imaginary part is dropped
            slope = np.imag(np.asarray(function(*arguments))) / STEP
    except Exception:
        return None
    return slope if slope.shape == shape and np.isfinite(slope).all() else None


def _moved(
    real: list[Array], direction: list[Array], by: Array | complex
) -> list[Array]:
    return [
        x + by * d if np.any(d) else x for x, d in zip(real, direction, strict=True)
    ]


def _call(function: Callable[..., Any], arrays: Sequence[Array]) -> Array:
    arguments = [
        a.item() if a.ndim == 0 else np.array(a) for a in map(np.asarray, arrays)
    ]
    try:
        result = np.asarray(function(*arguments))
    except EquationError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise EquationError(f"the Python function raises {kind}: {error}") from error
    if result.dtype == bool:
        result = result.astype(int)
    return result
