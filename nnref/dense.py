"""The dense layer, also called fully connected or affine."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnref._check import Array, as_float, drawn, flag, shaped, whole
from nnref.initialization import he_normal
from nnref.layer import Layer

__all__ = [
    "Dense",
    "dense",
    "dense_backward",
]


def _conformable(x: ArrayLike, w: ArrayLike) -> tuple[Array, Array]:
    """Return x (n, d_in) and w (d_in, d_out), checked."""
    x, w = as_float(x, "x"), as_float(w, "w")
    if w.ndim != 2:
        raise ValueError(f"w has shape {w.shape}, expected (d_in, d_out)")
    if x.ndim != 2 or x.shape[1] != len(w):
        raise ValueError(f"x has shape {x.shape}, expected (n, {len(w)})")
    return x, w


def dense(x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None) -> Array:
    r"""Weighted sums of each row, plus a bias.

    $$
    z_{ik} = \sum_{j} x_{ij} w_{jk} + b_k, \qquad Z = X W + b
    $$

    The bias is broadcast: every row of the batch gets the same one.

    Parameters
    ----------
    x : array (n, d_in)
        A batch, one sample a row.
    w : array (d_in, d_out)
    b : array (d_out,), optional

    Returns
    -------
    array (n, d_out)

    Raises
    ------
    ValueError
        If a shape is another.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.5.4.

    Examples
    --------
    >>> import nnref
    >>> x, w = [[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], [[1.0, 0.0], [2.0, 5.0], [0.0, 3.0]]
    >>> print(nnref.dense(x, w))
    [[ 5. 19.]
     [-2.  7.]]
    >>> print(nnref.dense(x, w, [10.0, 20.0]))
    [[15. 39.]
     [ 8. 27.]]
    >>> nnref.dense(x, w, [[10.0], [20.0]])  # would be broadcast
    Traceback (most recent call last):
    ValueError: b has shape (2, 1), expected (2,)
    >>> nnref.dense(x[0], w)
    Traceback (most recent call last):
    ValueError: x has shape (3,), expected (n, 3)
    """
    x, w = _conformable(x, w)
    z = x @ w
    return z if b is None else z + shaped(b, w.shape[1:], "b")


def dense_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    input_gradient: bool = True,
) -> tuple[Array | None, Array, Array | None]:
    r"""Gradients of `dense`.

    $$
    \frac{\partial L}{\partial X} = \frac{\partial L}{\partial Z} W^{\top}, \qquad
    \frac{\partial L}{\partial W} = X^{\top} \frac{\partial L}{\partial Z}, \qquad
    \frac{\partial L}{\partial b_k}
    = \sum_{i=1}^{n} \frac{\partial L}{\partial z_{ik}}
    $$

    What is shared by the rows of the batch, $W$ and $b$, gets the sum over the rows.

    Parameters
    ----------
    dy : array (n, d_out)
        Gradient of the loss with respect to `dense(x, w, b)`.
    x : array (n, d_in)
    w : array (d_in, d_out)
    b : array (d_out,), optional
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
        If a shape is another.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.5.4.

    Examples
    --------
    >>> import nnref
    >>> x, w = [[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], [[1.0, 0.0], [2.0, 5.0], [0.0, 3.0]]
    >>> dx, dw, db = nnref.dense_backward([[1.0, 2.0], [3.0, 4.0]], x, w, [10.0, 20.0])
    >>> print(dx)
    [[ 1. 12.  6.]
     [ 3. 26. 12.]]
    >>> print(dw)
    [[ 1.  2.]
     [-1.  0.]
     [15. 22.]]
    >>> print(db)
    [4. 6.]
    >>> nnref.dense_backward([[1.0, 2.0], [3.0, 4.0]], x, w, input_gradient=False)[::2]
    (None, None)
    """
    x, w = _conformable(x, w)
    dy = shaped(dy, (len(x), w.shape[1]), "dy")
    dy = dy.astype(np.result_type(x, w), copy=False)
    dx = dy @ w.T if flag(input_gradient, "input_gradient") else None
    if b is None:
        return dx, x.T @ dy, None
    shaped(b, w.shape[1:], "b")
    return dx, x.T @ dy, dy.sum(axis=0)


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
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> layer = nnref.Dense(2, 3, rng, init=lambda shape, rng: np.ones(shape))
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
    >>> layer = nnref.Dense(2, 3, rng, bias=False, dtype=np.float32)
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
        d_in, d_out = whole(d_in, "d_in"), whole(d_out, "d_out")
        w = drawn(init, (d_in, d_out), rng, dtype)
        b = {"b": np.zeros(d_out, dtype)} if flag(bias, "bias") else {}
        super().__init__(w=w, **b)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return $X W + b$: x (n, d_in) to y (n, d_out)."""
        self._saved = x
        return dense(x, **self._params)

    def backward(self, dy: Array) -> Array:
        """Return dx (n, d_in) for dy (n, d_out), and set `grads`."""
        dx: Array = self._gradients(dy, input_gradient=True)
        return dx

    def backward_params(self, dy: Array) -> None:
        """Set `grads` for dy (n, d_out)."""
        self._gradients(dy, input_gradient=False)

    def _gradients(self, dy: Array, *, input_gradient: bool) -> Any:
        """Set `grads`, and return dx if that is wanted."""
        x, arrays = self._recall(), self._params.values()
        dx, dw, db = dense_backward(dy, x, *arrays, input_gradient=input_gradient)
        self._grads = {"w": dw} if db is None else {"w": dw, "b": db}
        return dx

    def multiply_accumulates(self, y_shape: tuple[int, ...]) -> int:
        """Return d_in for each element of the output."""
        return math.prod(y_shape) * len(self._params["w"])

    def __repr__(self) -> str:
        d_in, d_out = self._params["w"].shape
        return f"Dense({d_in}, {d_out}{'' if 'b' in self._params else ', bias=False'})"
