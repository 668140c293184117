r"""Pooling: each window of an image becomes one number, in each channel by itself.

Images are (n, channels, rows, columns). `size`, `stride` and `padding` are one integer
for both axes or a pair (rows, columns); the stride is the size of the window unless it
is given. The gradients have the shape and dtype of `x`; integers are computed with as
float64.
"""

import itertools
import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, shaped
from nnref._keep import keep
from nnref._window import Pair, images, pair
from nnref.convolution import conv_output_size

# How many pixels are worked on at a time: they stay in the cache of a processor core.
_BLOCK = 1 << 17

# For a position within the window: the outputs whose window has it inside the image,
# and the pixels that it is there.
_Meet: TypeAlias = tuple[slice, slice]


def _windows(
    x: Array, size: Pair, stride: Pair | None, padding: Pair
) -> tuple[tuple[int, ...], list[_Meet], list[_Meet], bool]:
    """Return the shape of the result, where it meets x, and whether windows lie apart.

    Where: along the rows, and along the columns. Apart: no pixel is in two windows.
    """
    size = pair(size, "size", 1)
    stride = size if stride is None else pair(stride, "stride", 1)
    padding = pair(padding, "padding", 0)
    extent, along = [], []
    for n, k, s, p in zip(x.shape[2:], size, stride, padding, strict=True):
        if p > k // 2:
            raise ValueError(
                f"padding is {p}, expected at most {k // 2}: "
                "else a window is mostly padding"
            )
        if k > n + 2 * p:
            raise ValueError(
                f"size is {k}, expected at most {n + 2 * p}: {n} and the padding"
            )
        extent.append(conv_output_size(n, k, stride=s, padding=p))
        along.append(_meets(n, k, extent[-1], s, p))
    tall, wide = along
    apart = stride[0] >= size[0] and stride[1] >= size[1]
    return (*x.shape[:2], *extent), tall, wide, apart


def _meets(size: int, kernel: int, out: int, stride: int, padding: int) -> list[_Meet]:
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


def _blocks(x: Array) -> Iterator[slice]:
    """Yield the samples a few at a time."""
    m = max(1, _BLOCK // max(1, math.prod(x.shape[1:])))
    return (slice(i, i + m) for i in range(0, len(x), m))


def _largest(x: Array, extent: int, along: list[_Meet], axis: int) -> Array:
    """Return the maximum of every window along axis 2 or 3."""
    before = (slice(None),) * axis
    y = np.empty((*x.shape[:axis], extent, *x.shape[axis + 1 :]), x.dtype)
    (out, seen), *others = along
    y[*before, : out.start] = -np.inf  # the first windows may begin with padding
    y[*before, out] = x[*before, seen]
    for out, seen in others:
        part = y[*before, out]
        np.maximum(part, x[*before, seen], out=part)
    return y


def max_pool2d(
    x: ArrayLike, size: Pair, *, stride: Pair | None = None, padding: Pair = 0
) -> Array:
    r"""Largest value of each window.

    $$
    y_{i j} = \max_{0 \le u \le k_1 - 1} \; \max_{0 \le v \le k_2 - 1}
    x_{s_1 i + u - p_1, \; s_2 j + v - p_2}
    $$

    for each image and channel, with rows and columns counted from 0. Size $k$, stride
    $s$ and padding $p$ are those of the rows (1) and the columns (2). Padding is minus
    infinity: it is never the largest, as zeros would be among negative values.

    Parameters
    ----------
    x : array (n, channels, rows, columns)
    size : int or (int, int), at least 1
        Extent of the window.
    stride : int or (int, int), at least 1, optional
        How far the window moves from one output to the next; by default, its size.
    padding : int or (int, int)
        On each side, at most half of the window: more, and a window would hold more
        padding than image.

    Returns
    -------
    array (n, channels, output rows, output columns)
        Extents as given by `conv_output_size`.

    Raises
    ------
    ValueError
        If x is not a batch of images, an option is out of range, or the window is
        larger than the image with its padding.

    References
    ----------
    Boureau, Ponce and LeCun (2010), A Theoretical Analysis of Feature Pooling in Visual
    Recognition.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import max_pool2d
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) * 7 % 11 - 12
    >>> print(x[0, 0])
    [[-12.  -5.  -9.  -2.  -6.]
     [-10.  -3.  -7. -11.  -4.]
     [ -8. -12.  -5.  -9.  -2.]
     [ -6. -10.  -3.  -7. -11.]]
    >>> print(max_pool2d(x, 2)[0, 0])  # the last column is not read
    [[-3. -2.]
     [-6. -3.]]
    >>> print(max_pool2d(x, (3, 2), stride=(1, 2), padding=(1, 0))[0, 0])
    [[-3. -2.]
     [-3. -2.]
     [-3. -3.]
     [-6. -3.]]
    >>> print(max_pool2d(x, 3, stride=(2, 3), padding=1)[0, 0])
    [[-3. -2.]
     [-3. -2.]]
    >>> max_pool2d(x, 3, padding=2)
    Traceback (most recent call last):
    ValueError: padding is 2, expected at most 1: else a window is mostly padding
    >>> max_pool2d(x, 6)
    Traceback (most recent call last):
    ValueError: size is 6, expected at most 4: 4 and the padding
    """
    x = images(x)
    shape, tall, wide, _ = _windows(x, size, stride, padding)
    y = np.empty(shape, x.dtype)
    for some in _blocks(x):
        columns = _largest(x[some], shape[3], wide, 3)
        y[some] = _largest(columns, shape[2], tall, 2)
    return y


def max_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    y: ArrayLike | None = None,
) -> Array:
    r"""Gradient of `max_pool2d`: all of it goes to the maximum of each window.

    $$
    \frac{\partial L}{\partial x_{a e}}
    = \sum_{i, j} \frac{\partial L}{\partial y_{i j}} [x_{a e} = y_{i j}]
    [0 \le a + p_1 - s_1 i < k_1] [0 \le e + p_2 - s_2 j < k_2]
    $$

    Of equal maxima the first one, row by row, takes it all, so that a window passes on
    what it gets and no more. A maximum that is NaN counts as equal to all.

    Parameters
    ----------
    dy : array (n, channels, output rows, output columns)
        Gradient of the loss with respect to `max_pool2d(x, size)`.
    x : array (n, channels, rows, columns)
    size, stride, padding
        Those of `max_pool2d`.
    y : array shaped like dy, optional
        `max_pool2d(x, size)`, where it is known already.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If a shape does not fit, or an option is out of range.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.3.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import max_pool2d_backward
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) * 7 % 11 - 12
    >>> dy = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> print(max_pool2d_backward(dy, x, 2)[0, 0])
    [[0. 0. 0. 2. 0.]
     [0. 1. 0. 0. 0.]
     [0. 0. 0. 0. 0.]
     [3. 0. 4. 0. 0.]]
    >>> print(max_pool2d_backward(dy, x, 3, stride=(2, 3), padding=1)[0, 0])
    [[0. 0. 0. 2. 0.]
     [0. 4. 0. 0. 0.]
     [0. 0. 0. 0. 4.]
     [0. 0. 0. 0. 0.]]
    >>> print(max_pool2d_backward([[[[5.0]]]], np.zeros((1, 1, 2, 3)), (2, 3))[0, 0])
    [[5. 0. 0.]
     [0. 0. 0.]]
    """
    x = images(x)
    shape, tall, wide, apart = _windows(x, size, stride, padding)
    if y is None:
        y = max_pool2d(x, size, stride=stride, padding=padding)
    y = shaped(y, shape, "y").astype(x.dtype, copy=False)
    dy = shaped(dy, shape, "dy").astype(x.dtype, copy=False)
    dx = np.zeros(x.shape, x.dtype)
    meets = [*itertools.product(tall, wide)]
    for some in _blocks(x):
        x_, y_, dy_, dx_ = x[some], y[some], dy[some], dx[some]
        searching = np.ones(y_.shape, bool)  # for the maximum of each window
        for meet in meets:
            (out_rows, rows), (out_columns, columns) = meet
            out, seen = (..., out_rows, out_columns), (..., rows, columns)
            if meet is meets[-1]:  # nothing else is left
                found = searching[out]
            else:
                below = x_[seen] < y_[out]  # False where y is NaN
                found = searching[out] > below  # searching, and not below
                searching[out] ^= found
            if apart:
                dx_[seen] = keep(dy_[out], found)
            else:
                dx_[seen] += keep(dy_[out], found)
    return dx


def _means(
    x: Array,
    size: Pair,
    stride: Pair | None,
    padding: Pair,
    count_include_pad: bool,
) -> tuple[tuple[int, ...], list[_Meet], list[_Meet], Array]:
    """Return shape and meets as `_windows` does, and what each window divides by."""
    shape, tall, wide, _ = _windows(x, size, stride, padding)
    rows, columns = np.zeros(shape[2], x.dtype), np.zeros(shape[3], x.dtype)
    for inside, along in (rows, tall), (columns, wide):
        for out, _ in along:
            inside[out] += 1
    if count_include_pad:
        rows[...], columns[...] = pair(size, "size", 1)
    return shape, tall, wide, np.outer(rows, columns)


def avg_pool2d(
    x: ArrayLike,
    size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    count_include_pad: bool = True,
) -> Array:
    r"""Mean of each window.

    $$
    y_{i j} = \frac{1}{m_{i j}} \sum_{u=0}^{k_1 - 1} \sum_{v=0}^{k_2 - 1}
    x_{s_1 i + u - p_1, \; s_2 j + v - p_2}
    $$

    for each image and channel, with rows and columns counted from 0 and $x = 0$ outside
    the image. The divisor $m_{i j}$ is the size of the window, $k_1 k_2$, or the number
    of its pixels that are inside the image.

    Parameters
    ----------
    x : array (n, channels, rows, columns)
    size : int or (int, int), at least 1
        Extent of the window.
    stride : int or (int, int), at least 1, optional
        How far the window moves from one output to the next; by default, its size.
    padding : int or (int, int)
        Zeros on each side, at most half of the window: more, and a window would hold
        more padding than image.
    count_include_pad : bool
        Whether the divisor counts the padding.

    Returns
    -------
    array (n, channels, output rows, output columns)
        Extents as given by `conv_output_size`.

    Raises
    ------
    ValueError
        If x is not a batch of images, an option is out of range, or the window is
        larger than the image with its padding.

    References
    ----------
    Boureau, Ponce and LeCun (2010), A Theoretical Analysis of Feature Pooling in Visual
    Recognition.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import avg_pool2d
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) ** 2 % 7
    >>> print(x[0, 0])
    [[0. 1. 4. 2. 2.]
     [4. 1. 0. 1. 4.]
     [2. 2. 4. 1. 0.]
     [1. 4. 2. 2. 4.]]
    >>> print(avg_pool2d(x, 2)[0, 0])
    [[1.5  1.75]
     [2.25 2.25]]
    >>> print(avg_pool2d(x, (2, 4), stride=(2, 1), padding=(1, 0))[0, 0])
    [[0.875 1.125]
     [1.875 1.625]
     [1.125 1.5  ]]
    >>> y = avg_pool2d(
    ...     x, (2, 4), stride=(2, 1), padding=(1, 0), count_include_pad=False
    ... )
    >>> print(y[0, 0])  # one row of the first and last windows is padding
    [[1.75  2.25 ]
     [1.875 1.625]
     [2.25  3.   ]]
    >>> avg_pool2d(x, 2, padding=(1, 2))
    Traceback (most recent call last):
    ValueError: padding is 2, expected at most 1: else a window is mostly padding
    """
    x = images(x)
    shape, tall, wide, count = _means(x, size, stride, padding, count_include_pad)
    rows = np.zeros((*shape[:3], x.shape[3]), x.dtype)
    for out, seen in tall:
        rows[:, :, out] += x[:, :, seen]
    y = np.zeros(shape, x.dtype)
    for out, seen in wide:
        y[..., out] += rows[..., seen]
    y /= count
    return y


def avg_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    count_include_pad: bool = True,
) -> Array:
    r"""Gradient of `avg_pool2d`: each window spreads it evenly.

    $$
    \frac{\partial L}{\partial x_{a e}}
    = \sum_{i, j} \frac{1}{m_{i j}} \frac{\partial L}{\partial y_{i j}}
    [0 \le a + p_1 - s_1 i < k_1] [0 \le e + p_2 - s_2 j < k_2]
    $$

    Of x, only the shape and dtype count. What a window spreads over padding is lost.

    Parameters
    ----------
    dy : array (n, channels, output rows, output columns)
        Gradient of the loss with respect to `avg_pool2d(x, size)`.
    x : array (n, channels, rows, columns)
    size, stride, padding, count_include_pad
        Those of `avg_pool2d`.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If a shape does not fit, or an option is out of range.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.3.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import avg_pool2d_backward
    >>> x = np.zeros((1, 1, 3, 5))
    >>> dy = np.array([[[[4.0, 8.0], [12.0, 16.0]]]])
    >>> print(avg_pool2d_backward(dy, x, 2, stride=(1, 2))[0, 0])
    [[1. 1. 2. 2. 0.]
     [4. 4. 6. 6. 0.]
     [3. 3. 4. 4. 0.]]
    >>> dy = np.array([[[[6.0, 12.0, 18.0]]]])
    >>> print(avg_pool2d_backward(dy, x, (3, 2), padding=(0, 1))[0, 0])
    [[1. 2. 2. 3. 3.]
     [1. 2. 2. 3. 3.]
     [1. 2. 2. 3. 3.]]
    >>> dx = avg_pool2d_backward(dy, x, (3, 2), padding=(0, 1), count_include_pad=False)
    >>> print(dx[0, 0])  # the first window has 3 pixels in the image, the others 6
    [[2. 2. 2. 3. 3.]
     [2. 2. 2. 3. 3.]
     [2. 2. 2. 3. 3.]]
    """
    x = images(x)
    shape, tall, wide, count = _means(x, size, stride, padding, count_include_pad)
    dy = shaped(dy, shape, "dy").astype(x.dtype, copy=False)
    share = dy / count
    drows = np.zeros((*shape[:3], x.shape[3]), x.dtype)
    for out, seen in wide:
        drows[..., seen] += share[..., out]
    dx = np.zeros(x.shape, x.dtype)
    for out, seen in tall:
        dx[:, :, seen] += drows[:, :, out]
    return dx


def global_avg_pool2d(x: ArrayLike) -> Array:
    r"""Mean of each channel over all its pixels: one number per feature map.

    $$
    y_{n c} = \frac{1}{H W} \sum_{a=1}^{H} \sum_{e=1}^{W} x_{n c a e}
    $$

    Parameters
    ----------
    x : array (n, channels, rows, columns)

    Returns
    -------
    array (n, channels)

    Raises
    ------
    ValueError
        If x is not a batch of images.

    References
    ----------
    Lin, Chen and Yan (2014), Network In Network.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import global_avg_pool2d
    >>> x = np.arange(24.0).reshape(2, 3, 4, 1) ** 2
    >>> print(global_avg_pool2d(x))
    [[  3.5  31.5  91.5]
     [183.5 307.5 463.5]]
    >>> global_avg_pool2d(x[0])
    Traceback (most recent call last):
    ValueError: x has shape (3, 4, 1), expected (n, channels, rows, columns)
    """
    y: Array = images(x).mean(axis=(2, 3))
    return y


def global_avg_pool2d_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `global_avg_pool2d`: every pixel gets the same share.

    $$
    \frac{\partial L}{\partial x_{n c a e}}
    = \frac{1}{H W} \frac{\partial L}{\partial y_{n c}}
    $$

    Parameters
    ----------
    dy : array (n, channels)
        Gradient of the loss with respect to `global_avg_pool2d(x)`.
    x : array (n, channels, rows, columns)
        Only its shape and dtype count.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If a shape does not fit.

    References
    ----------
    Lin, Chen and Yan (2014), Network In Network.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import global_avg_pool2d_backward
    >>> dx = global_avg_pool2d_backward([[6.0, -12.0]], np.zeros((1, 2, 4, 3)))
    >>> print(dx[0, :, 0])  # the first row of each channel
    [[ 0.5  0.5  0.5]
     [-1.  -1.  -1. ]]
    """
    x = images(x)
    share = shaped(dy, x.shape[:2], "dy").astype(x.dtype) / (x.shape[2] * x.shape[3])
    return np.full(x.shape, share[:, :, None, None])
