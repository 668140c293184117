"""The dense layer, also called fully connected or affine."""

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_float, shaped


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
    >>> from nnref import dense
    >>> x, w = [[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], [[1.0, 0.0], [2.0, 5.0], [0.0, 3.0]]
    >>> print(dense(x, w))
    [[ 5. 19.]
     [-2.  7.]]
    >>> print(dense(x, w, [10.0, 20.0]))
    [[15. 39.]
     [ 8. 27.]]
    >>> dense(x, w, [[10.0], [20.0]])  # would be broadcast
    Traceback (most recent call last):
    ValueError: b has shape (2, 1), expected (2,)
    >>> dense(x[0], w)
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
) -> tuple[Array, ...]:
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
    one to three arrays
        Gradient of the loss with respect to x (if wanted), to w and, if b is given, to
        b, each in the shape of its variable.

    Raises
    ------
    ValueError
        If a shape is another.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.5.4.

    Examples
    --------
    >>> from nnref import dense_backward
    >>> x, w = [[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], [[1.0, 0.0], [2.0, 5.0], [0.0, 3.0]]
    >>> dx, dw, db = dense_backward([[1.0, 2.0], [3.0, 4.0]], x, w, [10.0, 20.0])
    >>> print(dx)
    [[ 1. 12.  6.]
     [ 3. 26. 12.]]
    >>> print(dw)
    [[ 1.  2.]
     [-1.  0.]
     [15. 22.]]
    >>> print(db)
    [4. 6.]
    >>> dx, dw = dense_backward([[1.0, 2.0], [3.0, 4.0]], x, w)
    >>> (dw,) = dense_backward([[1.0, 2.0], [3.0, 4.0]], x, w, input_gradient=False)
    """
    x, w = _conformable(x, w)
    dy = shaped(dy, (len(x), w.shape[1]), "dy")
    dy = dy.astype(np.result_type(x, w), copy=False)
    gradients: tuple[Array, ...] = (x.T @ dy,)
    if b is not None:
        shaped(b, w.shape[1:], "b")
        gradients += (dy.sum(axis=0),)
    if not input_gradient:
        return gradients
    return dy @ w.T, *gradients
