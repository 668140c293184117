"""The digits are the real ones, and the toy problems follow their formulas."""

import math
from pathlib import Path

import numpy as np
import pytest

import nnref
from nnref.data import Digits, blobs, digits, sine, spirals, xor

PACKAGE = Path(nnref.__file__).parent


def rng():
    return np.random.default_rng(5)


def test_digits_have_the_documented_shapes_and_types():
    data = digits()
    assert isinstance(data, Digits)
    assert [a.shape for a in data] == [(1437, 64), (1437,), (360, 64), (360,)]
    assert [a.dtype for a in data] == [np.float64, np.int64] * 2
    assert (data.x.shape, data.y.shape) == ((1797, 64), (1797,))


def test_digits_are_the_test_part_of_the_uci_data_set():
    with np.load(PACKAGE / "digits.npz") as file:
        counts, labels = file["images"], file["labels"]
    # The first image as scikit-learn's documentation prints it, and the number of
    # images of each class that optdigits.names gives for the test part.
    assert counts[0].tolist() == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    per_class = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(digits().y).tolist() == per_class
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert (counts.dtype, counts.max()) == (np.uint8, 16)


def test_digits_are_every_image_once_shuffled_by_seed_0():
    with np.load(PACKAGE / "digits.npz") as file:
        counts, labels = file["images"], file["labels"]
    order = np.random.default_rng(0).permutation(1797)
    data = digits()
    np.testing.assert_array_equal(
        data.x_train * 16, counts[order[:1437]].reshape(-1, 64)
    )
    np.testing.assert_array_equal(
        data.x_test * 16, counts[order[1437:]].reshape(-1, 64)
    )
    np.testing.assert_array_equal(data.y_train, labels[order[:1437]])
    np.testing.assert_array_equal(data.y_test, labels[order[1437:]])


def test_digits_as_images_hold_the_same_pixels_in_nchw():
    rows, images = digits(), digits(images=True)
    assert images.x_train.shape == (1437, 1, 8, 8)
    for i, j in (0, 3), (5, 2):
        np.testing.assert_array_equal(
            images.x_test[:, 0, i, j], rows.x_test[:, 8 * i + j]
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_digits_come_in_the_dtype_asked_for(dtype):
    data = digits(dtype=dtype)
    assert data.x_train.dtype == data.x_test.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(data.x_test, digits().x_test)  # 16ths are exact


def test_digits_may_be_changed_without_changing_the_next_ones():
    changed = digits()
    changed.x_train[...] = 7
    changed.y_train[...] = 7
    assert digits().x_train.max() == 1
    assert digits().y_train.max() == 9


@pytest.mark.parametrize("dtype", [int, bool, "complex128"])
def test_digits_refuse_a_dtype_that_is_not_floating(dtype):
    message = f"^dtype is {np.dtype(dtype)}, expected a float type$"
    with pytest.raises(ValueError, match=message):
        digits(dtype=dtype)


def test_images_are_asked_for_by_true_or_false():
    with pytest.raises(ValueError, match=r"^images is 'yes', expected True or False$"):
        digits(images="yes")


def test_the_package_carries_the_data_and_its_license():
    assert (PACKAGE / "digits.npz").stat().st_size < 50_000
    text = (PACKAGE / "digits.LICENSE").read_text()
    for part in "Alpaydin", "Kaynak", "1998", "CC BY 4.0", "10.24432/C50P49", "Changes":
        assert part in text


def test_xor_is_the_parity_of_its_inputs():
    x, y = xor()
    assert sorted(map(tuple, x.tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    np.testing.assert_array_equal(y, x.sum(axis=1) % 2)
    assert (x.dtype, y.dtype) == (np.float64, np.int64)


def test_spirals_wind_once_outwards():
    x, y = spirals(50, rng(), classes=3, noise=0)
    for i in range(50):
        t = (i + 1) / 50
        angle = 2 * math.pi * (t + i % 3 / 3)
        assert y[i] == i % 3
        assert x[i].tolist() == pytest.approx(
            [t * math.cos(angle), t * math.sin(angle)]
        )


def test_blobs_stand_on_the_unit_circle():
    x, y = blobs(10, rng(), classes=5, noise=0)
    assert y.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    for i in range(10):
        angle = 2 * math.pi * (i % 5) / 5
        assert x[i].tolist() == pytest.approx([math.cos(angle), math.sin(angle)])


def test_sine_goes_through_one_period():
    x, y = sine(40, rng(), noise=0)
    assert x.shape == y.shape == (40, 1)
    assert (np.diff(x[:, 0]) > 0).all()
    assert 0 <= x[0, 0] < 0.1 < 0.9 < x[-1, 0] < 1
    assert y[:, 0].tolist() == pytest.approx(
        [math.sin(2 * math.pi * v) for v in x[:, 0]]
    )


@pytest.mark.parametrize(
    ("toy", "default"), [(spirals, 0.05), (blobs, 0.3), (sine, 0.2)]
)
def test_noise_is_the_standard_deviation_of_what_is_added(toy, default):
    def added(**noise):
        i = toy is sine  # the noise is on x, or on y
        return toy(4000, rng(), **noise)[i] - toy(4000, rng(), noise=0)[i]

    assert added(noise=2.0).std() == pytest.approx(2, rel=0.05)
    assert abs(added(noise=2.0).mean()) < 0.1
    assert added().std() == pytest.approx(default, rel=0.05)


@pytest.mark.parametrize("toy", [spirals, blobs])
def test_the_noise_of_each_coordinate_is_its_own(toy):
    noise = toy(4000, rng(), noise=2.0)[0] - toy(4000, rng(), noise=0)[0]
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.1


@pytest.mark.parametrize("toy", [spirals, blobs])
def test_there_are_three_classes_by_default(toy):
    assert toy(7, rng())[1].tolist() == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("toy", [spirals, blobs, sine])
def test_toys_repeat_with_the_generator(toy):
    for first, second in zip(toy(9, rng()), toy(9, rng()), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("toy", [spirals, blobs, sine])
@pytest.mark.parametrize("n", [0, -3, 2.5, "4", True + 0.0])
def test_toys_refuse_a_number_of_points_that_is_none(toy, n):
    with pytest.raises(
        ValueError, match=f"n is {n!r}, expected an integer of at least 1"
    ):
        toy(n, rng())


@pytest.mark.parametrize("toy", [spirals, blobs])
def test_toys_refuse_no_classes(toy):
    with pytest.raises(ValueError, match="classes is 0, expected an integer"):
        toy(9, rng(), classes=0)


@pytest.mark.parametrize("toy", [spirals, blobs, sine])
@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_toys_refuse_noise_that_is_no_standard_deviation(toy, noise):
    with pytest.raises(ValueError, match=r"noise is .*expected"):
        toy(9, rng(), noise=noise)


@pytest.mark.parametrize("toy", [spirals, blobs, sine])
def test_toys_refuse_a_seed_for_a_generator(toy):
    with pytest.raises(ValueError, match=r"rng is 0, expected .*default_rng"):
        toy(9, 0)


def test_numpy_integers_count_as_integers():
    assert len(blobs(np.int64(5), rng(), classes=np.int32(2))[0]) == 5
