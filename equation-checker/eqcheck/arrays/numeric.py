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

from eqcheck.arrays.values import Array, Value, full, union
from eqcheck.latex.errors import EquationError

STEP = 1e-30  # of the complex step: exact to rounding, since nothing is subtracted

# Differences over a step, its half and its quarter are extrapolated. The step is a part
# of what moves; where that does not settle the slope, smaller ones are tried (there may
# be a kink nearby) or larger ones (rounding may show).
HALVES = 0.5 ** np.arange(3)
PART = 0.03
_SMALLER = (1 / 16, 1 / 256)
_LARGER = (16.0, 256.0)

CONVERGED = 1e-12  # what a step may leave of a slope
SETTLED = 1e-11  # and what rounding may
_AGREEING = 1e-7  # what confirms the slope by complex numbers

_PROBES = 4

Directions = list[Array | None]  # None for what does not move


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
    direction = [
        np.imag(a) / STEP if np.iscomplexobj(a) and np.any(a.imag) else None
        for a in arrays
    ]
    if all(d is None for d in direction):
        return value
    reach = _reach(real, direction, entrywise=entrywise)
    by_complex = _complex_slope(function, real, direction, value.shape)
    slope = _slope(function, real, direction, reach, by_complex)
    return np.asarray(value + 1j * STEP * slope)


def _reach(real: list[Array], direction: Directions, *, entrywise: bool) -> Array:
    """How far the direction leads until an entry has changed by its own size."""
    reaches = []
    for x, d in zip(real, direction, strict=True):
        if d is None:
            continue
        size = np.where(x == 0, np.max(np.abs(x), initial=0.0), np.abs(x))
        size = np.where(size == 0, 1.0, size)
        reach = np.where(d == 0, np.inf, size / np.abs(d))
        reaches.append(reach if entrywise else np.min(reach, initial=np.inf))
    least = np.min(reaches, axis=0)
    return np.asarray(np.where(np.isfinite(least), least, 1.0))


def _slope(
    function: Callable[..., Any],
    real: list[Array],
    direction: Directions,
    reach: Array,
    by_complex: Array | None,
) -> Array:
    slope, apart, noise = _difference(function, real, direction, PART * reach)
    long: list[Array] = [np.asarray(x, dtype=np.longdouble) for x in real]
    attempts: list[tuple[Callable[..., Array], list[Array], float]]
    attempts = [(_curved, real, part) for part in _SMALLER]
    attempts += [(_noisy, long, 1.0), *((_noisy, real, part) for part in _LARGER)]
    for trouble, start, part in attempts:
        if by_complex is not None and _confirmed(by_complex, slope, apart + noise):
            return by_complex
        if not np.any(trouble(slope, apart, noise) & (slope != 0)):
            continue
        try:
            found = _difference(function, start, direction, PART * part * reach)
        except EquationError:
            continue  # it does not take numbers of more digits, or so far away
        better = found[1] + found[2] < apart + noise
        slope, apart, noise = (
            np.where(better, new, old)
            for new, old in zip(found, (slope, apart, noise), strict=True)
        )
    if by_complex is not None and np.all(
        np.abs(by_complex - slope) <= 10 * (apart + noise)
    ):
        return by_complex  # not certain, but no worse than what is known otherwise
    return slope


def _curved(slope: Array, apart: Array, noise: Array) -> Array:
    return np.asarray(apart > CONVERGED * np.abs(slope) + noise)


def _noisy(slope: Array, _apart: Array, noise: Array) -> Array:
    return np.asarray(noise > SETTLED * np.abs(slope))


def _confirmed(by_complex: Array, slope: Array, error: Array) -> bool:
    """Whether differences say the same, and precisely enough to rule out a slip."""
    largest = np.max(np.abs(by_complex), initial=0.0)
    certain = (error <= _AGREEING * largest) | (slope == 0)
    return bool(np.all(certain & (np.abs(by_complex - slope) <= 10 * error)))


def _difference(
    function: Callable[..., Any],
    real: list[Array],
    direction: Directions,
    size: Array,
) -> tuple[Array, Array, Array]:
    """The slope, and what the step and rounding may have done to it."""
    values = [
        _call(function, _moved(real, direction, sign * half * size))
        for half in HALVES
        for sign in (1, -1)
    ]
    slopes = [
        (values[2 * k] - values[2 * k + 1]) / (2 * half * size)
        for k, half in enumerate(HALVES)
    ]
    slope, apart = by_order(slopes)
    digits = np.finfo(np.result_type(*values, 1.0)).eps
    noise = digits * np.max(np.abs(values), axis=0) / (HALVES[-1] * size)
    return slope.astype(float), apart.astype(float), np.asarray(noise, dtype=float)


def by_order(slopes: Sequence[Array]) -> tuple[Array, Array]:
    """The slope from those over each step, and its error.

    The orders approach each other by a factor, if the function is smooth; once more by
    that factor, and the last one is as near to the limit.
    """
    first, half, quarter = slopes
    fourth = (4 * quarter - half) / 3
    sixth = (64 * quarter - 20 * half + first) / 45
    before, last = np.abs(fourth - quarter), np.abs(sixth - fourth)
    with np.errstate(all="ignore"):
        apart = 10 * last * np.where(last < before, last / before, 1.0)
    apart = np.where(last == 0, 0.0, apart)
    return sixth, np.where(np.isfinite(sixth), apart, np.inf)


def _complex_slope(
    function: Callable[..., Any],
    real: list[Array],
    direction: Directions,
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
    real: list[Array], direction: Directions, by: Array | complex
) -> list[Array]:
    return [
        x if d is None else x + by * d for x, d in zip(real, direction, strict=True)
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
