"""Splitting data, so that a model is judged on samples it has not learned from."""

import numpy as np


def train_test_split(x, y, test_fraction, rng):
    """x_train, x_test, y_train, y_test: rows of x and y, shuffled and cut in two."""
    order, n_test = rng.permutation(len(x)), round(test_fraction * len(x))
    test, train = order[:n_test], order[n_test:]
    return x[train], x[test], y[train], y[test]


def k_fold(n, k, rng):
    """k pairs (train, validation) of row numbers; each row is in validation once."""
    folds = np.array_split(rng.permutation(n), k)
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(k)]
