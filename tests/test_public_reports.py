"""What users of other code reported as wrong: here it is right.

Each test names a public report (repository and number), and gets the right value from
elsewhere: by hand, from the formula, or from plain loops.
"""

import itertools

import numpy as np
import pytest

import nnref

INF = np.inf


def only(values):
    """Parameters, or gradients, that are one array."""
    return {"w": np.asarray(values, dtype=float)}


# ------------------------------------------------------------------------- optimizers


@pytest.mark.parametrize("optimizer", [nnref.Adam, nnref.AdamW])
def test_epsilon_is_added_after_the_bias_correction(optimizer):
    # tensorflow#9047, tensorflow#35102, karpathy/nanochat#304: scaled by the
    # correction, it counts for more in the first steps (31 times if beta2 is 0.999).
    # After one step both corrected means are the gradient and its square.
    params, g = only([1.0, -2.0]), np.array([0.3, -0.4])
    before = params["w"].copy()
    optimizer(0.1, eps=0.5, weight_decay=0.0).step(params, only(g))
    np.testing.assert_allclose(
        params["w"], before - 0.1 * g / (np.abs(g) + 0.5), rtol=1e-12
    )


def test_decay_is_of_the_parameters_before_the_step():
    # huggingface/transformers#14539: decayed was what the step had left.
    params, g = only([1.0, -2.0]), np.array([0.3, -0.4])
    before = params["w"].copy()
    nnref.AdamW(0.1, eps=1e-300, weight_decay=0.5).step(params, only(g))
    expected = before - 0.1 * np.sign(g) - 0.1 * 0.5 * before
    np.testing.assert_allclose(params["w"], expected, rtol=1e-12)


def test_decay_shrinks():
    # joennlae/tensorli#1: the sign of the decay was wrong.
    params = only([1.0, -2.0])
    nnref.AdamW(0.1, weight_decay=0.5).step(params, only([0.0, 0.0]))
    np.testing.assert_allclose(params["w"], [0.95, -1.9], rtol=1e-12)


# ---------------------------------------------------------------------------- pooling


def test_a_pixel_that_wins_several_windows_gets_the_sum_of_their_gradients():
    # FluxML/NNlib.jl#205, FluxML/Flux.jl#1197, tangermeme#95, ahrefs/ocannl#512:
    # assigned instead of added, or credited to a pixel that did not win.
    x = np.array([5.0, 3.0, 1.0, 2.0, 5.0]).reshape(1, 1, 1, 5)
    y = nnref.max_pool2d(x, (1, 2), stride=1)
    dx = nnref.max_pool2d_backward(np.ones_like(y), x, (1, 2), stride=1)
    assert dx.ravel().tolist() == [1, 1, 0, 1, 1]
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1  # in all four windows
    dy = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert nnref.max_pool2d_backward(dy, x, 2, stride=1)[0, 0, 1, 1] == 10


def test_padding_gets_no_gradient_and_moves_none():
    # FluxML/NNlib.jl#133: with padding the gradient came to stand elsewhere.
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    y = nnref.max_pool2d(x, 2, stride=2, padding=1)
    assert y.ravel().tolist() == [1, 3, 7, 9]
    dx = nnref.max_pool2d_backward(np.ones_like(y), x, 2, stride=2, padding=1)
    assert dx[0, 0].tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


def test_every_window_passes_its_gradient_on():
    # riccardoandreoni0/CNN-from-scratch#1: the loop ended after the first window.
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 3, 6, 8)), rng.normal(size=(2, 3, 3, 4))
    dx = nnref.max_pool2d_backward(dy, x, 2)
    sums = dx.reshape(2, 3, 3, 2, 4, 2).sum(axis=(3, 5))
    np.testing.assert_allclose(sums, dy, rtol=1e-12)


# ------------------------------------------------------------------------ convolution


def gradients(dz, x, w, stride, padding):
    """By loops over all that is multiplied; one group a channel or one in all."""
    (n, c, h, wide), (o, per, k, _) = x.shape, w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    rows, columns = dz.shape[2:]
    for b, f, i, j, d, u, v in itertools.product(
        *map(range, (n, o, rows, columns, per, k, k))
    ):
        channel = d if per == c else f
        r, s = i * stride - padding + u, j * stride - padding + v
        if 0 <= r < h and 0 <= s < wide:
            dx[b, channel, r, s] += dz[b, f, i, j] * w[f, d, u, v]
            dw[f, d, u, v] += dz[b, f, i, j] * x[b, channel, r, s]
    return dx, dw


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "groups"),
    [
        (16, 7, 3, 2, 1),  # PKUFlyingPig/CMU10-714#6: pixels that no window reads
        (8, 3, 3, 0, 1),  # f-dangel/backpack#30: the same
        (4, 3, 2, 1, 4),  # tracel-ai/burn#1891: depthwise with a stride
        (7, 3, 2, 1, 4),  # ml-explore/mlx#3800: groups and stride
    ],
)
def test_gradients_where_the_stride_leaves_a_rest(
    size, kernel, stride, padding, groups
):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, size, size))
    w = rng.normal(size=(4, 4 // groups, kernel, kernel))
    given = {"stride": stride, "padding": padding, "groups": groups}
    dz = rng.normal(size=nnref.conv2d(x, w, **given).shape)
    dx, dw, *_ = nnref.conv2d_backward(dz, x, w, **given)
    expected = gradients(dz, x, w, stride, padding)
    np.testing.assert_allclose(dx, expected[0], atol=1e-12)
    np.testing.assert_allclose(dw, expected[1], atol=1e-12)


def test_a_dilated_kernel_spans_the_gaps_between_its_weights_only():
    # NVIDIA/cutlass#3526: kernel times dilation, so that a 1x1 kernel shrank the image.
    assert nnref.conv_output_size(8, 1, dilation=5) == 8
    assert nnref.conv_output_size(8, 3, dilation=2) == 8 - 4
    assert nnref.conv2d(np.ones((1, 1, 8, 8)), np.ones((1, 1, 1, 1)), dilation=5).shape


def test_rows_have_their_own_stride_and_dilation():
    # deepjavalibrary/djl#384, mlpack/mlpack#3146: one axis had the other's.
    x = np.zeros((1, 1, 9, 12))
    given = {"stride": (2, 3), "dilation": (3, 1), "padding": (1, 0)}
    z = nnref.conv2d(x, np.ones((1, 1, 3, 2)), **given)
    assert z.shape == (1, 1, (9 + 2 - 6 - 1) // 2 + 1, (12 - 1 - 1) // 3 + 1)


# ----------------------------------------------------------------------------- losses


def test_the_gradient_beside_a_masked_logit_is_finite():
    # google-deepmind/optax#1762, tensorflow#11756: NaN from 0 times infinity.
    z = np.array([[-INF, 0.0, 0.0]])
    p = np.array([[0.0, 1.0, 0.0]])
    for target in (np.array([1]), p):
        assert nnref.softmax_cross_entropy(z, target) == pytest.approx(np.log(2))
        dz = nnref.softmax_cross_entropy_backward(1.0, z, target)
        np.testing.assert_allclose(dz, [[0.0, -0.5, 0.5]], atol=1e-15)


def test_one_logit_that_is_not_masked():
    # Dao-AILab/flash-attention#1930: NaN with a hundred thousand masked classes.
    z = np.full((1, 100_000), -INF, dtype=np.float32)
    z[0, 50_000] = 10
    assert nnref.softmax_cross_entropy(z, np.array([50_000])) == 0


def test_a_class_that_both_exclude_adds_nothing():
    # OpenBMB/ModelCenter#14: 0 ln 0 of the entry that both distributions mask.
    p, q = np.array([[0.25, 0.75, 0.0]]), np.array([[0.5, 0.5, 0.0]])
    assert nnref.cross_entropy(p, q) == pytest.approx(np.log(2))


def test_smoothing_gives_the_true_class_its_share_too():
    # ml-explore/mlx#166, open-mmlab/mmpretrain#285: 1 - s + s / q, not 1 - s.
    z = np.array([[2.0, -1.0, 0.5, 0.0]])
    target = np.full(4, 0.2 / 4) + np.eye(4)[2] * 0.8
    log_p = z[0] - np.log(np.exp(z[0]).sum())
    found = nnref.softmax_cross_entropy(z, np.array([2]), label_smoothing=0.2)
    assert found == pytest.approx(-np.sum(target * log_p), rel=1e-12)


@pytest.mark.parametrize("error", [-3.0, 3.0])
def test_huber_is_linear_on_both_sides(error):
    # marlbenchmark/on-policy#47: zero for errors below -delta; Paddle#44019: the sign.
    pred, target = np.array([error]), np.array([0.0])
    assert nnref.huber(pred, target) == 3.0 - 0.5
    assert nnref.huber_backward(1.0, pred, target)[0] == np.sign(error)


# ------------------------------------------------- activations and normalization


def test_softplus_far_from_zero():
    # rushter/MLAlgorithms#30: ln(1 + e^z) overflows; z + ln(1 + 1 / e^z), the remedy
    # that was merged, divides by zero on the other side.
    x = np.array([-1e10, -1000.0, 1000.0, 1e10])
    assert nnref.softplus(x).tolist() == [0.0, 0.0, 1000.0, 1e10]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slopes_of_smooth_activations_far_from_zero(dtype):
    # NaN: tracel-ai/burn#5373 (softplus), trymirai/lalamo#328, antirez/ds4#498 (SiLU).
    x = np.array([-1e4, -100.0, 100.0, 1e4], dtype=dtype)
    ones = np.ones_like(x)
    for name in ("softplus", "silu", "gelu"):
        y = getattr(nnref, name)(x)
        np.testing.assert_allclose(y, np.maximum(x, 0), atol=1e-40)
        slope = getattr(nnref, f"{name}_backward")(ones, x)
        np.testing.assert_allclose(slope, x > 0, atol=1e-40)


def test_the_variance_is_not_a_difference_of_large_squares():
    # rsokl/MyGrad#285: E[x^2] - E[x]^2 of values near 1e8 has no right digit.
    z = np.array([[-1.0], [0.0], [1.0], [2.0]])
    one, zero = np.ones(1), np.zeros(1)
    far = nnref.batch_norm(z + 1e8, one, zero, eps=1e-5)
    np.testing.assert_allclose(far, nnref.batch_norm(z, one, zero, eps=1e-5), atol=1e-7)


def test_running_variance_is_corrected_by_all_values_of_a_channel():
    # tinygrad#807, pytorch#19902: n / (n - 1) with n images times rows times columns.
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    layer = nnref.BatchNorm(3)
    layer.forward(x, training=True)
    expected = 0.9 + 0.1 * x.var(axis=(0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running_var, expected, rtol=1e-12)
