"""Rows of logits: a few at a time, and none that overflows."""

from collections.abc import Iterator

from numpy.typing import ArrayLike

from nnref._check import Array, as_float, integer


def axis_of(axis: int, x: Array) -> int:
    """Return axis, which must be one of x."""
    if x.ndim == 0:
        raise ValueError("x is one number, expected at least one axis")
    if not -x.ndim <= integer(axis, "axis") < x.ndim:
        raise ValueError(
            f"axis is {axis}, expected an integer from {-x.ndim} to {x.ndim - 1}"
        )
    return axis


def below_zero(x: ArrayLike, axis: int) -> Array:
    """Return x less its maximum along the axis: `exp` of that does not overflow."""
    x = as_float(x, "x")
    if not x.shape[axis_of(axis, x)]:
        raise ValueError(f"x has shape {x.shape}, expected elements along axis {axis}")
    largest: Array = x.max(axis=axis, keepdims=True)
    below: Array = x - largest
    return below


def some_rows(z: Array) -> Iterator[slice]:
    """Yield a few rows at a time, which stay in the cache of a processor core."""
    m = max(1, (1 << 16) // z.shape[1])
    return (slice(i, i + m) for i in range(0, len(z), m))
