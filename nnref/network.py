r"""Layers, and networks made of them.

A layer holds what the functions of this package leave to their caller: its parameters,
what the forward pass must remember for the backward pass, and the gradients.

- `y = layer.forward(x, training=False)` computes the output and remembers what
  `backward` needs. `training` matters only to layers that behave differently while they
  learn, such as dropout.
- `dx = layer.backward(dy)` takes the gradient of the loss with respect to the last
  output and returns that with respect to the last input.
- `layer.params` are the arrays to learn, by name; `layer.grads` are the gradients of
  the last `backward`, under the same names. They replace those of the one before, so
  there is nothing to set to zero.

Optimizers change the arrays in `params` in place. To set a parameter by hand, write
into its array: `layer.params["w"][...] = 0`.
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from nnref._check import Array, generator, number, shaped, whole
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
from nnref.dense import dense, dense_backward
from nnref.initialization import he_normal
from nnref.normalization import (
    _batch_statistics,
    batch_norm,
    batch_norm_backward,
    layer_norm,
    layer_norm_backward,
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
    """

    def __init__(self, **params: Array) -> None:
        self._params = params
        self._grads: dict[str, Array] = {}
        self._saved: Any = None

    @property
    def params(self) -> dict[str, Array]:
        """The arrays to learn, by name: the arrays themselves, not copies."""
        return self._params

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the last `backward`, by the names of `params`."""
        return self._grads

    @property
    def state(self) -> dict[str, Array]:
        """All arrays that make the layer what it is: `params`, and running statistics.

        `np.savez("model.npz", **model.state)` saves a network.
        """
        return self._params

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output for the input x."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the last input, given that for the last output."""
        raise NotImplementedError

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
        w = np.array(init((d_in, d_out), rng), _floating(dtype))
        if w.shape != (d_in, d_out):
            raise ValueError(f"init gave shape {w.shape}, expected {(d_in, d_out)}")
        super().__init__(w=w, **({"b": np.zeros(d_out, dtype)} if bias else {}))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return $X W + b$: x (n, d_in) to y (n, d_out)."""
        self._saved = x
        return dense(x, **self._params)

    def backward(self, dy: Array) -> Array:
        """Return dx (n, d_in) for dy (n, d_out), and set `grads`."""
        dx, *grads = dense_backward(dy, self._recall(), **self._params)
        self._grads = dict(zip(self._params, grads, strict=True))
        return dx

    def __repr__(self) -> str:
        d_in, d_out = self._params["w"].shape
        return f"Dense({d_in}, {d_out}{'' if 'b' in self._params else ', bias=False'})"


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

    def __init__(self, **options: float) -> None:
        super().__init__()
        self._options = options

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the function of x."""
        y = self._function(x, **self._options)
        self._saved = {"x": x, "y": y} if self._reuses_y else {"x": x}
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


class BatchNorm(Layer):
    r"""Batch normalization with running statistics. See `nnref.normalization`.

    In training a channel is normalized by the mean and the variance of the batch, which
    also move the running ones:

    $$
    \mu \leftarrow (1 - \rho) \mu + \rho \mu_B, \qquad
    \sigma^2 \leftarrow (1 - \rho) \sigma^2 + \rho \frac{m}{m - 1} \sigma_B^2
    $$

    where the batch has $m$ values in a channel; the factor makes the variance unbiased.
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
        return self._params | running

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


class _Container(Layer):
    """A layer made of layers, by name; the arrays of "f" are "f.w" and so on."""

    def __init__(self, **layers: Layer) -> None:
        super().__init__()
        self._layers = layers
        for i, (name, layer) in enumerate(layers.items()):
            if isinstance(layer, type) or not hasattr(layer, "backward"):
                raise ValueError(f"{_title(name)} is {layer!r}, expected a Layer")
            if any(layer is other for other in [*layers.values()][:i]):
                raise ValueError(
                    f"{_title(name)}, {layer!r}, is there twice; make a new one"
                )

    @property
    def params(self) -> dict[str, Array]:
        """The arrays to learn of all layers: the arrays themselves, not copies."""
        return _joined({name: layer.params for name, layer in self._layers.items()})

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the last `backward`, by the names of `params`."""
        return _joined({name: layer.grads for name, layer in self._layers.items()})

    @property
    def state(self) -> dict[str, Array]:
        """All arrays that make the network what it is."""
        return _joined({name: layer.state for name, layer in self._layers.items()})

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}("]
        for name, layer in self._layers.items():
            line = repr(layer).replace("\n", "\n  ")
            if "\n" not in line:  # a container shows its own shapes
                shapes = (f"{name} {p.shape}" for name, p in layer.params.items())
                line = f"{line:<20} {', '.join(shapes)}".rstrip()
            lines.append(f"  {name}: {line}")
        count = sum(p.size for p in self.params.values())
        return "\n".join([*lines, f"): {count} parameters"])


def _title(name: str) -> str:
    return f"layer {name}" if name.isdigit() else name


def _joined(dicts: dict[str, dict[str, Array]]) -> dict[str, Array]:
    """Merge dicts, with the name of each before its names."""
    return {f"{key}.{name}": a for key, d in dicts.items() for name, a in d.items()}


class Sequential(_Container):
    """Layers one after another: each takes the output of the one before.

    The names in `params`, `grads` and `state` carry the position of the layer: "0.w" is
    the "w" of the first.

    Parameters
    ----------
    *layers : Layer

    Attributes
    ----------
    layers : tuple of Layer

    Raises
    ------
    ValueError
        If one of `layers` is not a layer (a class such as `ReLU` instead of `ReLU()`,
        say), or the same object comes twice: its memory of the forward pass would be
        overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Dense, Sequential, Tanh
    >>> rng = np.random.default_rng(0)
    >>> model = Sequential(Dense(3, 4, rng), Tanh(), Dense(4, 2, rng))
    >>> model
    Sequential(
      0: Dense(3, 4)          w (3, 4), b (4,)
      1: Tanh()
      2: Dense(4, 2)          w (4, 2), b (2,)
    ): 26 parameters
    >>> y = model.forward(rng.normal(size=(5, 3)))
    >>> print(y.round(3))
    [[-0.474 -0.022]
     [ 0.402  0.274]
     [-0.991 -0.528]
     [-0.693 -0.348]
     [ 0.603  0.285]]
    >>> dx = model.backward(np.ones((5, 2)))
    >>> dx.shape, {name: grad.shape for name, grad in model.grads.items()}
    ((5, 3), {'0.w': (3, 4), '0.b': (4,), '2.w': (4, 2), '2.b': (2,)})
    >>> print(model.grads["2.b"], model.grads["0.b"].round(3))
    [5. 5.] [-7.393 -5.947 -1.341  3.096]
    """

    def __init__(self, *layers: Layer) -> None:
        super().__init__(**{str(i): layer for i, layer in enumerate(layers)})
        self.layers = layers

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output of the last layer."""
        for i, layer in enumerate(self.layers):
            try:
                x = layer.forward(x, training)
            except ValueError as error:
                error.add_note(f"in layer {i}, {layer!r}")
                raise
        return x

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the input of the first layer."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy


class Residual(_Container):
    r"""A layer with a shortcut around it, $y = f(x) + x$.

    The gradient for x is $J^\top$ `dy` of the layer plus `dy` itself. Where the layer
    changes the shape, the shortcut needs a projection $P$ that does the same:
    $y = f(x) + P(x)$.

    The names in `params`, `grads` and `state` start with "f." and "projection.".

    Parameters
    ----------
    f : Layer
        The layer, or several in a `Sequential`.
    projection : Layer, optional
        Without one, the shortcut is the identity.

    Raises
    ------
    ValueError
        If `f` or `projection` is not a layer, or both are the same; in `forward`, if
        the layer and the shortcut give different shapes.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep Residual Learning for Image Recognition.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import Dense, ReLU, Residual, Sequential
    >>> layer = Residual(ReLU())
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])))
    [-1.  1.  4.]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])))
    [1. 4. 6.]
    >>> rng = np.random.default_rng(0)
    >>> f = Sequential(Dense(3, 4, rng), ReLU(), Dense(4, 2, rng))
    >>> layer = Residual(f, Dense(3, 2, rng, bias=False))
    >>> layer
    Residual(
      f: Sequential(
        0: Dense(3, 4)          w (3, 4), b (4,)
        1: ReLU()
        2: Dense(4, 2)          w (4, 2), b (2,)
      ): 26 parameters
      projection: Dense(3, 2, bias=False) w (3, 2)
    ): 32 parameters
    >>> list(layer.params)
    ['f.0.w', 'f.0.b', 'f.2.w', 'f.2.b', 'projection.w']
    >>> x = np.array([[1.0, -2.0, 3.0]])
    >>> print(layer.forward(x).round(4))
    [[3.1944 0.772 ]]
    >>> print(layer.backward(np.array([[1.0, -1.0]])).round(4))
    [[-1.2207 -0.8301  0.6609]]
    >>> Residual(f).forward(x)
    Traceback (most recent call last):
        ...
    ValueError: f gives shape (1, 2), the shortcut (1, 3): they cannot be added
    """

    def __init__(self, f: Layer, projection: Layer | None = None) -> None:
        shortcut = {} if projection is None else {"projection": projection}
        super().__init__(f=f, **shortcut)
        self.f, self.projection = f, projection

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output of the layer plus that of the shortcut."""
        y = self.f.forward(x, training)
        p = x if self.projection is None else self.projection.forward(x, training)
        if y.shape != p.shape:
            raise ValueError(
                f"f gives shape {y.shape}, the shortcut {p.shape}: they cannot be added"
            )
        return y + p

    def backward(self, dy: Array) -> Array:
        """Return the gradient through the layer plus that through the shortcut."""
        shortcut = dy if self.projection is None else self.projection.backward(dy)
        return self.f.backward(dy) + shortcut
