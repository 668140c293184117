"""Windows on images, for the maximum of each, at a few samples at a time.

Arguments are arrays that fit: `nnref.pooling` has checked them.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from nnref._check import Array

# How many pixels are worked on at a time: they stay in the cache of a processor core.
_BLOCK = 1 << 17

# For a position within the window: the outputs whose window has it inside the image,
# and the pixels that it is there.
Meet: TypeAlias = tuple[slice, slice]


class Windows(NamedTuple):
    """Where windows lie: what they meet along the rows and along the columns."""

    shape: tuple[int, ...]  # of the result
    tall: list[Meet]
    wide: list[Meet]
    apart: bool  # whether no pixel is in two windows


def meets(size: int, kernel: int, out: int, stride: int, padding: int) -> list[Meet]:
    """Return where the positions within a window meet the input, along one axis.

    Position u of the window at output i reads input i * stride + u - padding.
    """
    found = []
    for u in range(kernel):
        first = u - padding
        inside = [i for i in range(out) if 0 <= first + i * stride < size]
        if inside:
            low, high = inside[0], inside[-1]
            seen = slice(first + low * stride, first + high * stride + 1, stride)
            found.append((slice(low, high + 1), seen))
    return found


def largest(x: Array, windows: Windows) -> Array:
    """Return the maximum of every window."""
    shape, tall, wide, _ = windows
    y = np.empty(shape, x.dtype)
    for some in _blocks(x):
        # Rows first: those lie in memory one after another, as pixels of a row do.
        rows = np.empty((*y[some].shape[:3], x.shape[3]), x.dtype)
        _largest_along(x[some], tall, 2, rows)
        _largest_along(rows, wide, 3, y[some])
    return y


def _largest_along(x: Array, along: list[Meet], axis: int, y: Array) -> None:
    """Set y to the maximum of every window along axis 2 or 3."""
    before = (slice(None),) * axis
    parts = [(y[*before, out], x[*before, seen]) for out, seen in along]
    if len(parts) > 1 and parts[0][0].shape == parts[1][0].shape == y.shape:
        np.maximum(parts[0][1], parts[1][1], out=y)  # no padding: two at one go
        del parts[:2]
    else:
        y[...] = -np.inf
    for part, pixels in parts:
        np.maximum(part, pixels, out=part)


def largest_backward(dy: Array, x: Array, y: Array, windows: Windows) -> Array:
    """Return dx: the first pixel of each window that is its maximum y gets its dy."""
    y = y.astype(x.dtype, copy=False)
    dx = np.zeros(x.shape, x.dtype)
    # Each pixel gets dy times 1 or 0. Its bits as integers are multiplied in less time
    # than the floats, and infinity times 0 is 0. Long doubles have no such integers.
    bits = f"i{x.itemsize}" if x.itemsize <= 8 else x.dtype
    dy_bits, dx_bits = dy.view(bits), dx.view(bits)
    positions = [*itertools.product(windows.tall, windows.wide)]
    for some in _blocks(x):
        x_, y_, dy_, dx_ = x[some], y[some], dy_bits[some], dx_bits[some]
        searching = np.ones(y_.shape, bool)  # for the maximum of each window
        for position in positions:
            (out_rows, rows), (out_columns, columns) = position
            out, seen = (..., out_rows, out_columns), (..., rows, columns)
            if position is positions[-1]:  # nothing else is left
                found = searching[out]
            else:
                below = x_[seen] < y_[out]  # False where y is NaN
                found = np.greater(searching[out], below, out=below)
                searching[out] ^= found
            if windows.apart:
                np.multiply(dy_[out], found, out=dx_[seen])
            else:
                dx[some][seen] += (dy_[out] * found).view(x.dtype)
    return dx


def _blocks(x: Array) -> Iterator[slice]:
    """Yield the samples a few at a time."""
    m = max(1, _BLOCK // max(1, math.prod(x.shape[1:])))
    return (slice(i, i + m) for i in range(0, len(x), m))
