"""Convolution as products of matrices, for a few images at a time.

Arguments are arrays that fit: `nnref.convolution` has checked them.
"""

import contextlib
import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnref._check import Array

# How many numbers are worked on at a time: half a megabyte of float32, which stays in
# the cache of a processor core while it is written, multiplied and read.
_BLOCK = 1 << 17


class Plan(NamedTuple):
    """The shape of the result, and the options, each (rows, columns)."""

    shape: tuple[int, ...]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def convolved(x: Array, w: Array, b: Array | None, plan: Plan) -> Array:
    """Return x convolved by the kernels w, plus b: one product of matrices at a time.

    What the kernels read is copied to the columns of a matrix, for a few images at a
    time.
    """
    try:
        with np.errstate(over="raise", invalid="raise"):
            return _convolved(x, w, b, plan)
    except FloatingPointError:  # perhaps only in what is thrown away
        return _convolved(x, w, b, plan, cut=True)


def _convolved(
    x: Array, w: Array, b: Array | None, plan: Plan, *, cut: bool = False
) -> Array:
    _, o, _, columns = plan.shape
    kernels = w.reshape(plan.groups, o // plan.groups, math.prod(w.shape[1:]))
    bias = None if b is None else b[:, None, None]
    z = np.empty(plan.shape, np.result_type(x, w, *([] if bias is None else [bias])))
    for some, rows, outputs, matrix in _matrices(x, w, plan, cut):
        products = (kernels @ matrix).reshape(o, *outputs)[..., :columns]
        z[some, :, rows] = products.swapaxes(0, 1)
        if bias is not None:
            z[some, :, rows] += bias
    return z


def kernel_gradient(dy: Array, x: Array, w: Array, plan: Plan) -> Array:
    """Return the gradient to w: each weight gets what it read, times dy, summed."""
    with (
        contextlib.suppress(FloatingPointError),
        np.errstate(over="raise", invalid="raise"),
    ):
        dw = _kernel_gradient(dy, x, w, plan)
        if np.isfinite(dw).all():
            return dw
    # Perhaps only because an infinite pixel was multiplied with 0 where no output is.
    return _kernel_gradient(dy, x, w, plan, cut=True)


def _kernel_gradient(
    dy: Array, x: Array, w: Array, plan: Plan, *, cut: bool = False
) -> Array:
    (_, o, _, columns), *_, groups = plan
    dw = np.zeros((groups, math.prod(w.shape[1:]), o // groups), dy.dtype)
    for some, rows, outputs, matrix in _matrices(x, w, plan, cut):
        dz = np.zeros((o, *outputs), dy.dtype)  # and so it stays where no output is
        dz[..., :columns] = dy[some, :, rows].swapaxes(0, 1)
        dz = dz.reshape(groups, o // groups, matrix.shape[2])
        dw += matrix @ dz.swapaxes(1, 2)
    return dw.swapaxes(1, 2).reshape(w.shape)


def image_gradient(dy: Array, x: Array, w: Array, plan: Plan) -> Array:
    """Return the gradient to x: each pixel gets all that read it, times dy, summed."""
    _, stride, padding, dilation, groups = plan
    o, c, *extent = w.shape
    p1, p2 = (
        d * (k - 1) - p for d, k, p in zip(dilation, extent, padding, strict=True)
    )
    # Convolving copies o numbers for each weight of a kernel, adding back c of them.
    # That takes longer for each number, and pays off only where o is far greater.
    # But it multiplies all weights with the padding: an infinite one would spread.
    fits = stride == (1, 1) and min(p1, p2) >= 0
    if fits and o // groups <= 2 * c and np.isfinite(w).all():
        parts = w.reshape(groups, o // groups, c, *extent)[..., ::-1, ::-1]
        flipped = parts.swapaxes(1, 2).reshape(groups * c, o // groups, *extent)
        whole = Plan(x.shape, stride, (p1, p2), dilation, groups)
        return convolved(dy, flipped, None, whole)
    return _add_back(dy, x, w, plan)


def _add_back(dy: Array, x: Array, w: Array, plan: Plan) -> Array:
    """Return the gradient to x: what was copied for a weight is added back."""
    dpadded, dinside, dpatches, height = _patches(x, w, plan)
    c, k1, k2, m, _, width = dpatches.shape
    (n, o, tall, columns), *_, groups = plan
    kernels = w.reshape(groups, o // groups, math.prod(w.shape[1:])).swapaxes(1, 2)
    # With one output channel to a group both are equal, and `*` is faster.
    times = np.multiply if o == groups else np.matmul
    finite = np.isfinite(w).all()
    dx = np.empty(x.shape, dy.dtype)
    for i in range(0, n, m):
        dpadded[...] = 0
        for j in range(0, tall, height):
            block = dy[i : i + m, :, j : j + height].swapaxes(0, 1)
            outputs = *block.shape[1:3], width
            dz = np.zeros((o, *outputs), dy.dtype)
            dz[..., :columns] = block
            dz = dz.reshape(groups, o // groups, math.prod(outputs))
            dread = times(kernels, dz).reshape(c, k1, k2, *outputs)
            if not finite:
                dread[..., columns:] = 0  # an infinite weight times 0 is NaN
            for u, v in itertools.product(range(k1), range(k2)):
                dpatches[:, u, v, : outputs[0], j : j + height] += dread[:, u, v]
        dx[i : i + m] = dinside[:, : len(dx[i : i + m])].swapaxes(0, 1)
    return dx


def _patches(x: Array, w: Array, plan: Plan) -> tuple[Array, Array, Array, int]:
    """Return room for a few padded images, its inside, what weights read, and a height.

    The inside is (channels, images, rows, columns), what is read (channels, kernel
    rows, kernel columns, images, output rows, width): both are views of the first. The
    height says how many of the output rows to work on at a time.
    """
    n, c, *size = x.shape
    (_, _, rows, columns), (s1, s2), (p1, p2), (d1, d2), _ = plan
    k1, k2 = w.shape[2:]
    tall, wide = size[0] + 2 * p1, size[1] + 2 * p2

    # A padded image lies in memory row by row: what weight (u, v) reads for output
    # after output is the image from pixel (d1 u, d2 v) on. With stride 1 that is one
    # stretch of memory, and copied at one go, if the windows that stick out to the
    # right, into the next row, are kept at first: `width` counts them, too.
    width = wide if (s1, s2) == (1, 1) else columns
    read = max(1, max(c * k1 * k2, len(w)) * rows * width)  # by one image
    m = max(1, min(n, _BLOCK // read))
    height = math.ceil(rows / max(1, read // _BLOCK))
    padded = np.zeros((c, m, tall * wide + d2 * (k2 - 1)), np.result_type(x, w))
    inside = padded[:, :, : tall * wide].reshape(c, m, tall, wide)
    inside = inside[:, :, p1 : p1 + size[0], p2 : p2 + size[1]]
    channel, image, pixel = padded.strides
    row = wide * pixel
    patches = as_strided(
        padded,
        (c, k1, k2, m, rows, width),
        (channel, d1 * row, d2 * pixel, image, s1 * row, s2 * pixel),
    )
    return padded, inside, patches, height


def _matrices(
    x: Array, w: Array, plan: Plan, cut: bool
) -> Iterator[tuple[slice, slice, tuple[int, ...], Array]]:
    """Yield images, rows, and for their outputs what the kernels read, as a matrix.

    Its rows are the weights, its columns the outputs, whose shape (images, rows, width)
    comes with it. With groups there is a matrix for each. The next overwrites it. Where
    windows stick out it holds what they read, or 0 if that is to be cut off.
    """
    _, inside, patches, height = _patches(x, w, plan)
    c, k1, k2, m, rows, width = patches.shape
    room = np.empty(c * k1 * k2 * m * height * width, patches.dtype)
    for i in range(0, len(x), m):
        block = x[i : i + m]
        inside[:, : len(block)] = block.swapaxes(0, 1)
        for j in range(0, rows, height):
            part = patches[:, :, :, : len(block), j : j + height]
            outputs = part.shape[3:]
            if not part.flags.c_contiguous:
                copied = room[: part.size].reshape(part.shape)
                copied[...] = part
                if cut:
                    copied[..., plan.shape[3] :] = 0
                part = copied
            weights = c // plan.groups * k1 * k2
            matrix = part.reshape(plan.groups, weights, math.prod(outputs))
            yield slice(i, i + m), slice(j, j + height), outputs, matrix
