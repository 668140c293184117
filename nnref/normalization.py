r"""Batch, layer, group and root mean square normalization.

The first three subtract a mean, divide by a standard deviation, then scale by $\gamma$
and shift by $\beta$, which are learned. They differ in what the mean is over: batch
normalization takes each channel over all samples and pixels, layer normalization each
sample over its features, group normalization each sample over a few channels and their
pixels. Root mean square normalization subtracts nothing and has no $\beta$.

The variance is the mean of the squared distances from the mean (not
$\overline{x^2} - \bar{x}^2$, which cancels), and $\varepsilon$ stands under the root.
Everything is computed in the dtype of `x`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnref._arrays import Arrays
from nnref._check import (
    Array,
    as_float,
    flag,
    floating,
    like,
    number,
    shaped,
    shown,
    whole,
)
from nnref.layer import Layer

__all__ = [
    "BatchNorm",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
    "batch_norm",
    "batch_norm_backward",
    "group_norm",
    "group_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "rms_norm",
    "rms_norm_backward",
]


def _channels(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike
) -> tuple[Array, Array, Array]:
    """Return x (n, c, ...), and gamma and beta lined up with its axis 1; checked."""
    x, gamma = as_float(x, "x"), as_float(gamma, "gamma")
    if gamma.ndim != 1:
        raise ValueError(f"gamma has shape {gamma.shape}, expected (c,)")
    if x.ndim < 2 or x.shape[1] != len(gamma):
        raise ValueError(f"x has shape {x.shape}, expected (n, {len(gamma)}, ...)")
    return x, _column(gamma, x), _column(shaped(beta, gamma.shape, "beta"), x)


def _column(a: Array, x: Array) -> Array:
    """Return a (c,) in the dtype of x (n, c, ...), shaped to lie along its axis 1."""
    return a.reshape(-1, *[1] * (x.ndim - 2)).astype(x.dtype, copy=False)


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _centred(x: Array) -> tuple[Array, Array]:
    """Return x (n, c, ...) with mean 0 in every channel, and the means (c,)."""
    if x.size < 2 * x.shape[1]:
        raise ValueError(
            f"x has shape {x.shape}, expected at least two values in each channel"
        )
    mean: Array = x.mean(axis=_all_but_channels(x))
    centred = x - _column(mean, x)
    rest: Array = centred.mean(axis=_all_but_channels(x))
    centred -= _column(rest, x)  # far from 0 the mean is rounded
    return centred, mean + rest


def _standardized(
    x: Array, eps: float, stats: tuple[ArrayLike, ArrayLike] | None
) -> tuple[Array, Array, tuple[Array, Array]]:
    """Return x with mean 0 and variance 1 in every channel, what divided it, and stats.

    If none are given, these are the mean and the variance of the batch, each (c,).
    """
    eps = number(eps, "eps", "[0, inf)")
    if stats is None:
        centred, mean = _centred(x)
        var = (centred**2).mean(axis=_all_but_channels(x))
    else:
        try:
            first, second = stats
        except (TypeError, ValueError):
            message = f"stats is {shown(stats)}, expected a mean and a variance"
            raise ValueError(message) from None
        mean = shaped(first, x.shape[1:2], "the mean in stats")
        var = shaped(second, x.shape[1:2], "the variance in stats")
        centred = x - _column(mean, x)
    std = np.sqrt(_column(var, x) + eps)
    centred /= std
    return centred, std, (mean, var)


def _batch_norm(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    eps: float,
    stats: tuple[ArrayLike, ArrayLike] | None,
) -> tuple[Array, tuple[Array, Array]]:
    """Return x normalized, scaled and shifted, and the statistics that it was by."""
    x, gamma, beta = _channels(x, gamma, beta)
    y, _, stats = _standardized(x, eps, stats)
    y *= gamma
    y += beta
    return y, stats


def batch_norm(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    *,
    eps: float = 1e-5,
    stats: tuple[ArrayLike, ArrayLike] | None = None,
) -> Array:
    r"""Batch normalization: each channel gets mean beta and standard deviation gamma.

    $$
    \begin{aligned}
    \mu_c &= \frac{1}{m} \sum_{i=1}^{m} x_{ic}, \qquad
    \sigma_c^2 = \frac{1}{m} \sum_{i=1}^{m} (x_{ic} - \mu_c)^2 \\
    \hat{x}_{ic} &= \frac{x_{ic} - \mu_c}{\sqrt{\sigma_c^2 + \varepsilon}}, \qquad
    y_{ic} = \gamma_c \hat{x}_{ic} + \beta_c
    \end{aligned}
    $$

    where $i$ counts all $m$ values of channel $c$: samples and, in images, pixels.

    In evaluation a sample must not depend on the others: then `stats` are the running
    statistics of training.

    Parameters
    ----------
    x : array (n, c, ...)
        Rows (n, c), or images (n, c, rows, columns).
    gamma, beta : arrays (c,)
    eps : float, at least 0
    stats : pair of arrays (c,), optional
        Mean and variance to use instead of the batch's.

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If a shape is another, eps is negative or infinite, or, without stats, there are
        fewer than two values in a channel.

    References
    ----------
    Ioffe and Szegedy (2015), Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x = [[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]  # means 3 and 20
    >>> print(np.round(nnref.batch_norm(x, [1.0, 2.0], [0.0, 100.0]), 4))
    [[ -0.9258  97.5505]
     [ -0.4629 102.4495]
     [  1.3887 100.    ]]
    >>> print(np.round(nnref.batch_norm(x, [1.0, 2.0], [0.0, 100.0], eps=4.0), 4))
    [[ -0.6794  97.6208]
     [ -0.3397 102.3792]
     [  1.019  100.    ]]
    >>> stats = [1.0, 20.0], [8.0, 24.0]
    >>> y = nnref.batch_norm(x, [1.0, 2.0], [0.0, 100.0], eps=1.0, stats=stats)
    >>> print(y.round(4))
    [[  0.      96.    ]
     [  0.3333 104.    ]
     [  1.6667 100.    ]]
    >>> y = nnref.batch_norm([[-1e-3], [1e-3]], [1.0], [0.0])  # eps shows
    >>> print(y.round(4).ravel())
    [-0.3015  0.3015]
    >>> y = nnref.batch_norm([[1e8 - 1], [1e8], [1e8 + 1]], [1.0], [0.0])
    >>> print(y.round(4).ravel())
    [-1.2247  0.      1.2247]
    >>> nnref.batch_norm([[1.0, 10.0]], [1.0, 2.0], [0.0, 100.0])
    Traceback (most recent call last):
    ValueError: x has shape (1, 2), expected at least two values in each channel
    """
    y, _ = _batch_norm(x, gamma, beta, eps, stats)
    return y


def batch_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    *,
    eps: float = 1e-5,
    stats: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[Array, Array, Array]:
    r"""Gradients of `batch_norm`.

    $$
    \begin{aligned}
    \frac{\partial L}{\partial \beta_c}
    &= \sum_{i=1}^{m} \frac{\partial L}{\partial y_{ic}}, \qquad
    \frac{\partial L}{\partial \gamma_c}
    = \sum_{i=1}^{m} \frac{\partial L}{\partial y_{ic}} \hat{x}_{ic} \\
    \frac{\partial L}{\partial x_{ic}}
    &= \frac{\gamma_c}{\sqrt{\sigma_c^2 + \varepsilon}}
    \left( \frac{\partial L}{\partial y_{ic}}
    - \frac{1}{m} \frac{\partial L}{\partial \beta_c}
    - \frac{\hat{x}_{ic}}{m} \frac{\partial L}{\partial \gamma_c} \right)
    \end{aligned}
    $$

    The two terms subtracted come through $\mu$ and $\sigma$, which depend on x. Given
    `stats` do not, and only the first term is left.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `batch_norm(x, gamma, beta)`.
    x : array (n, c, ...)
    gamma, beta : arrays (c,)
    eps : float, at least 0
    stats : pair of arrays (c,), optional
        Mean and variance used instead of the batch's. They are constants here.

    Returns
    -------
    three arrays
        Gradient of the loss with respect to x, to gamma and to beta, each in the shape
        of its variable.

    Raises
    ------
    ValueError
        If a shape is another, eps is negative or infinite, or, without stats, there are
        fewer than two values in a channel.

    References
    ----------
    Ioffe and Szegedy (2015), Batch Normalization, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma, beta = [[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]], [1.0, 2.0], [0.0, 9.0]
    >>> dy = [[1.0, 2.0], [3.0, 5.0], [4.0, 0.0]]
    >>> dx, dgamma, dbeta = nnref.batch_norm_backward(dy, x, gamma, beta, eps=4.0)
    >>> print(np.round(dx, 4))
    [[-0.3832  0.2574]
     [ 0.2047  0.2978]
     [ 0.1786 -0.5551]]
    >>> print(np.round(dgamma, 4), dbeta)
    [2.3778 3.5687] [8. 7.]
    >>> near = [[-1e-3], [1e-3]]
    >>> dx, _, _ = nnref.batch_norm_backward([[0.0], [1.0]], near, [1.0], [0.0])
    >>> print(np.round(dx, 2).ravel())
    [-137.05  137.05]
    >>> stats = [1.0, 20.0], [8.0, 24.0]
    >>> options = {"eps": 1.0, "stats": stats}
    >>> dx, dgamma, _ = nnref.batch_norm_backward(dy, x, gamma, beta, **options)
    >>> print(np.round(dx, 4), np.round(dgamma, 4))
    [[0.3333 0.8   ]
     [1.     2.    ]
     [1.3333 0.    ]] [7.6667 6.    ]

    An image of two channels:

    >>> x, dy = [[[[1.0, 2.0, 6.0]], [[0.0, 3.0, 9.0]]]], [[[[1, 3, 4]], [[2, 5, 0]]]]
    >>> dx, dgamma, dbeta = nnref.batch_norm_backward(dy, x, gamma, beta, eps=4.0)
    >>> print(np.round(dx[0, :, 0], 4))
    [[-0.3832  0.2047  0.1786]
     [-0.6111  1.1436 -0.5325]]
    >>> print(np.round(dgamma, 4), dbeta)
    [ 2.3778 -3.0641] [8. 7.]
    """
    x, gamma, _ = _channels(x, gamma, beta)
    x_hat, std, _ = _standardized(x, eps, stats)
    dy = like(dy, x, "dy")
    dgamma: Array = (dy * x_hat).sum(axis=_all_but_channels(x))
    dbeta: Array = dy.sum(axis=_all_but_channels(x))
    dx = gamma / std * dy
    if stats is None:
        m = x.size // x.shape[1]
        dx -= gamma / std * (_column(dbeta, x) + x_hat * _column(dgamma, x)) / m
    return dx, dgamma, dbeta


def _features(x: ArrayLike, gamma: ArrayLike) -> tuple[Array, Array]:
    """Return x (..., d), and gamma (d,) in the dtype of x, checked."""
    x, gamma = as_float(x, "x"), as_float(gamma, "gamma")
    if gamma.ndim != 1:
        raise ValueError(f"gamma has shape {gamma.shape}, expected (d,)")
    if x.ndim < 1 or x.shape[-1] != len(gamma):
        raise ValueError(f"x has shape {x.shape}, expected (..., {len(gamma)})")
    return x, gamma.astype(x.dtype, copy=False)


def _standardized_rows(x: Array, eps: float) -> tuple[Array, Array]:
    """Return x with mean 0 and variance 1 along the last axis, and what divided it."""
    eps = number(eps, "eps", "[0, inf)")
    centred = x - x.mean(axis=-1, keepdims=True)
    centred -= centred.mean(axis=-1, keepdims=True)  # far from 0 the mean is rounded
    std = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    centred /= std
    return centred, std


def _standardized_rows_backward(g: Array, x_hat: Array, std: Array) -> Array:
    """Return dx for the gradient g with respect to x_hat."""
    mean_g: Array = g.mean(axis=-1, keepdims=True)
    mean_g_x_hat: Array = (g * x_hat).mean(axis=-1, keepdims=True)
    return (g - mean_g - x_hat * mean_g_x_hat) / std


def layer_norm(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, *, eps: float = 1e-5
) -> Array:
    r"""Layer normalization: each sample is normalized by itself, over the last axis.

    $$
    \begin{aligned}
    \mu_i &= \frac{1}{d} \sum_{j=1}^{d} x_{ij}, \qquad
    \sigma_i^2 = \frac{1}{d} \sum_{j=1}^{d} (x_{ij} - \mu_i)^2 \\
    \hat{x}_{ij} &= \frac{x_{ij} - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}}, \qquad
    y_{ij} = \gamma_j \hat{x}_{ij} + \beta_j
    \end{aligned}
    $$

    Parameters
    ----------
    x : array (..., d)
        Rows (n, d), or more axes before the last.
    gamma, beta : arrays (d,)
    eps : float, at least 0

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If a shape is another, or eps is negative or infinite.

    References
    ----------
    Ba, Kiros and Hinton (2016), Layer Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma, beta = [[1.0, 2.0, 6.0], [10.0, 30.0, 20.0]], [1, 2, 3], [9, 8, 7]
    >>> print(np.round(nnref.layer_norm(x, gamma, beta), 4))  # means 3 and 20
    [[ 8.0742  7.0742 11.1662]
     [ 7.7753 10.4495  7.    ]]
    >>> print(np.round(nnref.layer_norm(x, gamma, beta, eps=4.0), 4))
    [[ 8.3206  7.3206 10.0571]
     [ 7.8104 10.3792  7.    ]]
    >>> print(np.round(nnref.layer_norm([-1e-3, 1e-3], [1, 1], [0, 0]), 4))  # eps shows
    [-0.3015  0.3015]
    >>> print(np.round(nnref.layer_norm([1e8 - 1, 1e8, 1e8 + 1], gamma, beta), 4))
    [ 7.7753  8.     10.6742]
    """
    x, gamma = _features(x, gamma)
    beta = like(beta, gamma, "beta")
    x_hat, _ = _standardized_rows(x, eps)
    return gamma * x_hat + beta


def layer_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    *,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    r"""Gradients of `layer_norm`.

    $$
    \begin{aligned}
    \frac{\partial L}{\partial \beta_j}
    &= \sum_{i=1}^{n} \frac{\partial L}{\partial y_{ij}}, \qquad
    \frac{\partial L}{\partial \gamma_j}
    = \sum_{i=1}^{n} \frac{\partial L}{\partial y_{ij}} \hat{x}_{ij} \\
    g_{ij} &= \frac{\partial L}{\partial y_{ij}} \gamma_j \\
    \frac{\partial L}{\partial x_{ij}}
    &= \frac{1}{\sqrt{\sigma_i^2 + \varepsilon}}
    \left( g_{ij} - \frac{1}{d} \sum_{k=1}^{d} g_{ik}
    - \frac{\hat{x}_{ij}}{d} \sum_{k=1}^{d} g_{ik} \hat{x}_{ik} \right)
    \end{aligned}
    $$

    where $i$ counts all rows, whatever the axes before the last.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `layer_norm(x, gamma, beta)`.
    x : array (..., d)
    gamma, beta : arrays (d,)
    eps : float, at least 0

    Returns
    -------
    three arrays
        Gradient of the loss with respect to x, to gamma and to beta, each in the shape
        of its variable.

    Raises
    ------
    ValueError
        If a shape is another, or eps is negative or infinite.

    References
    ----------
    Ba, Kiros and Hinton (2016), Layer Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma, beta = [[1.0, 2.0, 6.0], [10.0, 30.0, 20.0]], [1, 2, 3], [9, 8, 7]
    >>> dy = [[1.0, 3.0, 4.0], [2.0, 5.0, 0.0]]
    >>> dx, _, _ = nnref.layer_norm_backward([0.0, 1.0], [-1e-3, 1e-3], [1, 1], [0, 0])
    >>> print(np.round(dx, 2))
    [-137.05  137.05]
    >>> dx, dgamma, dbeta = nnref.layer_norm_backward(dy, x, gamma, beta, eps=4.0)
    >>> print(np.round(dx, 4))
    [[-1.08    0.2526  0.8274]
     [ 0.211   0.2648 -0.4758]]
    >>> print(np.round(dgamma, 4), dbeta)
    [-3.0585  4.9288  4.0762] [3. 8. 4.]
    """
    x, gamma = _features(x, gamma)
    like(beta, gamma, "beta")
    x_hat, std = _standardized_rows(x, eps)
    dy = like(dy, x, "dy")
    dx = _standardized_rows_backward(dy * gamma, x_hat, std)
    rows = tuple(range(x.ndim - 1))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)


def _in_groups(x: Array, groups: int) -> Array:
    """Return x (n, c, ...) as (n, groups, m): the channels of a group in one row."""
    if x.shape[1] % whole(groups, "groups"):
        raise ValueError(
            f"groups is {groups}, expected a divisor of {x.shape[1]}, the channels"
        )
    return x.reshape(len(x), groups, math.prod(x.shape[1:]) // groups)


def group_norm(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, *, groups: int, eps: float = 1e-5
) -> Array:
    r"""Group normalization: each sample by itself, a few channels at a time.

    $$
    \begin{aligned}
    \mu_{ig} &= \frac{1}{m} \sum_{k=1}^{m} x_{igk}, \qquad
    \sigma_{ig}^2 = \frac{1}{m} \sum_{k=1}^{m} (x_{igk} - \mu_{ig})^2 \\
    \hat{x}_{igk}
    &= \frac{x_{igk} - \mu_{ig}}{\sqrt{\sigma_{ig}^2 + \varepsilon}}, \qquad
    y_{igk} = \gamma_{gk} \hat{x}_{igk} + \beta_{gk}
    \end{aligned}
    $$

    where $k$ counts all $m$ values of group $g$ in sample $i$: its channels and, in
    images, their pixels. $\gamma_{gk}$ and $\beta_{gk}$ are those of the channel that
    value $k$ belongs to. A group is a run of consecutive channels, all equally long.

    With one group this is layer normalization over channels and pixels together; with
    one channel to a group and images, instance normalization.

    Parameters
    ----------
    x : array (n, c, ...)
        Rows (n, c), or images (n, c, rows, columns).
    gamma, beta : arrays (c,)
    groups : int, at least 1
        Must divide c.
    eps : float, at least 0

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If a shape is another, groups does not divide c, or eps is negative or infinite.

    References
    ----------
    Wu and He (2018), Group Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma, beta = [[1.0, 3.0, 10.0, 30.0]], [1, 2, 1, 2], [0, 0, 5, 5]
    >>> print(nnref.group_norm(x, gamma, beta, groups=2, eps=0.0))  # means 2 and 20
    [[-1.  2.  4.  7.]]
    >>> print(nnref.group_norm(x, gamma, beta, groups=1).round(4))  # mean 11
    [[-0.872  -1.3953  4.9128  8.3138]]
    >>> images = [[[[1.0, 2.0, 6.0]], [[0.0, 3.0, 9.0]]]]  # one of two channels
    >>> y = nnref.group_norm(images, [1, 2], [0, 5], groups=1, eps=4.0)
    >>> print(y[0, :, 0].round(4))
    [[-0.6783 -0.407   0.6783]
     [ 3.1007  4.7287  7.9846]]
    >>> nnref.group_norm(x, gamma, beta, groups=3)
    Traceback (most recent call last):
    ValueError: groups is 3, expected a divisor of 4, the channels
    """
    x, gamma, beta = _channels(x, gamma, beta)
    x_hat, _ = _standardized_rows(_in_groups(x, groups), eps)
    return gamma * x_hat.reshape(x.shape) + beta


def group_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    *,
    groups: int,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    r"""Gradients of `group_norm`.

    $$
    \begin{aligned}
    \frac{\partial L}{\partial \beta_{gk}}
    &= \sum_{i=1}^{n} \frac{\partial L}{\partial y_{igk}}, \qquad
    \frac{\partial L}{\partial \gamma_{gk}}
    = \sum_{i=1}^{n} \frac{\partial L}{\partial y_{igk}} \hat{x}_{igk} \\
    u_{igk} &= \frac{\partial L}{\partial y_{igk}} \gamma_{gk} \\
    \frac{\partial L}{\partial x_{igk}}
    &= \frac{1}{\sqrt{\sigma_{ig}^2 + \varepsilon}}
    \left( u_{igk} - \frac{1}{m} \sum_{j=1}^{m} u_{igj}
    - \frac{\hat{x}_{igk}}{m} \sum_{j=1}^{m} u_{igj} \hat{x}_{igj} \right)
    \end{aligned}
    $$

    In images the gradients to $\beta$ and $\gamma$ are summed over the pixels of the
    channel, too.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to the result of `group_norm`.
    x : array (n, c, ...)
    gamma, beta : arrays (c,)
    groups : int, at least 1
        Must divide c.
    eps : float, at least 0

    Returns
    -------
    three arrays
        Gradient of the loss with respect to x, to gamma and to beta, each in the shape
        of its variable.

    Raises
    ------
    ValueError
        If a shape is another, groups does not divide c, or eps is negative or infinite.

    References
    ----------
    Wu and He (2018), Group Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma, beta = [[1.0, 3.0, 10.0, 30.0]], [1, 2, 1, 2], [0, 0, 5, 5]
    >>> dy, options = [[1.0, 2.0, 3.0, 5.0]], {"groups": 2, "eps": 3.0}
    >>> dx, dgamma, dbeta = nnref.group_norm_backward(dy, x, gamma, beta, **options)
    >>> print(dx.round(4))
    [[-0.5625  0.5625 -0.01    0.01  ]]
    >>> print(dgamma.round(4), dbeta)
    [-0.5     1.     -2.956   4.9266] [1. 2. 3. 5.]
    >>> x, dy = [[[[1.0, 2.0, 6.0]], [[0.0, 3.0, 9.0]]]], [[[[1, 3, 4]], [[2, 5, 0]]]]
    >>> dx, dgamma, dbeta = nnref.group_norm_backward(dy, x, [1, 2], [0, 5], groups=1)
    >>> print(dx[0, :, 0].round(4))
    [[-1.0861 -0.3502  0.3324]
     [-0.2069  2.0009 -0.6901]]
    >>> print(dgamma.round(4), dbeta)
    [ 0.9691 -3.0688] [8. 7.]
    """
    x, gamma, _ = _channels(x, gamma, beta)
    rows = _in_groups(x, groups)
    x_hat, std = _standardized_rows(rows, eps)
    dy = like(dy, x, "dy")
    dx = _standardized_rows_backward((dy * gamma).reshape(rows.shape), x_hat, std)
    others = _all_but_channels(x)
    dgamma: Array = (dy * x_hat.reshape(x.shape)).sum(axis=others)
    return dx.reshape(x.shape), dgamma, dy.sum(axis=others)


def _scaled_rows(x: Array, eps: float) -> tuple[Array, Array]:
    """Return x with mean square 1 along the last axis, and what divided it."""
    eps = number(eps, "eps", "[0, inf)")
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    return x / rms, rms


def rms_norm(x: ArrayLike, gamma: ArrayLike, *, eps: float = 1e-5) -> Array:
    r"""Root mean square normalization: each row is divided by its root mean square.

    $$
    r_i = \sqrt{\frac{1}{d} \sum_{j=1}^{d} x_{ij}^2 + \varepsilon}, \qquad
    y_{ij} = \gamma_j \frac{x_{ij}}{r_i}
    $$

    Layer normalization without the mean and without a shift.

    Parameters
    ----------
    x : array (..., d)
        Rows (n, d), or more axes before the last.
    gamma : array (d,)
    eps : float, at least 0

    Returns
    -------
    array shaped like x

    Raises
    ------
    ValueError
        If a shape is another, or eps is negative or infinite.

    References
    ----------
    Zhang and Sennrich (2019), Root Mean Square Layer Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma = [[1.0, 7.0], [-3.0, 4.0]], [1.0, 10.0]
    >>> print(nnref.rms_norm(x, gamma, eps=0.0).round(4))  # divided by 5 and 3.5355
    [[ 0.2    14.    ]
     [-0.8485 11.3137]]
    >>> print(nnref.rms_norm(x, gamma, eps=11.0).round(4))  # by 6 and 4.8477
    [[ 0.1667 11.6667]
     [-0.6189  8.2514]]
    >>> print(nnref.rms_norm([-1e-3, 1e-3], [1, 1]).round(4))  # eps shows
    [-0.3015  0.3015]
    """
    x, gamma = _features(x, gamma)
    x_hat, _ = _scaled_rows(x, eps)
    return gamma * x_hat


def rms_norm_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, *, eps: float = 1e-5
) -> tuple[Array, Array]:
    r"""Gradients of `rms_norm`.

    $$
    \begin{aligned}
    r_i &= \sqrt{\frac{1}{d} \sum_{j=1}^{d} x_{ij}^2 + \varepsilon}, \qquad
    \frac{\partial L}{\partial \gamma_j}
    = \sum_{i=1}^{n} \frac{\partial L}{\partial y_{ij}} \frac{x_{ij}}{r_i} \\
    g_{ij} &= \frac{\partial L}{\partial y_{ij}} \gamma_j, \qquad
    \frac{\partial L}{\partial x_{ij}}
    = \frac{1}{r_i} \left( g_{ij}
    - \frac{x_{ij}}{d r_i^2} \sum_{k=1}^{d} g_{ik} x_{ik} \right)
    \end{aligned}
    $$

    where $i$ counts all rows, whatever the axes before the last.

    Parameters
    ----------
    dy : array shaped like x
        Gradient of the loss with respect to `rms_norm(x, gamma)`.
    x : array (..., d)
    gamma : array (d,)
    eps : float, at least 0

    Returns
    -------
    two arrays
        Gradient of the loss with respect to x and to gamma, each in the shape of its
        variable.

    Raises
    ------
    ValueError
        If a shape is another, or eps is negative or infinite.

    References
    ----------
    Zhang and Sennrich (2019), Root Mean Square Layer Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, gamma, dy = [[1.0, 7.0], [-3.0, 4.0]], [1.0, 10.0], [[5.0, 2.0], [0.0, 1.0]]
    >>> dx, dgamma = nnref.rms_norm_backward(dy, x, gamma, eps=0.0)
    >>> print(dx.round(4))
    [[ 0.42   -0.06  ]
     [ 1.3576  1.0182]]
    >>> print(dgamma.round(4))
    [1.     3.9314]
    >>> dx, dgamma = nnref.rms_norm_backward(dy, x, gamma, eps=11.0)
    >>> print(dx.round(4))
    [[0.4977 0.9838]
     [0.5267 1.3606]]
    """
    x, gamma = _features(x, gamma)
    x_hat, rms = _scaled_rows(x, eps)
    dy = like(dy, x, "dy")
    g = dy * gamma
    dx = (g - x_hat * (g * x_hat).mean(axis=-1, keepdims=True)) / rms
    return dx, (dy * x_hat).sum(axis=tuple(range(x.ndim - 1)))


class BatchNorm(Layer):
    r"""Batch normalization with running statistics. See `nnref.normalization`.

    In training a channel is normalized by the mean and the variance of the batch, which
    also move the running ones:

    $$
    \tilde{\mu} = \rho \mu + (1 - \rho) \mu_B, \qquad
    \tilde{v} = \rho v + (1 - \rho) \frac{m}{m - 1} v_B
    $$

    where the batch has $m$ values in a channel, with mean $\mu_B$ and variance $v_B$;
    the factor makes the variance unbiased.
    In evaluation the running ones are used. They start at 0 and 1.

    Parameters
    ----------
    c : int
        Number of channels, or of features.
    rho : float
        Weight that a running statistic keeps of its old value.
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
    Reducing Internal Covariate Shift. The running mean, and $\rho = 0.9$, are those of
    PyTorch, which calls $1 - \rho$ momentum.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.BatchNorm(2, rho=0.5, eps=1.0)
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
    >>> layer = nnref.BatchNorm(2)
    >>> _ = layer.forward(x, training=True)
    >>> print(layer.running_mean.round(4))
    [0.3 0.4]
    """

    per_sample = False

    def __init__(
        self,
        c: int,
        *,
        rho: float = 0.9,
        eps: float = 1e-5,
        dtype: DTypeLike = np.float64,
    ) -> None:
        c, dtype = whole(c, "c"), floating(dtype)
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
        x = as_float(x, "x")
        running = self.running_mean, self.running_var
        stats = None if flag(training, "training") else running
        y, (mean, var) = _batch_norm(x, **self._params, eps=self._eps, stats=stats)
        if training:
            m = x.size // x.shape[1]
            self.running_mean += (1 - self._rho) * (mean - self.running_mean)
            var = m / (m - 1) * var
            self.running_var += (1 - self._rho) * (var - self.running_var)
        self._saved = x, stats
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
    >>> import nnref
    >>> layer = nnref.LayerNorm(3, eps=1.0)
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
        d, dtype = whole(d, "d"), floating(dtype)
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


class GroupNorm(Layer):
    """Group normalization of channels. See `nnref.normalization.group_norm`.

    Parameters
    ----------
    c : int
        Number of channels.
    groups : int
        Must divide c.
    eps : float
    dtype : float dtype
        Of the parameters.

    Raises
    ------
    ValueError
        If a number is outside its range, or groups does not divide c.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.GroupNorm(4, groups=2, eps=3.0)
    >>> layer
    GroupNorm(4, groups=2)
    >>> layer.params["gamma"][...] = [1.0, 2.0, 1.0, 2.0]
    >>> print(layer.forward(np.array([[1.0, 3.0, 10.0, 30.0]])).round(4))
    [[-0.5     1.     -0.9853  1.9707]]
    >>> print(layer.backward(np.array([[1.0, 2.0, 3.0, 5.0]])).round(4))
    [[-0.5625  0.5625 -0.01    0.01  ]]
    >>> print(layer.grads["gamma"].round(4), layer.grads["beta"])
    [-0.5     1.     -2.956   4.9266] [1. 2. 3. 5.]
    """

    def __init__(
        self,
        c: int,
        *,
        groups: int,
        eps: float = 1e-5,
        dtype: DTypeLike = np.float64,
    ) -> None:
        c, dtype = whole(c, "c"), floating(dtype)
        if c % whole(groups, "groups"):
            raise ValueError(
                f"groups is {groups}, expected a divisor of {c}, the channels"
            )
        super().__init__(gamma=np.ones(c, dtype), beta=np.zeros(c, dtype))
        self._groups, self._eps = groups, number(eps, "eps", "[0, inf)")

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, c, ...), each group of channels of a sample normalized."""
        self._saved = x
        gamma, beta = self._params.values()
        return group_norm(x, gamma, beta, groups=self._groups, eps=self._eps)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, and set `grads`."""
        x, (gamma, beta) = self._recall(), self._params.values()
        dx, dgamma, dbeta = group_norm_backward(
            dy, x, gamma, beta, groups=self._groups, eps=self._eps
        )
        self._grads = {"gamma": dgamma, "beta": dbeta}
        return dx

    def __repr__(self) -> str:
        return f"GroupNorm({len(self._params['gamma'])}, groups={self._groups})"


class RMSNorm(Layer):
    """Root mean square normalization. See `nnref.normalization.rms_norm`.

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
    >>> import nnref
    >>> layer = nnref.RMSNorm(2, eps=11.0)
    >>> layer.params["gamma"][...] = [1.0, 10.0]
    >>> print(layer.forward(np.array([[1.0, 7.0], [-3.0, 4.0]])).round(4))
    [[ 0.1667 11.6667]
     [-0.6189  8.2514]]
    >>> print(layer.backward(np.array([[5.0, 2.0], [0.0, 1.0]])).round(4))
    [[0.4977 0.9838]
     [0.5267 1.3606]]
    >>> print(layer.grads["gamma"].round(4))
    [0.8333 3.1585]
    """

    def __init__(
        self, d: int, *, eps: float = 1e-5, dtype: DTypeLike = np.float64
    ) -> None:
        d, dtype = whole(d, "d"), floating(dtype)
        super().__init__(gamma=np.ones(d, dtype))
        self._eps = number(eps, "eps", "[0, inf)")

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (..., d), each row of it scaled."""
        self._saved = x
        return rms_norm(x, **self._params, eps=self._eps)

    def backward(self, dy: Array) -> Array:
        """Return dx shaped like x, and set `grads`."""
        dx, dgamma = rms_norm_backward(
            dy, self._recall(), **self._params, eps=self._eps
        )
        self._grads = {"gamma": dgamma}
        return dx

    def __repr__(self) -> str:
        return f"RMSNorm({len(self._params['gamma'])})"
