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
from contextlib import suppress
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

# Arrays below have a first axis of settings, in each of which the function is called.
Directions = list[Array | None]  # None for what does not move
Function = Callable[..., Any]


def call_opaque(function: Function, values: Sequence[Value]) -> Value:
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
    count = int(np.prod(shape))
    arrays = [a.reshape(count, *a.shape[len(axes) :]) for a in wide]
    found = _directional(function, arrays)
    return Value(found.reshape(shape + found.shape[1:]), axes)


def _entrywise(
    function: Function, arrays: list[Array], shape: tuple[int, ...]
) -> Array | None:
    """One call for all entries, if a few single calls give the same."""
    size = int(np.prod(shape))
    if size <= _PROBES:
        return None
    try:
        whole = [array[None] for array in arrays]
        result: Array = _directional(function, whole, entrywise=True)[0]
    except Exception:
        return None
    if result.shape != shape:
        return None
    where = np.unravel_index(np.linspace(0, size - 1, _PROBES).astype(int), shape)
    alone = _directional(function, [array[where] for array in arrays])
    if alone.ndim > 1 or not np.allclose(alone, result[where], rtol=1e-9, atol=0):
        return None
    return result


def _directional(
    function: Function, arrays: Sequence[Array], *, entrywise: bool = False
) -> Array:
    """The values, with the derivatives along the imaginary parts as imaginary parts."""
    real = [np.real(array) for array in arrays]
    values = _calls(function, real)
    direction = [np.imag(a) / STEP if np.iscomplexobj(a) else None for a in arrays]
    moves = [d.reshape(len(d), -1).any(axis=1) for d in direction if d is not None]
    moved = np.any(moves, axis=0) if moves else np.zeros(len(values), dtype=bool)
    if not moved.any():
        return values
    real = [x[moved] for x in real]
    direction = [None if d is None else d[moved] for d in direction]
    reach = _reach(real, direction, entrywise=entrywise)
    slope = np.zeros(values.shape)
    slope[moved] = _slope(function, real, direction, reach)
    return np.asarray(values + 1j * STEP * slope)


def _reach(real: list[Array], direction: Directions, *, entrywise: bool) -> Array:
    """How far the direction leads until an entry has changed by its own size."""
    reaches = []
    for x, d in zip(real, direction, strict=True):
        if d is None:
            continue
        size = np.abs(x)
        largest = np.max(size, axis=tuple(range(1, x.ndim)), initial=0.0, keepdims=True)
        size = np.where(x == 0, largest, size)
        size = np.where(size == 0, 1.0, size)
        reach = np.full(np.broadcast_shapes(size.shape, d.shape), np.inf)
        np.divide(size, np.abs(d), out=reach, where=d != 0)
        if not entrywise:
            reach = np.min(reach.reshape(len(reach), -1), axis=1, initial=np.inf)
        reaches.append(reach)
    least = np.min(reaches, axis=0)
    return np.asarray(np.where(np.isfinite(least), least, 1.0))


def _slope(
    function: Function, real: list[Array], direction: Directions, reach: Array
) -> Array:
    """The slopes, by complex numbers where differences say the same."""
    slope, apart, noise = _difference(function, real, direction, PART * reach)
    by_complex = _complex_slope(function, real, direction, slope.shape[1:])
    known = [k for k, each in enumerate(by_complex) if each is not None]
    found = slope.copy()
    open_still = set(range(len(slope)))
    if known:
        complex_slope = np.stack([each for each in by_complex if each is not None])
        error = (apart + noise)[known]
        for k in np.compress(_confirmed(complex_slope, slope[known], error), known):
            found[k] = by_complex[k]
            open_still.discard(int(k))
    for k in sorted(open_still):
        one = slice(k, k + 1)
        found[one] = _insisted(
            function,
            [x[one] for x in real],
            [None if d is None else d[one] for d in direction],
            reach[one],
            None if by_complex[k] is None else np.asarray(by_complex[k])[None],
            (slope[one], apart[one], noise[one]),
        )
    return found


def _insisted(
    function: Function,
    real: list[Array],
    direction: Directions,
    reach: Array,
    by_complex: Array | None,
    so_far: tuple[Array, Array, Array],
) -> Array:
    """The slope in one setting, after attempts with other steps."""
    slope, apart, noise = so_far
    long: list[Array] = [np.asarray(x, dtype=np.longdouble) for x in real]
    attempts: list[tuple[Callable[..., Array], list[Array], float]]
    attempts = [(_curved, real, part) for part in _SMALLER]
    attempts += [(_noisy, long, 1.0), *((_noisy, real, part) for part in _LARGER)]
    for trouble, start, part in attempts:
        if by_complex is not None and all(_confirmed(by_complex, slope, apart + noise)):
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


def _confirmed(by_complex: Array, slope: Array, error: Array) -> Array:
    """Whether differences say the same, and precisely enough to rule out a slip."""
    rest = tuple(range(1, slope.ndim))
    largest = np.max(np.abs(by_complex), axis=rest, initial=0.0, keepdims=True)
    certain = (error <= _AGREEING * largest) | (slope == 0)
    agree = certain & (np.abs(by_complex - slope) <= 10 * error)
    return np.asarray(np.all(agree, axis=rest))


def _difference(
    function: Function, real: list[Array], direction: Directions, size: Array
) -> tuple[Array, Array, Array]:
    """The slopes, and what the step and rounding may have done to them."""
    values = [
        _calls(function, _moved(real, direction, sign * half * size))
        for half in HALVES
        for sign in (1, -1)
    ]
    size = _fit(size, values[0])
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
    function: Function,
    real: list[Array],
    direction: Directions,
    shape: tuple[int, ...],
) -> list[Array | None]:
    """What the function makes of complex numbers in each setting, if it takes any."""
    found: list[Array | None] = []
    for k in range(len(next(d for d in direction if d is not None))):
        parts = [
            x[k] if d is None or not d[k].any() else x[k] + 1j * STEP * d[k]
            for x, d in zip(real, direction, strict=True)
        ]
        slope = None
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("error")  # such as: the imaginary part is dropped
            slope = np.imag(np.asarray(function(*_arguments(parts)))) / STEP
        fits = slope is not None and slope.shape == shape and np.isfinite(slope).all()
        found.append(slope if fits else None)
    return found


def _moved(real: list[Array], direction: Directions, by: Array) -> list[Array]:
    return [
        x if d is None else x + _fit(by, x) * d
        for x, d in zip(real, direction, strict=True)
    ]


def _fit(by: Array, other: Array) -> Array:
    """A number for each setting, beside arrays in each."""
    return by.reshape(by.shape + (1,) * (other.ndim - by.ndim))


def _calls(function: Function, arrays: Sequence[Array]) -> Array:
    """The function in each setting; where all is the same, it is called once."""
    if not arrays:
        return _call(function, ())[None]
    known: dict[bytes, Array] = {}
    found = []
    for parts in zip(*arrays, strict=True):
        mark = b"".join(part.tobytes() for part in parts)
        if mark not in known:
            known[mark] = _call(function, parts)
        found.append(known[mark])
    if len({each.shape for each in found}) != 1:
        raise EquationError("the function returns arrays of different shapes")
    return np.stack(found)


def _call(function: Function, arrays: Sequence[Array]) -> Array:
    try:
        result = np.asarray(function(*_arguments(arrays)))
    except EquationError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise EquationError(f"the Python function raises {kind}: {error}") from error
    if result.dtype == bool:
        result = result.astype(int)
    return result


def _arguments(arrays: Sequence[Array]) -> list[Any]:
    return [a.item() if a.ndim == 0 else np.array(a) for a in map(np.asarray, arrays)]
