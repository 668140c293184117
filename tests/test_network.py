"""Layers hold state over the functions; a network chains them."""

import io
import re

import numpy as np
import pytest

from nnref import activations
from nnref.dense import dense
from nnref.gradcheck import numerical_gradient
from nnref.initialization import xavier_uniform
from nnref.network import (
    ELU,
    GELU,
    Dense,
    Layer,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)

ACTIVATIONS = {
    ELU: "elu",
    GELU: "gelu",
    LeakyReLU: "leaky_relu",
    LogSoftmax: "log_softmax",
    ReLU: "relu",
    Sigmoid: "sigmoid",
    SiLU: "silu",
    Softmax: "softmax",
    Softplus: "softplus",
    Tanh: "tanh",
}


def rng(seed=0):
    return np.random.default_rng(seed)


def mlp(*middle, seed=0):
    r = rng(seed)
    model = Sequential(Dense(3, 4, r), *middle, Dense(4, 2, r))
    for name, p in model.params.items():
        if name.endswith("b"):
            p[...] = r.normal(size=p.shape)
    return model


def check_gradients(model, x, dy):
    """Compare all gradients with central differences of sum(dy * model(x))."""
    model.forward(x)
    dx = model.backward(dy)

    def value(x):
        return float(np.sum(dy * model.forward(x)))

    np.testing.assert_allclose(dx, numerical_gradient(value, x), rtol=1e-6, atol=1e-8)
    grads = {name: g.copy() for name, g in model.grads.items()}
    assert list(grads) == list(model.params)
    for name, p in model.params.items():
        kept = p.copy()

        def shifted(q, p=p):
            p[...] = q
            return value(x)

        numeric = numerical_gradient(shifted, kept)
        p[...] = kept
        np.testing.assert_allclose(grads[name], numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_a_network_match_differences(activation):
    r = rng(1)
    check_gradients(mlp(activation()), r.normal(size=(5, 3)), r.normal(size=(5, 2)))


def test_gradients_of_a_deep_nested_network_match_differences():
    r = rng(2)
    inner = Sequential(Dense(4, 5, r, bias=False), GELU(), Dense(5, 4, r))
    check_gradients(
        mlp(Tanh(), inner, Sigmoid()), r.normal(size=(6, 3)), r.normal(size=(6, 2))
    )


@pytest.mark.parametrize(("layer", "name"), ACTIVATIONS.items())
def test_an_activation_layer_is_its_function(layer, name):
    f, f_backward = (getattr(activations, n) for n in (name, f"{name}_backward"))
    x, dy = rng().normal(size=(4, 3)), rng(1).normal(size=(4, 3))
    instance = layer()
    np.testing.assert_array_equal(instance.forward(x), f(x))
    np.testing.assert_allclose(instance.backward(dy), f_backward(dy, x), rtol=1e-14)
    assert instance.params == instance.grads == instance.state == {}


def test_there_is_a_layer_for_each_activation_function():
    public = {n for n in vars(activations) if f"{n}_backward" in vars(activations)}
    assert public == set(ACTIVATIONS.values())


@pytest.mark.parametrize(
    ("layer", "option"),
    [(LeakyReLU, {"alpha": 0.3}), (ELU, {"alpha": 0.3})]
    + [(layer, {"axis": 0}) for layer in (Softmax, LogSoftmax)],
)
def test_activation_layers_pass_their_option_on(layer, option):
    f, f_backward = (
        getattr(activations, ACTIVATIONS[layer] + suffix)
        for suffix in ("", "_backward")
    )
    x, dy = rng().normal(size=(4, 3)), rng(1).normal(size=(4, 3))
    instance = layer(**option)
    np.testing.assert_array_equal(instance.forward(x), f(x, **option))
    assert (f(x, **option) != f(x)).any()
    expected = f_backward(dy, x, **option)
    np.testing.assert_allclose(instance.backward(dy), expected, rtol=1e-14)
    (name, value), *_ = option.items()
    assert repr(instance) == f"{layer.__name__}({name}={value})"


@pytest.mark.parametrize("layer", [Sigmoid, Tanh, Softmax, LogSoftmax])
def test_backward_takes_the_saved_output_where_there_is_use_for_it(layer):
    instance = layer()
    x = rng().normal(size=(4, 3))
    y = instance.forward(x)
    y *= 2  # not a thing to do, but it shows that backward does not compute y again
    fresh = layer()
    fresh.forward(x)
    assert not np.allclose(instance.backward(x), fresh.backward(x))


def test_dense_is_its_function_and_starts_from_its_initializer():
    layer = Dense(3, 4, rng(7), init=xavier_uniform)
    np.testing.assert_array_equal(layer.params["w"], xavier_uniform((3, 4), rng(7)))
    np.testing.assert_array_equal(layer.params["b"], np.zeros(4))
    layer.params["b"][...] = [1, 2, 3, 4]
    x = rng().normal(size=(5, 3))
    np.testing.assert_array_equal(layer.forward(x), dense(x, **layer.params))


def test_dense_starts_from_he_normal_by_default():
    w = Dense(200, 100, rng()).params["w"]
    assert w.std() == pytest.approx((2 / 200) ** 0.5, rel=0.03)


def test_dense_without_bias_has_none():
    layer = Dense(3, 4, rng(), bias=False)
    layer.forward(np.ones((5, 3)))
    layer.backward(np.ones((5, 4)))
    assert list(layer.params) == list(layer.grads) == ["w"]
    assert repr(layer) == "Dense(3, 4, bias=False)"


def test_dense_does_not_share_the_array_of_its_initializer():
    start = np.ones((3, 4))
    layer = Dense(3, 4, rng(), init=lambda shape, rng: start)
    layer.params["w"][...] = 5
    assert (start == 1).all()


def test_params_are_the_arrays_themselves():
    model = mlp(Tanh())
    x = np.ones((1, 3))
    before = model.forward(x)
    for p in model.params.values():
        p *= 2
    assert not np.allclose(model.forward(x), before)
    assert model.params["0.w"] is model.params["0.w"] is model.layers[0].params["w"]
    model.layers[2].params["b"] = np.array([9.0, 9.0])
    assert model.params["2.b"] is model.layers[2].params["b"]


def test_names_carry_the_position_also_of_nested_layers():
    inner = Sequential(ReLU(), Dense(4, 5, rng()))
    model = Sequential(Dense(3, 4, rng(), bias=False), inner, Dense(5, 2, rng()))
    assert list(model.params) == ["0.w", "1.1.w", "1.1.b", "2.w", "2.b"]
    assert model.grads == {}
    model.forward(np.ones((2, 3)))
    model.backward(np.ones((2, 2)))
    shapes = {name: p.shape for name, p in model.params.items()}
    assert {name: g.shape for name, g in model.grads.items()} == shapes


def test_gradients_replace_those_of_the_backward_before():
    model, x, dy = mlp(ReLU()), rng(3).normal(size=(5, 3)), np.ones((5, 2))
    model.forward(x)
    model.backward(dy)
    first = {name: g.copy() for name, g in model.grads.items()}
    model.forward(x)
    model.backward(dy)
    for name, g in model.grads.items():
        np.testing.assert_array_equal(g, first[name])


def test_backward_belongs_to_the_last_forward():
    model, dy = mlp(Tanh()), np.ones((5, 2))
    a, b = rng(3).normal(size=(2, 5, 3))
    model.forward(b)
    expected = model.backward(dy)
    model.forward(a)
    model.forward(b)
    np.testing.assert_array_equal(model.backward(dy), expected)


@pytest.mark.parametrize(
    "layer", [Dense(3, 4, rng()), *(a() for a in ACTIVATIONS)], ids=repr
)
def test_backward_before_forward_says_so(layer):
    with pytest.raises(RuntimeError, match=re.escape(f"before forward in {layer!r}")):
        layer.backward(np.ones((2, 4)))


def test_backward_before_forward_in_a_network_says_so():
    with pytest.raises(RuntimeError, match=r"before forward in Dense\(4, 2\)"):
        mlp(ReLU()).backward(np.ones((5, 2)))


def test_repr_shows_layers_shapes_and_size():
    inner = Sequential(Dense(4, 5, rng(), bias=False), LeakyReLU(0.2))
    model = Sequential(Dense(3, 4, rng()), ReLU(), inner, Dense(5, 2, rng()))
    assert repr(model) == (
        "Sequential(\n"
        "  0: Dense(3, 4)          w (3, 4), b (4,)\n"
        "  1: ReLU()\n"
        "  2: Sequential(\n"
        "    0: Dense(4, 5, bias=False) w (4, 5)\n"
        "    1: LeakyReLU(alpha=0.2)\n"
        "  ): 20 parameters\n"
        "  3: Dense(5, 2)          w (5, 2), b (2,)\n"
        "): 48 parameters"
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_stays_float32(activation):
    r = rng()
    model = Sequential(
        Dense(3, 4, r, dtype=np.float32), activation(), Dense(4, 2, r, dtype="float32")
    )
    x = r.normal(size=(5, 3)).astype(np.float32)
    y = model.forward(x)
    dx = model.backward(np.ones_like(y))
    arrays = [y, dx, *model.params.values(), *model.grads.values()]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_dense_is_float64_by_default():
    assert {p.dtype for p in Dense(3, 4, rng()).params.values()} == {np.dtype(float)}


def test_state_saves_and_restores_a_network():
    model, other = mlp(ReLU()), mlp(ReLU(), seed=1)
    file = io.BytesIO()
    np.savez(file, **model.state)
    file.seek(0)
    x = rng().normal(size=(5, 3))
    assert not np.allclose(model.forward(x), other.forward(x))
    with np.load(file) as saved:
        for name, array in saved.items():
            other.state[name][...] = array
    np.testing.assert_array_equal(model.forward(x), other.forward(x))


def test_a_network_tells_every_layer_whether_it_trains():
    class Probe(Layer):
        def forward(self, x, training=False):
            seen.append(training)
            return x

    seen = []
    model = Sequential(Probe(), Sequential(Probe()))
    model.forward(np.ones(1))
    model.forward(np.ones(1), training=True)
    assert seen == [False, False, True, True]


def test_state_of_a_network_is_that_of_its_layers():
    class Running(Layer):
        @property
        def state(self):
            return self.params | {"mean": mean}

    mean = np.zeros(2)
    model = Sequential(ReLU(), Running(w=np.ones(3)))
    assert list(model.state) == ["1.w", "1.mean"]
    assert model.state["1.mean"] is mean
    assert list(model.params) == ["1.w"]


def test_a_bare_layer_has_no_passes():
    with pytest.raises(NotImplementedError):
        Layer().forward(np.ones(2))
    with pytest.raises(NotImplementedError):
        Layer().backward(np.ones(2))


def test_an_empty_network_is_the_identity():
    x = rng().normal(size=(2, 3))
    assert Sequential().forward(x) is x
    assert Sequential().backward(x) is x


def test_a_network_refuses_what_is_no_layer():
    with pytest.raises(
        ValueError, match=r"layer 1 is <class .*ReLU'>, expected a Layer"
    ):
        Sequential(Dense(3, 4, rng()), ReLU)
    with pytest.raises(ValueError, match=r"layer 0 is \[.*, expected a Layer"):
        Sequential([Dense(3, 4, rng()), ReLU()])


def test_a_network_refuses_the_same_layer_twice():
    relu = ReLU()
    with pytest.raises(ValueError, match=r"layer 2, ReLU\(\), is there twice"):
        Sequential(relu, Dense(3, 3, rng()), relu)


def test_an_error_in_a_network_names_the_layer():
    model = Sequential(Dense(3, 4, rng()), ReLU(), Dense(5, 2, rng()))
    with pytest.raises(ValueError, match="x has shape") as caught:
        model.forward(np.ones((6, 3)))
    assert caught.value.__notes__ == ["in layer 2, Dense(5, 2)"]


def test_layers_refuse_an_upstream_gradient_of_another_shape():
    model = mlp(ReLU())
    model.forward(np.ones((5, 3)))
    for shape in (2,), (1, 2), (5, 1):
        with pytest.raises(ValueError, match="dy has shape"):
            model.backward(np.ones(shape))
    activation = ReLU()
    activation.forward(np.ones((5, 3)))
    with pytest.raises(ValueError, match="dy has shape"):
        activation.backward(np.ones(3))


def test_dense_refuses_weights_of_another_shape():
    with pytest.raises(
        ValueError, match=r"init gave shape \(4, 3\), expected \(3, 4\)"
    ):
        Dense(3, 4, rng(), init=lambda shape, rng: np.ones(shape[::-1]))


@pytest.mark.parametrize("dtype", [int, "complex128"])
def test_dense_refuses_a_dtype_that_is_not_floating(dtype):
    with pytest.raises(ValueError, match=f"dtype is {np.dtype(dtype)}, expected"):
        Dense(3, 4, rng(), dtype=dtype)
