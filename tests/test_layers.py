"""Layers hold state over the functions."""

import io
import re
import weakref

import numpy as np
import pytest

from nnref import activations
from nnref.convolution import conv2d
from nnref.dense import dense
from nnref.gradcheck import numerical_gradient
from nnref.initialization import he_normal, xavier_uniform
from nnref.layers import (
    ELU,
    GELU,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    LogSoftmax,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from nnref.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from nnref.network import Residual, Sequential
from nnref.normalization import batch_norm, layer_norm
from nnref.optimizers import SGD, Adam
from nnref.pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from nnref.regularization import dropout
from nnref.training import accuracy, fit

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


def test_relu_keeps_its_output_and_lets_its_input_go():
    x = np.array([-1.0, 0.0, 2.0])
    there, layer = weakref.ref(x), ReLU()
    y = layer.forward(x)
    del x
    assert there() is None
    np.testing.assert_array_equal(y, [0.0, 0.0, 2.0])
    np.testing.assert_array_equal(layer.backward(np.ones(3)), [0.0, 0.0, 1.0])


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


def test_dense_refuses_weights_of_another_shape():
    with pytest.raises(
        ValueError, match=r"init gave shape \(4, 3\), expected \(3, 4\)"
    ):
        Dense(3, 4, rng(), init=lambda shape, rng: np.ones(shape[::-1]))


@pytest.mark.parametrize("dtype", [int, "complex128"])
def test_dense_refuses_a_dtype_that_is_not_floating(dtype):
    with pytest.raises(ValueError, match=f"dtype is {np.dtype(dtype)}, expected"):
        Dense(3, 4, rng(), dtype=dtype)


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
    ("layer", "f"), [(BatchNorm, batch_norm), (LayerNorm, layer_norm)]
)
def test_normalization_layers_are_their_functions_and_pass_eps_on(layer, f):
    x, dy = 2 + rng().normal(size=(5, 3)), rng(1).normal(size=(5, 3))
    for options in {}, {"eps": 0.5}:
        instance = normalization(layer, 3, **options)
        y = instance.forward(x, training=True)
        expected = f(x, **instance.params, **options)
        np.testing.assert_array_equal(y, expected)
        instance.backward(dy)
        np.testing.assert_allclose(instance.grads["beta"], dy.sum(axis=0))
    assert repr(instance) == f"{layer.__name__}(3)"


@pytest.mark.parametrize("layer", [BatchNorm, LayerNorm])
def test_normalization_starts_without_scale_and_shift(layer):
    params = layer(3, dtype=np.float32).params
    np.testing.assert_array_equal(params["gamma"], np.ones(3, np.float32))
    np.testing.assert_array_equal(params["beta"], np.zeros(3, np.float32))
    assert {p.dtype for p in params.values()} == {np.dtype(np.float32)}
    assert list(params) == ["gamma", "beta"]


@pytest.mark.parametrize("options", [{}, {"rho": 0.37}])
def test_batch_norm_keeps_running_statistics(options):
    """The mean, and the variance with the divisor m - 1, of unequal batches."""
    layer, rho, r = BatchNorm(3, **options), options.get("rho", 0.1), rng()
    mean, var = np.zeros(3), np.ones(3)
    for n in 5, 4, 2:
        x = 3 * r.normal(size=(n, 3, 2)) + [[1], [2], [3]]
        layer.forward(x, training=True)
        mean = (1 - rho) * mean + rho * x.mean(axis=(0, 2))
        var = (1 - rho) * var + rho * x.var(axis=(0, 2), ddof=1)
        np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-13)
        np.testing.assert_allclose(layer.running_var, var, rtol=1e-13)


def test_batch_norm_evaluates_with_the_running_statistics_and_leaves_them():
    layer, x = normalization(BatchNorm, 3, eps=0.1), rng().normal(size=(5, 3))
    layer.forward(x, training=True)
    kept = {name: a.copy() for name, a in layer.state.items()}
    y = layer.forward(x)
    standard = (x - kept["running_mean"]) / np.sqrt(kept["running_var"] + 0.1)
    np.testing.assert_allclose(y, kept["gamma"] * standard + kept["beta"], rtol=1e-12)
    np.testing.assert_array_equal(layer.forward(x[:1]), y[:1])
    layer.backward(x[:1])
    for name, a in layer.state.items():
        np.testing.assert_array_equal(a, kept[name])


def test_running_statistics_approach_those_of_the_data():
    layer, r = BatchNorm(2, rho=0.02), rng()
    for _ in range(1000):
        layer.forward(r.normal([5, -3], [0.5, 4], size=(10, 2)), training=True)
    np.testing.assert_allclose(layer.running_mean, [5, -3], atol=0.5)
    np.testing.assert_allclose(layer.running_var, [0.25, 16], rtol=0.2)


def test_batch_norm_keeps_float32():
    layer = BatchNorm(3, dtype=np.float32)
    x = rng().normal(size=(5, 3)).astype(np.float32)
    y = layer.forward(x, training=True)
    arrays = [y, layer.backward(y), *layer.grads.values(), *layer.state.values()]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_a_refused_batch_leaves_the_running_statistics_alone():
    layer = BatchNorm(3)
    for shape in (5, 1), (5, 4), (1, 3), (3,):
        with pytest.raises(ValueError, match="x has shape"):
            layer.forward(np.full(shape, 7.0), training=True)
    np.testing.assert_array_equal(layer.running_mean, np.zeros(3))
    np.testing.assert_array_equal(layer.running_var, np.ones(3))


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


def test_dropout_drops_in_training_by_its_generator():
    layer, x, dy = Dropout(0.4, rng(7)), np.ones((6, 5)), rng().normal(size=(6, 5))
    r = rng(7)
    for _ in range(2):  # a new mask every time
        y = layer.forward(x, training=True)
        np.testing.assert_array_equal(y, dropout(x, 0.4, r))
        np.testing.assert_allclose(layer.backward(dy), dy * y, rtol=1e-14)
    assert repr(layer) == "Dropout(p=0.4)"


def test_dropout_does_and_draws_nothing_in_evaluation():
    r = rng(7)
    layer, x, dy = Dropout(0.4, r), rng(1).normal(size=(6, 5)), np.ones((6, 5))
    before = r.bit_generator.state
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(dy), dy)
    assert r.bit_generator.state == before
    layer.forward(x, training=True)
    layer.forward(x)
    np.testing.assert_array_equal(layer.backward(dy), dy)


def test_flatten_keeps_samples_apart_and_takes_gradients_back():
    layer, x = Flatten(), rng().normal(size=(5, 3, 2, 4))
    y = layer.forward(x)
    np.testing.assert_array_equal(y, [sample.ravel() for sample in x])
    np.testing.assert_array_equal(layer.backward(y), x)
    assert layer.forward(x[:0]).shape == (0, 24)
    assert layer.forward(x[0, 0, 0]).shape == (4, 1)


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


def test_weight_decay_spares_scale_and_shift():
    layer = BatchNorm(3)
    layer.params["beta"][...] = 2
    grads = {name: np.zeros(3) for name in layer.params}
    SGD(lr=0.1, weight_decay=1.0).step(layer.params, grads)
    np.testing.assert_array_equal(layer.params["gamma"], np.ones(3))
    np.testing.assert_array_equal(layer.params["beta"], np.full(3, 2))


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
]


@pytest.mark.parametrize(("make", "shape"), IMAGES)
def test_gradients_of_layers_for_images_match_differences(make, shape):
    layer, r = make(), rng(1)
    for p in layer.params.values():
        p[...] = r.normal(size=p.shape)
    x = r.permuted(np.linspace(-1, 1, np.prod(shape))).reshape(shape)  # without ties
    check_gradients(layer, x, r.normal(size=layer.forward(x).shape))


@pytest.mark.parametrize(
    ("layer", "f", "arguments"),
    [
        (MaxPool2D((3, 2), **POOLING), max_pool2d, {"size": (3, 2), **POOLING}),
        (AvgPool2D((3, 2), **POOLING), avg_pool2d, {"size": (3, 2), **POOLING}),
        (MaxPool2D(2), max_pool2d, {"size": 2}),
        (AvgPool2D(2), avg_pool2d, {"size": 2}),
        (GlobalAvgPool2D(), global_avg_pool2d, {}),
    ],
)
def test_pooling_layers_are_their_functions(layer, f, arguments):
    x = rng().normal(size=(5, 4, 7, 8))
    np.testing.assert_array_equal(layer.forward(x), f(x, **arguments))


def test_convolution_is_its_function_and_starts_from_its_initializer():
    layer = Conv2D(4, 6, (3, 2), rng(), **CONVOLUTION, init=xavier_uniform)
    r = rng()  # each of the two groups is drawn by itself
    w = np.concatenate([xavier_uniform((3, 2, 3, 2), r) for _ in range(2)])
    np.testing.assert_array_equal(layer.params["w"], w)
    np.testing.assert_array_equal(layer.params["b"], np.zeros(6))
    layer.params["b"][...] = np.arange(6)
    x = rng(1).normal(size=(5, 4, 7, 8))
    expected = conv2d(x, layer.params["w"], np.arange(6.0), **CONVOLUTION)
    np.testing.assert_array_equal(layer.forward(x), expected)


def test_convolution_starts_from_he_normal_by_default():
    w = Conv2D(3, 4, 5, rng()).params["w"]
    np.testing.assert_array_equal(w, he_normal((4, 3, 5, 5), rng()))


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
    ],
)
def test_repr_of_layers_for_images(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 4, 3, rng()), "c_in is 0, expected an integer"),
        (lambda: Conv2D(4, 2.0, 3, rng()), "c_out is 2.0, expected an integer"),
        (lambda: Conv2D(4, 2, (3, 0), rng()), "kernel is (3, 0), expected an integer"),
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
        (lambda: MaxPool2D(0), "size is 0, expected an integer"),
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


def test_a_network_for_images_learns_to_tell_rows_from_columns():
    x = np.zeros((8, 1, 4, 6))
    y = np.arange(8) % 2
    for i in range(8):
        if y[i]:
            x[i, 0, :, i % 6] = 1
        else:
            x[i, 0, i % 4] = 1
    r = rng()
    model = Sequential(
        Conv2D(1, 3, 3, r, padding=1), ReLU(), GlobalAvgPool2D(), Dense(3, 2, r)
    )
    loss = softmax_cross_entropy, softmax_cross_entropy_backward
    settings = {"loss": loss, "optimizer": Adam(0.1), "batch_size": 8, "rng": r}
    fit(model, x, y, epochs=60, **settings)
    assert accuracy(model.forward(x), y) == 1.0
