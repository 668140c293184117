"""What the arguments of convolution and pooling have in common."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float, shown

# One number for both axes, or one for each: (rows, columns).
Pair: TypeAlias = int | tuple[int, int]


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
        isinstance(v, int | np.integer) and not isinstance(v, bool) and v >= low
        for v in both
    ):
        raise ValueError(
            f"{name} is {shown(value)}, "
            f"expected an integer of at least {low} or a pair (rows, columns) of them"
        )
    rows, columns = both
    return int(rows), int(columns)
