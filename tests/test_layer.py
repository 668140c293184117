"""Layers hold state over the functions."""

import inspect
import io
import re

import numpy as np
import pytest

import nnref
from nnref import (
    GELU,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    GroupNorm,
    Layer,
    LayerNorm,
    MaxPool2D,
    ReLU,
    Residual,
    RMSNorm,
    Sequential,
    Sigmoid,
    Tanh,
    numerical_gradient,
)

ACTIVATIONS = [
    layer
    for layer in vars(nnref.activations).values()
    if inspect.isclass(layer)
    and issubclass(layer, Layer)
    and layer.__name__ in nnref.__all__
    and layer is not Layer
]


def rng(seed=0):
    return np.random.default_rng(seed)


def mlp(*middle, seed=0):
    r = rng(seed)
    model = Sequential(Dense(3, 4, r), *middle, Dense(4, 2, r))
    for name, p in model.params.items():
        if name.endswith("b"):
            p[...] = r.normal(size=p.shape)
    return model


def check_gradients(model, x, dy, training=False):
    """Compare all gradients with central differences of sum(dy * model(x))."""
    model.forward(x, training)
    dx = model.backward(dy)

    def value(x):
        return float(np.sum(dy * model.forward(x, training)))

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
    "layer",
    [
        Dense(3, 4, rng()),
        BatchNorm(4),
        LayerNorm(4),
        GroupNorm(4, groups=2),
        RMSNorm(4),
        Dropout(0.5, rng()),
        Flatten(),
        *(a() for a in ACTIVATIONS),
    ],
    ids=repr,
)
def test_backward_before_forward_says_so(layer):
    with pytest.raises(RuntimeError, match=re.escape(f"before forward in {layer!r}")):
        layer.backward(np.ones((2, 4)))


def test_backward_before_forward_in_a_network_says_so():
    with pytest.raises(RuntimeError, match=r"before forward in Dense\(4, 2\)"):
        mlp(ReLU()).backward(np.ones((5, 2)))


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


def test_a_bare_layer_has_no_passes():
    with pytest.raises(NotImplementedError):
        Layer().forward(np.ones(2))
    with pytest.raises(NotImplementedError):
        Layer().backward(np.ones(2))


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


def normalization(layer, *args, **options):
    """Return such a layer, its parameters drawn at random."""
    instance = layer(*args, **options)
    for p in instance.params.values():
        p[...] = rng(5).normal(size=p.shape)
    return instance


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 2), (5, 3, 2, 4)])
def test_batch_norm_gradients_match_differences(shape, training):
    layer, r = normalization(BatchNorm, 3, eps=0.1), rng(1)
    layer.forward(3 + r.normal(size=shape), training=True)
    check_gradients(layer, r.normal(size=shape), r.normal(size=shape), training)


def test_layer_norm_gradients_match_differences():
    layer, r = normalization(LayerNorm, 4, eps=0.1), rng(1)
    check_gradients(layer, r.normal(size=(5, 3, 4)), r.normal(size=(5, 3, 4)))


@pytest.mark.parametrize("training", [False, True])
def test_gradients_of_a_residual_network_match_differences(training):
    r = rng(1)
    model = Sequential(
        Flatten(),
        Dense(6, 4, r),
        Residual(
            Sequential(normalization(BatchNorm, 4), Tanh(), Dense(4, 4, r)),
        ),
        Residual(
            Sequential(Dense(4, 5, r), normalization(LayerNorm, 5), GELU()),
            projection=Dense(4, 5, r, bias=False),
        ),
    )
    x, dy = r.normal(size=(8, 2, 3)), r.normal(size=(8, 5))
    check_gradients(model, x, dy, training)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNorm(0), "c is 0, expected an integer"),
        (lambda: BatchNorm(3, rho=1.1), "rho is 1.1, expected a number in [0, 1]"),
        (lambda: BatchNorm(3, eps=-1.0), "eps is -1.0, expected a number"),
        (lambda: BatchNorm(3, dtype=bool), "dtype is bool, expected a float type"),
        (lambda: LayerNorm(3.0), "d is 3.0, expected an integer"),
        (lambda: LayerNorm(3, eps=-1.0), "eps is -1.0, expected a number"),
        (lambda: LayerNorm(3, dtype=bool), "dtype is bool, expected a float type"),
        (lambda: Dropout(1.0, rng()), "p is 1.0, expected a number in [0, 1)"),
        (lambda: Dropout(0.5, 0), "rng is 0, expected such as"),
    ],
)
def test_new_layers_refuse_options_outside_their_range(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize("layer", [Flatten(), Dropout(0.5, rng()), BatchNorm(4)])
@pytest.mark.parametrize("training", [False, True])
def test_layers_refuse_gradients_that_would_be_broadcast(layer, training):
    layer.forward(np.ones((5, 4)), training)
    for shape in (4,), (4, 5), (5, 1), (5, 2, 2):
        with pytest.raises(ValueError, match="dy has shape"):
            layer.backward(np.ones(shape))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("make", [BatchNorm, LayerNorm, lambda d: Dropout(0.4, rng())])
def test_integers_are_computed_with_as_floats(make, training):
    x, dy = np.array([[0, 3, 1], [1, 5, 2], [0, 0, 9]]), rng().normal(size=(3, 3))
    layers = make(3), make(3)
    for layer, data in zip(layers, [x, x.astype(float)], strict=True):
        layer.y = layer.forward(data, training)
        layer.dx = layer.backward(dy)
    np.testing.assert_array_equal(layers[0].y, layers[1].y)
    np.testing.assert_array_equal(layers[0].dx, layers[1].dx)
    for name, array in layers[0].state.items():
        np.testing.assert_array_equal(array, layers[1].state[name])


# Options that a plain call does not have, per axis where that is possible.
CONVOLUTION = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
POOLING = {"stride": (2, 1), "padding": (1, 0)}
IMAGES = [
    (lambda: Conv2D(4, 6, (3, 2), rng(), **CONVOLUTION), (5, 4, 7, 8)),
    (lambda: Conv2D(4, 6, 3, rng(), bias=False), (5, 4, 7, 8)),
    (lambda: Conv2D(1, 2, 1, rng(), stride=3), (5, 1, 7, 8)),
    (lambda: Conv2D(3, 2, (7, 8), rng()), (5, 3, 7, 8)),
    (lambda: Conv2D(2, 3, 1, rng()), (5, 2, 1, 1)),
    (lambda: MaxPool2D((3, 2), **POOLING), (5, 4, 7, 8)),
    (lambda: MaxPool2D(3), (5, 4, 7, 8)),
    (lambda: AvgPool2D((3, 2), **POOLING), (5, 4, 7, 8)),
    (lambda: AvgPool2D((3, 2), **POOLING, count_include_pad=False), (5, 4, 7, 8)),
    (lambda: GlobalAvgPool2D(), (5, 4, 7, 8)),
    (lambda: GlobalMaxPool2D(), (5, 4, 7, 8)),
]
NORMS = [
    (lambda: GroupNorm(4, groups=2, eps=0.1), (5, 4, 7, 8)),
    (lambda: RMSNorm(8, eps=0.1), (5, 4, 7, 8)),
]


@pytest.mark.parametrize(("make", "shape"), IMAGES + NORMS)
def test_gradients_of_layers_for_images_match_differences(make, shape):
    layer, r = make(), rng(1)
    for p in layer.params.values():
        p[...] = r.normal(size=p.shape)
    x = r.permuted(np.linspace(-1, 1, np.prod(shape))).reshape(shape)  # without ties
    check_gradients(layer, x, r.normal(size=layer.forward(x).shape))


@pytest.mark.parametrize(("make", "shape"), IMAGES)
def test_layers_for_images_keep_float32(make, shape):
    layer = make()
    if isinstance(layer, Conv2D):
        c_out, c_in, *kernel = layer.params["w"].shape
        layer = Conv2D(c_in, c_out, tuple(kernel), rng(), dtype=np.float32)
        shape = (5, c_in, *shape[2:])
    y = layer.forward(rng().normal(size=shape).astype(np.float32))
    dx = layer.backward(np.ones_like(y))
    for a in (y, dx, *layer.params.values(), *layer.grads.values()):
        assert a.dtype == np.float32


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv2D(4, 6, 3, rng()), "Conv2D(4, 6, (3, 3))"),
        (
            Conv2D(4, 6, (3, 2), rng(), **CONVOLUTION, bias=False),
            "Conv2D(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), "
            "groups=2, bias=False)",
        ),
        (MaxPool2D(2), "MaxPool2D(2)"),
        (
            MaxPool2D((3, 2), **POOLING),
            "MaxPool2D((3, 2), stride=(2, 1), padding=(1, 0))",
        ),
        (AvgPool2D(3, stride=1), "AvgPool2D(3, stride=1)"),
        (
            AvgPool2D(3, count_include_pad=False),
            "AvgPool2D(3, count_include_pad=False)",
        ),
        (GlobalAvgPool2D(), "GlobalAvgPool2D()"),
        (GlobalMaxPool2D(), "GlobalMaxPool2D()"),
    ],
)
def test_repr_of_layers_for_images(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 4, 3, rng()), "c_in is 0, expected an integer"),
        (lambda: Conv2D(4, 2.0, 3, rng()), "c_out is 2.0, expected an integer"),
        (
            lambda: Conv2D(4, 2, (3, 0), rng()),
            "kernel_size is (3, 0), expected an integer",
        ),
        (lambda: Conv2D(4, 2, 3, rng(), stride=0), "stride is 0, expected an integer"),
        (lambda: Conv2D(4, 2, 3, rng(), padding=-1), "padding is -1, expected"),
        (lambda: Conv2D(4, 2, 3, rng(), dilation=0), "dilation is 0, expected"),
        (
            lambda: Conv2D(4, 6, 3, rng(), groups=3),
            "groups is 3, expected a",
        ),
        (
            lambda: Conv2D(6, 4, 3, rng(), groups=3),
            "groups is 3, expected a",
        ),
        (lambda: Conv2D(6, 4, 3, rng(), groups=0), "groups is 0, expected an integer"),
        (lambda: Conv2D(6, 4, 3, rng(), dtype=int), "dtype is int64, expected a float"),
        (
            lambda: Conv2D(6, 4, 3, rng(), init=lambda shape, rng: np.ones((4, 6))),
            "init gave shape (4, 6), expected (4, 6, 3, 3)",
        ),
        (lambda: MaxPool2D(0), "kernel_size is 0, expected an integer"),
        (lambda: MaxPool2D(2, stride=0), "stride is 0, expected an integer"),
        (lambda: AvgPool2D(2, padding=-1), "padding is -1, expected an integer"),
        (
            lambda: MaxPool2D(3, padding=2).forward(np.ones((1, 1, 5, 5))),
            "padding is 2, expected at most 1: else a window is mostly padding",
        ),
    ],
)
def test_layers_for_images_refuse_options_outside_their_range(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
