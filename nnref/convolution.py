r"""Convolution of images: what deep learning calls so is cross-correlation.

Images are (n, channels, rows, columns), kernels (out, in, rows, columns). A kernel is
laid on the image as it stands, without being flipped. `stride`, `padding` and
`dilation` are one integer for both axes or a pair (rows, columns).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnref._check import Array, as_float, drawn, flag, shaped, whole
from nnref._engines.convolution import Plan, convolved, image_gradient, kernel_gradient
from nnref._window import Pair, images, pair
from nnref.initialization import he_normal
from nnref.layer import Layer

__all__ = [
    "Conv2D",
    "conv2d",
    "conv2d_backward",
    "conv_output_size",
    "receptive_field",
]


def conv_output_size(
    size: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
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
    kernel_size : int, at least 1
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
    >>> import nnref
    >>> nnref.conv_output_size(28, 5)
    24
    >>> nnref.conv_output_size(28, 5, padding=2)
    28
    >>> nnref.conv_output_size(224, 7, stride=2, padding=3)
    112
    >>> nnref.conv_output_size(9, 3, stride=3, padding=1, dilation=2)
    3
    >>> nnref.conv_output_size(2, 3, padding=1, dilation=2)
    Traceback (most recent call last):
    ValueError: kernel spans 5 positions, expected at most 4: 2 and the padding
    """
    size, kernel_size = whole(size, "size"), whole(kernel_size, "kernel_size")
    stride, dilation = whole(stride, "stride"), whole(dilation, "dilation")
    padded = size + 2 * whole(padding, "padding", 0)
    span = dilation * (kernel_size - 1) + 1
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
    layers : sequence of (kernel_size, stride, dilation)
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
    >>> import nnref
    >>> nnref.receptive_field([(3, 1), (3, 1), (3, 1)])
    7
    >>> nnref.receptive_field([(5, 2), (2, 3), (3, 1)])  # 1 + 4 + 1 * 2 + 2 * 2 * 3
    19
    >>> nnref.receptive_field([(3,), (3, 1, 2), (3, 1, 4)])  # dilation 1, 2, 4
    15
    >>> nnref.receptive_field([(3, 0)])
    Traceback (most recent call last):
    ValueError: stride of layer 1 is 0, expected an integer of at least 1
    >>> nnref.receptive_field([(3, 1, 1, 2)])
    Traceback (most recent call last):
    ValueError: layer 1 is (3, 1, 1, 2), expected (kernel_size, stride, dilation)
    """
    field, step = 1, 1
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, tuple | list) or not 1 <= len(layer) <= 3:
            raise ValueError(
                f"layer {number} is {layer!r}, expected (kernel_size, stride, dilation)"
            )
        kernel_size, stride, dilation = (*layer, 1, 1)[:3]
        span = whole(dilation, f"dilation of layer {number}", 1) * (
            whole(kernel_size, f"kernel_size of layer {number}", 1) - 1
        )
        field += span * step
        step *= whole(stride, f"stride of layer {number}", 1)
    return field


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
    >>> import nnref
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) ** 2 % 7
    >>> print(x[0, 0])
    [[0. 1. 4. 2. 2.]
     [4. 1. 0. 1. 4.]
     [2. 2. 4. 1. 0.]
     [1. 4. 2. 2. 4.]]
    >>> w = np.array([[[[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]]])
    >>> print(nnref.conv2d(x, w)[0, 0])
    [[ 1. 12. 19.]
     [16.  0.  1.]
     [ 8. 14. 16.]]
    >>> options = {"stride": (1, 2), "padding": (1, 0), "dilation": (3, 1)}
    >>> print(nnref.conv2d(x, w, [10.0], **options)[0, 0])
    [[20.  9.]
     [14. 28.]
     [16. 12.]]

    Two groups, where the first two kernels see the first two channels only:

    >>> x = np.arange(1.0, 9.0).reshape(1, 4, 1, 2)
    >>> w = np.array([[1.0, 0.0], [10.0, 1.0], [1.0, 0.0], [10.0, 1.0]])
    >>> w = w[:, :, None, None]
    >>> print(nnref.conv2d(x, w, groups=2)[0, :, 0])
    [[ 1.  2.]
     [13. 24.]
     [ 5.  6.]
     [57. 68.]]
    >>> nnref.conv2d(x, w)
    Traceback (most recent call last):
    ValueError: x has shape (1, 4, 1, 2), expected (n, 2, rows, columns)
    >>> nnref.conv2d(x, w[np.newaxis])
    Traceback (most recent call last):
    ValueError: w has shape (1, 4, 2, 1, 1), expected (out, in, rows, columns)
    """
    x, w, plan = _arguments(x, w, stride, padding, dilation, groups)
    b = None if b is None else shaped(b, (len(w),), "b")
    return convolved(x, w, b, plan)


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
) -> tuple[Array | None, Array, Array | None]:
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
    dx, dw, db : arrays
        Gradient of the loss with respect to x, to w and to b, each in the shape of its
        variable. None stands for dx if that is not wanted, and for db without b.

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
    >>> import nnref
    >>> x = np.arange(20.0).reshape(1, 1, 4, 5) ** 2 % 7
    >>> w = np.array([[[[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]]])
    >>> dy = np.arange(1.0, 9.0).reshape(1, 1, 4, 2)
    >>> options = {"stride": (1, 2), "padding": (1, 0), "dilation": (2, 1)}
    >>> dx, dw, db = nnref.conv2d_backward(dy, x, w, [10.0], **options)
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
    >>> dx, dw, _ = nnref.conv2d_backward(dy, x, w, groups=2)
    >>> print(dx[0, :, 0])
    [[   6.    0.]
     [  60.    0.]
     [   0.  100.]
     [   0. 1000.]]
    >>> print(dw[:, :, 0, 0])
    [[ 6. 18.]
     [ 6.  8.]]
    >>> nnref.conv2d_backward(dy, x, w, groups=2, input_gradient=False)[::2]
    (None, None)
    """
    x, w, plan = _arguments(x, w, stride, padding, dilation, groups)
    dy = shaped(dy, plan.shape, "dy").astype(np.result_type(x, w), copy=False)
    wanted = flag(input_gradient, "input_gradient")
    dx = image_gradient(dy, x, w, plan) if wanted else None
    if b is None:
        return dx, kernel_gradient(dy, x, w, plan), None
    shaped(b, (len(w),), "b")
    return dx, kernel_gradient(dy, x, w, plan), dy.sum(axis=(0, 2, 3))


def _arguments(
    x: ArrayLike, w: ArrayLike, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Array, Plan]:
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
    return x, w, Plan(shape, stride, padding, dilation, groups)


class Conv2D(Layer):
    r"""Convolution of images by kernels to be learned. See `nnref.convolution.conv2d`.

    Parameters
    ----------
    c_in, c_out : int
        Number of channels of the input and of the output.
    kernel_size : int or (rows, columns)
    rng : numpy.random.Generator
    stride, padding, dilation : int or (int, int)
    groups : int
        Must divide c_in and c_out.
    init : function
        `init((c_out // groups, c_in // groups, rows, columns), rng)` returns the first
        kernels of a group; each group gets its own.
    bias : bool
        Whether there is a b, one number for each output channel, which starts at zero.
    dtype : float dtype
        Of the parameters.

    Raises
    ------
    ValueError
        If a number is outside its range, `init` returns kernels of another shape, or
        `dtype` is not a floating-point type.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> layer = nnref.Conv2D(1, 2, (1, 2), rng, init=lambda shape, rng: np.ones(shape))
    >>> layer.params["w"][1] = [[[0.0, 10.0]]]
    >>> layer.params["b"][...] = [0.5, 0.0]
    >>> x = np.array([[[[1.0, 2.0, 4.0]]]])
    >>> print(layer.forward(x)[0, :, 0])
    [[ 3.5  6.5]
     [20.  40. ]]
    >>> print(layer.backward(np.array([[[[1.0, 0.0]], [[0.0, 2.0]]]]))[0, 0])
    [[ 1.  1. 20.]]
    >>> print(layer.grads["w"][:, 0, 0], layer.grads["b"])
    [[1. 2.]
     [4. 8.]] [1. 2.]
    >>> layer.backward_params(np.array([[[[0.0, 3.0]], [[0.0, 0.0]]]]))
    >>> print(layer.grads["w"][:, 0, 0], layer.grads["b"])
    [[ 6. 12.]
     [ 0.  0.]] [3. 0.]
    >>> nnref.Conv2D(4, 6, 3, rng)
    Conv2D(4, 6, (3, 3))
    >>> layer = nnref.Conv2D(4, 6, 3, rng, stride=2, padding=1, groups=2, bias=False)
    >>> layer
    Conv2D(4, 6, (3, 3), stride=2, padding=1, groups=2, bias=False)
    >>> layer.params["w"].shape, layer.forward(np.zeros((5, 4, 8, 7))).shape
    ((6, 2, 3, 3), (5, 6, 4, 4))
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: Pair,
        rng: np.random.Generator,
        *,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        init: Callable[[tuple[int, ...], np.random.Generator], Array] = he_normal,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
    ) -> None:
        c_in, c_out = whole(c_in, "c_in"), whole(c_out, "c_out")
        if c_in % whole(groups, "groups") or c_out % groups:
            raise ValueError(
                f"groups is {groups}, expected a divisor of {c_in} and {c_out}, "
                "the channels"
            )
        sides = pair(kernel_size, "kernel_size", 1)
        shape = (c_out // groups, c_in // groups, *sides)  # of one group
        w = np.concatenate([drawn(init, shape, rng, dtype) for _ in range(groups)])
        b = {"b": np.zeros(c_out, dtype)} if flag(bias, "bias") else {}
        super().__init__(w=w, **b)
        pair(stride, "stride", 1), pair(padding, "padding", 0)
        pair(dilation, "dilation", 1)
        self._options: dict[str, Any] = {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c_in, rows, columns) convolved: (n, c_out, rows, columns)."""
        self._saved = x
        return conv2d(x, self._params["w"], self._params.get("b"), **self._options)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, and set `grads`."""
        dx: Array = self._gradients(dy, input_gradient=True)
        return dx

    def backward_params(self, dy: Array) -> None:
        """Set `grads` for dy shaped like the last output."""
        self._gradients(dy, input_gradient=False)

    def _gradients(self, dy: Array, *, input_gradient: bool) -> Any:
        """Set `grads`, and return dx if that is wanted."""
        x, arrays = self._recall(), self._params.values()
        dx, dw, db = conv2d_backward(
            dy, x, *arrays, **self._options, input_gradient=input_gradient
        )
        self._grads = {"w": dw} if db is None else {"w": dw, "b": db}
        return dx

    def multiply_accumulates(self, y_shape: tuple[int, ...]) -> int:
        """Return the size of a kernel for each element of the output."""
        return math.prod(y_shape) * int(self._params["w"][0].size)

    def __repr__(self) -> str:
        w, groups = self._params["w"], self._options["groups"]
        words = [str(w.shape[1] * groups), str(len(w)), str(w.shape[2:])]
        plain = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
        options = self._options | {"bias": "b" in self._params}
        words += [f"{k}={v}" for k, v in options.items() if v != plain[k]]
        return f"Conv2D({', '.join(words)})"
