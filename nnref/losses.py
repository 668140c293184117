r"""Loss functions and their gradients.

A loss is one number: the mean over the batch. The elementwise losses (mean squared
error, mean absolute error, Huber, sigmoid cross-entropy) take predictions of any shape
and average over all their elements; `softmax_cross_entropy` averages over the $n$ rows
of its logits. So the gradients hold the factor $1 / n$ already.

`target` is data: gradients are with respect to the first argument only. It must have
exactly the shape of the predictions, because (n,) beside (n, 1) would be broadcast to
(n, n) without a word. Everything is computed in the dtype of the first argument.
"""

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import (
    Array,
    Scalar,
    as_array,
    distributions,
    like,
    nonempty,
    number,
    upstream,
)
from nnref._engines.rows import below_zero, some_rows
from nnref.activations import sigmoid, softplus

__all__ = [
    "huber",
    "huber_backward",
    "mean_absolute_error",
    "mean_absolute_error_backward",
    "mean_squared_error",
    "mean_squared_error_backward",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
]


def _residual(pred: ArrayLike, target: ArrayLike) -> Array:
    """Return pred - target."""
    pred = nonempty(pred, "pred")
    return pred - like(target, pred, "target")


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
    >>> import nnref
    >>> print(nnref.mean_squared_error([1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]))
    3.5
    >>> nnref.mean_squared_error([[1.0], [2.0]], [1.0, 2.0])
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
    >>> import nnref
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]
    >>> print(nnref.mean_squared_error_backward(1.0, pred, target))
    [-0.5 -1.5  0.   1. ]
    >>> print(nnref.mean_squared_error_backward(3.0, pred, target))
    [-1.5 -4.5  0.   3. ]
    """
    r = _residual(pred, target)
    return 2 * upstream(dy, r) / r.size * r


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
    >>> import nnref
    >>> print(nnref.mean_absolute_error([1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]))
    1.5
    >>> nnref.mean_absolute_error([], [])
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
    >>> import nnref
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [2.0, 5.0, 6.0, 1.0]
    >>> print(nnref.mean_absolute_error_backward(1.0, pred, target))
    [-0.25 -0.25  0.    0.25]
    >>> print(nnref.mean_absolute_error_backward(3.0, pred, target))
    [-0.75 -0.75  0.    0.75]
    """
    r = _residual(pred, target)
    return upstream(dy, r) / r.size * np.sign(r)


def huber(pred: ArrayLike, target: ArrayLike, *, delta: float = 1.0) -> Scalar:
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
    >>> import nnref
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [1.5, 5.0, 6.0, 1.0]
    >>> print(nnref.huber(pred, target))
    1.03125
    >>> print(nnref.huber(pred, target, delta=2.0))
    1.53125
    >>> nnref.huber(pred, target, delta=0.0)
    Traceback (most recent call last):
    ValueError: delta is 0.0, expected a number in (0, inf)
    """
    delta = number(delta, "delta", "(0, inf)")
    size = np.abs(_residual(pred, target))
    clipped = np.minimum(size, delta)
    return np.mean(clipped * (size - clipped / 2))  # both cases in one


def huber_backward(
    dy: ArrayLike, pred: ArrayLike, target: ArrayLike, *, delta: float = 1.0
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
    >>> import nnref
    >>> pred, target = [1.0, 2.0, 6.0, 3.0], [1.5, 5.0, 6.0, 1.0]
    >>> print(nnref.huber_backward(1.0, pred, target))
    [-0.125 -0.25   0.     0.25 ]
    >>> print(nnref.huber_backward(3.0, pred, target, delta=2.0))
    [-0.375 -1.5    0.     1.5  ]
    """
    delta = number(delta, "delta", "(0, inf)")
    r = _residual(pred, target)
    return upstream(dy, r) / r.size * np.clip(r, -delta, delta)


def _probabilities(target: ArrayLike, logits: Array) -> Array:
    """Return target, like the logits; each must lie in [0, 1], but for rounding."""
    t = like(target, logits, "target")
    if not (t.min() >= -1e-6 and t.max() <= 1 + 1e-6):
        raise ValueError(f"target spans {t.min()} to {t.max()}, expected 0 to 1")
    return t


def sigmoid_cross_entropy(logits: ArrayLike, target: ArrayLike) -> Scalar:
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
        If target is not shaped like logits or leaves [0, 1] by more than 1e-6, or
        logits is empty.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> z, target = [2.0, -1.0, 0.5], [1.0, 0.25, 0.0]
    >>> print(np.round(nnref.sigmoid_cross_entropy(z, target), 4))
    0.5548
    >>> print(nnref.sigmoid_cross_entropy([1e4, -1e4], [1.0, 0.5]))
    2500.0
    >>> nnref.sigmoid_cross_entropy([2.0, -1.0, 0.5], [1.0, 1.5, 0.0])
    Traceback (most recent call last):
    ValueError: target spans 0.0 to 1.5, expected 0 to 1
    """
    z = nonempty(logits, "logits")
    t = _probabilities(target, z)
    return np.mean(t * softplus(-z) + (1 - t) * softplus(z))


def sigmoid_cross_entropy_backward(
    dy: ArrayLike, logits: ArrayLike, target: ArrayLike
) -> Array:
    r"""Gradient of `sigmoid_cross_entropy` with respect to the logits.

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
        If target is not shaped like logits or leaves [0, 1] by more than 1e-6, logits
        is empty, or dy is not one number.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> z, target = [2.0, -1.0, 0.5], [1.0, 0.25, 0.0]
    >>> print(np.round(nnref.sigmoid_cross_entropy_backward(1.0, z, target), 4))
    [-0.0397  0.0063  0.2075]
    >>> print(np.round(nnref.sigmoid_cross_entropy_backward(3.0, z, target), 4))
    [-0.1192  0.0189  0.6225]
    """
    z = nonempty(logits, "logits")
    t = _probabilities(target, z)
    return upstream(dy, z) / z.size * (sigmoid(z) - t)


def _classification(logits: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    """Return logits (n, q) and target, either labels (n,) or probabilities (n, q)."""
    z = nonempty(logits, "logits")
    if z.ndim != 2:
        raise ValueError(f"logits has shape {z.shape}, expected (n, q)")
    (n, q), t = z.shape, as_array(target, "target")
    if t.shape == (n, q):
        return z, distributions(like(t, z, "target"), "target")
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


def softmax_cross_entropy(
    logits: ArrayLike, target: ArrayLike, *, label_smoothing: float = 0.0
) -> Scalar:
    r"""Cross-entropy of class predictions, given as logits.

    $$
    \begin{aligned}
    t_{ik} &= (1 - \varepsilon) y_{ik} + \frac{\varepsilon}{q} \\
    L &= -\frac{1}{n} \sum_{i=1}^{n} \sum_{k=1}^{q} t_{ik} \ln p_{ik}
    \end{aligned}
    $$

    where row $p_i$ is the softmax of the logits $z_i$, $\varepsilon$ the label
    smoothing, and $y_{ik}$ is 1 where $k$ is the label of row $i$, else 0. A term with
    $t_{ik} = 0$ is 0: a logit may be $-\infty$ there. Logits, not probabilities:
    applied to a softmax's output, this takes the softmax twice.

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
    >>> import nnref
    >>> z = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]
    >>> print(np.round(nnref.softmax_cross_entropy(z, [1, 0]), 4))
    0.8236
    >>> print(np.round(nnref.softmax_cross_entropy(z, [1, 0], label_smoothing=0.3), 4))
    1.0236
    >>> y = [[0.0, 0.5, 0.5], [0.2, 0.8, 0.0]]
    >>> print(np.round(nnref.softmax_cross_entropy(z, y), 4))
    1.3736
    >>> print(np.round(nnref.softmax_cross_entropy(z, y, label_smoothing=1.0), 4))
    1.4902
    >>> print(nnref.softmax_cross_entropy([[1e4, 0.0]], [1]))
    10000.0
    >>> nnref.softmax_cross_entropy(z, [1, 3])
    Traceback (most recent call last):
    ValueError: target holds labels 1 to 3, expected 0 to 2
    >>> nnref.softmax_cross_entropy(z, [1.0, 0.0])
    Traceback (most recent call last):
    ValueError: target is float64 (2,), expected integers (2,) or probabilities (2, 3)
    >>> nnref.softmax_cross_entropy(np.zeros((2, 3, 4)), np.zeros((2, 4), int))
    Traceback (most recent call last):
    ValueError: logits has shape (2, 3, 4), expected (n, q)
    """
    smooth = number(label_smoothing, "label_smoothing", "[0, 1]")
    z, t = _classification(logits, target)
    total = 0.0
    for rows in some_rows(z):
        shifted, some = below_zero(z[rows], 1), t[rows]
        # Of log softmax = shifted - log_total, only what the target asks for.
        if some.ndim == 1:
            right = shifted[np.arange(len(some)), some]
        else:
            right = (some * np.where(some > 0, shifted, 0)).sum(axis=1)  # 0 ln 0 = 0
        if smooth == 1:  # the label may be impossible, with a logarithm of -inf
            right = shifted.mean(axis=1)
        elif smooth:
            right = (1 - smooth) * right + smooth * shifted.mean(axis=1)
        log_total = np.log(np.exp(shifted, out=shifted).sum(axis=1))
        total += (log_total - right).sum()
    loss: Scalar = z.dtype.type(total / len(z))
    return loss


def softmax_cross_entropy_backward(
    dy: ArrayLike, logits: ArrayLike, target: ArrayLike, *, label_smoothing: float = 0.0
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
    >>> import nnref
    >>> z = [[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]
    >>> print(np.round(nnref.softmax_cross_entropy_backward(1.0, z, [1, 0]), 4))
    [[ 0.045  -0.3776  0.3326]
     [-0.1065  0.0533  0.0533]]
    >>> dz = nnref.softmax_cross_entropy_backward(3.0, z, [1, 0], label_smoothing=0.3)
    >>> print(np.round(dz, 4))
    [[-0.015  -0.8329  0.8479]
     [-0.0195  0.0098  0.0098]]
    >>> y = [[0.0, 0.5, 0.5], [0.2, 0.8, 0.0]]
    >>> dz = nnref.softmax_cross_entropy_backward(1.0, z, y, label_smoothing=0.3)
    >>> print(np.round(dz, 4))
    [[-0.005  -0.1026  0.1076]
     [ 0.2735 -0.2767  0.0033]]
    """
    smooth = number(label_smoothing, "label_smoothing", "[0, 1]")
    z, t = _classification(logits, target)
    scale, dz = upstream(dy, z) / len(z), np.empty_like(z)
    for rows in some_rows(z):
        p, some = np.exp(below_zero(z[rows], 1), out=dz[rows]), t[rows]
        p *= scale / p.sum(axis=1, keepdims=True)  # softmax, times the scale
        if some.ndim == 1:
            p[np.arange(len(some)), some] -= scale * (1 - smooth)
        else:
            p -= scale * (1 - smooth) * some
        if smooth:
            p -= scale * smooth / z.shape[1]
    return dz
