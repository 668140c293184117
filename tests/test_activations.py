"""Activation functions: values, extremes, kinks, bad input.

That the gradients are right, and that float32 stays, is in test_gradients.py.
"""

import math
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import nnref
from nnref._engines.normal import normal_cdf

ELEMENTWISE = [
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "gelu",
    "silu",
]
ALL = [*ELEMENTWISE, "softmax", "log_softmax"]

# The definitions, by the math module, written to be right rather than fast.
EXACT: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: max(x, 0.01 * x),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
}
DERIVATIVE: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda x: 1 / (2 + math.exp(x) + math.exp(-x)),
    "tanh": lambda x: 1 / math.cosh(x) ** 2,
    "relu": lambda x: float(x > 0),
    "leaky_relu": lambda x: 1 if x > 0 else 0.01,
    "elu": lambda x: min(1, math.exp(x)),
    "softplus": lambda x: 1 / (1 + math.exp(-x)),
    "gelu": lambda x: (
        math.erfc(-x / math.sqrt(2)) / 2
        + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    ),
    "silu": lambda x: (1 + x / (1 + math.exp(x))) / (1 + math.exp(-x)),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values(name: str) -> None:
    x = np.linspace(-30, 30, 2401)
    y = getattr(nnref, name)(x)
    dx = getattr(nnref, f"{name}_backward")(np.full_like(x, -3.0), x)
    np.testing.assert_allclose(y, [EXACT[name](v) for v in x], rtol=1e-14, atol=1e-15)
    exact = [-3 * DERIVATIVE[name](v) for v in x]
    np.testing.assert_allclose(dx, exact, rtol=1e-13, atol=2e-15)


def test_normal_distribution_function_to_the_last_digits() -> None:
    x = np.concatenate([np.linspace(-8, 8, 20001), [-38.0, -20.0, 20.0, 38.0, 1e300]])
    exact = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x])
    found = normal_cdf(x)
    assert np.max(np.abs(found - exact)) < 1e-15
    # The tail, too: rounding of t**2 in exp(-t**2) grows with x**2.
    tail = (x < 0) & (x > -30)
    relative = np.abs(found[tail] / exact[tail] - 1)
    assert np.max(relative / (1 + x[tail] ** 2)) < 1e-15


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_extremes_are_finite_and_right(name: str, dtype: type) -> None:
    """Warnings are errors here, so none is given either."""
    most = np.finfo(dtype).max
    x = np.array([-most, -1e4, -100, 100, 1e4, most], dtype)
    low = {"tanh": -1, "elu": -1, "leaky_relu": 0.01 * x[:3]}.get(name, 0)
    high = 1 if name in ("sigmoid", "tanh") else x[3:]
    y = getattr(nnref, name)(x)
    np.testing.assert_allclose(y[:3], low, rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(y[3:], high, rtol=1e-6)
    slope = np.where(x < 0, 0.01 if name == "leaky_relu" else 0, 1)
    slope[3:] = 0 if name in ("sigmoid", "tanh") else 1
    dx = getattr(nnref, f"{name}_backward")(np.ones_like(x), x)
    np.testing.assert_allclose(dx, slope, atol=1e-30 if dtype == np.float64 else 1e-6)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits(name: str, dtype: type) -> None:
    x = np.array([[1e4, 0, -1e4], [1e4, 1e4, -1e4], [-1e4, -1e4, -1e4]], dtype)
    p = np.array([[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    two, three = math.log(2), math.log(3)
    log_p = [[0, -1e4, -2e4], [-two, -two, -2e4 - two], [-three, -three, -three]]
    y = getattr(nnref, name)(x)
    np.testing.assert_allclose(y, p if name == "softmax" else log_p, rtol=1e-6)
    dy = np.array([[1, 2, 3], [4, 5, 7], [3, 1, 1]], dtype)
    jacobian = [np.diag(row) - np.outer(row, row) for row in p]
    if name == "log_softmax":
        jacobian = [np.eye(3) - np.ones((3, 1)) * row for row in p]
    expected = [v @ matrix for v, matrix in zip(dy, jacobian, strict=True)]
    dx = getattr(nnref, f"{name}_backward")(dy, x)
    np.testing.assert_allclose(dx, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (1,), (0, 5)])
def test_softmax_of_one_row_one_class_no_row(shape: tuple[int, ...]) -> None:
    x = np.linspace(-1e4, 1e4, math.prod(shape)).reshape(shape)
    p = nnref.softmax(x)
    np.testing.assert_allclose(p.sum(axis=-1), np.ones(shape[:-1]))
    np.testing.assert_allclose(nnref.log_softmax(x)[p > 0], np.log(p[p > 0]))
    if shape[-1] == 1:
        assert (p == 1).all()
        assert not nnref.softmax_backward(np.full(shape, 7.0), x).any()
        assert not nnref.log_softmax_backward(np.full(shape, 7.0), x).any()


def test_softmax_along_an_axis() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(nnref.softmax(x, axis=1), p)
    np.testing.assert_allclose(nnref.log_softmax(x, axis=-2), np.log(p))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("relu", {}, 0.0),
        ("leaky_relu", {}, 0.01),
        ("leaky_relu", {"negative_slope": 0.3}, 0.3),
        ("elu", {}, 1.0),
        ("elu", {"alpha": 0.3}, 0.3),
    ],
)
def test_derivative_at_0(name: str, options: dict, expected: float) -> None:
    backward = getattr(nnref, f"{name}_backward")
    dx = backward(np.array([2.0, 2.0]), np.array([0.0, -0.0]), **options)
    np.testing.assert_array_equal(dx, 2 * expected)


def test_relu_hides_no_infinite_gradient() -> None:
    with np.errstate(invalid="ignore"):
        dx = nnref.relu_backward([np.inf, np.nan, np.inf], [-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(dx, [np.nan, np.nan, np.inf])


@pytest.mark.parametrize("name", ALL)
def test_dtypes(name: str) -> None:
    f, f_backward = getattr(nnref, name), getattr(nnref, f"{name}_backward")
    for x in [[1, 2], np.array([1, 2], np.int8), np.array([True, True])]:
        assert f(x).dtype == np.float64
        np.testing.assert_array_equal(f(x), f(np.array(x, np.float64)))
        assert f_backward([1, 1], x).dtype == np.float64
    x32 = np.array([1, 2], np.float32)
    dx = f_backward(np.array([0.1, 0.2]), x32)  # the variable's dtype wins
    assert dx.dtype == np.float32


SLOPES = [("leaky_relu", "negative_slope"), ("elu", "alpha")]


@pytest.mark.parametrize(("name", "option"), SLOPES)
def test_a_numpy_slope_does_not_promote(name: str, option: str) -> None:
    x, options = np.array([-1, 2], np.float32), {option: np.float64(0.1)}
    assert getattr(nnref, name)(x, **options).dtype == np.float32
    assert getattr(nnref, f"{name}_backward")(x, x, **options).dtype == np.float32


@pytest.mark.parametrize("name", ALL)
def test_bad_input(name: str) -> None:
    f, f_backward = getattr(nnref, name), getattr(nnref, f"{name}_backward")
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"^x has dtype complex128, expected real num"):
        f(1j * x)
    with pytest.raises(ValueError, match=r"^x has dtype <U1, expected real numbers$"):
        f(["a", "b"])
    with pytest.raises(ValueError, match=r"^dy has shape \(3,\), expected \(2, 3\)$"):
        f_backward(np.ones(3), x)
    with pytest.raises(ValueError, match=r"^dy has shape \(\), expected \(2, 3\)$"):
        f_backward(1.0, x)


@pytest.mark.parametrize(("name", "option"), SLOPES)
@pytest.mark.parametrize("slope", [-0.1, math.inf, math.nan, [0.1, 0.2]])
def test_bad_slope(name: str, option: str, slope: float) -> None:
    x, message = np.ones(2), rf"^{option} is .*, expected a number in \[0"
    with pytest.raises(ValueError, match=message):
        getattr(nnref, name)(x, **{option: slope})
    with pytest.raises(ValueError, match=message):
        getattr(nnref, f"{name}_backward")(x, x, **{option: slope})


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_bad_axis(name: str) -> None:
    for x, axis in [(np.ones((2, 3)), 2), (np.ones((2, 0)), -1)]:
        with pytest.raises(ValueError):  # noqa: PT011 (NumPy's own words)
            getattr(nnref, name)(x, axis=axis)


# -------------------------------------------------------------------------- layers

LAYERS = {
    nnref.ELU: "elu",
    nnref.GELU: "gelu",
    nnref.LeakyReLU: "leaky_relu",
    nnref.LogSoftmax: "log_softmax",
    nnref.ReLU: "relu",
    nnref.Sigmoid: "sigmoid",
    nnref.SiLU: "silu",
    nnref.Softmax: "softmax",
    nnref.Softplus: "softplus",
    nnref.Tanh: "tanh",
}


@pytest.mark.parametrize(("layer", "name"), LAYERS.items())
def test_an_activation_layer_is_its_function(layer, name):
    f, f_backward = (getattr(nnref, n) for n in (name, f"{name}_backward"))
    x, dy = (
        np.random.default_rng(0).normal(size=(4, 3)),
        np.random.default_rng(1).normal(size=(4, 3)),
    )
    instance = layer()
    np.testing.assert_array_equal(instance.forward(x), f(x))
    np.testing.assert_allclose(instance.backward(dy), f_backward(dy, x), rtol=1e-14)
    assert instance.params == instance.grads == instance.state == {}


def test_there_is_a_layer_for_each_activation_function():
    public = {
        n for n in vars(nnref.activations) if f"{n}_backward" in vars(nnref.activations)
    }
    assert public == set(LAYERS.values())


@pytest.mark.parametrize(
    ("layer", "option"),
    [(nnref.LeakyReLU, {"negative_slope": 0.3}), (nnref.ELU, {"alpha": 0.3})]
    + [(layer, {"axis": 0}) for layer in (nnref.Softmax, nnref.LogSoftmax)],
)
def test_activation_layers_pass_their_option_on(layer, option):
    f, f_backward = (
        getattr(nnref, LAYERS[layer] + suffix) for suffix in ("", "_backward")
    )
    x, dy = (
        np.random.default_rng(0).normal(size=(4, 3)),
        np.random.default_rng(1).normal(size=(4, 3)),
    )
    instance = layer(**option)
    np.testing.assert_array_equal(instance.forward(x), f(x, **option))
    assert (f(x, **option) != f(x)).any()
    expected = f_backward(dy, x, **option)
    np.testing.assert_allclose(instance.backward(dy), expected, rtol=1e-14)
    (name, value), *_ = option.items()
    assert repr(instance) == f"{layer.__name__}({name}={value})"


@pytest.mark.parametrize(
    "layer", [nnref.Sigmoid, nnref.Tanh, nnref.Softmax, nnref.LogSoftmax]
)
def test_backward_takes_the_saved_output_where_there_is_use_for_it(layer):
    instance = layer()
    x = np.random.default_rng(0).normal(size=(4, 3))
    y = instance.forward(x)
    y *= 2  # not a thing to do, but it shows that backward does not compute y again
    fresh = layer()
    fresh.forward(x)
    assert not np.allclose(instance.backward(x), fresh.backward(x))


def test_relu_keeps_its_output_and_lets_its_input_go():
    x = np.array([-1.0, 0.0, 2.0])
    there, layer = weakref.ref(x), nnref.ReLU()
    y = layer.forward(x)
    del x
    assert there() is None
    np.testing.assert_array_equal(y, [0.0, 0.0, 2.0])
    np.testing.assert_array_equal(layer.backward(np.ones(3)), [0.0, 0.0, 1.0])
