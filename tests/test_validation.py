"""Splits: every sample on exactly one side, drawn by the generator given."""

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
