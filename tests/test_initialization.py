"""Initial weights: their distribution, and what it is good for."""

import math

import numpy as np
import pytest

from nnref import Conv2D, he_normal, he_uniform, xavier_normal, xavier_uniform

FUNCTIONS = [he_normal, he_uniform, xavier_normal, xavier_uniform]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"),
    [((300, 80), 300, 80), ((80, 300), 80, 300), ((40, 9, 7, 5), 9 * 35, 40 * 35)],
)
def test_distribution(f, shape, fan_in, fan_out) -> None:
    w = f(shape, np.random.default_rng(0))
    assert w.shape == shape
    assert w.dtype == np.float64
    variance = 2 / fan_in if f in (he_normal, he_uniform) else 2 / (fan_in + fan_out)
    # Standard errors: of the mean sqrt(v / n), of the variance at most v * sqrt(2 / n).
    assert abs(w.mean()) < 4 * math.sqrt(variance / w.size)
    assert abs(w.var() / variance - 1) < 4 * math.sqrt(2 / w.size)
    outside = np.mean(np.abs(w) > math.sqrt(3 * variance))
    if f in (he_uniform, xavier_uniform):
        assert outside == 0
    else:  # a normal one leaves sqrt(3) standard deviations in 8.3 % of draws
        assert abs(outside - 0.0833) < 4 * math.sqrt(0.0833 / w.size)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_same_seed_same_weights(f) -> None:
    first, again, other = (f((3, 4), np.random.default_rng(s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("f", [he_normal, he_uniform])
def test_he_keeps_the_size_of_signals_through_relu(f) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 400))
    before = np.mean(x**2)
    for _ in range(10):
        x = np.maximum(x @ f((400, 400), rng), 0)
    # Each ReLU drops half of the mean square: 1/1024 is left without the factor 2.
    assert 0.5 < np.mean(x**2) / before < 2


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("groups", [1, 2, 4, 16])
def test_grouped_kernels_have_the_fans_of_one_group(f, groups) -> None:
    """An input feeds the outputs of its group only."""
    c, d = 64, 32
    layer = Conv2D(c, d, (5, 7), np.random.default_rng(0), groups=groups, init=f)
    w = layer.params["w"]
    assert w.shape == (d, c // groups, 5, 7)
    fan_in, fan_out = 35 * c // groups, 35 * d // groups
    variance = 2 / fan_in if f in (he_normal, he_uniform) else 2 / (fan_in + fan_out)
    assert abs(w.var() / variance - 1) < 4 * math.sqrt(2 / w.size)
    assert len(np.unique(w)) == w.size  # each group has its own


def test_depthwise_layers_keep_a_signal_as_others_do() -> None:
    """With the fan-out of the whole kernel, a hundred-thousandth is left of it."""
    rng = np.random.default_rng(0)
    sizes = []
    for groups in 1, 32:
        x = rng.normal(size=(2, 32, 12, 12))
        for _ in range(10):
            options = {"padding": 1, "groups": groups, "init": xavier_normal}
            x = np.tanh(Conv2D(32, 32, 3, rng, **options).forward(x))
        sizes.append(x.std())
    assert 0.5 < sizes[1] / sizes[0] < 2


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize(
    "shape",
    [(), (3,), (3, 4, 5), (3, 4, 5, 6, 7), (0, 3), (3, 0), 3, "ab", None, (2.0, 3)],
)
def test_bad_shape(f, shape) -> None:
    with pytest.raises(ValueError, match=r"^shape is .*, expected \(in, out\) or "):
        f(shape, np.random.default_rng(0))


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("rng", [0, None, np.random, np.random.RandomState(0)])
def test_a_seed_is_no_generator(f, rng) -> None:
    with pytest.raises(
        ValueError, match=r"^rng is .*, expected such as np\.random\.de"
    ):
        f((3, 4), rng)
