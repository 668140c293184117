r"""Pooling: each window of an image becomes one number, in each channel by itself.

Images are (n, channels, rows, columns). `kernel_size`, `stride` and `padding` are one
integer for both axes or a pair (rows, columns); the stride is the size of the window
unless it is given. The gradients have the shape and dtype of `x`; integers are computed
with as float64.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, flag, shaped
from nnref._engines.pooling import Windows, largest, largest_backward, meets
from nnref._window import Pair, images, pair
from nnref.convolution import conv_output_size
from nnref.layer import Layer

__all__ = [
    "AvgPool2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "MaxPool2D",
    "avg_pool2d",
    "avg_pool2d_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "global_max_pool2d",
    "global_max_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
]


def max_pool2d(
    x: ArrayLike, kernel_size: Pair, *, stride: Pair | None = None, padding: Pair = 0
) -> Array:
    r"""Largest value of each window.

    $$
    y_{i j} = \max_{0 \le u \le k_1 - 1} \; \max_{0 \le v \le k_2 - 1}
    x_{s_1 i + u - p_1, \; s_2 j + v - p_2}
    $$

    for each image and channel, with rows and columns counted from 0. Kernel size $k$,
    stride $s$ and padding $p$ are those of the rows (1) and the columns (2). Padding is
    minus infinity: it is never the largest, as zeros would be among negative values.

    Parameters
    ----------
    x : array (n, channels, rows, columns)
    kernel_size : int or (int, int), at least 1
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
    >>> import nnref
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) * 7 % 11 - 12
    >>> print(x[0, 0])
    [[-12.  -5.  -9.  -2.  -6.]
     [-10.  -3.  -7. -11.  -4.]
     [ -8. -12.  -5.  -9.  -2.]
     [ -6. -10.  -3.  -7. -11.]]
    >>> print(nnref.max_pool2d(x, 2)[0, 0])  # the last column is not read
    [[-3. -2.]
     [-6. -3.]]
    >>> print(nnref.max_pool2d(x, (3, 2), stride=(1, 2), padding=(1, 0))[0, 0])
    [[-3. -2.]
     [-3. -2.]
     [-3. -3.]
     [-6. -3.]]
    >>> print(nnref.max_pool2d(x, 3, stride=(2, 3), padding=1)[0, 0])
    [[-3. -2.]
     [-3. -2.]]
    >>> nnref.max_pool2d(x, 3, padding=2)
    Traceback (most recent call last):
    ValueError: padding is 2, expected at most 1: else a window is mostly padding
    >>> nnref.max_pool2d(x, 6)
    Traceback (most recent call last):
    ValueError: kernel_size is 6, expected at most 4: 4 and the padding
    """
    x = images(x)
    return largest(x, _windows(x, kernel_size, stride, padding))


def max_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    kernel_size: Pair,
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
    what it gets and no more. A maximum that is NaN counts as equal to all. What is
    infinite or NaN in `dy` goes to the maximum, too, and the others get 0.

    Parameters
    ----------
    dy : array (n, channels, output rows, output columns)
        Gradient of the loss with respect to `max_pool2d(x, kernel_size)`.
    x : array (n, channels, rows, columns)
    kernel_size, stride, padding
        Those of `max_pool2d`.
    y : array shaped like dy, optional
        `max_pool2d(x, kernel_size)`, where it is known already.

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
    >>> import nnref
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) * 7 % 11 - 12
    >>> dy = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> print(nnref.max_pool2d_backward(dy, x, 2)[0, 0])
    [[0. 0. 0. 2. 0.]
     [0. 1. 0. 0. 0.]
     [0. 0. 0. 0. 0.]
     [3. 0. 4. 0. 0.]]
    >>> print(nnref.max_pool2d_backward(dy, x, 3, stride=(2, 3), padding=1)[0, 0])
    [[0. 0. 0. 2. 0.]
     [0. 4. 0. 0. 0.]
     [0. 0. 0. 0. 4.]
     [0. 0. 0. 0. 0.]]
    >>> x = np.zeros((1, 1, 2, 3))
    >>> print(nnref.max_pool2d_backward([[[[5.0]]]], x, (2, 3))[0, 0])
    [[5. 0. 0.]
     [0. 0. 0.]]
    """
    x = images(x)
    windows = _windows(x, kernel_size, stride, padding)
    y = largest(x, windows) if y is None else shaped(y, windows.shape, "y")
    dy = shaped(dy, windows.shape, "dy")
    return largest_backward(dy.astype(x.dtype, copy=False), x, y, windows)


def avg_pool2d(
    x: ArrayLike,
    kernel_size: Pair,
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
    kernel_size : int or (int, int), at least 1
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
    >>> import nnref
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) ** 2 % 7
    >>> print(x[0, 0])
    [[0. 1. 4. 2. 2.]
     [4. 1. 0. 1. 4.]
     [2. 2. 4. 1. 0.]
     [1. 4. 2. 2. 4.]]
    >>> print(nnref.avg_pool2d(x, 2)[0, 0])
    [[1.5  1.75]
     [2.25 2.25]]
    >>> print(nnref.avg_pool2d(x, (2, 4), stride=(2, 1), padding=(1, 0))[0, 0])
    [[0.875 1.125]
     [1.875 1.625]
     [1.125 1.5  ]]
    >>> y = nnref.avg_pool2d(
    ...     x, (2, 4), stride=(2, 1), padding=(1, 0), count_include_pad=False
    ... )
    >>> print(y[0, 0])  # one row of the first and last windows is padding
    [[1.75  2.25 ]
     [1.875 1.625]
     [2.25  3.   ]]
    >>> nnref.avg_pool2d(x, 2, padding=(1, 2))
    Traceback (most recent call last):
    ValueError: padding is 2, expected at most 1: else a window is mostly padding
    """
    x = images(x)
    windows = _windows(x, kernel_size, stride, padding)
    shape, tall, wide, _ = windows
    rows = np.zeros((*shape[:3], x.shape[3]), x.dtype)
    for out, seen in tall:
        rows[:, :, out] += x[:, :, seen]
    y = np.zeros(shape, x.dtype)
    for out, seen in wide:
        y[..., out] += rows[..., seen]
    y /= _divisor(x, windows, kernel_size, count_include_pad)
    return y


def avg_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    kernel_size: Pair,
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
        Gradient of the loss with respect to `avg_pool2d(x, kernel_size)`.
    x : array (n, channels, rows, columns)
    kernel_size, stride, padding, count_include_pad
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
    >>> import nnref
    >>> x = np.zeros((1, 1, 3, 5))
    >>> dy = np.array([[[[4.0, 8.0], [12.0, 16.0]]]])
    >>> print(nnref.avg_pool2d_backward(dy, x, 2, stride=(1, 2))[0, 0])
    [[1. 1. 2. 2. 0.]
     [4. 4. 6. 6. 0.]
     [3. 3. 4. 4. 0.]]
    >>> dy = np.array([[[[6.0, 12.0, 18.0]]]])
    >>> print(nnref.avg_pool2d_backward(dy, x, (3, 2), padding=(0, 1))[0, 0])
    [[1. 2. 2. 3. 3.]
     [1. 2. 2. 3. 3.]
     [1. 2. 2. 3. 3.]]
    >>> options = {"padding": (0, 1), "count_include_pad": False}
    >>> dx = nnref.avg_pool2d_backward(dy, x, (3, 2), **options)
    >>> print(dx[0, 0])  # the first window has 3 pixels in the image, the others 6
    [[2. 2. 2. 3. 3.]
     [2. 2. 2. 3. 3.]
     [2. 2. 2. 3. 3.]]
    """
    x = images(x)
    windows = _windows(x, kernel_size, stride, padding)
    shape, tall, wide, _ = windows
    dy = shaped(dy, shape, "dy").astype(x.dtype, copy=False)
    share = dy / _divisor(x, windows, kernel_size, count_include_pad)
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
    >>> import nnref
    >>> x = np.arange(24.0).reshape(2, 3, 4, 1) ** 2
    >>> print(nnref.global_avg_pool2d(x))
    [[  3.5  31.5  91.5]
     [183.5 307.5 463.5]]
    >>> nnref.global_avg_pool2d(x[0])
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
    >>> import nnref
    >>> dx = nnref.global_avg_pool2d_backward([[6.0, -12.0]], np.zeros((1, 2, 4, 3)))
    >>> print(dx[0, :, 0])  # the first row of each channel
    [[ 0.5  0.5  0.5]
     [-1.  -1.  -1. ]]
    """
    x = images(x)
    share = shaped(dy, x.shape[:2], "dy").astype(x.dtype) / (x.shape[2] * x.shape[3])
    return np.full(x.shape, share[:, :, None, None])


def global_max_pool2d(x: ArrayLike) -> Array:
    r"""Largest value of each channel: one number per feature map.

    $$
    y_{n c} = \max_{1 \le a \le H} \; \max_{1 \le e \le W} x_{n c a e}
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
    Oquab, Bottou, Laptev and Sivic (2015), Is Object Localization for Free?
    Weakly-Supervised Learning with Convolutional Neural Networks.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = np.arange(24.0).reshape(2, 3, 4, 1) * 7 % 31 - 32
    >>> print(nnref.global_max_pool2d(x))
    [[-11.  -4.  -7.]
     [ -3.  -6.  -2.]]
    >>> nnref.global_max_pool2d(x[0])
    Traceback (most recent call last):
    ValueError: x has shape (3, 4, 1), expected (n, channels, rows, columns)
    """
    y: Array = images(x).max(axis=(2, 3))
    return y


def global_max_pool2d_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of `global_max_pool2d`: all of it goes to the largest pixel.

    $$
    \frac{\partial L}{\partial x_{n c a e}}
    = \frac{\partial L}{\partial y_{n c}} [x_{n c a e} = y_{n c}]
    $$

    Of equal maxima the first one, row by row, takes it all. The first pixel that is NaN
    counts as the largest.

    Parameters
    ----------
    dy : array (n, channels)
        Gradient of the loss with respect to `global_max_pool2d(x)`.
    x : array (n, channels, rows, columns)

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
    Oquab, Bottou, Laptev and Sivic (2015), Is Object Localization for Free?
    Weakly-Supervised Learning with Convolutional Neural Networks.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = np.array([[[[1.0, 5.0, 5.0]], [[-4.0, -2.0, -3.0]]]])
    >>> print(nnref.global_max_pool2d_backward([[6.0, 7.0]], x)[0, :, 0])
    [[0. 6. 0.]
     [0. 7. 0.]]
    """
    x = images(x)
    dy = shaped(dy, x.shape[:2], "dy").astype(x.dtype, copy=False)
    rows, columns = x.shape[2:]
    first = x.reshape(*x.shape[:2], rows * columns).argmax(axis=2)
    dx = np.zeros(x.shape, x.dtype)
    n, c = np.ogrid[: x.shape[0], : x.shape[1]]
    dx[n, c, first // columns, first % columns] = dy
    return dx


def _windows(
    x: Array, kernel_size: Pair, stride: Pair | None, padding: Pair
) -> Windows:
    """Return where the windows of these options lie on x, all of them checked."""
    kernel_size, stride, padding = _checked(kernel_size, stride, padding)
    extent, along = [], []
    for n, k, s, p in zip(x.shape[2:], kernel_size, stride, padding, strict=True):
        if k > n + 2 * p:
            raise ValueError(
                f"kernel_size is {k}, expected at most {n + 2 * p}: {n} and the padding"
            )
        extent.append(conv_output_size(n, k, stride=s, padding=p))
        along.append(meets(n, k, extent[-1], s, p))
    tall, wide = along
    apart = stride[0] >= kernel_size[0] and stride[1] >= kernel_size[1]
    return Windows((*x.shape[:2], *extent), tall, wide, apart)


def _checked(
    kernel_size: Pair, stride: Pair | None, padding: Pair
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Return each of them as (rows, columns), in its range."""
    kernel_size = pair(kernel_size, "kernel_size", 1)
    stride = kernel_size if stride is None else pair(stride, "stride", 1)
    padding = pair(padding, "padding", 0)
    for k, p in zip(kernel_size, padding, strict=True):
        if p > k // 2:
            raise ValueError(
                f"padding is {p}, expected at most {k // 2}: "
                "else a window is mostly padding"
            )
    return kernel_size, stride, padding


def _divisor(
    x: Array, windows: Windows, kernel_size: Pair, count_include_pad: bool
) -> Array:
    """Return how many pixels each window counts, one number for each output."""
    _, _, *extent = windows.shape
    if flag(count_include_pad, "count_include_pad"):
        return np.full(extent, math.prod(pair(kernel_size, "kernel_size", 1)), x.dtype)
    rows, columns = (np.zeros(n, x.dtype) for n in extent)
    for inside, along in (rows, windows.tall), (columns, windows.wide):
        for out, _ in along:
            inside[out] += 1
    return np.outer(rows, columns)


class MaxPool2D(Layer):
    """Maximum of each window. See `nnref.pooling.max_pool2d`.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Of a window.
    stride : int or (int, int), optional
        That of the windows; by default `kernel_size`, so that they do not overlap.
    padding : int or (int, int)
        At most half of `kernel_size`; never the maximum.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.MaxPool2D((1, 2))
    >>> layer
    MaxPool2D((1, 2))
    >>> print(layer.forward(np.array([[[[1.0, 5.0, 4.0, 4.0]]]])))
    [[[[5. 4.]]]]
    >>> print(layer.backward(np.array([[[[2.0, 3.0]]]])))
    [[[[0. 2. 3. 0.]]]]
    >>> nnref.MaxPool2D(3, stride=2, padding=1)
    MaxPool2D(3, stride=2, padding=1)
    """

    def __init__(
        self, kernel_size: Pair, *, stride: Pair | None = None, padding: Pair = 0
    ) -> None:
        super().__init__()
        self._kernel_size, self._options = _pooling(kernel_size, stride, padding)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) pooled."""
        y = max_pool2d(x, self._kernel_size, **self._options)
        self._saved = x, y
        return y

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x."""
        x, y = self._recall()
        return max_pool2d_backward(dy, x, self._kernel_size, **self._options, y=y)

    def __repr__(self) -> str:
        return _pooling_repr(self, self._kernel_size, self._options)


class AvgPool2D(Layer):
    """Mean of each window. See `nnref.pooling.avg_pool2d`.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Of a window.
    stride : int or (int, int), optional
        That of the windows; by default `kernel_size`, so that they do not overlap.
    padding : int or (int, int)
        At most half of `kernel_size`.
    count_include_pad : bool
        Whether the zeros of the padding count in a mean.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.AvgPool2D((1, 2))
    >>> print(layer.forward(np.array([[[[1.0, 5.0, 4.0, 4.0]]]])))
    [[[[3. 4.]]]]
    >>> print(layer.backward(np.array([[[[2.0, 3.0]]]])))
    [[[[1.  1.  1.5 1.5]]]]
    >>> layer = nnref.AvgPool2D((1, 3), padding=(0, 1), count_include_pad=False)
    >>> layer
    AvgPool2D((1, 3), padding=(0, 1), count_include_pad=False)
    >>> print(layer.forward(np.array([[[[1.0, 5.0, 4.0, 4.0]]]])))
    [[[[3. 4.]]]]
    """

    def __init__(
        self,
        kernel_size: Pair,
        *,
        stride: Pair | None = None,
        padding: Pair = 0,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self._kernel_size, self._options = _pooling(kernel_size, stride, padding)
        self._options["count_include_pad"] = flag(
            count_include_pad, "count_include_pad"
        )

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) pooled."""
        self._saved = x
        return avg_pool2d(x, self._kernel_size, **self._options)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x."""
        return avg_pool2d_backward(
            dy, self._recall(), self._kernel_size, **self._options
        )

    def __repr__(self) -> str:
        return _pooling_repr(self, self._kernel_size, self._options)


class GlobalAvgPool2D(Layer):
    """Mean of each channel over all its pixels. See `nnref.pooling.global_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.GlobalAvgPool2D()
    >>> print(layer.forward(np.array([[[[1.0, 5.0]], [[4.0, 4.0]]]])))
    [[3. 4.]]
    >>> print(layer.backward(np.array([[2.0, 3.0]]))[0, :, 0])
    [[1.  1. ]
     [1.5 1.5]]
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) as its means (n, c)."""
        self._saved = x
        return global_avg_pool2d(x)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, for dy (n, c)."""
        return global_avg_pool2d_backward(dy, self._recall())


class GlobalMaxPool2D(Layer):
    """Maximum of each channel. See `nnref.pooling.global_max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.GlobalMaxPool2D()
    >>> print(layer.forward(np.array([[[[1.0, 5.0]], [[4.0, 4.0]]]])))
    [[5. 4.]]
    >>> print(layer.backward(np.array([[2.0, 3.0]]))[0, :, 0])
    [[0. 2.]
     [3. 0.]]
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) as its maxima (n, c)."""
        self._saved = x
        return global_max_pool2d(x)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, for dy (n, c)."""
        return global_max_pool2d_backward(dy, self._recall())


def _pooling(
    kernel_size: Pair, stride: Pair | None, padding: Pair
) -> tuple[Pair, dict[str, Any]]:
    """Return the arguments of a pooling function, each a number in its range."""
    _checked(kernel_size, stride, padding)
    return kernel_size, {"stride": stride, "padding": padding}


def _pooling_repr(layer: Layer, kernel_size: Pair, options: dict[str, Any]) -> str:
    plain = {"stride": None, "padding": 0, "count_include_pad": True}
    words = [f"{k}={v}" for k, v in options.items() if v != plain[k]]
    return f"{type(layer).__name__}({', '.join([str(kernel_size), *words])})"
