"""Splitting data, so that a model is judged on samples it has not learned from.

Both functions shuffle, and take the samples to be independent: of related ones (days
of a series, photographs of the same person), some would be on either side.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnref._check import generator, number, samples, whole

__all__ = [
    "k_fold",
    "train_test_split",
]

_Rows: TypeAlias = NDArray[np.integer[Any]]


def train_test_split(
    x: ArrayLike, y: ArrayLike, test_fraction: float, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Shuffle the samples and split them in two.

    A validation set as well takes a second call, on what the first leaves to train on.

    Parameters
    ----------
    x, y : arrays (n, ...)
        One row a sample, such as inputs and labels.
    test_fraction : float, between 0 and 1
        The test set gets this part of the samples, rounded to whole ones.
    rng : random generator
        Draws one permutation.

    Returns
    -------
    x_train, x_test, y_train, y_test : arrays
        Copies; each sample is in one of the two sets. The order is scikit-learn's.

    Raises
    ------
    ValueError
        If x and y differ in length, test_fraction is not between 0 and 1, rng is not a
        Generator, or one of the sets would be empty.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning,
    section 7.2.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, y = np.array([[0], [10], [20], [30], [40], [50], [60]]), np.arange(7)
    >>> rng = np.random.default_rng(0)
    >>> x_train, x_test, y_train, y_test = nnref.train_test_split(x, y, 0.4, rng)
    >>> print(x_train.ravel(), y_train)
    [60 50  0 10] [6 5 0 1]
    >>> print(x_test.ravel(), y_test)
    [20 40 30] [2 4 3]
    >>> nnref.train_test_split(x, y, 0.05, rng)
    Traceback (most recent call last):
    ValueError: test_fraction is 0.05 of 7 samples, expected at least 1 on either side
    """
    x, y = samples(x, y, "x", "y")
    fraction = number(test_fraction, "test_fraction", "(0, 1)")
    n_test = round(fraction * len(x))
    if not 0 < n_test < len(x):
        raise ValueError(
            f"test_fraction is {fraction} of {len(x)} samples, "
            "expected at least 1 on either side"
        )
    order = generator(rng).permutation(len(x))
    train, test = order[n_test:], order[:n_test]
    return x[train], x[test], y[train], y[test]


def k_fold(n: int, k: int, rng: np.random.Generator) -> list[tuple[_Rows, _Rows]]:
    """Row numbers for k-fold cross-validation.

    The samples are shuffled and cut into k folds, the sizes of which differ by at most
    one. Each fold is validated on once, after training on all the others.

    Parameters
    ----------
    n : int, at least 2
        Number of samples.
    k : int, from 2 to n
        Number of folds; n leaves out one sample at a time.
    rng : random generator
        Draws one permutation.

    Returns
    -------
    list of k pairs `(train, validation)` of integer arrays
        Rows such as for `x[train]`. Every row is in `validation` of exactly one pair,
        and in `train` of all others.

    Raises
    ------
    ValueError
        If n or k is not an integer, k is not from 2 to n, or rng is not a Generator.

    References
    ----------
    Stone (1974), Cross-Validatory Choice and Assessment of Statistical Predictions.
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning,
    section 7.10.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> for train, validation in nnref.k_fold(7, 3, np.random.default_rng(0)):
    ...     print(train, validation)
    [6 5 0 1] [2 4 3]
    [2 4 3 0 1] [6 5]
    [2 4 3 6 5] [0 1]
    >>> nnref.k_fold(7, 8, np.random.default_rng(0))
    Traceback (most recent call last):
    ValueError: k is 8, expected at most n, which is 7
    """
    n, k = whole(n, "n", 2), whole(k, "k", 2)
    if k > n:
        raise ValueError(f"k is {k}, expected at most n, which is {n}")
    folds = np.array_split(generator(rng).permutation(n), k)
    return [
        (np.concatenate([*folds[:i], *folds[i + 1 :]]), fold)
        for i, fold in enumerate(folds)
    ]
