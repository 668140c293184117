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

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from nnref._check import Array
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
        if np.dtype(dtype).kind != "f":
            raise ValueError(f"dtype is {np.dtype(dtype)}, expected a float type")
        w = np.array(init((d_in, d_out), rng), dtype)
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


class Sequential(Layer):
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
        for i, layer in enumerate(layers):
            if isinstance(layer, type) or not hasattr(layer, "backward"):
                raise ValueError(f"layer {i} is {layer!r}, expected a Layer")
            if any(layer is other for other in layers[:i]):
                raise ValueError(
                    f"layer {i}, {layer!r}, is there twice; make a new one"
                )
        super().__init__()
        self.layers = layers

    @property
    def params(self) -> dict[str, Array]:
        """The arrays to learn of all layers: the arrays themselves, not copies."""
        return _numbered(layer.params for layer in self.layers)

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the last `backward`, by the names of `params`."""
        return _numbered(layer.grads for layer in self.layers)

    @property
    def state(self) -> dict[str, Array]:
        """All arrays that make the network what it is."""
        return _numbered(layer.state for layer in self.layers)

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

    def __repr__(self) -> str:
        lines = ["Sequential("]
        for i, layer in enumerate(self.layers):
            line = repr(layer).replace("\n", "\n  ")
            if not isinstance(layer, Sequential):
                shapes = (f"{name} {p.shape}" for name, p in layer.params.items())
                line = f"{line:<20} {', '.join(shapes)}".rstrip()
            lines.append(f"  {i}: {line}")
        count = sum(p.size for p in self.params.values())
        return "\n".join([*lines, f"): {count} parameters"])


def _numbered(dicts: Iterable[dict[str, Array]]) -> dict[str, Array]:
    """Merge dicts, with the position of each before its names."""
    return {f"{i}.{name}": a for i, d in enumerate(dicts) for name, a in d.items()}
