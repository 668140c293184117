"""Argument checks: what NumPy would let through gets a `ValueError` here.

Each returns its argument ready for use, so that a check is one short call.
"""

import functools
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Scalar: TypeAlias = np.floating[Any]


def as_float(x: ArrayLike, name: str) -> Array:
    """Return x as an array of floats; integers and booleans become float64."""
    array = np.asarray(x)
    kind = array.dtype.kind
    if kind == "f":
        return array
    if kind not in "iub":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")
    return array.astype(np.float64)


def shaped(x: ArrayLike, shape: tuple[int, ...], name: str) -> Array:
    """Return x as an array of floats that has exactly this shape."""
    array = as_float(x, name)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    return array


def like(x: ArrayLike, model: Array, name: str) -> Array:
    """Return x in the dtype of `model`; it must have exactly its shape."""
    return shaped(x, model.shape, name).astype(model.dtype, copy=False)


def number(x: float, name: str, interval: str) -> float:
    """Return x as a Python float; it must be one number inside the interval.

    A Python float, unlike a NumPy one, leaves float32 arrays in float32.
    """
    low, high = _ends(interval)
    single = isinstance(x, float) or np.ndim(x) == 0
    if not single or not (
        low < x < high
        or (x == low and interval[0] == "[")
        or (x == high and interval[-1] == "]")
    ):
        raise ValueError(f"{name} is {x}, expected a number in {interval}")
    return float(x)


@functools.cache
def _ends(interval: str) -> tuple[float, float]:
    low, high = interval[1:-1].split(",")
    return float(low), float(high)


def whole(x: int, name: str, low: int = 1) -> int:
    """Return x as a Python int; it must be an integer of at least `low`."""
    if not isinstance(x, int | np.integer) or x < low:
        raise ValueError(f"{name} is {x!r}, expected an integer of at least {low}")
    return int(x)


def generator(rng: np.random.Generator) -> np.random.Generator:
    """Return rng if it is a Generator, rather than a seed, say."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng is {rng!r}, expected such as np.random.default_rng(0)")
    return rng
