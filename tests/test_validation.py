"""Splits: every sample on exactly one side, drawn by the generator given."""

import re

import numpy as np
import pytest

from nnref.validation import k_fold, train_test_split


def rng(seed=0):
    return np.random.default_rng(seed)


def data(n=11):
    """Return inputs and labels that tell which belong together."""
    return np.stack([np.arange(n), -np.arange(n)], axis=1), np.arange(n)


@pytest.mark.parametrize(
    ("n", "fraction", "n_test"),
    [(11, 0.3, 3), (11, 0.7, 8), (100, 0.07, 7), (2, 0.5, 1)],
)
def test_a_split_has_every_sample_once_and_keeps_rows_together(n, fraction, n_test):
    x_train, x_test, y_train, y_test = train_test_split(*data(n), fraction, rng())
    assert (len(y_train), len(y_test)) == (n - n_test, n_test)
    assert sorted([*y_train, *y_test]) == list(range(n))
    np.testing.assert_array_equal(x_train[:, 1], -y_train)
    np.testing.assert_array_equal(x_test[:, 1], -y_test)


def test_a_split_is_shuffled_by_the_generator_given():
    first, again, other = (
        train_test_split(*data(), 0.3, rng(seed)) for seed in (0, 0, 1)
    )
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(first[2]) != list(other[2])
    assert list(first[2]) != sorted(first[2])
    assert {*first[3]} != {*other[3]}


def test_every_sample_is_as_likely_to_be_in_the_test_set():
    r, n = rng(), 5000
    counts = np.zeros(11)
    for _ in range(n):
        counts[train_test_split(*data(), 0.3, r)[3]] += 1
    p = 3 / 11
    assert (np.abs(counts / n - p) < 5 * np.sqrt(p * (1 - p) / n)).all()


def test_a_split_copies():
    x, y = data()
    x_train, *_ = train_test_split(x, y, 0.3, rng())
    x_train[...] = 99
    assert (x != 99).all()


@pytest.mark.parametrize(("n", "k"), [(11, 3), (12, 4), (7, 7), (2, 2), (100, 7)])
def test_folds_hold_every_sample_once(n, k):
    folds = k_fold(n, k, rng())
    assert len(folds) == k
    assert sorted(np.concatenate([v for _, v in folds])) == list(range(n))
    for train, validation in folds:
        assert sorted([*train, *validation]) == list(range(n))
        assert len(validation) in (n // k, -(-n // k))


def test_folds_are_shuffled_by_the_generator_given():
    first, again, other = (k_fold(20, 4, rng(seed)) for seed in (0, 0, 1))
    for (a, b), (c, d) in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)
    assert {*first[0][1]} != {*other[0][1]}
    assert {*first[0][1]} != {0, 1, 2, 3, 4}


def test_folds_index_data():
    x, y = data()
    for train, validation in k_fold(len(x), 3, rng()):
        np.testing.assert_array_equal(x[train][:, 1], -y[train])
        assert not {*y[train]} & {*y[validation]}


def test_bad_splits_are_refused():
    x, y = data()
    for fraction in 0.0, 1.0, 3, -0.2, np.nan:
        message = "test_fraction is .*, expected a number in"
        with pytest.raises(ValueError, match=message):
            train_test_split(x, y, fraction, rng())
    for fraction in 0.01, 0.99:
        message = f"test_fraction is {fraction} of 11 samples, expected at least 1"
        with pytest.raises(ValueError, match=message):
            train_test_split(x, y, fraction, rng())
    with pytest.raises(ValueError, match="x has 11 samples and y 10"):
        train_test_split(x, y[:-1], 0.3, rng())
    with pytest.raises(ValueError, match="rng is 0, expected"):
        train_test_split(x, y, 0.3, 0)


def test_bad_folds_are_refused():
    with pytest.raises(ValueError, match="k is 12, expected at most n, which is 11"):
        k_fold(11, 12, rng())
    for k in 1, 0, 2.0:
        with pytest.raises(ValueError, match=f"k is {k}, expected an integer of at"):
            k_fold(11, k, rng())
    with pytest.raises(ValueError, match=r"n is \[1, 2\], expected an integer"):
        k_fold([1, 2], 2, rng())
    with pytest.raises(ValueError, match="rng is 0, expected"):
        k_fold(11, 3, 0)


def test_the_order_is_that_of_scikit_learn():
    x, y = data()
    x_train, x_test, y_train, y_test = train_test_split(x, y, 0.3, rng())
    assert (x_train.shape, x_test.shape) == ((8, 2), (3, 2))
    assert (y_train.shape, y_test.shape) == ((8,), (3,))


@pytest.mark.parametrize("rare", [1, 3, 5, 7])
@pytest.mark.parametrize("fraction", [0.2, 0.33, 0.5, 0.8])
def test_each_class_gets_its_share(rare, fraction):
    """By chance alone, five of a hundred are often missing from a fifth of all."""
    n, labels = 100, np.array([0, 2, 3])[np.arange(100) % 3]
    labels[:rare] = 1
    x = np.arange(n)
    for seed in range(20):
        if rare == 1:
            with pytest.raises(
                ValueError, match=r"stratify has 1 of class 1, which leav"
            ):
                train_test_split(x, x, fraction, rng(seed), stratify=labels)
            continue
        x_train, x_test, y_train, y_test = train_test_split(
            x, x, fraction, rng(seed), stratify=labels
        )
        np.testing.assert_array_equal(x_train, y_train)
        np.testing.assert_array_equal(x_test, y_test)
        assert len(x_test) == round(n * fraction)
        assert sorted([*x_train, *x_test]) == list(range(n))
        for c in range(4):
            share = np.sum(labels == c) * fraction
            assert abs(np.sum(labels[x_test] == c) - share) < 1
        assert abs(np.sum(labels[x_test] == 1) - rare * fraction) <= 0.5
        assert list(labels[x_test]) != sorted(labels[x_test])
        assert list(labels[x_train]) != sorted(labels[x_train])


def test_a_stratified_split_is_random_within_a_class():
    labels, r, n = np.repeat([0, 1], [4, 12]), rng(), 4000
    counts = np.zeros(16)
    for _ in range(n):
        counts[
            train_test_split(labels, np.arange(16), 0.25, r, stratify=labels)[3]
        ] += 1
    assert (np.abs(counts / n - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)).all()


@pytest.mark.parametrize("k", [2, 3, 5, 30])
def test_each_fold_has_its_share_of_each_class(k):
    labels = np.array(["a"] * 4 + ["b"] * 7 + ["c"] * 19)[rng(1).permutation(30)]
    for seed in range(10):
        folds = k_fold(30, k, rng(seed), stratify=labels)
        assert sorted(np.concatenate([v for _, v in folds])) == list(range(30))
        for train, validation in folds:
            assert sorted([*train, *validation]) == list(range(30))
            assert len(validation) in (30 // k, -(-30 // k))
            for c in "abc":
                share = np.sum(labels == c) / k
                assert abs(np.sum(labels[validation] == c) - share) < 1
    first, again = (k_fold(30, k, rng(0), stratify=labels) for _ in range(2))
    np.testing.assert_array_equal(first[0][1], again[0][1])
    assert {*first[0][1]} != {*k_fold(30, k, rng(1), stratify=labels)[0][1]} or k == 30


@pytest.mark.parametrize(
    ("stratify", "message"),
    [
        (np.zeros(10, int), "stratify has shape (10,) and type int64, expected (11,)"),
        (np.zeros((11, 2), int), "stratify has shape (11, 2) and type int64, expected"),
        (np.zeros(11), "stratify has shape (11,) and type float64, expected (11,) and"),
        (True, "stratify has shape () and type bool, expected (11,) and integers or"),
    ],
)
def test_what_are_no_classes_is_refused(stratify, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        train_test_split(*data(), 0.3, rng(), stratify=stratify)
    with pytest.raises(ValueError, match=re.escape(message)):
        k_fold(11, 3, rng(), stratify=stratify)
