"""The checks of gradients, checked: right ones pass, wrong ones do not."""

import numpy as np
import pytest

import nnref
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


def test_what_is_no_argument_is_refused_by_name(x) -> None:
    def backward(dy, x):
        return dy * np.cos(x)

    with pytest.raises(ValueError, match=r"^no argument is an array of floats: name "):
        check_gradient(np.sin, backward, np.array([1, 2]))
    for wrt in 0, [1], [0, 3]:
        with pytest.raises(ValueError, match=r"^wrt is .*, expected positions in 1 "):
            check_gradient(np.sin, backward, x, wrt=wrt)
    with pytest.raises(ValueError, match=r"^a position in wrt is -1, expected"):
        check_gradient(np.sin, backward, x, wrt=[-1])
    with pytest.raises(ValueError, match=r"^rng is 0, expected such as np.random"):
        check_gradient(np.sin, backward, x, rng=0)
    with pytest.raises(ValueError, match=r"^f is 1.0, expected a function$"):
        check_gradient(1.0, backward, x)
    with pytest.raises(ValueError, match=r"^f_backward is None, expected a function$"):
        check_gradient(np.sin, None, x)
    with pytest.raises(ValueError, match=r"^f is None, expected a function$"):
        numerical_gradient(None, x)


# ------------------------------------------------------------- functions in place


def softmax_in_place(z):
    z -= z.max()
    np.exp(z, out=z)
    z /= z.sum()
    return z


def cross_entropy_in_place(z):
    return -np.log(softmax_in_place(z)[0])


def test_a_function_may_work_in_place() -> None:
    z = np.array([0.1, 1.0, 2.0])
    expected = softmax_in_place(z.copy()) - [1, 0, 0]
    found = numerical_gradient(cross_entropy_in_place, z)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_array_equal(z, [0.1, 1.0, 2.0])

    def backward(dy, z):
        y = softmax_in_place(z)
        dy -= dy @ y
        dy *= y
        return dy

    assert check_gradient(softmax_in_place, backward, z) < 1e-9
    np.testing.assert_array_equal(z, [0.1, 1.0, 2.0])


def test_a_function_may_return_one_array_again_and_again() -> None:
    buffer, x = np.empty(3), np.array([0.1, 1.0, 2.0])

    def sine(x):
        return np.sin(x, out=buffer)

    def total(x):
        return np.sum(np.sin(x), out=buffer[:1].reshape(()))

    assert check_gradient(sine, lambda dy, x: dy * np.cos(x), x) < 1e-9
    np.testing.assert_allclose(numerical_gradient(total, x), np.cos(x), rtol=1e-9)


@pytest.mark.parametrize("factor", [0.0, 2.0, 3.0, 7.0])
def test_wrong_gradients_that_change_dy_do_not_pass(x, factor: float) -> None:
    def in_place_backward(dy, x):
        dy *= factor * np.cos(x)
        return dy

    with pytest.raises(AssertionError, match=r"^in_place_backward: the gradient for "):
        check_gradient(np.sin, in_place_backward, x)


def test_arrays_in_options_may_change_too(x) -> None:
    def scaled(x, *, stats):
        stats[0][...] *= 2
        return x * stats[0]

    def backward(dy, x, *, stats):
        stats[0][...] *= 2
        return dy * stats[0]

    stats = (np.array([1.0, 2.0, 3.0]),)
    assert check_gradient(scaled, backward, x, stats=stats) < 1e-9
    np.testing.assert_array_equal(stats[0], [1, 2, 3])


# ------------------------------------------------------------ functions in float32


def rounded(f):
    return lambda x: f(x.astype(np.float32)).astype(np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_result_of_few_digits_is_refused(x, dtype) -> None:
    def single(x):
        return np.sin(x).astype(dtype)

    message = rf"^single returned {np.dtype(dtype)}, expected float64 to take"
    with pytest.raises(ValueError, match=message):
        check_gradient(single, lambda dy, x: dy * np.cos(x), x)
    message = rf"^f returned {np.dtype(dtype)}, expected float64"
    with pytest.raises(ValueError, match=message):
        numerical_gradient(lambda x: single(x).sum(), x)


@pytest.mark.parametrize("shape", [(1,), (2, 3), (40, 50)])
def test_float32_on_the_way_is_refused(shape) -> None:
    x = np.random.default_rng(1).normal(size=shape)
    message = "gives the same for arguments that differ by 6e-12"
    with pytest.raises(ValueError, match=message):
        check_gradient(rounded(np.sin), lambda dy, x: dy * np.cos(x), x)
    if x.size < 10:
        with pytest.raises(ValueError, match=message):
            numerical_gradient(lambda x: float(np.sum(rounded(np.exp)(x))), x)


def test_rounding_of_what_cancels_is_not_taken_for_float32() -> None:
    logits = np.array([20.0, 0.0, 1.0])  # their loss is 8e-9, computed from 20 - 20

    def loss(z):
        return nnref.softmax_cross_entropy(z[None], np.array([0]))

    expected = nnref.softmax_cross_entropy_backward(1.0, logits[None], np.array([0]))
    found = numerical_gradient(loss, logits)
    np.testing.assert_allclose(found, expected[0], atol=1e-9)


def test_each_argument_is_probed(x, w) -> None:
    def half_rounded(x, w):
        return np.sin(x) @ w.astype(np.float32)

    with pytest.raises(ValueError, match=r"^half_rounded gives the same for argument"):
        check_gradient(half_rounded, product_backward, x, w)


@pytest.mark.parametrize(
    "f", [np.sum, np.max, lambda x: 3, lambda x: np.sum(x) * 1e-200, lambda x: x[0, 0]]
)
def test_float64_is_not_taken_for_less(x, f) -> None:
    for scale in 1e-9, 1, 1e9:
        assert numerical_gradient(f, scale * x).shape == x.shape
