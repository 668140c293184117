r"""Penalties on weights, the soft threshold, and dropout.

A penalty is one number that is added to the loss. It takes one array of weights; which
arrays are penalized is up to the caller, and biases usually are not.

To let an optimizer do the L2 penalty, see its `weight_decay`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnref._check import (
    Array,
    Scalar,
    as_array,
    as_float,
    flag,
    generator,
    like,
    number,
    shaped,
    upstream,
)
from nnref.layer import Layer

__all__ = [
    "Dropout",
    "dropout",
    "dropout_backward",
    "elastic_net_penalty",
    "elastic_net_penalty_backward",
    "l1_penalty",
    "l1_penalty_backward",
    "l2_penalty",
    "l2_penalty_backward",
    "soft_threshold",
    "soft_threshold_backward",
]


def l1_penalty(w: ArrayLike, lam: float) -> Scalar:
    r"""L1 penalty, as in the lasso.

    $$
    R = \lambda \sum_{i} |w_i|
    $$

    Parameters
    ----------
    w : array of any shape
    lam : float, at least 0
        The strength $\lambda$.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If w does not hold real numbers, or lam is negative or infinite.

    References
    ----------
    Tibshirani (1996), Regression Shrinkage and Selection via the Lasso.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.l1_penalty([[1.0, -2.0, 4.0], [0.0, -0.5, 2.5]], 0.3))
    3.0
    """
    w, lam = as_float(w, "w"), number(lam, "lam", "[0, inf)")
    total: Scalar = np.sum(np.abs(w))
    return lam * total


def l1_penalty_backward(dy: ArrayLike, w: ArrayLike, lam: float) -> Array:
    r"""Gradient of `l1_penalty`.

    $$
    \frac{\partial R}{\partial w_i} = \lambda \operatorname{sign}(w_i)
    $$

    $|w|$ has no derivative at 0; any value from -1 to 1 is a subgradient there, and
    this takes 0. Steps along it jump across 0 and hardly ever hit it: for weights that
    are exactly 0, see `soft_threshold`.

    Parameters
    ----------
    dy : float
        Gradient with respect to the penalty, 1.0 in training.
    w : array of any shape
    lam : float, at least 0

    Returns
    -------
    array shaped like w

    Raises
    ------
    ValueError
        If dy is not one number, or lam is negative or infinite.

    References
    ----------
    Tibshirani (1996), Regression Shrinkage and Selection via the Lasso.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.l1_penalty_backward(1.0, [[1.0, -2.0, 4.0], [0.0, -0.5, 2.5]], 0.3))
    [[ 0.3 -0.3  0.3]
     [ 0.  -0.3  0.3]]
    >>> print(nnref.l1_penalty_backward(10.0, [1.0, -2.0], 0.5))
    [ 5. -5.]
    """
    w, lam = as_float(w, "w"), number(lam, "lam", "[0, inf)")
    return upstream(dy, w) * lam * np.sign(w)


def l2_penalty(w: ArrayLike, lam: float) -> Scalar:
    r"""L2 penalty, as in ridge regression, with the factor 1/2.

    $$
    R = \frac{\lambda}{2} \sum_{i} w_i^2
    $$

    Parameters
    ----------
    w : array of any shape
    lam : float, at least 0
        The strength $\lambda$.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If w does not hold real numbers, or lam is negative or infinite.

    References
    ----------
    Hoerl and Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal
    Problems. In networks: Krogh and Hertz (1991), A Simple Weight Decay Can Improve
    Generalization.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.l2_penalty([[1.0, -2.0, 4.0], [0.0, -3.0, 0.0]], 0.2))
    3.0
    """
    w, lam = as_float(w, "w"), number(lam, "lam", "[0, inf)")
    return lam / 2 * np.sum(w**2)


def l2_penalty_backward(dy: ArrayLike, w: ArrayLike, lam: float) -> Array:
    r"""Gradient of `l2_penalty`.

    $$
    \frac{\partial R}{\partial w_i} = \lambda w_i
    $$

    Parameters
    ----------
    dy : float
        Gradient with respect to the penalty, 1.0 in training.
    w : array of any shape
    lam : float, at least 0

    Returns
    -------
    array shaped like w

    Raises
    ------
    ValueError
        If dy is not one number, or lam is negative or infinite.

    References
    ----------
    Krogh and Hertz (1991), A Simple Weight Decay Can Improve Generalization.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.l2_penalty_backward(1.0, [[1.0, -2.0, 4.0], [0.0, -3.0, 0.0]], 0.5))
    [[ 0.5 -1.   2. ]
     [ 0.  -1.5  0. ]]
    >>> print(nnref.l2_penalty_backward(10.0, [1.0, -2.0], 0.5))
    [  5. -10.]
    """
    w, lam = as_float(w, "w"), number(lam, "lam", "[0, inf)")
    return upstream(dy, w) * lam * w


def elastic_net_penalty(w: ArrayLike, lam1: float, lam2: float) -> Scalar:
    r"""Elastic net: the sum of an L1 and an L2 penalty.

    $$
    R = \lambda_1 \sum_{i} |w_i| + \frac{\lambda_2}{2} \sum_{i} w_i^2
    $$

    Parameters
    ----------
    w : array of any shape
    lam1, lam2 : float, at least 0
        The strengths $\lambda_1$ and $\lambda_2$.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If w does not hold real numbers, or lam1 or lam2 is negative or infinite.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.elastic_net_penalty([[1.0, -2.0, 4.0], [0.0, -3.0, 0.0]], 0.5, 0.2))
    8.0
    """
    return l1_penalty(w, number(lam1, "lam1", "[0, inf)")) + l2_penalty(
        w, number(lam2, "lam2", "[0, inf)")
    )


def elastic_net_penalty_backward(
    dy: ArrayLike, w: ArrayLike, lam1: float, lam2: float
) -> Array:
    r"""Gradient of `elastic_net_penalty`, with 0 for the derivative of $|w|$ at 0.

    $$
    \frac{\partial R}{\partial w_i} = \lambda_1 \operatorname{sign}(w_i) + \lambda_2 w_i
    $$

    Parameters
    ----------
    dy : float
        Gradient with respect to the penalty, 1.0 in training.
    w : array of any shape
    lam1, lam2 : float, at least 0

    Returns
    -------
    array shaped like w

    Raises
    ------
    ValueError
        If dy is not one number, or lam1 or lam2 is negative or infinite.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net.

    Examples
    --------
    >>> import nnref
    >>> w = [[1.0, -2.0, 4.0], [0.0, -3.0, 0.0]]
    >>> print(nnref.elastic_net_penalty_backward(1.0, w, 0.25, 0.5))
    [[ 0.75 -1.25  2.25]
     [ 0.   -1.75  0.  ]]
    >>> print(nnref.elastic_net_penalty_backward(10.0, [1.0, -2.0], 0.25, 0.5))
    [  7.5 -12.5]
    """
    return l1_penalty_backward(
        dy, w, number(lam1, "lam1", "[0, inf)")
    ) + l2_penalty_backward(dy, w, number(lam2, "lam2", "[0, inf)"))


def soft_threshold(w: ArrayLike, t: float) -> Array:
    r"""Soft threshold: moves each element towards 0 by t, and stops there.

    $$
    S_t(w) = \operatorname{sign}(w) \max(|w| - t, 0)
    $$

    It is the $v$ that makes $\frac{1}{2} (v - w)^2 + t |v|$ least. So gradient descent
    on a loss $L$ with an L1 penalty, done by proximal steps, is
    $S_{\eta \lambda}(w - \eta \, \partial L / \partial w)$ in the place of $w$, and
    reaches weights that are exactly 0.

    Parameters
    ----------
    w : array of any shape
    t : float, at least 0

    Returns
    -------
    array shaped like w

    Raises
    ------
    ValueError
        If w does not hold real numbers, or t is negative or infinite.

    References
    ----------
    Donoho (1995), De-Noising by Soft-Thresholding. The proximal step: Beck and Teboulle
    (2009), A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse
    Problems.

    Examples
    --------
    >>> import nnref
    >>> print(nnref.soft_threshold([-3.0, -1.0, -0.5, 0.0, 0.75, 1.5], 1.0))
    [-2.   0.   0.   0.   0.   0.5]
    """
    w, t = as_float(w, "w"), number(t, "t", "[0, inf)")
    return w - np.clip(w, -t, t)


def soft_threshold_backward(dy: ArrayLike, w: ArrayLike, t: float) -> Array:
    r"""Gradient of `soft_threshold` with respect to w.

    $$
    S_t'(w) = \begin{cases} 1 & |w| > t \\ 0 & |w| \le t \end{cases}
    $$

    There is no derivative at $|w| = t$, unless t is 0; this takes 0.

    Parameters
    ----------
    dy : array shaped like w
        Gradient of the loss with respect to `soft_threshold(w, t)`.
    w : array of any shape
    t : float, at least 0

    Returns
    -------
    array shaped like w

    Raises
    ------
    ValueError
        If dy is not shaped like w, or t is negative or infinite.

    References
    ----------
    Donoho (1995), De-Noising by Soft-Thresholding.

    Examples
    --------
    >>> import nnref
    >>> dy, w = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [-3.0, -1.0, -0.5, 0.0, 0.75, 1.5]
    >>> print(nnref.soft_threshold_backward(dy, w, 1.0))
    [1. 0. 0. 0. 0. 6.]
    """
    w, t = as_float(w, "w"), number(t, "t", "[0, inf)")
    return np.where(np.abs(w) > t, like(dy, w, "dy"), 0)


def _mask(mask: ArrayLike, x: Array) -> NDArray[np.bool_]:
    """Return the mask, one boolean for each element of x."""
    mask = as_array(mask, "mask")
    if mask.shape != x.shape or mask.dtype != bool:
        raise ValueError(
            f"mask has shape {mask.shape} and type {mask.dtype}, "
            f"expected {x.shape} and bool"
        )
    return mask


def dropout(
    x: ArrayLike,
    p: float,
    rng: np.random.Generator | None,
    *,
    mask: ArrayLike | None = None,
) -> Array:
    r"""Dropout: sets each element to 0 with probability p, and scales up the others.

    $$
    y_i = \frac{m_i}{1 - p} x_i
    $$

    where the mask $m_i$ is 0 with probability $p$, else 1. The division makes $x_i$ the
    mean of $y_i$, so that in evaluation nothing is left to do ("inverted" dropout).

    `dropout_backward` needs the mask $m$. Where there is a backward pass to come, draw
    it beforehand and give it to both; `dropout` itself draws just the same.

    Parameters
    ----------
    x : array of any shape
    p : float, at least 0 and less than 1
        The probability to drop.
    rng : random generator
        Draws the mask; None will do if that is given.
    mask : boolean array shaped like x, optional
        $m$, true for what is kept, such as `rng.random(x.shape) >= p`.

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If p is not in [0, 1), rng is not a Generator, or mask is not an array of
        booleans shaped like x.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: A
    Simple Way to Prevent Neural Networks from Overfitting. Section 10 has the division.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> print(nnref.dropout(x, 0.2, np.random.default_rng(0)))
    [1.25 2.5  0.   0.   6.25 7.5 ]
    >>> rng = np.random.default_rng(0)
    >>> mask = rng.random(x.shape) >= 0.2  # true: kept
    >>> print(nnref.dropout(x, 0.2, rng, mask=mask))
    [1.25 2.5  0.   0.   6.25 7.5 ]
    >>> nnref.dropout(x, 1.0, rng)
    Traceback (most recent call last):
    ValueError: p is 1.0, expected a number in [0, 1)
    >>> nnref.dropout(x, 0.2, rng, mask=mask[:, np.newaxis])
    Traceback (most recent call last):
    ValueError: mask has shape (6, 1) and type bool, expected (6,) and bool
    """
    x, p = as_float(x, "x"), number(p, "p", "[0, 1)")
    if rng is not None:
        generator(rng)
    if mask is None:
        if rng is None:
            raise ValueError("rng and mask are None, expected one of them")
        mask = rng.random(x.shape) >= p
    return np.where(_mask(mask, x), x / (1 - p), 0)


def dropout_backward(
    dy: ArrayLike,
    x: ArrayLike,
    p: float,
    rng: np.random.Generator | None,
    *,
    mask: ArrayLike | None = None,
) -> Array:
    r"""Gradient of `dropout`, by the mask of the forward pass.

    $$
    \frac{\partial L}{\partial x_i} = \frac{m_i}{1 - p} \frac{\partial L}{\partial y_i}
    $$

    It does not draw: a new mask would belong to another forward pass.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `dropout(x, p, rng, mask=mask)`.
    x : array of any shape
    p : float, at least 0 and less than 1
    rng : random generator, or None
        Left alone; here because `dropout` takes it.
    mask : boolean array shaped like x
        The one of the forward pass. It must be given.

    Returns
    -------
    array shaped like x
        Gradient of the loss with respect to x.

    Raises
    ------
    ValueError
        If mask is missing or not an array of booleans shaped like x, dy is not shaped
        like x, or p is not in [0, 1).

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: A
    Simple Way to Prevent Neural Networks from Overfitting.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> x, dy = np.array([1.0, 2.0, 3.0, 4.0]), np.array([10.0, 20.0, 30.0, 40.0])
    >>> mask = rng.random(x.shape) >= 0.2
    >>> print(nnref.dropout(x, 0.2, rng, mask=mask))
    [1.25 2.5  0.   0.  ]
    >>> print(nnref.dropout_backward(dy, x, 0.2, rng, mask=mask))
    [12.5 25.   0.   0. ]
    >>> nnref.dropout_backward(dy, x, 0.2, rng)
    Traceback (most recent call last):
    ValueError: mask is None, expected the mask of the forward pass
    """
    x, p = as_float(x, "x"), number(p, "p", "[0, 1)")
    if rng is not None:
        generator(rng)
    if mask is None:
        raise ValueError("mask is None, expected the mask of the forward pass")
    return np.where(_mask(mask, x), like(dy, x, "dy") / (1 - p), 0)


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
    >>> import nnref
    >>> layer = nnref.Dropout(0.2, np.random.default_rng(0))
    >>> layer
    Dropout(p=0.2)
    >>> x, dy = np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[5.0, 6.0, 7.0, 8.0]])
    >>> print(layer.forward(x, training=True), layer.backward(dy))
    [[1.25 2.5  0.   0.  ]] [[6.25 7.5  0.   0.  ]]
    >>> print(layer.forward(x), layer.backward(dy))
    [[1. 2. 3. 4.]] [[5. 6. 7. 8.]]
    """

    per_sample = False

    def __init__(self, p: float, rng: np.random.Generator) -> None:
        super().__init__()
        self._p, self._rng = number(p, "p", "[0, 1)"), generator(rng)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x, in training with some elements dropped and the others scaled up."""
        x = as_float(x, "x")
        drops = flag(training, "training")
        mask = self._rng.random(x.shape) >= self._p if drops else None
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
