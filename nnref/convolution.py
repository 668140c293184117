r"""Convolution of images: what deep learning calls so is cross-correlation.

Images are (n, channels, rows, columns), kernels (out, in, rows, columns). A kernel is
laid on the image as it stands, without being flipped. `stride`, `padding` and
`dilation` are one integer for both axes or a pair (rows, columns).
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike

from nnref._check import Array, as_float, shaped, whole
from nnref._window import Pair, images, pair


def conv_output_size(
    size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    r"""Number of positions at which a kernel fits, along one axis.

    $$
    n_{\text{out}} = \left\lfloor \frac{n + 2p - d(k - 1) - 1}{s} \right\rfloor + 1
    $$

    The kernel spans $d(k - 1) + 1$ positions. Where the stride does not divide what is
    left, the last positions are not read.

    Parameters
    ----------
    size : int, at least 1
        The extent $n$ of the input, in pixels.
    kernel : int, at least 1
        The number $k$ of weights.
    stride : int, at least 1
        How far the kernel moves from one output to the next, $s$.
    padding : int, at least 0
        The number $p$ of zeros on each side.
    dilation : int, at least 1
        The distance $d$ between the pixels that neighbouring weights read.

    Returns
    -------
    int, at least 1

    Raises
    ------
    ValueError
        If an argument is out of range, or the kernel spans more than there is.

    References
    ----------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning.

    Examples
    --------
    >>> from nnref import conv_output_size
    >>> conv_output_size(28, 5)
    24
    >>> conv_output_size(28, 5, padding=2)
    28
    >>> conv_output_size(224, 7, stride=2, padding=3)
    112
    >>> conv_output_size(9, 3, stride=3, padding=1, dilation=2)
    3
    >>> conv_output_size(2, 3, padding=1, dilation=2)
    Traceback (most recent call last):
    ValueError: kernel spans 5 positions, expected at most 4: 2 and the padding
    """
    size, kernel = whole(size, "size"), whole(kernel, "kernel")
    stride, dilation = whole(stride, "stride"), whole(dilation, "dilation")
    padded = size + 2 * whole(padding, "padding", 0)
    span = dilation * (kernel - 1) + 1
    if span > padded:
        raise ValueError(
            f"kernel spans {span} positions, "
            f"expected at most {padded}: {size} and the padding"
        )
    return (padded - span) // stride + 1


def receptive_field(layers: Sequence[tuple[int, ...]]) -> int:
    r"""Extent of the input that one output of a stack of layers can see, on one axis.

    $$
    r_l = r_{l-1} + d_l (k_l - 1) \prod_{i=1}^{l-1} s_i, \qquad r_0 = 1
    $$

    A step to the next input of layer $l$ is a step of $\prod_{i<l} s_i$ pixels of the
    image. Padding does not change the extent, only how much of it is image.

    Parameters
    ----------
    layers : sequence of (kernel, stride, dilation)
        Convolution or pooling layers, the first one first. Stride and dilation may be
        left out from the end: they are 1.

    Returns
    -------
    int, in pixels

    Raises
    ------
    ValueError
        If a layer is not one to three integers of at least 1.

    References
    ----------
    Araujo, Norris and Sim (2019), Computing Receptive Fields of Convolutional Neural
    Networks.

    Examples
    --------
    >>> from nnref import receptive_field
    >>> receptive_field([(3, 1), (3, 1), (3, 1)])
    7
    >>> receptive_field([(5, 2), (2, 3), (3, 1)])  # 1 + 4 + 1 * 2 + 2 * 2 * 3
    19
    >>> receptive_field([(3,), (3, 1, 2), (3, 1, 4)])  # dilation 1, 2, 4
    15
    >>> receptive_field([(3, 0)])
    Traceback (most recent call last):
    ValueError: stride of layer 1 is 0, expected an integer of at least 1
    >>> receptive_field([(3, 1, 1, 2)])
    Traceback (most recent call last):
    ValueError: layer 1 is (3, 1, 1, 2), expected (kernel, stride, dilation)
    """
    field, step = 1, 1
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, tuple | list) or not 1 <= len(layer) <= 3:
            raise ValueError(
                f"layer {number} is {layer!r}, expected (kernel, stride, dilation)"
            )
        kernel, stride, dilation = (*layer, 1, 1)[:3]
        span = whole(dilation, f"dilation of layer {number}", 1) * (
            whole(kernel, f"kernel of layer {number}", 1) - 1
        )
        field += span * step
        step *= whole(stride, f"stride of layer {number}", 1)
    return field


# How many numbers are worked on at a time: half a megabyte of float32, which stays in
# the cache of a processor core while it is written, multiplied and read.
_BLOCK = 1 << 17


class _Plan(NamedTuple):
    """The shape of the result, and the options, each (rows, columns)."""

    shape: tuple[int, ...]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def _arguments(
    x: ArrayLike, w: ArrayLike, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Array, _Plan]:
    """Return x and w, checked, and what is to be done with them."""
    x, w = images(x), as_float(w, "w")
    if w.ndim != 4:
        raise ValueError(f"w has shape {w.shape}, expected (out, in, rows, columns)")
    if len(w) % whole(groups, "groups"):
        raise ValueError(
            f"groups is {groups}, expected a divisor of {len(w)}, the output channels"
        )
    channels = groups * w.shape[1]
    if x.shape[1] != channels:
        raise ValueError(
            f"x has shape {x.shape}, expected (n, {channels}, rows, columns)"
        )
    stride, padding = pair(stride, "stride", 1), pair(padding, "padding", 0)
    dilation = pair(dilation, "dilation", 1)
    extent = (
        conv_output_size(size, k, stride=s, padding=p, dilation=d)
        for size, k, s, p, d in zip(
            x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True
        )
    )
    shape = len(x), len(w), *extent
    return x, w, _Plan(shape, stride, padding, dilation, groups)


def _patches(x: Array, w: Array, plan: _Plan) -> tuple[Array, Array, Array, int]:
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
    x: Array, w: Array, plan: _Plan
) -> Iterator[tuple[slice, slice, tuple[int, ...], Array]]:
    """Yield images, rows, and for their outputs what the kernels read, as a matrix.

    Its rows are the weights, its columns the outputs, whose shape (images, rows, width)
    comes with it. With groups there is a matrix for each. The next overwrites it.
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
                part = copied
            weights = c // plan.groups * k1 * k2
            matrix = part.reshape(plan.groups, weights, math.prod(outputs))
            yield slice(i, i + m), slice(j, j + height), outputs, matrix


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    r"""Slide kernels over images; each output is a weighted sum of what one covers.

    $$
    z_{o i j} = b_o + \sum_{c=1}^{C} \sum_{u=0}^{k_1 - 1} \sum_{v=0}^{k_2 - 1}
    w_{o c u v} \,
    x_{c, \; s_1 i + d_1 u - p_1, \; s_2 j + d_2 v - p_2}
    $$

    for each image, with rows and columns counted from 0 and $x = 0$ outside the image.
    Stride $s$, padding $p$ and dilation $d$ are those of the rows (1) and the columns
    (2). With groups, the channels are split into equal consecutive parts: output
    channel $o$ sees the input channels of its own part only, $C$ of them.

    What the kernels read is copied to the columns of a matrix, for a few images at a
    time: one matrix product then computes all their outputs.

    Parameters
    ----------
    x : array (n, groups * in, rows, columns)
        A batch of images.
    w : array (out, in, kernel rows, kernel columns)
    b : array (out,), optional
    stride : int or (int, int), at least 1
        How far the kernel moves from one output to the next.
    padding : int or (int, int), at least 0
        Rows and columns of zeros on each side.
    dilation : int or (int, int), at least 1
        Distance between the pixels that neighbouring weights read.
    groups : int, at least 1
        Must divide out.

    Returns
    -------
    array (n, out, output rows, output columns)
        Extents as given by `conv_output_size`.

    Raises
    ------
    ValueError
        If a shape does not fit, an option is out of range, or the kernel spans more
        than the image with its padding.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning Applied to
    Document Recognition. Goodfellow, Bengio and Courville (2016), Deep Learning,
    section 9.5.
    Dilation: Yu and Koltun (2016), Multi-Scale Context Aggregation by Dilated
    Convolutions. Groups: Krizhevsky, Sutskever and Hinton (2012), ImageNet
    Classification with Deep Convolutional Neural Networks.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import conv2d
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) ** 2 % 7
    >>> print(x[0, 0])
    [[0. 1. 4. 2. 2.]
     [4. 1. 0. 1. 4.]
     [2. 2. 4. 1. 0.]
     [1. 4. 2. 2. 4.]]
    >>> w = np.array([[[[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]]])
    >>> print(conv2d(x, w)[0, 0])
    [[ 1. 12. 19.]
     [16.  0.  1.]
     [ 8. 14. 16.]]
    >>> options = {"stride": (1, 2), "padding": (1, 0), "dilation": (3, 1)}
    >>> print(conv2d(x, w, [10.0], **options)[0, 0])
    [[20.  9.]
     [14. 28.]
     [16. 12.]]

    Two groups, where the first two kernels see the first two channels only:

    >>> x = np.arange(1.0, 9.0).reshape(1, 4, 1, 2)
    >>> w = np.array([[1.0, 0.0], [10.0, 1.0], [1.0, 0.0], [10.0, 1.0]])
    >>> w = w[:, :, None, None]
    >>> print(conv2d(x, w, groups=2)[0, :, 0])
    [[ 1.  2.]
     [13. 24.]
     [ 5.  6.]
     [57. 68.]]
    >>> conv2d(x, w)
    Traceback (most recent call last):
    ValueError: x has shape (1, 4, 1, 2), expected (n, 2, rows, columns)
    >>> conv2d(x, w[np.newaxis])
    Traceback (most recent call last):
    ValueError: w has shape (1, 4, 2, 1, 1), expected (out, in, rows, columns)
    """
    x, w, plan = _arguments(x, w, stride, padding, dilation, groups)
    _, o, _, columns = plan.shape
    kernels = w.reshape(groups, o // groups, math.prod(w.shape[1:]))
    bias = None if b is None else shaped(b, (o,), "b")[:, None, None]
    z = np.empty(plan.shape, np.result_type(x, w, *([] if bias is None else [bias])))
    for some, rows, outputs, matrix in _matrices(x, w, plan):
        products = (kernels @ matrix).reshape(o, *outputs)[..., :columns]
        z[some, :, rows] = products.swapaxes(0, 1)
        if bias is not None:
            z[some, :, rows] += bias
    return z


def conv2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    input_gradient: bool = True,
) -> tuple[Array, ...]:
    r"""Gradients of `conv2d`.

    $$
    \begin{aligned}
    \frac{\partial L}{\partial x_{n c a e}} &= \sum_{o, i, j, u, v}
    \frac{\partial L}{\partial z_{n o i j}} \, w_{o c u v} \,
    [s_1 i + d_1 u - p_1 = a] \, [s_2 j + d_2 v - p_2 = e] \\
    \frac{\partial L}{\partial w_{o c u v}} &= \sum_{n, i, j}
    \frac{\partial L}{\partial z_{n o i j}} \,
    x_{n, c, \; s_1 i + d_1 u - p_1, \; s_2 j + d_2 v - p_2} \\
    \frac{\partial L}{\partial b_o} &= \sum_{n, i, j}
    \frac{\partial L}{\partial z_{n o i j}}
    \end{aligned}
    $$

    Each pixel and weight gets back from wherever it went; what is shared, $w$ and $b$,
    gets the sum over all positions and images $n$. With groups, $o$ runs over the
    output channels that see $c$. With stride and dilation 1 the gradient to x is a
    convolution of `dy` with the flipped kernels, and that to w one of x with `dy`.

    Parameters
    ----------
    dy : array (n, out, output rows, output columns)
        Gradient of the loss with respect to `conv2d(x, w, b)`.
    x : array (n, groups * in, rows, columns)
    w : array (out, in, kernel rows, kernel columns)
    b : array (out,), optional
    stride, padding, dilation, groups
        Those of `conv2d`.
    input_gradient : bool
        Whether the gradient to x is wanted; training does not need it for data.

    Returns
    -------
    one to three arrays
        Gradient of the loss with respect to x (if wanted), to w and, if b is given, to
        b, each in the shape of its variable.

    Raises
    ------
    ValueError
        If a shape does not fit, or an option is out of range.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.5.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import conv2d_backward
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) ** 2 % 7
    >>> w = np.array([[[[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]]])
    >>> dy = np.arange(1.0, 9.0).reshape(1, 1, 4, 2)
    >>> options = {"stride": (1, 2), "padding": (1, 0), "dilation": (2, 1)}
    >>> dx, dw, db = conv2d_backward(dy, x, w, [10.0], **options)
    >>> print(dx[0, 0])
    [[ 3.  6.  4.  8.  0.]
     [ 5.  9.  9. 10.  6.]
     [ 7. 11. 17. 12. 12.]
     [ 0. -5. 15. -6. 18.]]
    >>> print(dw[0, 0])
    [[82. 44. 72.]
     [43. 45. 54.]]
    >>> print(db)
    [36.]

    Two groups, each with its own part of the channels:

    >>> x = np.arange(1.0, 9.0).reshape(1, 4, 1, 2)
    >>> w = np.array([[1.0, 10.0], [100.0, 1000.0]])[:, :, None, None]
    >>> dy = np.array([[[[6.0, 0.0]], [[0.0, 1.0]]]])
    >>> dx, dw = conv2d_backward(dy, x, w, groups=2)
    >>> print(dx[0, :, 0])
    [[   6.    0.]
     [  60.    0.]
     [   0.  100.]
     [   0. 1000.]]
    >>> print(dw[:, :, 0, 0])
    [[ 6. 18.]
     [ 6.  8.]]
    >>> (dw,) = conv2d_backward(dy, x, w, groups=2, input_gradient=False)
    """
    x, w, plan = _arguments(x, w, stride, padding, dilation, groups)
    dy = shaped(dy, plan.shape, "dy").astype(np.result_type(x, w), copy=False)
    gradients: tuple[Array, ...] = (_kernel_gradient(dy, x, w, plan),)
    if b is not None:
        shaped(b, (len(w),), "b")
        gradients += (dy.sum(axis=(0, 2, 3)),)
    if not input_gradient:
        return gradients
    return _image_gradient(dy, x, w, plan), *gradients


def _kernel_gradient(dy: Array, x: Array, w: Array, plan: _Plan) -> Array:
    """Return the gradient to w: each weight gets what it read, times dy, summed."""
    (_, o, _, columns), *_, groups = plan
    dw = np.zeros((groups, math.prod(w.shape[1:]), o // groups), dy.dtype)
    for some, rows, outputs, matrix in _matrices(x, w, plan):
        dz = np.zeros((o, *outputs), dy.dtype)  # and so it stays where no output is
        dz[..., :columns] = dy[some, :, rows].swapaxes(0, 1)
        dz = dz.reshape(groups, o // groups, matrix.shape[2])
        dw += matrix @ dz.swapaxes(1, 2)
    return dw.swapaxes(1, 2).reshape(w.shape)


def _image_gradient(dy: Array, x: Array, w: Array, plan: _Plan) -> Array:
    """Return the gradient to x: each pixel gets all that read it, times dy, summed."""
    _, stride, padding, dilation, groups = plan
    o, c, *extent = w.shape
    p1, p2 = (
        d * (k - 1) - p for d, k, p in zip(dilation, extent, padding, strict=True)
    )
    # Convolving copies o numbers for each weight of a kernel, adding back c of them.
    # That takes longer for each number, and pays off only where o is far greater.
    if stride == (1, 1) and min(p1, p2) >= 0 and o // groups <= 2 * c:
        parts = w.reshape(groups, o // groups, c, *extent)[..., ::-1, ::-1]
        flipped = parts.swapaxes(1, 2).reshape(groups * c, o // groups, *extent)
        return conv2d(dy, flipped, padding=(p1, p2), dilation=dilation, groups=groups)
    return _add_back(dy, x, w, plan)


def _add_back(dy: Array, x: Array, w: Array, plan: _Plan) -> Array:
    """Return the gradient to x: what was copied for a weight is added back."""
    dpadded, dinside, dpatches, height = _patches(x, w, plan)
    c, k1, k2, m, _, width = dpatches.shape
    (n, o, tall, columns), *_, groups = plan
    kernels = w.reshape(groups, o // groups, math.prod(w.shape[1:])).swapaxes(1, 2)
    # With one output channel to a group both are equal, and `*` is faster.
    times = np.multiply if o == groups else np.matmul
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
            for u, v in itertools.product(range(k1), range(k2)):
                dpatches[:, u, v, : outputs[0], j : j + height] += dread[:, u, v]
        dx[i : i + m] = dinside[:, : len(dx[i : i + m])].swapaxes(0, 1)
    return dx
