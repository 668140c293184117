r"""Loss functions, entropies and their gradients.

A loss is one number: the mean over the batch. The elementwise losses (mean squared
error, mean absolute error, Huber, binary cross-entropy) take predictions of any shape
and average over all their elements; `softmax_cross_entropy` averages over the $n$ rows
of its logits. So the gradients hold the factor $1 / n$ already.

`target` is data: gradients are with respect to the first argument only. It must have
exactly the shape of the predictions, because (n,) beside (n, 1) would be broadcast to
(n, n) without a word. Everything is computed in the dtype of the first argument.

`entropy`, `cross_entropy` and `kl_divergence` measure probability distributions and
return one number per row. They use the natural logarithm unless `base` is given.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, Scalar, as_float, like, number, shaped
from nnref.activations import _below_zero, sigmoid, softplus


def _batch(x: ArrayLike, name: str) -> Array:
    """Return x as an array of floats, not empty: there is no mean over nothing."""
    x = as_float(x, name)
    if x.size == 0:
        raise ValueError(f"{name} has shape {x.shape}, expected at least one element")
    return x


def _residual(pred: ArrayLike, target: ArrayLike) -> Array:
    """Return pred - target."""
    pred = _batch(pred, "pred")
    return pred - like(target, pred, "target")


def _upstream(dy: ArrayLike, x: Array) -> Array:
    """Return dy, the gradient for a single number, in the dtype of x."""
    return shaped(dy, (), "dy").astype(x.dtype)


def mean_squared_error(pred: ArrayLike, target: ArrayLike) -> Scalar:
    r"""Mean of the squared differences.

    $$
    L = \frac{1}{n} \sum_{i=1}^{n} (\hat{y}_i - y_i)^{2}
    $$

    where $i$ counts all $n$ elements, whatever the shape.

    Parameters
    ----------
    pred : array of any shape, not empty
        The predictions $\hat{y}$.
    target : array shaped like pred
        The targets $y$.

    Returns
    -------
    float, in the squared unit of pred

    Raises
    ------
    ValueError
        If target is not shaped like pred, or pred is empty.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 3.1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import mean_squared_error
    >>> print(mean_squared_error([1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]))
    3.5
    >>> mean_squared_error([[1.0], [2.0]], [1.0, 2.0])
    Traceback (most recent call last):
    ValueError: target has shape (2,), expected (2, 1)
    """
    return np.mean(_residual(pred, target) ** 2)


def mean_squared_error_backward(
    dy: ArrayLike, pred: ArrayLike, target: ArrayLike
) -> Array:
    r"""Gradient of `mean_squared_error` with respect to the predictions.

    $$
    \frac{\partial L}{\partial \hat{y}_i} = \frac{2}{n} (\hat{y}_i - y_i)
    $$

    Parameters
    ----------
    dy : float
        Gradient with respect to the loss, 1.0 in training.
    pred : array of any shape, not empty
    target : array shaped like pred

    Returns
    -------
    array shaped like pred

    Raises
    ------
    ValueError
        If target is not shaped like pred, pred is empty, or dy is not one number.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 3.1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import mean_squared_error_backward
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]
    >>> print(mean_squared_error_backward(1.0, pred, target))
    [-0.5 -1.5  0.   1. ]
    >>> print(mean_squared_error_backward(3.0, pred, target))
    [-1.5 -4.5  0.   3. ]
    """
    r = _residual(pred, target)
    return 2 * _upstream(dy, r) / r.size * r


def mean_absolute_error(pred: ArrayLike, target: ArrayLike) -> Scalar:
    r"""Mean of the absolute differences.

    $$
    L = \frac{1}{n} \sum_{i=1}^{n} |\hat{y}_i - y_i|
    $$

    where $i$ counts all $n$ elements, whatever the shape.

    Parameters
    ----------
    pred : array of any shape, not empty
        The predictions $\hat{y}$.
    target : array shaped like pred
        The targets $y$.

    Returns
    -------
    float, in the unit of pred

    Raises
    ------
    ValueError
        If target is not shaped like pred, or pred is empty.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning,
    section 10.6.

    Examples
    --------
    >>> from nnref import mean_absolute_error
    >>> print(mean_absolute_error([1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]))
    1.5
    >>> mean_absolute_error([], [])
    Traceback (most recent call last):
    ValueError: pred has shape (0,), expected at least one element
    """
    return np.mean(np.abs(_residual(pred, target)))


def mean_absolute_error_backward(
    dy: ArrayLike, pred: ArrayLike, target: ArrayLike
) -> Array:
    r"""Gradient of `mean_absolute_error` with respect to the predictions.

    $$
    \frac{\partial L}{\partial \hat{y}_i}
    = \frac{1}{n} \operatorname{sign}(\hat{y}_i - y_i)
    $$

    Where a prediction hits its target there is no derivative; this takes 0.

    Parameters
    ----------
    dy : float
        Gradient with respect to the loss, 1.0 in training.
    pred : array of any shape, not empty
    target : array shaped like pred

    Returns
    -------
    array shaped like pred

    Raises
    ------
    ValueError
        If target is not shaped like pred, pred is empty, or dy is not one number.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning,
    section 10.6.

    Examples
    --------
    >>> from nnref import mean_absolute_error_backward
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]
    >>> print(mean_absolute_error_backward(1.0, pred, target))
    [-0.25 -0.25  0.    0.25]
    >>> print(mean_absolute_error_backward(3.0, pred, target))
    [-0.75 -0.75  0.    0.75]
    """
    r = _residual(pred, target)
    return _upstream(dy, r) / r.size * np.sign(r)


def huber(pred: ArrayLike, target: ArrayLike, delta: float = 1.0) -> Scalar:
    r"""Huber loss: quadratic up to a difference of delta, linear beyond.

    $$
    L = \frac{1}{n} \sum_{i=1}^{n} \begin{cases}
    \frac{1}{2} r_i^{2} & |r_i| \le \delta \\
    \delta \left( |r_i| - \frac{1}{2} \delta \right) & |r_i| > \delta
    \end{cases}
    $$

    where $r_i = \hat{y}_i - y_i$ and $i$ counts all $n$ elements, whatever the shape.

    Parameters
    ----------
    pred : array of any shape, not empty
        The predictions $\hat{y}$.
    target : array shaped like pred
        The targets $y$.
    delta : positive float, in the unit of pred

    Returns
    -------
    float, in the squared unit of pred

    Raises
    ------
    ValueError
        If target is not shaped like pred, pred is empty, or delta is not positive and
        finite.

    References
    ----------
    Huber (1964), Robust Estimation of a Location Parameter.

    Examples
    --------
    >>> from nnref import huber
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [1.5, 5.0, 6.0, 1.0]
    >>> print(huber(pred, target))
    1.03125
    >>> print(huber(pred, target, delta=2.0))
    1.53125
    >>> huber(pred, target, delta=0.0)
    Traceback (most recent call last):
    ValueError: delta is 0.0, expected a number in (0, inf)
    """
    delta = number(delta, "delta", "(0, inf)")
    size = np.abs(_residual(pred, target))
    clipped = np.minimum(size, delta)
    return np.mean(clipped * (size - clipped / 2))  # both cases in one


def huber_backward(
    dy: ArrayLike, pred: ArrayLike, target: ArrayLike, delta: float = 1.0
) -> Array:
    r"""Gradient of `huber` with respect to the predictions.

    $$
    \frac{\partial L}{\partial \hat{y}_i}
    = \frac{1}{n} \min(\max(\hat{y}_i - y_i, -\delta), \delta)
    $$

    Parameters
    ----------
    dy : float
        Gradient with respect to the loss, 1.0 in training.
    pred : array of any shape, not empty
    target : array shaped like pred
    delta : positive float, in the unit of pred

    Returns
    -------
    array shaped like pred

    Raises
    ------
    ValueError
        If target is not shaped like pred, pred is empty, delta is not positive and
        finite, or dy is not one number.

    References
    ----------
    Huber (1964), Robust Estimation of a Location Parameter.

    Examples
    --------
    >>> from nnref import huber_backward
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [1.5, 5.0, 6.0, 1.0]
    >>> print(huber_backward(1.0, pred, target))
    [-0.125 -0.25   0.     0.25 ]
    >>> print(huber_backward(3.0, pred, target, delta=2.0))
    [-0.375 -1.5    0.     1.5  ]
    """
    delta = number(delta, "delta", "(0, inf)")
    r = _residual(pred, target)
    return _upstream(dy, r) / r.size * np.clip(r, -delta, delta)


def _probabilities(target: ArrayLike, logits: Array) -> Array:
    """Return target, like the logits; each element must lie in [0, 1]."""
    t = like(target, logits, "target")
    if not (t.min() >= 0 and t.max() <= 1):
        raise ValueError(f"target spans {t.min()} to {t.max()}, expected 0 to 1")
    return t


def binary_cross_entropy(logits: ArrayLike, target: ArrayLike) -> Scalar:
    r"""Cross-entropy of yes-or-no predictions, given as logits.

    $$
    L = -\frac{1}{n} \sum_{i=1}^{n} \left( y_i \ln \sigma(z_i)
    + (1 - y_i) \ln (1 - \sigma(z_i)) \right)
    $$

    where $i$ counts all $n$ elements, whatever the shape. Logits, not probabilities:
    $-\ln \sigma(z)$ is softplus of $-z$, which neither overflows nor rounds to
    infinity.

    Parameters
    ----------
    logits : array of any shape, not empty
        The values $z$ before the sigmoid.
    target : array shaped like logits
        The probability $y$ of "yes", from 0 to 1.

    Returns
    -------
    float, in nats

    Raises
    ------
    ValueError
        If target is not shaped like logits or leaves [0, 1], or logits is empty.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import binary_cross_entropy
    >>> print(np.round(binary_cross_entropy([2.0, -1.0, 0.5], [1.0, 0.25, 0.0]), 4))
    0.5548
    >>> print(binary_cross_entropy([1e4, -1e4], [1.0, 0.5]))
    2500.0
    >>> binary_cross_entropy([2.0, -1.0, 0.5], [1.0, 1.5, 0.0])
    Traceback (most recent call last):
    ValueError: target spans 0.0 to 1.5, expected 0 to 1
    """
    z = _batch(logits, "logits")
    t = _probabilities(target, z)
    return np.mean(t * softplus(-z) + (1 - t) * softplus(z))


def binary_cross_entropy_backward(
    dy: ArrayLike, logits: ArrayLike, target: ArrayLike
) -> Array:
    r"""Gradient of `binary_cross_entropy` with respect to the logits.

    $$
    \frac{\partial L}{\partial z_i} = \frac{1}{n} (\sigma(z_i) - y_i)
    $$

    Parameters
    ----------
    dy : float
        Gradient with respect to the loss, 1.0 in training.
    logits : array of any shape, not empty
        The values $z$ before the sigmoid.
    target : array shaped like logits
        The probability $y$ of "yes", from 0 to 1.

    Returns
    -------
    array shaped like logits

    Raises
    ------
    ValueError
        If target is not shaped like logits or leaves [0, 1], logits is empty, or dy is
        not one number.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import binary_cross_entropy_backward
    >>> z, target = [2.0, -1.0, 0.5], [1.0, 0.25, 0.0]
    >>> print(np.round(binary_cross_entropy_backward(1.0, z, target), 4))
    [-0.0397  0.0063  0.2075]
    >>> print(np.round(binary_cross_entropy_backward(3.0, z, target), 4))
    [-0.1192  0.0189  0.6225]
    """
    z = _batch(logits, "logits")
    t = _probabilities(target, z)
    return _upstream(dy, z) / z.size * (sigmoid(z) - t)


def _classification(logits: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    """Return logits (n, q) and target, either labels (n,) or probabilities (n, q)."""
    z = _batch(logits, "logits")
    if z.ndim != 2:
        raise ValueError(f"logits has shape {z.shape}, expected (n, q)")
    (n, q), t = z.shape, np.asarray(target)
    if t.shape == (n, q):
        return z, _distributions(like(t, z, "target"), "target")
    if t.shape != (n,) or t.dtype.kind not in "iu":
        raise ValueError(
            f"target is {t.dtype} {t.shape}, "
            f"expected integers ({n},) or probabilities ({n}, {q})"
        )
    if t.astype(np.uint64).max() >= q:  # a negative label is a huge one then
        raise ValueError(
            f"target holds labels {t.min()} to {t.max()}, expected 0 to {q - 1}"
        )
    return z, t


def _some_rows(z: Array) -> Iterator[slice]:
    """Yield a few rows at a time, which stay in the cache of a processor core."""
    m = max(1, (1 << 16) // z.shape[1])
    return (slice(i, i + m) for i in range(0, len(z), m))


def softmax_cross_entropy(
    logits: ArrayLike, target: ArrayLike, label_smoothing: float = 0.0
) -> Scalar:
    r"""Cross-entropy of class predictions, given as logits.

    $$
    \begin{aligned}
    t_{ik} &= (1 - \varepsilon) y_{ik} + \frac{\varepsilon}{q} \\
    L &= -\frac{1}{n} \sum_{i=1}^{n} \sum_{k=1}^{q} t_{ik} \ln p_{ik}
    \end{aligned}
    $$

    where row $p_i$ is the softmax of the logits $z_i$, $\varepsilon$ the label
    smoothing, and $y_{ik}$ is 1 where $k$ is the label of row $i$, else 0. Logits, not
    probabilities: applied to a softmax's output, this takes the softmax twice.

    Parameters
    ----------
    logits : array (n, q), not empty
        The values $z$ before the softmax.
    target : integers (n,) or array (n, q)
        Labels from 0 to q - 1, or the probabilities $y$.
    label_smoothing : float from 0 to 1
        $\varepsilon$.

    Returns
    -------
    float, in nats

    Raises
    ------
    ValueError
        If a shape is another, a label is not in 0 to q - 1, a row of probabilities has
        a negative element or a sum off 1 by more than 0.001, or label_smoothing leaves
        [0, 1].

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.4. On
    smoothing: Szegedy et al. (2016), Rethinking the Inception Architecture for Computer
    Vision, section 7.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import softmax_cross_entropy
    >>> z = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]
    >>> print(np.round(softmax_cross_entropy(z, [1, 0]), 4))
    0.8236
    >>> print(np.round(softmax_cross_entropy(z, [1, 0], label_smoothing=0.3), 4))
    1.0236
    >>> y = [[0.0, 0.5, 0.5], [0.2, 0.8, 0.0]]
    >>> print(np.round(softmax_cross_entropy(z, y), 4))
    1.3736
    >>> print(np.round(softmax_cross_entropy(z, y, label_smoothing=1.0), 4))
    1.4902
    >>> print(softmax_cross_entropy([[1e4, 0.0]], [1]))
    10000.0
    >>> softmax_cross_entropy(z, [1, 3])
    Traceback (most recent call last):
    ValueError: target holds labels 1 to 3, expected 0 to 2
    >>> softmax_cross_entropy(z, [1.0, 0.0])
    Traceback (most recent call last):
    ValueError: target is float64 (2,), expected integers (2,) or probabilities (2, 3)
    >>> softmax_cross_entropy(np.zeros((2, 3, 4)), np.zeros((2, 4), int))
    Traceback (most recent call last):
    ValueError: logits has shape (2, 3, 4), expected (n, q)
    """
    smooth = number(label_smoothing, "label_smoothing", "[0, 1]")
    z, t = _classification(logits, target)
    total = 0.0
    for rows in _some_rows(z):
        shifted, some = _below_zero(z[rows], 1), t[rows]
        # Of log softmax = shifted - log_total, only what the target asks for.
        if some.ndim == 1:
            right = shifted[np.arange(len(some)), some]
        else:
            right = (some * shifted).sum(axis=1)
        if smooth:
            right = (1 - smooth) * right + smooth * shifted.mean(axis=1)
        log_total = np.log(np.exp(shifted, out=shifted).sum(axis=1))
        total += (log_total - right).sum()
    loss: Scalar = z.dtype.type(total / len(z))
    return loss


def softmax_cross_entropy_backward(
    dy: ArrayLike, logits: ArrayLike, target: ArrayLike, label_smoothing: float = 0.0
) -> Array:
    r"""Gradient of `softmax_cross_entropy` with respect to the logits.

    $$
    \frac{\partial L}{\partial z_{ik}} = \frac{1}{n} (p_{ik} - t_{ik})
    $$

    where row $p_i$ is the softmax of the logits $z_i$, and $t$ the smoothed target.

    Parameters
    ----------
    dy : float
        Gradient with respect to the loss, 1.0 in training.
    logits : array (n, q), not empty
        The values $z$ before the softmax.
    target : integers (n,) or array (n, q)
        Labels from 0 to q - 1, or the probabilities $y$.
    label_smoothing : float from 0 to 1
        $\varepsilon$.

    Returns
    -------
    array (n, q)

    Raises
    ------
    ValueError
        As `softmax_cross_entropy`, or if dy is not one number.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.4.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import softmax_cross_entropy_backward
    >>> z = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]
    >>> print(np.round(softmax_cross_entropy_backward(1.0, z, [1, 0]), 4))
    [[ 0.045  -0.3776  0.3326]
     [-0.1065  0.0533  0.0533]]
    >>> print(np.round(softmax_cross_entropy_backward(3.0, z, [1, 0], 0.3), 4))
    [[-0.015  -0.8329  0.8479]
     [-0.0195  0.0098  0.0098]]
    >>> y = [[0.0, 0.5, 0.5], [0.2, 0.8, 0.0]]
    >>> print(np.round(softmax_cross_entropy_backward(1.0, z, y, 0.3), 4))
    [[-0.005  -0.1026  0.1076]
     [ 0.2735 -0.2767  0.0033]]
    """
    smooth = number(label_smoothing, "label_smoothing", "[0, 1]")
    z, t = _classification(logits, target)
    scale, dz = _upstream(dy, z) / len(z), np.empty_like(z)
    for rows in _some_rows(z):
        p, some = np.exp(_below_zero(z[rows], 1), out=dz[rows]), t[rows]
        p *= scale / p.sum(axis=1, keepdims=True)  # softmax, times the scale
        if some.ndim == 1:
            p[np.arange(len(some)), some] -= scale * (1 - smooth)
        else:
            p -= scale * (1 - smooth) * some
        if smooth:
            p -= scale * smooth / z.shape[1]
    return dz


def _distributions(p: ArrayLike, name: str) -> Array:
    """Return p, whose rows (last axis) must be probability distributions.

    A sum may be off 1 by 0.001, for float32 and for differences in gradient checks.
    """
    p = _batch(p, name)
    if p.ndim == 0:
        raise ValueError(f"{name} is one number, expected at least one row")
    if not p.min() >= 0:
        raise ValueError(f"{name} holds {p.min()}, expected probabilities")
    total: Array = p.sum(axis=-1).ravel()
    off = np.abs(total - 1)
    if off.max() > 1e-3:
        worst = total[off.argmax()]
        raise ValueError(f"{name} has a row that adds up to {worst:g}, expected 1")
    return p


def _nats(base: float | None) -> float:
    """Return ln(base), how many nats the unit of that logarithm is; 1 for None."""
    return 1.0 if base is None else math.log(number(base, "base", "(1, inf)"))


def _log(p: Array) -> Array:
    """Return ln p, with ln 0 = -inf."""
    with np.errstate(divide="ignore"):
        return np.log(p)


def _xlogy(x: Array, y: Array) -> Array:
    """Return x ln y, with 0 ln 0 = 0 and x ln 0 = -inf."""
    return x * _log(np.where(x > 0, y, np.ones_like(y)))


def _minus_ratio(p: Array, q: Array) -> Array:
    """Return -p / q, 0 where p is 0 and -inf where only q is."""
    with np.errstate(divide="ignore"):
        return 0 - p / np.where(p > 0, q, np.ones_like(q))


def _column(dy: ArrayLike, p: Array) -> Array:
    """Return dy, one number for each row of p, as a column."""
    return shaped(dy, p.shape[:-1], "dy").astype(p.dtype)[..., None]


def entropy(p: ArrayLike, base: float | None = None) -> Array:
    r"""Entropy of probability distributions.

    $$
    H(p) = -\sum_{k=1}^{K} p_k \ln p_k
    $$

    where a term with $p_k = 0$ is 0.

    Parameters
    ----------
    p : array (..., K)
        Each row (last axis) is a probability distribution.
    base : float above 1, optional
        Base of the logarithm, 2 for bits; without it the unit is the nat.

    Returns
    -------
    array (...), one number for each row, from 0 to the logarithm of K

    Raises
    ------
    ValueError
        If a row has a negative element or a sum off 1 by more than 0.001, or base is
        not above 1.

    References
    ----------
    Shannon (1948), A Mathematical Theory of Communication, section 6.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import entropy
    >>> print(entropy([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]], base=2))
    [1.5 0. ]
    >>> print(np.round(entropy([0.5, 0.25, 0.25]), 4))
    1.0397
    """
    p = _distributions(p, "p")
    total: Array = _xlogy(p, p).sum(axis=-1)
    return 0 - total / _nats(base)  # 0 minus: the negative of 0 prints as -0.0


def entropy_backward(dy: ArrayLike, p: ArrayLike, base: float | None = None) -> Array:
    r"""Gradient of `entropy`.

    $$
    \frac{\partial H}{\partial p_k} = -(\ln p_k + 1)
    $$

    and $\infty$ where $p_k = 0$. Each $p_k$ counts as free: to stay a distribution,
    step along a direction that adds up to 0.

    Parameters
    ----------
    dy : array (...), one number for each row
        Gradient of the loss with respect to `entropy(p, base)`.
    p : array (..., K)
    base : float above 1, optional

    Returns
    -------
    array (..., K)
        Gradient of the loss with respect to p.

    Raises
    ------
    ValueError
        As `entropy`, or if dy does not hold one number for each row.

    References
    ----------
    Shannon (1948), A Mathematical Theory of Communication, section 6.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import entropy_backward
    >>> p = [[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]]
    >>> print(np.round(entropy_backward([1.0, 2.0], p), 4))
    [[-0.3069  0.3863  0.3863]
     [-1.5537  2.6052  2.6052]]
    >>> print(np.round(entropy_backward(1.0, p[0], base=2), 4))
    [-0.4427  0.5573  0.5573]
    """
    p = _distributions(p, "p")
    return _column(dy, p) / _nats(base) * (-1 - _log(p))


def cross_entropy(p: ArrayLike, q: ArrayLike, base: float | None = None) -> Array:
    r"""Cross-entropy of probability distributions.

    $$
    H(p, q) = -\sum_{k=1}^{K} p_k \ln q_k = H(p) + D(p \Vert q)
    $$

    $\infty$ where some $q_k = 0 < p_k$; a term with $p_k = 0$ is 0. To train a
    classifier, `softmax_cross_entropy` takes logits instead: there no probability
    rounds to 0.

    Parameters
    ----------
    p : array (..., K)
        Each row (last axis) is a probability distribution, the true one.
    q : array shaped like p
        The predicted one.
    base : float above 1, optional
        Base of the logarithm, 2 for bits; without it the unit is the nat.

    Returns
    -------
    array (...), one number for each row, at least the entropy of p

    Raises
    ------
    ValueError
        If q is not shaped like p, a row has a negative element or a sum off 1 by more
        than 0.001, or base is not above 1.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.13.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import cross_entropy
    >>> p = [[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    >>> q = [[0.25, 0.25, 0.5], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    >>> print(cross_entropy(p, q, base=2))
    [1.75 1.    inf]
    >>> print(np.round(cross_entropy(p[0], q[0]), 4))
    1.213
    >>> cross_entropy(p[0], [0.25, 0.25, 0.75])
    Traceback (most recent call last):
    ValueError: q has a row that adds up to 1.25, expected 1
    """
    p = _distributions(p, "p")
    q = _distributions(like(q, p, "q"), "q")
    total: Array = _xlogy(p, q).sum(axis=-1)
    return 0 - total / _nats(base)  # 0 minus: the negative of 0 prints as -0.0


def cross_entropy_backward(
    dy: ArrayLike, p: ArrayLike, q: ArrayLike, base: float | None = None
) -> tuple[Array, Array]:
    r"""Gradient of `cross_entropy`.

    $$
    \frac{\partial H}{\partial p_k} = -\ln q_k, \qquad
    \frac{\partial H}{\partial q_k} = -\frac{p_k}{q_k}
    $$

    where the second is 0 if $p_k = 0$. Each element counts as free: to stay a
    distribution, step along a direction that adds up to 0.

    Parameters
    ----------
    dy : array (...), one number for each row
        Gradient of the loss with respect to `cross_entropy(p, q, base)`.
    p : array (..., K)
    q : array shaped like p
    base : float above 1, optional

    Returns
    -------
    two arrays (..., K)
        Gradient of the loss with respect to p, and to q.

    Raises
    ------
    ValueError
        As `cross_entropy`, or if dy does not hold one number for each row.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.13.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import cross_entropy_backward
    >>> p = [[0.5, 0.25, 0.25], [0.0, 0.4, 0.6]]
    >>> q = [[0.25, 0.25, 0.5], [0.5, 0.4, 0.1]]
    >>> dp, dq = cross_entropy_backward([1.0, 2.0], p, q)
    >>> print(np.round(dp, 4))
    [[1.3863 1.3863 0.6931]
     [1.3863 1.8326 4.6052]]
    >>> print(np.round(dq + 0, 4))
    [[ -2.   -1.   -0.5]
     [  0.   -2.  -12. ]]
    >>> dp, dq = cross_entropy_backward(1.0, p[0], q[0], base=2)
    >>> print(dp, np.round(dq, 4))
    [2. 2. 1.] [-2.8854 -1.4427 -0.7213]
    """
    p = _distributions(p, "p")
    q = _distributions(like(q, p, "q"), "q")
    dy = _column(dy, p) / _nats(base)
    return -dy * _log(q), dy * _minus_ratio(p, q)


def kl_divergence(p: ArrayLike, q: ArrayLike, base: float | None = None) -> Array:
    r"""Kullback-Leibler divergence of probability distributions, the relative entropy.

    $$
    D(p \Vert q) = \sum_{k=1}^{K} p_k \ln \frac{p_k}{q_k} = H(p, q) - H(p) \ge 0
    $$

    $\infty$ where some $q_k = 0 < p_k$; a term with $p_k = 0$ is 0.

    Parameters
    ----------
    p : array (..., K)
        Each row (last axis) is a probability distribution, the true one.
    q : array shaped like p
        The predicted one.
    base : float above 1, optional
        Base of the logarithm, 2 for bits; without it the unit is the nat.

    Returns
    -------
    array (...), one number for each row, 0 where the two are equal

    Raises
    ------
    ValueError
        If q is not shaped like p, a row has a negative element or a sum off 1 by more
        than 0.001, or base is not above 1.

    References
    ----------
    Kullback and Leibler (1951), On Information and Sufficiency.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import kl_divergence
    >>> p = [[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    >>> q = [[0.25, 0.25, 0.5], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    >>> print(kl_divergence(p, q, base=2))
    [0.25 1.    inf]
    >>> print(np.round(kl_divergence(p[0], q[0]), 4))
    0.1733
    """
    p = _distributions(p, "p")
    q = _distributions(like(q, p, "q"), "q")
    total: Array = (_xlogy(p, p) - _xlogy(p, q)).sum(axis=-1)
    return total / _nats(base)


def kl_divergence_backward(
    dy: ArrayLike, p: ArrayLike, q: ArrayLike, base: float | None = None
) -> tuple[Array, Array]:
    r"""Gradient of `kl_divergence`.

    $$
    \frac{\partial D}{\partial p_k} = \ln \frac{p_k}{q_k} + 1, \qquad
    \frac{\partial D}{\partial q_k} = -\frac{p_k}{q_k}
    $$

    where the first is $\infty$ if $q_k = 0$, and the second 0 if $p_k = 0$. Each
    element counts as free: to stay a distribution, step along a direction that adds up
    to 0.

    Parameters
    ----------
    dy : array (...), one number for each row
        Gradient of the loss with respect to `kl_divergence(p, q, base)`.
    p : array (..., K)
    q : array shaped like p
    base : float above 1, optional

    Returns
    -------
    two arrays (..., K)
        Gradient of the loss with respect to p, and to q.

    Raises
    ------
    ValueError
        As `kl_divergence`, or if dy does not hold one number for each row.

    References
    ----------
    Kullback and Leibler (1951), On Information and Sufficiency.

    Examples
    --------
    >>> import numpy as np
    >>> from nnref import kl_divergence_backward
    >>> p = [[0.5, 0.25, 0.25], [0.3, 0.7, 0.0]]
    >>> q = [[0.25, 0.25, 0.5], [0.6, 0.4, 0.0]]
    >>> dp, dq = kl_divergence_backward([1.0, 2.0], p, q)
    >>> print(np.round(dp, 4))
    [[1.6931 1.     0.3069]
     [0.6137 3.1192    inf]]
    >>> print(np.round(dq + 0, 4))
    [[-2.  -1.  -0.5]
     [-1.  -3.5  0. ]]
    >>> dp, dq = kl_divergence_backward(1.0, p[0], q[0], base=2)
    >>> print(np.round(dp, 4), np.round(dq, 4))
    [2.4427 1.4427 0.4427] [-2.8854 -1.4427 -0.7213]
    """
    p = _distributions(p, "p")
    q = _distributions(like(q, p, "q"), "q")
    dy = _column(dy, p) / _nats(base)
    log_ratio = _log(np.where(q > 0, p, np.ones_like(p))) - _log(q)
    return dy * (log_ratio + 1), dy * _minus_ratio(p, q)
