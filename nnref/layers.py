r"""Layers: what a network is made of.

A layer holds what the functions of this package leave to their caller: its parameters,
what the forward pass must remember for the backward pass, and the gradients.

- `y = layer.forward(x, training=False)` computes the output and remembers what
  `backward` needs. `training` matters only to layers that behave differently while they
  learn, such as dropout.
- `dx = layer.backward(dy)` takes the gradient of the loss with respect to the last
  output and returns that with respect to the last input.
- `layer.backward_params(dy)` does the same without dx, which is all that training asks
  of the first layer of a network.
- `layer.params` are the arrays to learn, by name; `layer.grads` are the gradients of
  the last `backward`, under the same names. They replace those of the one before, so
  there is nothing to set to zero.

Optimizers change the arrays in `params` in place. To set a parameter by hand, write
into its array, `layer.params["w"][...] = 0`, or assign, `layer.params["w"] = w`, which
does the same. `layer(x)` is short for `layer.forward(x)`.

Layers keep the arrays that they get and return until the next forward pass: whoever
changes one in place in between changes the next gradients.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnref._arrays import Arrays
from nnref._check import Array, by_name, generator, number, shaped, whole
from nnref._window import Pair, pair
from nnref.activations import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    log_softmax_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softmax,
    softmax_backward,
    softplus,
    softplus_backward,
    tanh,
    tanh_backward,
)
from nnref.convolution import conv2d, conv2d_backward
from nnref.dense import dense, dense_backward
from nnref.initialization import he_normal
from nnref.normalization import (
    _batch_statistics,
    batch_norm,
    batch_norm_backward,
    layer_norm,
    layer_norm_backward,
)
from nnref.pooling import (
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from nnref.regularization import dropout, dropout_backward


class Layer:
    """What all layers share. A layer of one's own derives from it.

    Such a layer defines `forward(x, training=False)`, which keeps in `self._saved` what
    `backward(dy)` takes back by `self._recall()`; `backward` sets `self._grads`.

    Parameters
    ----------
    params : arrays by name
        What the layer learns.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Layer
    >>> class Scale(Layer):
    ...     def forward(self, x, training=False):
    ...         self._saved = x
    ...         return self.params["s"] * x
    ...
    ...     def backward(self, dy):
    ...         self._grads = {"s": np.sum(dy * self._recall())}
    ...         return self.params["s"] * dy
    >>> layer = Scale(s=np.array(3.0))
    >>> print(layer.forward(np.array([1.0, 2.0])))
    [3. 6.]
    >>> print(layer.backward(np.array([1.0, 10.0])), layer.grads["s"])
    [ 3. 30.] 21.0
    >>> layer.backward_params(np.array([1.0, 0.0]))
    >>> print(layer.grads["s"])
    1.0
    """

    def __init__(self, **params: Array) -> None:
        self._params = params
        self._grads: dict[str, Array] = {}
        self._saved: Any = None

    @property
    def params(self) -> dict[str, Array]:
        """The arrays to learn, by name: the arrays themselves, not copies.

        Assigning to a name writes into its array.
        """
        return Arrays(self._params, "params")

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the last `backward`, by the names of `params`."""
        return Arrays(self._grads, "grads")

    @property
    def state(self) -> dict[str, Array]:
        """All arrays that make the layer what it is: `params`, and running statistics.

        `nnref.save` writes them to a file.
        """
        return Arrays(self._params, "state")

    def load_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Copy the `state` of another layer made as this one into that of this one.

        Parameters
        ----------
        state : arrays by name
            Such as `np.load` gives.

        Raises
        ------
        ValueError
            If an array is missing, unknown or of another shape. Nothing has changed
            then.
        """
        Arrays(self.state, "state").fill(by_name(state, "state"))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output for the input x."""
        raise NotImplementedError

    def __call__(self, x: Array, training: bool = False) -> Array:
        """Return `forward(x, training)`."""
        return self.forward(x, training)

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the last input, given that for the last output."""
        raise NotImplementedError

    def backward_params(self, dy: Array) -> None:
        """Set `grads` as `backward` does; no gradient for the last input is wanted."""
        self.backward(dy)

    def multiply_accumulates(self, y_shape: tuple[int, ...]) -> int:
        """Return how many products are added up for an output of this shape.

        Those of matrix products and convolutions; what other layers compute is little
        beside them, and counts as 0.
        """
        return 0

    def _recall(self) -> Any:
        """Return what `forward` saved."""
        if self._saved is None:
            raise RuntimeError(f"backward before forward in {self!r}")
        return self._saved

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Dense(Layer):
    r"""Fully connected layer, $Y = X W + b$. See `nnref.dense.dense`.

    Parameters
    ----------
    d_in, d_out : int
        Number of inputs and of outputs of each sample.
    rng : numpy.random.Generator
    init : function
        `init((d_in, d_out), rng)` returns the first weights.
    bias : bool
        Whether there is a b, which starts at zero.
    dtype : float dtype
        Of the parameters.

    Raises
    ------
    ValueError
        If `init` returns weights of another shape, or `dtype` is not a floating-point
        type.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Dense
    >>> rng = np.random.default_rng(0)
    >>> layer = Dense(2, 3, rng, init=lambda shape, rng: np.ones(shape))
    >>> layer.params["b"] += 0.5
    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> layer.forward(x)
    array([[3.5, 3.5, 3.5],
           [7.5, 7.5, 7.5]])
    >>> layer.backward(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]))
    array([[1., 1.],
           [2., 2.]])
    >>> layer.grads["w"]
    array([[1., 3., 3.],
           [2., 4., 4.]])
    >>> layer.grads["b"]
    array([1., 1., 1.])
    >>> layer.backward_params(np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    >>> print(layer.grads["w"], layer.grads["b"])
    [[2. 0. 3.]
     [4. 0. 4.]] [2. 0. 1.]
    >>> layer = Dense(2, 3, rng, bias=False, dtype=np.float32)
    >>> layer
    Dense(2, 3, bias=False)
    >>> layer.params
    {'w': array([[ 0.12573022, -0.13210486,  0.64042264],
           [ 0.10490011, -0.5356694 ,  0.36159506]], dtype=float32)}
    """

    def __init__(
        self,
        d_in: int,
        d_out: int,
        rng: np.random.Generator,
        *,
        init: Callable[[tuple[int, int], np.random.Generator], Array] = he_normal,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
    ) -> None:
        w = _drawn(init, (d_in, d_out), rng, dtype)
        super().__init__(w=w, **({"b": np.zeros(d_out, dtype)} if bias else {}))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return $X W + b$: x (n, d_in) to y (n, d_out)."""
        self._saved = x
        return dense(x, **self._params)

    def backward(self, dy: Array) -> Array:
        """Return dx (n, d_in) for dy (n, d_out), and set `grads`."""
        dx, *grads = dense_backward(dy, self._recall(), *self._params.values())
        self._grads = dict(zip(self._params, grads, strict=True))
        return dx

    def backward_params(self, dy: Array) -> None:
        """Set `grads` for dy (n, d_out)."""
        arrays = self._params.values()
        grads = dense_backward(dy, self._recall(), *arrays, input_gradient=False)
        self._grads = dict(zip(self._params, grads, strict=True))

    def multiply_accumulates(self, y_shape: tuple[int, ...]) -> int:
        """Return d_in for each element of the output."""
        return math.prod(y_shape) * len(self._params["w"])

    def __repr__(self) -> str:
        d_in, d_out = self._params["w"].shape
        return f"Dense({d_in}, {d_out}{'' if 'b' in self._params else ', bias=False'})"


class Conv2D(Layer):
    r"""Convolution of images by kernels to be learned. See `nnref.convolution.conv2d`.

    Parameters
    ----------
    c_in, c_out : int
        Number of channels of the input and of the output.
    kernel : int or (rows, columns)
        The size of a kernel.
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
    >>> from nnref import Conv2D
    >>> rng = np.random.default_rng(0)
    >>> layer = Conv2D(1, 2, (1, 2), rng, init=lambda shape, rng: np.ones(shape))
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
    >>> Conv2D(4, 6, 3, rng)
    Conv2D(4, 6, (3, 3))
    >>> layer = Conv2D(4, 6, 3, rng, stride=2, padding=1, groups=2, bias=False)
    >>> layer
    Conv2D(4, 6, (3, 3), stride=2, padding=1, groups=2, bias=False)
    >>> layer.params["w"].shape, layer.forward(np.zeros((5, 4, 8, 7))).shape
    ((6, 2, 3, 3), (5, 6, 4, 4))
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: Pair,
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
        shape = (c_out // groups, c_in // groups, *pair(kernel, "kernel", 1))
        w = np.concatenate([_drawn(init, shape, rng, dtype) for _ in range(groups)])
        super().__init__(w=w, **({"b": np.zeros(c_out, dtype)} if bias else {}))
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
        arrays = self._params.values()
        dx, *grads = conv2d_backward(dy, self._recall(), *arrays, **self._options)
        self._grads = dict(zip(self._params, grads, strict=True))
        return dx

    def backward_params(self, dy: Array) -> None:
        """Set `grads` for dy shaped like the last output."""
        arrays, options = self._params.values(), self._options
        grads = conv2d_backward(
            dy, self._recall(), *arrays, **options, input_gradient=False
        )
        self._grads = dict(zip(self._params, grads, strict=True))

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


def _drawn(
    init: Callable[[Any, np.random.Generator], Array],
    shape: tuple[int, ...],
    rng: np.random.Generator,
    dtype: DTypeLike,
) -> Array:
    """Return the first weights in an array of their own."""
    w = np.array(init(shape, rng), _floating(dtype))
    if w.shape != shape:
        raise ValueError(f"init gave shape {w.shape}, expected {shape}")
    return w


def _floating(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the dtype if it is a floating-point type."""
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"dtype is {np.dtype(dtype)}, expected a float type")
    return np.dtype(dtype)


class _Activation(Layer):
    """An activation function as a layer: nothing to learn, input of any shape."""

    _function: ClassVar[Callable[..., Array]]
    _function_backward: ClassVar[Callable[..., Array]]
    _reuses_y: ClassVar[bool] = False  # whether backward takes the output, too
    # Whether of x the sign alone counts: y has it, and the next layer keeps y anyway.
    _needs_sign: ClassVar[bool] = False

    def __init__(self, **options: float) -> None:
        super().__init__()
        self._options = options

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the function of x."""
        y = self._function(x, **self._options)
        self._saved = {"x": y if self._needs_sign else x}
        if self._reuses_y:
            self._saved["y"] = y
        return y

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the last input, in its shape."""
        return self._function_backward(dy, **self._recall(), **self._options)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self._options.items())
        return f"{type(self).__name__}({options})"


class Sigmoid(_Activation):
    """The logistic function as a layer. See `nnref.activations.sigmoid`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Sigmoid
    >>> layer = Sigmoid()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.2689 0.6225 0.8808]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.1966 0.47   0.315 ]
    """

    _function = staticmethod(sigmoid)
    _function_backward = staticmethod(sigmoid_backward)
    _reuses_y = True


class Tanh(_Activation):
    """The hyperbolic tangent as a layer. See `nnref.activations.tanh`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Tanh
    >>> layer = Tanh()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.7616  0.4621  0.964 ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.42   1.5729 0.212 ]
    """

    _function = staticmethod(tanh)
    _function_backward = staticmethod(tanh_backward)
    _reuses_y = True


class ReLU(_Activation):
    """The rectified linear unit as a layer. See `nnref.activations.relu`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import ReLU
    >>> layer = ReLU()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.  0.5 2. ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0. 2. 3.]
    """

    _function = staticmethod(relu)
    _function_backward = staticmethod(relu_backward)
    _needs_sign = True


class LeakyReLU(_Activation):
    r"""ReLU with a slope below zero, as a layer. See `nnref.activations.leaky_relu`.

    Parameters
    ----------
    alpha : float
        The $\alpha$ of the function.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import LeakyReLU
    >>> layer = LeakyReLU()
    >>> layer
    LeakyReLU(alpha=0.01)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.01  0.5   2.  ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.01 2.   3.  ]
    """

    _function = staticmethod(leaky_relu)
    _function_backward = staticmethod(leaky_relu_backward)

    def __init__(self, alpha: float = 0.01) -> None:
        super().__init__(alpha=alpha)


class ELU(_Activation):
    r"""The exponential linear unit as a layer. See `nnref.activations.elu`.

    Parameters
    ----------
    alpha : float
        The $\alpha$ of the function.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import ELU
    >>> layer = ELU()
    >>> layer
    ELU(alpha=1.0)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.6321  0.5     2.    ]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.3679 2.     3.    ]
    """

    _function = staticmethod(elu)
    _function_backward = staticmethod(elu_backward)

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha=alpha)


class Softplus(_Activation):
    """The smooth ReLU as a layer. See `nnref.activations.softplus`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Softplus
    >>> layer = Softplus()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.3133 0.9741 2.1269]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.2689 1.2449 2.6424]
    """

    _function = staticmethod(softplus)
    _function_backward = staticmethod(softplus_backward)


class GELU(_Activation):
    """The Gaussian error linear unit as a layer. See `nnref.activations.gelu`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import GELU
    >>> layer = GELU()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.1587  0.3457  1.9545]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [-0.0833  1.735   3.2557]
    """

    _function = staticmethod(gelu)
    _function_backward = staticmethod(gelu_backward)


class SiLU(_Activation):
    """The sigmoid linear unit as a layer. See `nnref.activations.silu`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import SiLU
    >>> layer = SiLU()
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-0.2689  0.3112  1.7616]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [0.0723 1.4799 3.2724]
    """

    _function = staticmethod(silu)
    _function_backward = staticmethod(silu_backward)


class Softmax(_Activation):
    """Softmax as a layer. See `nnref.activations.softmax`.

    Parameters
    ----------
    axis : int
        Along it the outputs sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Softmax
    >>> layer = Softmax()
    >>> layer
    Softmax(axis=-1)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [0.0391 0.1753 0.7856]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [-0.0683 -0.1309  0.1992]
    """

    _function = staticmethod(softmax)
    _function_backward = staticmethod(softmax_backward)
    _reuses_y = True

    def __init__(self, axis: int = -1) -> None:
        super().__init__(axis=axis)


class LogSoftmax(_Activation):
    """The logarithm of softmax as a layer. See `nnref.activations.log_softmax`.

    Parameters
    ----------
    axis : int
        Along it the exponentials of the outputs sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import LogSoftmax
    >>> layer = LogSoftmax()
    >>> layer
    LogSoftmax(axis=-1)
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])).round(4))
    [-3.2413 -1.7413 -0.2413]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])).round(4))
    [ 0.7653  0.9483 -1.7136]
    """

    _function = staticmethod(log_softmax)
    _function_backward = staticmethod(log_softmax_backward)
    _reuses_y = True

    def __init__(self, axis: int = -1) -> None:
        super().__init__(axis=axis)


class MaxPool2D(Layer):
    """Maximum of each window. See `nnref.pooling.max_pool2d`.

    Parameters
    ----------
    size : int or (int, int)
        Of a window.
    stride : int or (int, int), optional
        That of the windows; by default `size`, so that they do not overlap.
    padding : int or (int, int)
        At most half of `size`; never the maximum.

    Raises
    ------
    ValueError
        If a number is outside its range; in `forward`, if the padding is too large.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import MaxPool2D
    >>> layer = MaxPool2D((1, 2))
    >>> layer
    MaxPool2D((1, 2))
    >>> print(layer.forward(np.array([[[[1.0, 5.0, 4.0, 4.0]]]])))
    [[[[5. 4.]]]]
    >>> print(layer.backward(np.array([[[[2.0, 3.0]]]])))
    [[[[0. 2. 3. 0.]]]]
    >>> MaxPool2D(3, stride=2, padding=1)
    MaxPool2D(3, stride=2, padding=1)
    """

    def __init__(
        self, size: Pair, *, stride: Pair | None = None, padding: Pair = 0
    ) -> None:
        super().__init__()
        self._size, self._options = _pooling(size, stride, padding)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) pooled."""
        y = max_pool2d(x, self._size, **self._options)
        self._saved = x, y
        return y

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x."""
        x, y = self._recall()
        return max_pool2d_backward(dy, x, self._size, **self._options, y=y)

    def __repr__(self) -> str:
        return _pooling_repr(self, self._size, self._options)


class AvgPool2D(Layer):
    """Mean of each window. See `nnref.pooling.avg_pool2d`.

    Parameters
    ----------
    size : int or (int, int)
        Of a window.
    stride : int or (int, int), optional
        That of the windows; by default `size`, so that they do not overlap.
    padding : int or (int, int)
        At most half of `size`.
    count_include_pad : bool
        Whether the zeros of the padding count in a mean.

    Raises
    ------
    ValueError
        If a number is outside its range; in `forward`, if the padding is too large.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import AvgPool2D
    >>> layer = AvgPool2D((1, 2))
    >>> print(layer.forward(np.array([[[[1.0, 5.0, 4.0, 4.0]]]])))
    [[[[3. 4.]]]]
    >>> print(layer.backward(np.array([[[[2.0, 3.0]]]])))
    [[[[1.  1.  1.5 1.5]]]]
    >>> layer = AvgPool2D((1, 3), padding=(0, 1), count_include_pad=False)
    >>> layer
    AvgPool2D((1, 3), padding=(0, 1), count_include_pad=False)
    >>> print(layer.forward(np.array([[[[1.0, 5.0, 4.0, 4.0]]]])))
    [[[[3. 4.]]]]
    """

    def __init__(
        self,
        size: Pair,
        *,
        stride: Pair | None = None,
        padding: Pair = 0,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self._size, self._options = _pooling(size, stride, padding)
        self._options["count_include_pad"] = count_include_pad

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) pooled."""
        self._saved = x
        return avg_pool2d(x, self._size, **self._options)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x."""
        return avg_pool2d_backward(dy, self._recall(), self._size, **self._options)

    def __repr__(self) -> str:
        return _pooling_repr(self, self._size, self._options)


def _pooling(
    size: Pair, stride: Pair | None, padding: Pair
) -> tuple[Pair, dict[str, Any]]:
    """Return the arguments of a pooling function, each a number in its range."""
    pair(size, "size", 1), pair(padding, "padding", 0)
    if stride is not None:
        pair(stride, "stride", 1)
    return size, {"stride": stride, "padding": padding}


def _pooling_repr(layer: Layer, size: Pair, options: dict[str, Any]) -> str:
    plain = {"stride": None, "padding": 0, "count_include_pad": True}
    words = [f"{k}={v}" for k, v in options.items() if v != plain[k]]
    return f"{type(layer).__name__}({', '.join([str(size), *words])})"


class GlobalAvgPool2D(Layer):
    """Mean of each channel over all its pixels. See `nnref.pooling.global_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import GlobalAvgPool2D
    >>> layer = GlobalAvgPool2D()
    >>> print(layer.forward(np.array([[[[1.0, 5.0]], [[4.0, 4.0]]]])))
    [[3. 4.]]
    >>> print(layer.backward(np.array([[2.0, 3.0]]))[0, :, 0])
    [[1.  1. ]
     [1.5 1.5]]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, rows, columns) as its means (n, c)."""
        self._saved = x
        return global_avg_pool2d(x)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, for dy (n, c)."""
        return global_avg_pool2d_backward(dy, self._recall())


class BatchNorm(Layer):
    r"""Batch normalization with running statistics. See `nnref.normalization`.

    In training a channel is normalized by the mean and the variance of the batch, which
    also move the running ones:

    $$
    \tilde{\mu} = (1 - \rho) \mu + \rho \mu_B, \qquad
    \tilde{v} = (1 - \rho) v + \rho \frac{m}{m - 1} v_B
    $$

    where the batch has $m$ values in a channel, with mean $\mu_B$ and variance $v_B$;
    the factor makes the variance unbiased.
    In evaluation the running ones are used. They start at 0 and 1.

    Parameters
    ----------
    c : int
        Number of channels, or of features.
    rho : float
        Weight of the new batch in the running statistics.
    eps : float
    dtype : float dtype
        Of the parameters and the running statistics.

    Attributes
    ----------
    running_mean, running_var : arrays of shape (c,)

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    Ioffe and Szegedy (2015), Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift. The running mean, and $\rho = 0.1$, are those of
    PyTorch, which calls $\rho$ momentum.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import BatchNorm
    >>> layer = BatchNorm(2, rho=0.5, eps=1.0)
    >>> layer.params["gamma"][...] = [1.0, 2.0]
    >>> layer.params["beta"][...] = [3.0, 4.0]
    >>> x = np.array([[1.0, 0.0], [2.0, 3.0], [6.0, 9.0]])  # means 3 and 4
    >>> print(layer.forward(x, training=True).round(4))
    [[2.1598 1.9344]
     [2.5799 3.4836]
     [4.2603 6.582 ]]
    >>> print(layer.backward(np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 0.0]])).round(4))
    [[-0.3542 -0.7689]
     [ 0.313   1.2279]
     [ 0.0412 -0.459 ]]
    >>> print(layer.grads["gamma"].round(4), layer.grads["beta"])
    [ 2.9406 -3.3566] [8. 7.]
    >>> print(layer.running_mean, layer.running_var)
    [1.5 2. ] [ 4. 11.]
    >>> print(layer.forward(x[:1]).round(4))
    [[2.7764 2.8453]]
    >>> print(layer.backward(np.array([[1.0, 2.0]])).round(4))
    [[0.4472 1.1547]]
    >>> list(layer.state)
    ['gamma', 'beta', 'running_mean', 'running_var']
    >>> layer = BatchNorm(2)
    >>> _ = layer.forward(x, training=True)
    >>> print(layer.running_mean.round(4))
    [0.3 0.4]
    """

    def __init__(
        self,
        c: int,
        *,
        rho: float = 0.1,
        eps: float = 1e-5,
        dtype: DTypeLike = np.float64,
    ) -> None:
        c, dtype = whole(c, "c"), _floating(dtype)
        super().__init__(gamma=np.ones(c, dtype), beta=np.zeros(c, dtype))
        self.running_mean, self.running_var = np.zeros(c, dtype), np.ones(c, dtype)
        self._rho = number(rho, "rho", "[0, 1]")
        self._eps = number(eps, "eps", "[0, inf)")

    @property
    def state(self) -> dict[str, Array]:
        """`params`, and the running statistics: the arrays themselves, not copies."""
        running = {"running_mean": self.running_mean, "running_var": self.running_var}
        return Arrays(self._params | running, "state")

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, ...) normalized, and in training move the statistics."""
        running = self.running_mean, self.running_var
        stats = _batch_statistics(x) if training else running
        y = batch_norm(x, **self._params, eps=self._eps, stats=stats)
        if training:
            mean, var = stats
            m = x.size // x.shape[1]
            self.running_mean += self._rho * (mean - self.running_mean)
            self.running_var += self._rho * (m / (m - 1) * var - self.running_var)
        self._saved = x, None if training else running
        return y

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, and set `grads`."""
        x, stats = self._recall()
        dx, dgamma, dbeta = batch_norm_backward(
            dy, x, **self._params, eps=self._eps, stats=stats
        )
        self._grads = {"gamma": dgamma, "beta": dbeta}
        return dx

    def __repr__(self) -> str:
        return f"BatchNorm({len(self.running_mean)})"


class LayerNorm(Layer):
    """Layer normalization over the last axis. See `nnref.normalization.layer_norm`.

    Parameters
    ----------
    d : int
        Number of features.
    eps : float
    dtype : float dtype
        Of the parameters.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import LayerNorm
    >>> layer = LayerNorm(3, eps=1.0)
    >>> layer.params["gamma"][...] = [1.0, 2.0, 3.0]
    >>> x = np.array([[1.0, 2.0, 6.0], [0.0, 3.0, 9.0]])
    >>> print(layer.forward(x).round(4))
    [[-0.8402 -0.8402  3.7808]
     [-1.0328 -0.5164  3.873 ]]
    >>> print(layer.backward(np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 0.0]])).round(4))
    [[-0.4777  0.0412  0.4366]
     [-0.8492  1.3369 -0.4877]]
    >>> print(layer.grads["gamma"].round(4), layer.grads["beta"])
    [-3.9386 -2.1312  5.041 ] [4. 7. 4.]
    """

    def __init__(
        self, d: int, *, eps: float = 1e-5, dtype: DTypeLike = np.float64
    ) -> None:
        d, dtype = whole(d, "d"), _floating(dtype)
        super().__init__(gamma=np.ones(d, dtype), beta=np.zeros(d, dtype))
        self._eps = number(eps, "eps", "[0, inf)")

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (..., d), each row of it normalized."""
        self._saved = x
        return layer_norm(x, **self._params, eps=self._eps)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, and set `grads`."""
        dx, dgamma, dbeta = layer_norm_backward(
            dy, self._recall(), **self._params, eps=self._eps
        )
        self._grads = {"gamma": dgamma, "beta": dbeta}
        return dx

    def __repr__(self) -> str:
        return f"LayerNorm({len(self._params['gamma'])})"


class Dropout(Layer):
    """Dropout in training, nothing in evaluation. See `nnref.regularization.dropout`.

    Parameters
    ----------
    p : float
        The probability to drop, at least 0 and less than 1.
    rng : numpy.random.Generator
        Draws a mask in every forward pass of training.

    Raises
    ------
    ValueError
        If p is outside its range, or rng is not a Generator.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Dropout
    >>> layer = Dropout(0.2, np.random.default_rng(0))
    >>> layer
    Dropout(p=0.2)
    >>> x, dy = np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[5.0, 6.0, 7.0, 8.0]])
    >>> print(layer.forward(x, training=True), layer.backward(dy))
    [[1.25 2.5  0.   0.  ]] [[6.25 7.5  0.   0.  ]]
    >>> print(layer.forward(x), layer.backward(dy))
    [[1. 2. 3. 4.]] [[5. 6. 7. 8.]]
    """

    def __init__(self, p: float, rng: np.random.Generator) -> None:
        super().__init__()
        self._p, self._rng = number(p, "p", "[0, 1)"), generator(rng)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x, in training with some elements dropped and the others scaled up."""
        mask = self._rng.random(x.shape) >= self._p if training else None
        self._saved = x, mask
        return x if mask is None else dropout(x, self._p, None, mask=mask)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, by the mask of the last forward pass."""
        x, mask = self._recall()
        if mask is None:
            return shaped(dy, x.shape, "dy")
        return dropout_backward(dy, x, self._p, None, mask=mask)

    def __repr__(self) -> str:
        return f"Dropout(p={self._p})"


class Flatten(Layer):
    """Each sample as one row: (n, c, rows, columns) to (n, c * rows * columns).

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Flatten
    >>> layer = Flatten()
    >>> layer.forward(np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, 1, 2]]]))
    array([[1, 2, 3, 4, 5, 6],
           [7, 8, 9, 0, 1, 2]])
    >>> layer.backward(np.arange(12.0).reshape(2, 6))
    array([[[ 0.,  1.,  2.],
            [ 3.,  4.,  5.]],
    <BLANKLINE>
           [[ 6.,  7.,  8.],
            [ 9., 10., 11.]]])
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, ...) as (n, d)."""
        self._saved = x.shape
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, dy: Array) -> Array:
        """Return dy (n, d) in the shape of x."""
        n, *rest = self._recall()
        return shaped(dy, (n, math.prod(rest)), "dy").reshape(n, *rest)
