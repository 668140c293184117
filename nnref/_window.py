"""How a window slides over rows and columns, for convolution and pooling."""

from types import EllipsisType
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float

# One number for both axes, or one for each: (rows, columns).
Pair: TypeAlias = int | tuple[int, int]
# A position within the window, the outputs it counts for, the inputs it then reads.
Overlap: TypeAlias = tuple[int, slice, slice]
# Some rows and columns of each image.
Index: TypeAlias = tuple[EllipsisType, slice, slice]


def images(x: ArrayLike) -> Array:
    """Return x (n, channels, rows, columns) as an array of floats, with pixels."""
    x = as_float(x, "x")
    if x.ndim != 4:
        raise ValueError(
            f"x has shape {x.shape}, expected (n, channels, rows, columns)"
        )
    if 0 in x.shape[2:]:
        raise ValueError(f"x has shape {x.shape}, expected at least one pixel")
    return x


def pair(value: Pair, name: str, low: int) -> tuple[int, int]:
    """Return (rows, columns) for one integer of at least `low`, or for two."""
    both = value if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2 or not all(
        isinstance(v, int | np.integer) and v >= low for v in both
    ):
        raise ValueError(
            f"{name} is {value!r}, "
            f"expected an integer of at least {low} or a pair (rows, columns) of them"
        )
    rows, columns = both
    return int(rows), int(columns)


def overlaps(
    size: int, kernel: int, out: int, stride: int, padding: int, dilation: int
) -> list[Overlap]:
    """Return where the positions within a window lie in the input, along one axis.

    Position u of the window at output i reads input i * stride + u * dilation -
    padding. For each u this gives u, the outputs at which that is inside the input
    rather than in the padding, and the inputs it then is: two slices of equal length.
    """
    found = []
    for u in range(kernel):
        first = u * dilation - padding
        inside = [i for i in range(out) if 0 <= first + i * stride < size]
        if inside:
            low, high = inside[0], inside[-1]
            seen = slice(first + low * stride, first + high * stride + 1, stride)
            found.append((u, slice(low, high + 1), seen))
    return found
