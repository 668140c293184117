"""Functions given in Python: called on arrays, differentiated numerically.

Inside a derivative values carry an imaginary part of size `STEP` along the direction of
the derivative. LaTeX is evaluated with complex numbers as it stands; a Python function
may treat those wrongly without a word (`np.abs`, say), so it only ever sees real ones,
and its derivative along the imaginary part is a central difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eqcheck.arrays.values import Array, Value, full, union
from eqcheck.latex.errors import EquationError

STEP = 1e-30  # of the complex step: exact to rounding, since nothing is subtracted

# Central difference of 6th order: the weight of f(x + k h) for k = 1, 2, 3. The step is
# small because a Python function may have a kink nearby.
_WEIGHTS = (3 / 4, -3 / 20, 1 / 60)
_SPACING = 1e-3

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
        result = _directional(function, arrays)
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


def _directional(function: Callable[..., Any], arrays: Sequence[Array]) -> Array:
    """The value, with the derivative along the imaginary parts as imaginary part."""
    real = [np.real(array) for array in arrays]
    value = _call(function, real)
    if not any(np.iscomplexobj(array) and np.any(array.imag) for array in arrays):
        return value
    direction = [np.imag(array) / STEP for array in arrays]
    longest = max(float(np.max(np.abs(d), initial=0.0)) for d in direction)
    size = _SPACING / longest
    slope = np.zeros(value.shape)
    for offset, weight in enumerate(_WEIGHTS, start=1):
        ahead = _call(function, _moved(real, direction, offset * size))
        behind = _call(function, _moved(real, direction, -offset * size))
        slope = slope + weight * (ahead - behind) / size
    return np.asarray(value + 1j * STEP * slope)


def _moved(real: list[Array], direction: list[Array], by: float) -> list[Array]:
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
