r"""Entropy, cross-entropy and Kullback-Leibler divergence of distributions.

A probability distribution is a row: the last axis. Each function returns one number per
row. They use the natural logarithm unless `base` is given.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, distributions, like, number, shaped

__all__ = [
    "cross_entropy",
    "cross_entropy_backward",
    "entropy",
    "entropy_backward",
    "kl_divergence",
    "kl_divergence_backward",
]


def entropy(p: ArrayLike, *, base: float | None = None) -> Array:
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
    >>> import nnref
    >>> print(nnref.entropy([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]], base=2))
    [1.5 0. ]
    >>> print(np.round(nnref.entropy([0.5, 0.25, 0.25]), 4))
    1.0397
    """
    p = distributions(p, "p")
    total: Array = _xlogy(p, p).sum(axis=-1)
    return 0 - total / _nats(base)  # 0 minus: the negative of 0 prints as -0.0


def entropy_backward(
    dy: ArrayLike, p: ArrayLike, *, base: float | None = None
) -> Array:
    r"""Gradient of `entropy`.

    $$
    \frac{\partial H}{\partial p_k} = -(\ln p_k + 1)
    $$

    and $\infty$ where $p_k = 0$. Each $p_k$ counts as free: to stay a distribution,
    step along a direction that adds up to 0.

    Parameters
    ----------
    dy : array (...), one number for each row
        Gradient of the loss with respect to `entropy(p, base=base)`.
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
    >>> import nnref
    >>> p = [[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]]
    >>> print(np.round(nnref.entropy_backward([1.0, 2.0], p), 4))
    [[-0.3069  0.3863  0.3863]
     [-1.5537  2.6052  2.6052]]
    >>> print(np.round(nnref.entropy_backward(1.0, p[0], base=2), 4))
    [-0.4427  0.5573  0.5573]
    """
    p = distributions(p, "p")
    return _column(dy, p) / _nats(base) * (-1 - _log(p))


def cross_entropy(p: ArrayLike, q: ArrayLike, *, base: float | None = None) -> Array:
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
    >>> import nnref
    >>> p = [[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    >>> q = [[0.25, 0.25, 0.5], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    >>> print(nnref.cross_entropy(p, q, base=2))
    [1.75 1.    inf]
    >>> print(np.round(nnref.cross_entropy(p[0], q[0]), 4))
    1.213
    >>> nnref.cross_entropy(p[0], [0.25, 0.25, 0.75])
    Traceback (most recent call last):
    ValueError: q has a row that adds up to 1.25, expected 1
    """
    p = distributions(p, "p")
    q = distributions(like(q, p, "q"), "q")
    total: Array = _xlogy(p, q).sum(axis=-1)
    return 0 - total / _nats(base)  # 0 minus: the negative of 0 prints as -0.0


def cross_entropy_backward(
    dy: ArrayLike, p: ArrayLike, q: ArrayLike, *, base: float | None = None
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
        Gradient of the loss with respect to `cross_entropy(p, q, base=base)`.
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
    >>> import nnref
    >>> p = [[0.5, 0.25, 0.25], [0.0, 0.4, 0.6]]
    >>> q = [[0.25, 0.25, 0.5], [0.5, 0.4, 0.1]]
    >>> dp, dq = nnref.cross_entropy_backward([1.0, 2.0], p, q)
    >>> print(np.round(dp, 4))
    [[1.3863 1.3863 0.6931]
     [1.3863 1.8326 4.6052]]
    >>> print(np.round(dq + 0, 4))
    [[ -2.   -1.   -0.5]
     [  0.   -2.  -12. ]]
    >>> dp, dq = nnref.cross_entropy_backward(1.0, p[0], q[0], base=2)
    >>> print(dp, np.round(dq, 4))
    [2. 2. 1.] [-2.8854 -1.4427 -0.7213]
    """
    p = distributions(p, "p")
    q = distributions(like(q, p, "q"), "q")
    dy = _column(dy, p) / _nats(base)
    return -dy * _log(q), dy * _minus_ratio(p, q)


def kl_divergence(p: ArrayLike, q: ArrayLike, *, base: float | None = None) -> Array:
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
    >>> import nnref
    >>> p = [[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    >>> q = [[0.25, 0.25, 0.5], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    >>> print(nnref.kl_divergence(p, q, base=2))
    [0.25 1.    inf]
    >>> print(np.round(nnref.kl_divergence(p[0], q[0]), 4))
    0.1733
    """
    p = distributions(p, "p")
    q = distributions(like(q, p, "q"), "q")
    total: Array = (_xlogy(p, p) - _xlogy(p, q)).sum(axis=-1)
    return total / _nats(base)


def kl_divergence_backward(
    dy: ArrayLike, p: ArrayLike, q: ArrayLike, *, base: float | None = None
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
        Gradient of the loss with respect to `kl_divergence(p, q, base=base)`.
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
    >>> import nnref
    >>> p = [[0.5, 0.25, 0.25], [0.3, 0.7, 0.0]]
    >>> q = [[0.25, 0.25, 0.5], [0.6, 0.4, 0.0]]
    >>> dp, dq = nnref.kl_divergence_backward([1.0, 2.0], p, q)
    >>> print(np.round(dp, 4))
    [[1.6931 1.     0.3069]
     [0.6137 3.1192    inf]]
    >>> print(np.round(dq + 0, 4))
    [[-2.  -1.  -0.5]
     [-1.  -3.5  0. ]]
    >>> dp, dq = nnref.kl_divergence_backward(1.0, p[0], q[0], base=2)
    >>> print(np.round(dp, 4), np.round(dq, 4))
    [2.4427 1.4427 0.4427] [-2.8854 -1.4427 -0.7213]
    """
    p = distributions(p, "p")
    q = distributions(like(q, p, "q"), "q")
    dy = _column(dy, p) / _nats(base)
    log_ratio = _log(np.where(q > 0, p, np.ones_like(p))) - _log(q)
    return dy * (log_ratio + 1), dy * _minus_ratio(p, q)


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
