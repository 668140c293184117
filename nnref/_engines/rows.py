"""Rows of logits: a few at a time, and none that overflows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float


def below_zero(x: ArrayLike, axis: int) -> Array:
    """Return x less its maximum along the axis: `exp` of that does not overflow."""
    x = as_float(x, "x")
    largest: Array = x.max(axis=axis, keepdims=True, initial=-np.inf)
    if not x.shape[axis]:
        raise ValueError(f"x has shape {x.shape}, expected elements along axis {axis}")
    below: Array = x - largest
    return below


def some_rows(z: Array) -> Iterator[slice]:
    """Yield a few rows at a time, which stay in the cache of a processor core."""
    m = max(1, (1 << 16) // z.shape[1])
    return (slice(i, i + m) for i in range(0, len(z), m))
