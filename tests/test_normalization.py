"""Normalization: statistics, invariances, cancellation, bad input.

That the gradients are right, and that float32 stays, is in test_gradients.py.
"""

import functools

import numpy as np
import pytest

from nnref import (
    SGD,
    BatchNorm,
    GroupNorm,
    LayerNorm,
    RMSNorm,
    batch_norm,
    batch_norm_backward,
    check_gradient,
    group_norm,
    group_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
)

SHAPES = [(5, 3), (5, 3, 2), (5, 3, 2, 4)]


def rng(seed=0):
    return np.random.default_rng(seed)


def of_channels(shape):
    """Return x, and gamma and beta for its channels."""
    r = rng()
    return 3 * r.normal(size=shape) + 7, r.normal(size=shape[1]), r.normal(size=3)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_is_its_definition_channel_by_channel(shape):
    x, gamma, beta = of_channels(shape)
    y = batch_norm(x, gamma, beta, eps=0.1)
    for c in range(shape[1]):
        values = x[:, c]
        expected = (values - values.mean()) / np.sqrt(values.var() + 0.1)
        np.testing.assert_allclose(y[:, c], gamma[c] * expected + beta[c], rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_channel_gets_mean_beta_and_standard_deviation_gamma(shape):
    x, gamma, beta = of_channels(shape)
    y = batch_norm(x, gamma, beta, eps=0.0)
    axes = (0, *range(2, x.ndim))
    np.testing.assert_allclose(y.mean(axis=axes), beta, rtol=1e-12)
    np.testing.assert_allclose(y.std(axis=axes), np.abs(gamma), rtol=1e-12)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (5, 2, 3)])
def test_layer_norm_is_its_definition_row_by_row(shape):
    x, gamma, beta = 3 * rng().normal(size=shape) + 7, rng(1).normal(size=3), rng(2)
    beta = beta.normal(size=3)
    y = layer_norm(x, gamma, beta, eps=0.1)
    for i in np.ndindex(shape[:-1]):
        expected = (x[i] - x[i].mean()) / np.sqrt(x[i].var() + 0.1)
        np.testing.assert_allclose(y[i], gamma * expected + beta, rtol=1e-12)


def test_layer_norm_of_a_batch_is_batch_norm_the_other_way():
    x, one, zero = rng().normal(size=(5, 3)), np.ones(5), np.zeros(5)
    expected = batch_norm(x.T, one, zero).T
    np.testing.assert_allclose(layer_norm(x, one[:3], zero[:3]), expected, rtol=1e-12)


def test_eps_is_1e_5_by_default_and_stands_under_the_root():
    x = np.array([[-1e-3, 0.0, 1e-3]])  # variance 2 / 3 * 1e-6
    expected = 1e-3 / np.sqrt(2 / 3 * 1e-6 + 1e-5)
    assert layer_norm(x, np.ones(3), np.zeros(3))[0, 2] == pytest.approx(expected)
    assert batch_norm(x.T, [1.0], [0.0])[2, 0] == pytest.approx(expected)
    dy = np.array([[0.0, 0.0, 1.0]])
    _, dgamma, _ = layer_norm_backward(dy, x, np.ones(3), np.zeros(3))
    assert dgamma[2] == pytest.approx(expected)
    _, dgamma, _ = batch_norm_backward(dy.T, x.T, [1.0], [0.0])
    assert dgamma[0] == pytest.approx(expected)


def test_given_statistics_are_those_used():
    x, gamma, beta = of_channels((5, 3, 2, 4))
    axes = (0, 2, 3)
    own = x.mean(axis=axes), x.var(axis=axes)
    np.testing.assert_allclose(
        batch_norm(x, gamma, beta, stats=own), batch_norm(x, gamma, beta), rtol=1e-12
    )
    mean, var = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    expected = (x - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None]
    expected = gamma[:, None, None] * expected + beta[:, None, None]
    y = batch_norm(x, gamma, beta, stats=(mean, var))
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    alone = batch_norm(x[:1], gamma, beta, stats=(mean, var))
    np.testing.assert_array_equal(alone, y[:1])


def test_gradients_through_the_statistics_and_past_them_differ():
    x, gamma, beta = of_channels((5, 3))
    own = x.mean(axis=0), x.var(axis=0)
    dy = rng(1).normal(size=x.shape)
    through = batch_norm_backward(dy, x, gamma, beta)
    past = batch_norm_backward(dy, x, gamma, beta, stats=own)
    expected = dy * gamma / np.sqrt(own[1] + 1e-5)
    np.testing.assert_allclose(past[0], expected, rtol=1e-12)
    assert np.abs(through[0] - past[0]).max() > 0.01
    for a, b in zip(through[1:], past[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_input_gradient_is_orthogonal_to_what_changes_nothing(shape):
    """Shifting or, without eps, scaling a channel leaves the output as it was."""
    x, gamma, beta = of_channels(shape)
    dy = rng(1).normal(size=shape)
    dx, _, _ = batch_norm_backward(dy, x, gamma, beta, eps=0.0)
    axes = (0, *range(2, x.ndim))
    assert np.abs(dx).max() > 0.01
    np.testing.assert_allclose(dx.sum(axis=axes), 0, atol=1e-12)
    np.testing.assert_allclose((dx * x).sum(axis=axes), 0, atol=1e-11)
    dx, _, _ = layer_norm_backward(dy, x, *np.ones((2, shape[-1])), eps=0.0)
    np.testing.assert_allclose(dx.sum(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose((dx * x).sum(axis=-1), 0, atol=1e-11)


def test_an_upstream_of_ones_would_not_find_a_wrong_gradient():
    x, gamma, beta = of_channels((5, 3))
    dx, _, dbeta = batch_norm_backward(np.ones_like(x), x, gamma, beta)
    np.testing.assert_allclose(dx, 0, atol=1e-15)
    np.testing.assert_array_equal(dbeta, [5, 5, 5])


@pytest.mark.parametrize("m", [2, 3])
def test_gradients_for_the_fewest_values(m):
    """With a large eps; without one they vanish at two values."""
    r = rng()
    x, gamma, beta = r.normal(size=(m, 4)), r.normal(size=4), r.normal(size=4)
    check_gradient(batch_norm, batch_norm_backward, x, gamma, beta, eps=1.0)
    gamma, beta = gamma[:m], beta[:m]
    check_gradient(layer_norm, layer_norm_backward, x.T, gamma, beta, eps=1.0)


def test_layer_norm_of_one_feature_is_beta():
    x = rng().normal(size=(4, 1))
    np.testing.assert_array_equal(layer_norm(x, [2.0], [3.0]), np.full((4, 1), 3.0))
    dx, dgamma, dbeta = layer_norm_backward(x, x, [2.0], [3.0])
    assert not dx.any()
    assert not dgamma.any()
    np.testing.assert_allclose(dbeta, x.sum(axis=0))


@pytest.mark.parametrize("far", [1e4, 1e6])
def test_the_variance_does_not_cancel_far_from_zero(far):
    """The difference of mean square and squared mean would be off, even negative."""
    x = far + np.array([[-1.0, 0.5], [0.0, -0.25], [1.0, -0.25]], np.float32)
    one, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    exact = batch_norm(x.astype(np.float64), one, zero)
    np.testing.assert_allclose(batch_norm(x, one, zero), exact, rtol=1e-6, atol=1e-7)
    one, zero = np.ones(3, np.float32), np.zeros(3, np.float32)
    exact = layer_norm(x.T.astype(np.float64), one, zero)
    found = layer_norm(np.ascontiguousarray(x.T), one, zero)
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("mean", [100, 1000])
def test_channels_far_from_zero_lose_nothing_in_float32(mean):
    """Centred once they did: their rounded mean is off by a part of a deviation."""
    x = (mean + 0.001 * rng().normal(size=(64, 8))).astype(np.float32)
    one, zero = np.ones(8, np.float32), np.zeros(8, np.float32)
    dy = rng(1).normal(size=x.shape).astype(np.float32)
    exact = x.astype(float)
    y = batch_norm(exact, one, zero, eps=1e-12)
    np.testing.assert_allclose(batch_norm(x, one, zero, eps=1e-12), y, atol=1e-6)
    layer = BatchNorm(8, rho=0.0, eps=1e-12, dtype=np.float32)
    layer.running_var[...] = 0  # beside 1 the new one would be rounded
    np.testing.assert_allclose(layer.forward(x, True), y, atol=1e-6)
    np.testing.assert_allclose(layer.running_var, exact.var(axis=0, ddof=1), rtol=1e-5)
    dx, dgamma, dbeta = batch_norm_backward(dy, x, one, zero, eps=1e-12)
    expected = batch_norm_backward(dy.astype(float), exact, one, zero, eps=1e-12)
    np.testing.assert_allclose(dx, expected[0], atol=1e-6 * abs(expected[0]).max())
    np.testing.assert_allclose(dgamma, expected[1], atol=1e-5)
    np.testing.assert_allclose(dbeta, expected[2], atol=1e-5)


def test_rows_far_from_zero_lose_nothing_in_float32():
    """The mean itself is rounded there, and all distances from it are off by that."""
    x = (1000 + 0.001 * rng().normal(size=(64, 128))).astype(np.float32)
    one, zero = np.ones(128, np.float32), np.zeros(128, np.float32)
    exact = layer_norm(x.astype(np.float64), one, zero)
    assert np.abs(layer_norm(x, one, zero) - exact).max() < 1e-5
    exact = group_norm(x.astype(np.float64), one, zero, groups=2)
    assert np.abs(group_norm(x, one, zero, groups=2) - exact).max() < 1e-5


def test_group_norm_is_its_definition_group_by_group():
    x = 3 * rng().normal(size=(2, 6, 3, 4)) + 7
    gamma, beta = rng(1).normal(size=(2, 6))
    y = group_norm(x, gamma, beta, groups=2, eps=0.1)
    for i, g in np.ndindex(2, 2):
        channels = slice(3 * g, 3 * g + 3)
        part = x[i, channels]
        expected = (part - part.mean()) / np.sqrt(part.var() + 0.1)
        expected = gamma[channels, None, None] * expected + beta[channels, None, None]
        np.testing.assert_allclose(y[i, channels], expected, rtol=1e-12)


def test_group_norm_between_layer_norm_and_instance_norm():
    x, gamma, beta = rng().normal(size=(5, 4)), *rng(1).normal(size=(2, 4))
    found = group_norm(x, gamma, beta, groups=1)
    np.testing.assert_allclose(found, layer_norm(x, gamma, beta), rtol=1e-12)
    images = rng().normal(size=(5, 4, 2, 3))
    found = group_norm(images, gamma, beta, groups=4)
    each = [batch_norm(image[None], gamma, beta)[0] for image in images]
    np.testing.assert_allclose(found, each, rtol=1e-12)


@pytest.mark.parametrize("groups", [0, 3, 8, 2.0, -2, True])
def test_groups_that_do_not_divide_the_channels_are_refused(groups):
    x, four = np.ones((5, 4)), np.ones(4)
    for call in (
        lambda: group_norm(x, four, four, groups=groups),
        lambda: group_norm_backward(x, x, four, four, groups=groups),
        lambda: GroupNorm(4, groups=groups),
    ):
        with pytest.raises(ValueError, match=r"^groups is .*, expected a"):
            call()


def test_rms_norm_keeps_the_direction_and_forgets_the_length():
    x = rng().normal(size=(5, 3))
    y = rms_norm(x, np.ones(3), eps=0.0)
    np.testing.assert_allclose((y**2).mean(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(rms_norm(7 * x, np.ones(3), eps=0.0), y, rtol=1e-12)
    ratio = y / x
    np.testing.assert_allclose(ratio, ratio[:, :1] * np.ones(3), rtol=1e-12)
    # Of rows with mean 0 it is layer normalization.
    centred = x - x.mean(axis=1, keepdims=True)
    expected = layer_norm(centred, np.ones(3), np.zeros(3))
    np.testing.assert_allclose(rms_norm(centred, np.ones(3)), expected, rtol=1e-12)


def test_a_constant_channel_becomes_beta():
    y = batch_norm([[4.0, 1.0], [4.0, 2.0]], [3.0, 3.0], [5.0, 6.0])
    np.testing.assert_array_equal(y[:, 0], [5, 5])


def test_all_is_computed_in_the_dtype_of_x():
    x, dy = np.ones((4, 3), np.float32) * np.arange(3), np.ones((4, 3))
    x = x.astype(np.float32).T
    gamma, beta = np.ones(4), np.zeros(4)
    assert batch_norm(x, gamma, beta).dtype == np.float32
    assert layer_norm(x, gamma, beta).dtype == np.float32
    for backward in batch_norm_backward, layer_norm_backward:
        dtypes = {a.dtype for a in backward(dy.T, x, gamma, beta)}
        assert dtypes == {np.dtype(np.float32)}
    stats = np.ones(4), np.ones(4)
    assert batch_norm(x, gamma, beta, stats=stats).dtype == np.float32
    assert batch_norm([[1, 2], [3, 5]], [1, 1], [0, 0]).dtype == np.float64


@pytest.mark.parametrize("shape", [(1, 3), (0, 3)])
def test_batch_norm_refuses_one_value_in_a_channel(shape):
    x, one = np.ones(shape), np.ones(3)
    message = rf"x has shape \({shape[0]}, 3\), expected at least two values in each"
    with pytest.raises(ValueError, match=message):
        batch_norm(x, one, one)
    with pytest.raises(ValueError, match=message):
        batch_norm_backward(x, x, one, one)


def test_one_image_has_enough_values():
    x = rng().normal(size=(1, 3, 2, 4))
    y = batch_norm(x, np.ones(3), np.zeros(3))
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-15)


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm"])
def test_shapes_that_would_be_broadcast_are_refused(name):
    f, f_backward = {
        "batch_norm": (batch_norm, batch_norm_backward),
        "layer_norm": (layer_norm, layer_norm_backward),
    }[name]
    x, three = rng().normal(size=(5, 3)), np.ones(3)
    expected = {"batch_norm": "(5, 3), expected (n, 1, ...)", "layer_norm": "(5, 3)"}
    cases = [
        ((x, np.ones(1), np.ones(1)), f"x has shape {expected[name]}"),
        ((x, three, np.ones(1)), "beta has shape (1,), expected (3,)"),
        ((x, three, 1.0), "beta has shape (), expected (3,)"),
        ((x, 1.0, 1.0), "gamma has shape (), expected ("),
        ((x, np.ones((1, 3)), three), "gamma has shape (1, 3), expected ("),
        ((x.T, three, three), "x has shape (3, 5), expected ("),
        ((np.float64(1), three, three), "x has shape (), expected ("),
    ]
    for args, message in cases:
        for call in (lambda *a: f(*a), lambda *a: f_backward(a[0], *a)):
            with pytest.raises(ValueError) as caught:  # noqa: PT011
                call(*args)
            assert str(caught.value).startswith(message)
    with pytest.raises(ValueError, match=r"dy has shape \(3,\), expected \(5, 3\)"):
        f_backward(three, x, three, three)
    for eps in -1e-5, np.inf, np.nan:
        with pytest.raises(ValueError, match=r"eps is .*, expected a number in"):
            f(x, three, three, eps=eps)
        with pytest.raises(ValueError, match=r"eps is .*, expected a number in"):
            f_backward(x, x, three, three, eps=eps)


def test_batch_norm_refuses_statistics_of_another_shape():
    x, three = rng().normal(size=(5, 3)), np.ones(3)
    with pytest.raises(ValueError, match=r"the mean in stats has shape \(1,\)"):
        batch_norm(x, three, three, stats=(np.ones(1), three))
    with pytest.raises(ValueError, match=r"the variance in stats has shape \(\)"):
        batch_norm(x, three, three, stats=(three, 1.0))
    for stats in (three, three, three), three, 1.0, "mean":
        with pytest.raises(ValueError, match=r"stats is .*expected a mean and a var"):
            batch_norm(x, three, three, stats=stats)


def normalization(layer, *args, **options):
    """Return such a layer, its parameters drawn at random."""
    instance = layer(*args, **options)
    for p in instance.params.values():
        p[...] = np.random.default_rng(5).normal(size=p.shape)
    return instance


@pytest.mark.parametrize(
    ("layer", "f", "more"),
    [
        (BatchNorm, batch_norm, {}),
        (LayerNorm, layer_norm, {}),
        (GroupNorm, group_norm, {"groups": 3}),
        (GroupNorm, group_norm, {"groups": 2}),
        (RMSNorm, rms_norm, {}),
    ],
)
def test_normalization_layers_are_their_functions_and_pass_options_on(layer, f, more):
    x, dy = (
        2 + np.random.default_rng(0).normal(size=(5, 6)),
        np.random.default_rng(1).normal(size=(5, 6)),
    )
    for options in more, {"eps": 0.5, **more}:
        instance = normalization(layer, 6, **options)
        y = instance.forward(x, training=True)
        expected = f(x, **instance.params, **options)
        np.testing.assert_array_equal(y, expected)
        instance.backward(dy)
        assert {*instance.grads} == {*instance.params}
        if "beta" in instance.params:
            np.testing.assert_allclose(instance.grads["beta"], dy.sum(axis=0))
    words = "".join(f", {name}={value}" for name, value in more.items())
    assert repr(instance) == f"{layer.__name__}(6{words})"


def test_rms_norm_starts_without_scale():
    params = RMSNorm(3, dtype=np.float32).params
    assert list(params) == ["gamma"]
    np.testing.assert_array_equal(params["gamma"], np.ones(3, np.float32))


@pytest.mark.parametrize(
    "layer", [BatchNorm, LayerNorm, functools.partial(GroupNorm, groups=3)]
)
def test_normalization_starts_without_scale_and_shift(layer):
    params = layer(3, dtype=np.float32).params
    np.testing.assert_array_equal(params["gamma"], np.ones(3, np.float32))
    np.testing.assert_array_equal(params["beta"], np.zeros(3, np.float32))
    assert {p.dtype for p in params.values()} == {np.dtype(np.float32)}
    assert list(params) == ["gamma", "beta"]


@pytest.mark.parametrize("options", [{}, {"rho": 0.63}])
def test_batch_norm_keeps_running_statistics(options):
    """The mean, and the variance with the divisor m - 1, of unequal batches."""
    layer, rho, r = (
        BatchNorm(3, **options),
        options.get("rho", 0.9),
        np.random.default_rng(0),
    )
    mean, var = np.zeros(3), np.ones(3)
    for n in 5, 4, 2:
        x = 3 * r.normal(size=(n, 3, 2)) + [[1], [2], [3]]
        layer.forward(x, training=True)
        mean = rho * mean + (1 - rho) * x.mean(axis=(0, 2))
        var = rho * var + (1 - rho) * x.var(axis=(0, 2), ddof=1)
        np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-13)
        np.testing.assert_allclose(layer.running_var, var, rtol=1e-13)


def test_batch_norm_evaluates_with_the_running_statistics_and_leaves_them():
    layer, x = (
        normalization(BatchNorm, 3, eps=0.1),
        np.random.default_rng(0).normal(size=(5, 3)),
    )
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
    layer, r = BatchNorm(2, rho=0.98), np.random.default_rng(0)
    for _ in range(1000):
        layer.forward(r.normal([5, -3], [0.5, 4], size=(10, 2)), training=True)
    np.testing.assert_allclose(layer.running_mean, [5, -3], atol=0.5)
    np.testing.assert_allclose(layer.running_var, [0.25, 16], rtol=0.2)


def test_batch_norm_keeps_float32():
    layer = BatchNorm(3, dtype=np.float32)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
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


def test_weight_decay_spares_scale_and_shift():
    layer = BatchNorm(3)
    layer.params["beta"][...] = 2
    grads = {name: np.zeros(3) for name in layer.params}
    SGD(lr=0.1, weight_decay=1.0).step(layer.params, grads)
    np.testing.assert_array_equal(layer.params["gamma"], np.ones(3))
    np.testing.assert_array_equal(layer.params["beta"], np.full(3, 2))
