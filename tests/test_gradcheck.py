"""The checks of gradients, checked: right ones pass, wrong ones do not."""

import numpy as np
import pytest

from nnref import check_gradient, numerical_gradient, tanh, tanh_backward


def product(x, w):
    return np.sin(x) @ w


def product_backward(dy, x, w):
    return np.cos(x) * (dy @ w.T), np.sin(x).T @ dy


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def x(rng) -> np.ndarray:
    return rng.normal(size=(2, 3))


@pytest.fixture
def w(rng) -> np.ndarray:
    return rng.normal(size=(3, 4))


# -------------------------------------------------------------- numerical_gradient


def test_numerical_gradient(x) -> None:
    found = numerical_gradient(
        lambda v: np.sum(np.exp(v) * np.arange(6).reshape(2, 3)), x
    )
    expected = np.exp(x) * np.arange(6).reshape(2, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert found.dtype == np.float64


@pytest.mark.parametrize("scale", [1e-9, 1, 1e3, 1e9])
def test_numerical_gradient_at_any_scale(scale: float) -> None:
    found = numerical_gradient(
        lambda v: np.sum((v / scale) ** 2 + v), [scale, -3 * scale]
    )
    np.testing.assert_allclose(found, [2 / scale + 1, -6 / scale + 1], rtol=1e-6)


def test_numerical_gradient_leaves_x_alone_and_takes_all_it_gets(x) -> None:
    x.flags.writeable = False
    assert numerical_gradient(np.sum, x).shape == (2, 3)
    assert numerical_gradient(np.square, 3) == pytest.approx(6)
    assert numerical_gradient(np.sum, np.zeros((0, 3))).shape == (0, 3)
    single = numerical_gradient(lambda v: np.sum(v**2), np.float32([1, 2]))
    np.testing.assert_allclose(single, [2, 4], rtol=1e-9)


def test_numerical_gradient_bad_input(x) -> None:
    with pytest.raises(
        ValueError, match=r"^f returned an array of shape \(2, 3\), expec"
    ):
        numerical_gradient(np.sin, x)
    with pytest.raises(
        ValueError, match=r"^x has dtype complex128, expected real numb"
    ):
        numerical_gradient(np.sum, 1j * x)


# ------------------------------------------------------------------ check_gradient


def test_right_gradients_pass(x, w) -> None:
    assert check_gradient(product, product_backward, x, w) < 1e-9


@pytest.mark.parametrize("bad", [0, 1])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: 0 * g,
        lambda g: -g,
        lambda g: 1.000001 * g,
        lambda g: np.where(np.arange(g.size).reshape(g.shape) == 1, 0, g),
        lambda g: g + 1e-4,
        lambda g: g * np.nan,
    ],
)
def test_wrong_gradients_do_not(x, w, bad: int, spoil) -> None:
    def wrong_backward(dy, x, w):
        gradients = list(product_backward(dy, x, w))
        gradients[bad] = spoil(gradients[bad])
        return tuple(gradients)

    message = rf"^wrong_backward: the gradient for argument {bad} is off by"
    with pytest.raises(AssertionError, match=message):
        check_gradient(product, wrong_backward, x, w)


def test_transposed_gradient_is_named(x) -> None:
    with pytest.raises(
        AssertionError, match=r"argument 0 has shape \(3, 2\), expected"
    ):
        check_gradient(np.sin, lambda dy, x: (dy * np.cos(x)).T, x)


def test_infinite_function_is_no_pass() -> None:
    with pytest.raises(AssertionError, match="off by nan"), np.errstate(all="ignore"):
        check_gradient(lambda x: x / 0, lambda dy, x: dy / 0, np.ones(2))


def test_some_arguments_only(x, w) -> None:
    def only_w(dy, x, w):
        return product_backward(dy, x, w)[1]

    assert check_gradient(product, only_w, x, w, wrt=[1]) < 1e-9
    with pytest.raises(
        ValueError, match=r"^only_w returned 1 gradients, expected one "
    ):
        check_gradient(product, only_w, x, w)


def test_arguments_that_are_not_float_arrays_are_left_out(x) -> None:
    def power(x, n, *, scale):
        return scale * x**n

    def power_backward(dy, x, n, *, scale):
        return dy * scale * n * x ** (n - 1)

    n = np.array([1, 2, 3])
    assert check_gradient(power, power_backward, x, n, scale=3.0) < 1e-9
    with pytest.raises(AssertionError):
        check_gradient(power, lambda dy, x, n, scale: dy * n, x, n, scale=3.0)


def test_float32_is_checked_in_float64(x, w) -> None:
    single = x.astype(np.float32), w.astype(np.float32)
    assert check_gradient(product, product_backward, *single) < 1e-9
    assert check_gradient(np.square, lambda dy, x: 2 * x * dy, [1, 2], wrt=[0]) < 1e-9


def test_rounding_is_no_error() -> None:
    """Where y is near 1 and its slope near 0, differences see only rounding."""
    x = np.array([12.0, -13.0])
    assert np.max(tanh_backward(np.ones(2), x)) < 1e-9
    check_gradient(tanh, tanh_backward, x)
    check_gradient(lambda x: x - x, lambda dy, x: 0 * dy, x)


def test_large_arguments(x, w) -> None:
    check_gradient(lambda x: np.sqrt(x), lambda dy, x: dy / 2 / np.sqrt(x), 1e9 + x)


def test_directions_come_from_rng(x, w) -> None:
    errors = [
        check_gradient(product, product_backward, x, w, rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    ]
    assert errors[0] == errors[1]
    assert check_gradient(product, product_backward, x, w) == errors[0]
    assert errors[0] != errors[2]


def test_tolerance(x) -> None:
    def off_by_a_thousandth(dy, x):
        return 1.001 * dy * np.cos(x)

    assert 1e-4 < check_gradient(np.sin, off_by_a_thousandth, x, tol=0.01) < 2e-3
    with pytest.raises(AssertionError, match="off by"):
        check_gradient(np.sin, off_by_a_thousandth, x, tol=1e-4)
    with pytest.raises(
        ValueError, match=r"^tol is 0, expected a number in \(0, inf\)$"
    ):
        check_gradient(np.sin, off_by_a_thousandth, x, tol=0)
