"""Splitting data, so that a model is judged on samples it has not learned from."""

import numpy as np


def _by_class(classes):
    """Positions sorted by class, rare classes first."""
    _, number, counts = np.unique(classes, return_inverse=True, return_counts=True)
    return np.lexsort((number, counts[number]))


def train_test_split(x, y, test_fraction, rng, *, stratify=None):
    """x_train, x_test, y_train, y_test: rows of x and y, shuffled and cut in two."""
    n, n_test = len(x), round(test_fraction * len(x))
    order = rng.permutation(n)
    test, train = order[:n_test], order[n_test:]
    if stratify is not None:  # evenly spaced places in a row sorted by class
        chosen = np.diff((2 * np.arange(n + 1) * n_test + n) // (2 * n)) > 0
        row = order[_by_class(stratify[order])]
        is_test = np.isin(order, row[chosen])
        test, train = order[is_test], order[~is_test]
    return x[train], x[test], y[train], y[test]


def k_fold(n, k, rng, *, stratify=None):
    """k pairs (train, validation) of row numbers; each row is in validation once."""
    order = rng.permutation(n)
    folds = np.array_split(order, k)
    if stratify is not None:  # dealt out in turn from a row sorted by class
        row = order[_by_class(stratify[order])]
        folds = [order[np.isin(order, row[i::k])] for i in range(k)]
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(k)]
