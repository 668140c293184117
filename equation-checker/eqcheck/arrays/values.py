"""Arrays whose leading axes belong to indices.

`x_i` with i = 1..5 is evaluated for all i at once: its value has one axis that belongs
to `i` and no other. `X` without an index is a matrix: no axis of an index, two ordinary
ones. Both kinds meet in one value; arithmetic lines up the axes of indices by identity
and treats what remains as a number, a vector or a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqcheck.latex.errors import EquationError

Array = NDArray[Any]
_axes = count(1)


def new_axis() -> int:
    """An axis that no other value has."""
    return next(_axes)


SAMPLES = new_axis()  # the axis of the draws of random symbols
# Axes of what is known with an error only: first the value itself, then
GROUPED = new_axis()  # what it would be without each group of draws
EXTRAPOLATED = new_axis()  # the same shifted by its error


@dataclass(eq=False)
class Value:
    """An array: first the axes of indices, in increasing order, then the ordinary.

    Nothing changes it; it is not frozen because so many are made.
    """

    array: Array
    axes: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape without the axes of indices."""
        return self.array.shape[len(self.axes) :]

    @property
    def ndim(self) -> int:
        """0 for a number, 1 for a vector, 2 for a matrix."""
        return self.array.ndim - len(self.axes)


@dataclass(eq=False)
class IndexValue(Value):
    """An index that runs from start to stop along an axis of its own."""

    start: int = 1
    stop: int = 1


@dataclass(eq=False)
class Ones(Value):
    r"""`\mathbf{1}`: as many ones as the product it stands in needs."""

    transposed: bool = False


def constant(number: complex) -> Value:
    """A number."""
    return Value(np.asarray(number))


def index(start: int, stop: int) -> IndexValue:
    """An index that runs over a range, the end included."""
    return IndexValue(np.arange(start, stop + 1), (new_axis(),), start, stop)


def union(values: Sequence[Value]) -> tuple[int, ...]:
    """All axes of indices, in order."""
    if len({value.axes for value in values}) == 1:
        return values[0].axes
    return tuple(sorted({axis for value in values for axis in value.axes}))


def spread(value: Value, axes: tuple[int, ...], ndim: int | None = None) -> Array:
    """The array with a place for each of `axes`, and at least ndim ordinary axes."""
    if value.axes == axes and (ndim is None or value.ndim >= ndim):
        return value.array
    sizes = dict(zip(value.axes, value.array.shape, strict=False))
    shape = value.shape
    if ndim is not None and len(shape) < ndim:
        shape = (1,) * (ndim - len(shape)) + shape
    return value.array.reshape([sizes.get(axis, 1) for axis in axes] + list(shape))


def full(value: Value, axes: tuple[int, ...], sizes: dict[int, int]) -> Array:
    """The array spread over `axes` and repeated along those it lacks."""
    array = spread(value, axes)
    wanted = [sizes[axis] for axis in axes]
    return np.broadcast_to(array, (*wanted, *value.shape))


def elementwise(function: Callable[..., Array], *values: Value) -> Value:
    """Apply a function entry by entry; shapes must agree."""
    kinds = {(v.axes, v.array.shape) for v in values if v.array.ndim}
    if len(kinds) <= 1:  # all alike, but for plain numbers: the usual case
        common = next((axes for axes, _ in kinds), ())
        return Value(function(*(value.array for value in values)), common)
    values = _columns(values)
    axes = union(values)
    ndim = max(value.ndim for value in values)
    return Value(function(*(spread(value, axes, ndim) for value in values)), axes)


def _columns(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Check the ordinary shapes; a vector beside a column is a column."""
    shapes = {value.shape for value in values if value.shape}
    if len(shapes) <= 1:
        return values
    columns = {s[0] for s in shapes if len(s) == 2 and s[1] == 1 and s[0] > 1}
    adapted = tuple(
        Value(value.array[..., None], value.axes)
        if value.ndim == 1 and value.shape[0] in columns
        else value
        for value in values
    )
    try:
        np.broadcast_shapes(*(value.shape for value in adapted))
    except ValueError:
        listed = " and ".join(str(value.shape) for value in values)
        raise EquationError(f"the shapes {listed} do not fit together") from None
    vectors = [value.shape for value in adapted if value.ndim == 1]
    if vectors and any(value.ndim > 2 for value in adapted):
        raise EquationError("a vector does not fit an array of three or more axes")
    return adapted


def where(mask: Value, value: Value, other: float) -> Value:
    """The value where the mask holds, else another."""
    axes = union([mask, value])
    wide = spread(mask, axes)
    wide = wide.reshape(wide.shape + (1,) * value.ndim)
    return Value(np.where(wide, spread(value, axes), other), axes)


def both(first: Value | None, second: Value | None) -> Value | None:
    """Where both masks hold; None holds everywhere."""
    if first is None or second is None:
        return second if first is None else first
    return elementwise(np.logical_and, first, second)


def multiply(a: Value, b: Value) -> Value:
    """The product of numbers, vectors and matrices."""
    if isinstance(a, Ones) != isinstance(b, Ones) and a.ndim == b.ndim == 0:
        scaled = elementwise(np.multiply, a, b)  # still as many as fit
        ones = a if isinstance(a, Ones) else b
        assert isinstance(ones, Ones)
        return Ones(scaled.array, scaled.axes, ones.transposed)
    a, b = _fill_ones(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise(np.multiply, a, b)
    if a.ndim > 2 or b.ndim > 2:
        raise EquationError(f"no product of arrays of shape {a.shape} and {b.shape}")
    if a.ndim == b.ndim == 1:
        raise EquationError(
            r"two vectors side by side: write ^\top, \odot, \cdot or indices"
        )
    return _matrices(a, b)


def _matrices(a: Value, b: Value) -> Value:
    left, right = a.shape, b.shape
    if a.ndim == 1:
        # a column times a row is an outer product; else the vector is a row
        outer = right[0] == 1
        wide = Value(a.array[..., :, None] if outer else a.array[..., None, :], a.axes)
        result = _matmul(wide, b, left, right)
        return result if outer else Value(result.array[..., 0, :], result.axes)
    if b.ndim == 1:
        outer = left[1] == 1 and right[0] != 1
        wide = Value(b.array[..., None, :] if outer else b.array[..., :, None], b.axes)
        result = _matmul(a, wide, left, right)
        if outer:
            return result
        result = Value(result.array[..., 0], result.axes)
        return Value(result.array[..., 0], result.axes) if left[0] == 1 else result
    return _matmul(a, b, left, right)


def _matmul(a: Value, b: Value, left: tuple[int, ...], right: tuple[int, ...]) -> Value:
    if a.shape[1] != b.shape[0]:
        raise EquationError(f"no product of arrays of shape {left} and {right}")
    axes = union([a, b])
    return Value(np.matmul(spread(a, axes), spread(b, axes)), axes)


def _fill_ones(a: Value, b: Value) -> tuple[Value, Value]:
    r"""Give `\mathbf{1}` the length that the other factor needs."""
    left, right = a, b
    if isinstance(a, Ones):
        if a.transposed and b.ndim in {1, 2}:
            left = _repeated(a, (1, b.shape[0]))
        elif not a.transposed and b.ndim == 2 and b.shape[0] == 1:
            left = _repeated(a, (1, 1))  # repeated by the sum it stands in
        else:
            raise EquationError(r"the length of \mathbf{1} is unknown: give it a value")
    if isinstance(b, Ones):
        if not b.transposed and a.ndim == 2:
            right = _repeated(b, (a.shape[1],))
        elif b.transposed and a.ndim == 1:
            right = _repeated(b, (1, 1))
        else:
            raise EquationError(r"the length of \mathbf{1} is unknown: give it a value")
    return left, right


def _repeated(ones: Ones, shape: tuple[int, ...]) -> Value:
    array = ones.array.reshape((*ones.array.shape, *(1 for _ in shape)))
    return Value(array * np.ones(shape), ones.axes)


def transpose(value: Value) -> Value:
    """A vector becomes a row; a matrix is mirrored."""
    if isinstance(value, Ones):
        return Ones(value.array, value.axes, not value.transposed)
    if value.ndim == 0:
        return value
    if value.ndim == 1:
        return Value(value.array[..., None, :], value.axes)
    if value.ndim > 2:
        raise EquationError(f"no transpose of an array of shape {value.shape}")
    return Value(np.swapaxes(value.array, -1, -2), value.axes)


def move_to_shape(value: Value, axes: Sequence[int], sizes: dict[int, int]) -> Value:
    """Turn axes of indices into ordinary ones, in the given order, in front."""
    rest = tuple(axis for axis in value.axes if axis not in axes)
    wide = tuple(sorted({*rest, *axes}))
    known = dict(zip(value.axes, value.array.shape, strict=False))
    array = full(value, wide, {**sizes, **known})
    order = [*(wide.index(a) for a in rest), *(wide.index(a) for a in axes)]
    ordinary = range(len(wide), array.ndim)
    return Value(np.transpose(array, [*order, *ordinary]), rest)


def take(
    value: Value, items: Sequence[Value], starts: Sequence[int], outside: float | None
) -> tuple[Value, Value | None]:
    """Entries of an array, and where an index lay outside of it.

    `starts` are the numbers that the first entry along each axis has. Indices outside
    give `outside`, or any entry if that is None: the caller must look at the mask.
    """
    if _plain(value, items, starts):
        return _relabel(value, items, starts), None
    axes = union([value, *items])
    places: list[Array | slice] = []
    for axis, size in zip(value.axes, value.array.shape, strict=False):
        places.append(spread(Value(np.arange(size), (axis,)), axes))
    wrong: Value | None = None
    for k, item in enumerate(items):
        place = Value(item.array - starts[k], item.axes)
        size = value.shape[k]
        bad = (place.array < 0) | (place.array >= size)
        if bad.any():
            mask = Value(bad, place.axes)
            wrong = mask if wrong is None else elementwise(np.logical_or, wrong, mask)
        places.append(
            spread(Value(np.clip(place.array, 0, size - 1), place.axes), axes)
        )
    found = Value(value.array[tuple(places)], axes)
    if wrong is not None and outside is not None:
        inside = Value(~wrong.array, wrong.axes)
        return where(inside, found, outside), None
    return found, wrong


def _plain(value: Value, items: Sequence[Value], starts: Sequence[int]) -> bool:
    axes = [axis for item in items for axis in item.axes]
    if len(set(axes)) != len(axes) or set(axes) & set(value.axes):
        return False
    return all(
        isinstance(item, IndexValue)
        and item.start >= first
        and item.stop - first < value.shape[k]
        for k, (item, first) in enumerate(zip(items, starts, strict=False))
    )


def _relabel(value: Value, items: Sequence[Value], starts: Sequence[int]) -> Value:
    cut: list[slice] = [slice(None)] * len(value.axes)
    for item, first in zip(items, starts, strict=False):
        assert isinstance(item, IndexValue)
        cut.append(slice(item.start - first, item.stop - first + 1))
    array = value.array[tuple(cut)]
    axes = [*value.axes, *(axis for item in items for axis in item.axes)]
    order = sorted(range(len(axes)), key=axes.__getitem__)
    ordinary = range(len(axes), array.ndim)
    return Value(np.transpose(array, [*order, *ordinary]), tuple(sorted(axes)))
