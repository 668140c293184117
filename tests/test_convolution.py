"""Convolution, by loops. That its gradients are right is in test_gradients.py too."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref import (
    Conv2D,
    conv2d,
    conv2d_backward,
    conv_output_size,
    convolution,
    dense,
    he_normal,
    receptive_field,
    xavier_uniform,
)
from nnref._engines import convolution as engine


def terms(x, w, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """Yield the indices (of z, of x, of w) of every product in the definition."""
    (n, _, *size), (o, c, *kernel) = x.shape, w.shape
    out = [
        len(range(-p, m + p - d * (k - 1), s))
        for m, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    for m, k, ch, i, j, u, v in itertools.product(
        *map(range, (n, o, c, *out, *kernel))
    ):
        a = stride[0] * i + dilation[0] * u - padding[0]
        e = stride[1] * j + dilation[1] * v - padding[1]
        inside = 0 <= a < size[0] and 0 <= e < size[1]
        first = k // (o // groups) * c  # input channel of this group
        yield (m, k, i, j), (m, first + ch, a, e) if inside else None, (k, ch, u, v)


def by_loops(x, w, **options):
    """Return conv2d without bias, the shape found from the last index."""
    products = list(terms(x, w, **options))
    z = np.zeros([i + 1 for i in products[-1][0]])
    for at_z, at_x, at_w in products:
        if at_x is not None:
            z[at_z] += w[at_w] * x[at_x]
    return z


def gradients_by_loops(dz, x, w, **options):
    """Return the gradients to x and w."""
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for at_z, at_x, at_w in terms(x, w, **options):
        if at_x is not None:
            dx[at_x] += dz[at_z] * w[at_w]
            dw[at_w] += dz[at_z] * x[at_x]
    return dx, dw


def check_against_loops(x, w, **options):
    b = np.linspace(-2, 3, len(w))
    z = by_loops(x, w, **options)
    y = conv2d(x, w, b, **options)
    np.testing.assert_allclose(y, z + b[:, None, None], rtol=1e-10, atol=1e-12)
    dy = np.random.default_rng(7).normal(size=z.shape)
    dx, dw, db = conv2d_backward(dy, x, w, b, **options)
    for ours, expected in zip(
        (dx, dw), gradients_by_loops(dy, x, w, **options), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(db, dy.sum(axis=(0, 2, 3)))


def pair_of(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    kernel=pair_of(1, 4),
    stride=pair_of(1, 4),
    padding=pair_of(0, 3),
    dilation=pair_of(1, 3),
    more=pair_of(0, 3),
    groups=st.integers(1, 3),
    channels=pair_of(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_loops(kernel, stride, padding, dilation, more, groups, channels, seed):
    rng = np.random.default_rng(seed)
    size = [
        max(1, d * (k - 1) + 1 - 2 * p + m)
        for k, p, d, m in zip(kernel, padding, dilation, more, strict=True)
    ]
    x = rng.normal(size=(2, groups * channels[0], *size))
    w = rng.normal(size=(groups * channels[1], channels[0], *kernel))
    check_against_loops(
        x, w, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@pytest.mark.parametrize(
    ("size", "kernel", "options"),
    [
        ((1, 1), (1, 1), {}),  # one pixel
        ((1, 1), (3, 2), {"padding": (1, 1)}),  # one pixel, kernel above it
        ((4, 6), (4, 6), {}),  # a kernel as large as the image
        ((4, 6), (1, 1), {"stride": (5, 9)}),  # a stride over the extent
        ((4, 7), (3, 2), {"stride": (2, 3)}),  # pixels that are not read
        ((3, 4), (2, 3), {"padding": (4, 5)}),  # outputs of padding alone
        ((1, 2), (3, 3), {"padding": (1, 1), "stride": (2, 2)}),  # rows never met
        ((2, 5), (2, 2), {"padding": (3, 0), "dilation": (5, 3), "stride": (3, 1)}),
    ],
)
@pytest.mark.parametrize(("c_in", "c_out", "groups"), [(1, 2, 1), (3, 3, 3), (4, 2, 2)])
def test_extremes(size, kernel, options, c_in, c_out, groups):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, c_in, *size))
    w = rng.normal(size=(c_out, c_in // groups, *kernel))
    check_against_loops(x, w, groups=groups, **options)


def test_kernel_is_not_flipped():
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    w = np.array([[[[1.0, 10.0]]]])
    np.testing.assert_array_equal(conv2d(x, w), [[[[21, 32]]]])


def test_options_for_both_axes_or_each():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(1, 2, 9, 8)), rng.normal(size=(3, 2, 3, 2))
    one = conv2d(x, w, stride=2, padding=1, dilation=3)
    both = conv2d(x, w, stride=(2, 2), padding=[1, 1], dilation=(np.int64(3), 3))
    np.testing.assert_array_equal(one, both)
    rows = conv2d(x, w, stride=(4, 1), padding=(2, 0), dilation=(1, 3))
    assert rows.shape == (1, 3, 3, 5)


def test_one_by_one_is_dense_at_each_pixel():
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(6, 3))
    pixels = x.transpose(0, 2, 3, 1).reshape(-1, 3)
    z = dense(pixels, w.T).reshape(2, 4, 5, 6).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(conv2d(x, w[:, :, None, None]), z)


def test_gradient_is_a_convolution_with_the_flipped_kernel():
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 3, 2))
    dy = rng.normal(size=(2, 4, 4, 6))
    dx, dw, _ = conv2d_backward(dy, x, w)
    flipped = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    np.testing.assert_allclose(conv2d(dy, flipped, padding=(2, 1)), dx)
    across = conv2d(x.swapaxes(0, 1), dy.swapaxes(0, 1))
    np.testing.assert_allclose(across.swapaxes(0, 1), dw)


@pytest.mark.parametrize("n", [0, 1])
def test_batch_of_none_or_one(n):
    x, w, b = np.ones((n, 2, 4, 5)), np.ones((3, 2, 2, 3)), np.ones(3)
    assert conv2d(x, w, b).shape == (n, 3, 3, 3)
    dx, dw, db = conv2d_backward(np.ones((n, 3, 3, 3)), x, w, b)
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dw, np.full(w.shape, 9 * n))
    np.testing.assert_array_equal(db, np.full(3, 9 * n))


def test_no_bias_no_gradient_for_it():
    x, w, dy = np.ones((1, 1, 3, 4)), np.ones((2, 1, 2, 2)), np.ones((1, 2, 2, 3))
    *_, db = conv2d_backward(dy, x, w)
    assert db is None
    *_, db = conv2d_backward(dy, x, w, np.ones(2))
    assert db is not None


def test_dtypes():
    x, w, b = np.ones((1, 1, 3, 4)), np.ones((2, 1, 2, 2)), np.ones(2)
    assert conv2d(x.astype(int), w.astype(int)).dtype == np.float64
    low = [a.astype(np.float32) for a in (x, w, b)]
    y = conv2d(*low)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, conv2d(x, w, b))
    gradients = conv2d_backward(np.ones((1, 2, 2, 3)), *low)  # dy is float64
    assert [g.dtype for g in gradients] == [np.float32] * 3
    *mixed, _ = conv2d_backward(np.ones((1, 2, 2, 3)), x.astype(np.float32), w)
    assert [g.dtype for g in mixed] == [np.float64] * 2


def test_nan_reaches_what_it_touches_and_no_more():
    x, w = np.ones((1, 1, 4, 5)), np.ones((1, 1, 2, 2))
    x[0, 0, 1, 2] = np.nan
    touched = np.zeros((3, 4), bool)
    touched[0:2, 1:3] = True
    np.testing.assert_array_equal(np.isnan(conv2d(x, w)[0, 0]), touched)
    dy = np.ones((1, 1, 3, 4))
    dx, dw, _ = conv2d_backward(dy, x, w)
    assert not np.isnan(dx).any()
    assert np.isnan(dw).all()
    dy[0, 0, 2, 1] = np.nan
    dx, dw, _ = conv2d_backward(dy, np.ones_like(x), w)
    reached = np.zeros((4, 5), bool)
    reached[2:4, 1:3] = True
    np.testing.assert_array_equal(np.isnan(dx[0, 0]), reached)
    assert np.isnan(dw).all()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("what", [np.inf, -np.inf, np.nan])
def test_infinities_stay_with_the_weights_and_pixels_that_met_them(what, stride):
    """As in the formula, where each gets back from wherever it went and no more."""
    x, w = np.arange(1.0, 49.0).reshape(1, 2, 4, 6), np.ones((2, 2, 2, 3))
    y = conv2d(x, w, stride=stride)
    x[0, 0, 1, 5] = what  # in the last column: the last weights of a row meet it
    with np.errstate(invalid="ignore"):
        dw = conv2d_backward(np.ones_like(y), x, w, stride=stride)[1]
    spoilt = np.zeros(w.shape, bool)
    rows = range(2) if stride == 1 else [1]
    spoilt[:, 0, list(rows), 2 if stride == 1 else slice(0)] = True
    np.testing.assert_array_equal(~np.isfinite(dw), spoilt)

    w[1, 0, 0, 2] = what
    with np.errstate(invalid="ignore"):
        dx = conv2d_backward(np.ones_like(y), x, w, stride=stride)[0]
    met = np.zeros(x.shape, bool)
    met[0, 0, : 4 - 1 : stride, 2::stride] = True
    np.testing.assert_array_equal(~np.isfinite(dx), met)
    assert not np.isnan(dx[met]).any() or np.isnan(what)


def test_what_no_output_sees_does_not_overflow():
    """One huge pixel ends a row, another begins the next: no window holds both."""
    x = np.ones((1, 1, 3, 4), np.float32)
    x[0, 0, 0, 3] = x[0, 0, 1, 0] = 3e38
    w, dy = np.ones((1, 1, 1, 2), np.float32), np.zeros((1, 1, 3, 3), np.float32)
    y = conv2d(x, w)  # a warning would be an error
    assert np.isfinite(y).all()
    dx, dw, _ = conv2d_backward(dy, x, w)
    assert not dx.any()
    assert not dw.any()


X, W, B = np.ones((2, 4, 5, 6)), np.ones((6, 2, 3, 2)), np.ones(6)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((X[0], W), {}, r"x has shape \(4, 5, 6\), expected \(n, channels, rows, c.*"),
        ((X[:, :, :0], W), {}, r"x has shape \(2, 4, 0, 6\), expected at least one .*"),
        ((X[:, :3], W), {}, r"x has shape \(2, 3, 5, 6\), expected \(n, 4, rows, co.*"),
        (
            (X, W[0]),
            {},
            r"w has shape \(2, 3, 2\), expected \(out, in, rows, .*",
        ),
        ((X, W[:, :, :0]), {}, "kernel_size is 0, expected an integer of at least 1"),
        ((X, W, B[:5]), {}, r"b has shape \(5,\), expected \(6,\)"),
        ((X, W, B[:, None]), {}, r"b has shape \(6, 1\), expected \(6,\)"),
        ((1j * X, W), {}, "x has dtype complex128, expected real numbers"),
        ((X, 1j * W), {}, "w has dtype complex128, expected real numbers"),
        ((X, W), {"groups": 1}, r"x has shape .*, expected \(n, 2, rows, columns\)"),
        ((X, W), {"groups": 4}, "groups is 4, expected a divisor of 6, the output .*"),
        ((X, W), {"groups": 0}, "groups is 0, expected an integer of at least 1"),
        ((X, W), {"groups": 2.0}, r"groups is 2\.0, expected an integer of at .*"),
        ((X, W), {"stride": 0}, "stride is 0, expected an integer of at least 1 or .*"),
        ((X, W), {"stride": (1, 2, 3)}, r"stride is \(1, 2, 3\), expected .*"),
        ((X, W), {"stride": 1.5}, r"stride is 1\.5, expected .*"),
        (
            (X, W),
            {"padding": -1},
            "padding is -1, expected an integer of at least 0.*",
        ),
        ((X, W), {"padding": "same"}, "padding is 'same', expected .*"),
        ((X, W), {"dilation": (1, 0)}, r"dilation is \(1, 0\), expected .* least 1 .*"),
        ((X, W), {"dilation": 3}, "kernel spans 7 positions, expected at most 5: 5 .*"),
        ((X, W), {"dilation": (1, 6)}, "kernel spans 7 positions, .* at most 6: 6 .*"),
    ],
)
def test_bad_input(args, options, message):
    options = {"groups": 2} | options
    with pytest.raises(ValueError, match=f"^{message}$"):
        conv2d(*args, **options)
    with pytest.raises(ValueError, match=f"^{message}$"):
        conv2d_backward(np.ones((2, 6, 3, 5)), *args, **options)


@pytest.mark.parametrize("shape", [(2, 6, 3, 4), (1, 6, 3, 5), (6, 3, 5), ()])
def test_bad_upstream(shape):
    with pytest.raises(ValueError, match=r"^dy has shape .*, expected \(2, 6, 3, 5\)$"):
        conv2d_backward(np.ones(shape), X, W, groups=2)


# ------------------------------------------------------------------ counted extents


def test_output_size_counts_where_the_kernel_fits():
    for n, k, s, p, d in itertools.product(
        range(1, 8), range(1, 5), range(1, 5), range(3), range(1, 4)
    ):
        starts = range(-p, n + p - d * (k - 1), s)  # the kernel ends inside
        options = {"stride": s, "padding": p, "dilation": d}
        if starts:
            assert conv_output_size(n, k, **options) == len(starts)
        else:
            with pytest.raises(ValueError, match=r"^kernel spans"):
                conv_output_size(n, k, **options)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((0, 1), {}, "size is 0, expected an integer of at least 1"),
        ((5.0, 1), {}, r"size is 5\.0, expected an integer of at least 1"),
        ((5, 0), {}, "kernel_size is 0, expected an integer of at least 1"),
        ((5, 1), {"stride": 0}, "stride is 0, expected an integer of at least 1"),
        ((5, 1), {"padding": -1}, "padding is -1, expected an integer of at least 0"),
        ((5, 1), {"dilation": 0}, "dilation is 0, expected an integer of at least 1"),
        ((5, 8), {"padding": 1}, "kernel spans 8 positions, expected at most 7: 5 .*"),
    ],
)
def test_bad_sizes(args, options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        conv_output_size(*args, **options)


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [(3, 1), (3, 1), (3, 1)],
        [(5, 2), (2, 3), (3, 1)],
        [(3, 1, 2), (2, 2, 3), (1, 3), (4,)],
        [[2, 2], [3, 2, 2]],
    ],
)
def test_receptive_field_is_what_one_output_sees(layers):
    """The pixels whose gradient is not zero, for positive kernels."""
    inputs, steps = [np.ones((1, 1, 1, 60))], []
    for kernel, *rest in layers:
        stride, dilation = (*rest, 1, 1)[:2]
        options = {"stride": (1, stride), "dilation": (1, dilation)}
        steps.append((np.ones((1, 1, 1, kernel)), options))
        inputs.append(conv2d(inputs[-1], steps[-1][0], **options))
    dy = np.zeros_like(inputs.pop())
    dy[..., 0] = 1
    for x, (w, options) in zip(inputs[::-1], steps[::-1], strict=True):
        dy, *_ = conv2d_backward(dy, x, w, **options)
    seen = np.flatnonzero(dy)
    assert seen[-1] - seen[0] + 1 == receptive_field(layers)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([(3, 1), ()], r"layer 2 is \(\), expected \(kernel_size, stride, dilation\)"),
        ([(3, 1, 1, 1)], r"layer 1 is \(3, 1, 1, 1\), expected .*"),
        ([3], r"layer 1 is 3, expected \(kernel_size, stride, dilation\)"),
        ([(0, 1)], "kernel_size of layer 1 is 0, expected an integer of at least 1"),
        ([(3, 1), (3, 0)], "stride of layer 2 is 0, expected an integer of at least 1"),
        ([(3, 1, 1.5)], r"dilation of layer 1 is 1\.5, expected an integer of .*"),
    ],
)
def test_bad_layers(layers, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        receptive_field(layers)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": (1, 2)},
        {"stride": (2, 3), "padding": 1},
        {"stride": (1, 2), "groups": 2},
        {"dilation": (2, 1), "padding": 2, "groups": 2},
    ],
)
@pytest.mark.parametrize("block", [1, 700, 1500])
def test_blocks_of_images_are_put_together(monkeypatch, options, block):
    """One at a time, several with fewer in the last, and all at once are the same."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(7, 4, 6, 5))
    w = rng.normal(size=(6, 4 // options.get("groups", 1), 3, 2))
    b = rng.normal(size=6)
    y = conv2d(x, w, b, **options)
    dy = rng.normal(size=y.shape)
    gradients = conv2d_backward(dy, x, w, b, **options)
    monkeypatch.setattr(engine, "_BLOCK", block)
    np.testing.assert_allclose(conv2d(x, w, b, **options), y, rtol=1e-12, atol=1e-12)
    for one, other in zip(
        conv2d_backward(dy, x, w, b, **options), gradients, strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("n", "rows"), [(200, 20), (1, 4000)])
@pytest.mark.parametrize("stride", [1, 2])
def test_memory_does_not_grow_with_the_columns_of_all_outputs(n, rows, stride):
    """What is copied is a block, however many images there are, however tall."""
    x, w = np.ones((n, 2, rows, 20), np.float32), np.ones((3, 2, 5, 5), np.float32)
    dy = np.ones_like(conv2d(x, w, stride=stride))
    tracemalloc.start()
    try:
        conv2d_backward(dy, x, w, stride=stride)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    columns = x.itemsize * 25 * 2 * dy.size // 3
    assert peak < 2 * x.nbytes + columns / 2


@pytest.mark.parametrize("padding", [0, 1, 2, 3])
@pytest.mark.parametrize(("c_in", "c_out"), [(1, 4), (2, 4), (3, 2)])
def test_both_ways_to_the_gradient_of_the_image_agree(c_in, c_out, padding):
    """Many output channels or much padding, and it is added back, else convolved."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, c_in, 5, 6)), rng.normal(size=(c_out, c_in, 3, 3))
    dy = rng.normal(size=conv2d(x, w, padding=padding).shape)
    dx, *_ = conv2d_backward(dy, x, w, padding=padding)
    arguments = convolution._arguments(x, w, 1, padding, 1, 1)
    back = engine._add_back(dy, *arguments)
    np.testing.assert_allclose(dx, back, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("c_in", "c_out"), [(0, 3), (2, 0), (0, 0)])
def test_no_channels(c_in, c_out):
    """Nothing in gives zeros, and nothing out gives nothing."""
    x, w = np.ones((5, c_in, 4, 6)), np.ones((c_out, c_in, 3, 2))
    y = conv2d(x, w)
    np.testing.assert_array_equal(y, np.zeros((5, c_out, 2, 5)))
    dx, dw, _ = conv2d_backward(np.ones_like(y), x, w)
    np.testing.assert_array_equal(dx, np.zeros_like(x))
    np.testing.assert_array_equal(dw, np.zeros_like(w))


CONVOLUTION = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}


def test_convolution_is_its_function_and_starts_from_its_initializer():
    layer = Conv2D(
        4, 6, (3, 2), np.random.default_rng(0), **CONVOLUTION, init=xavier_uniform
    )
    r = np.random.default_rng(0)  # each of the two groups is drawn by itself
    w = np.concatenate([xavier_uniform((3, 2, 3, 2), r) for _ in range(2)])
    np.testing.assert_array_equal(layer.params["w"], w)
    np.testing.assert_array_equal(layer.params["b"], np.zeros(6))
    layer.params["b"][...] = np.arange(6)
    x = np.random.default_rng(1).normal(size=(5, 4, 7, 8))
    expected = conv2d(x, layer.params["w"], np.arange(6.0), **CONVOLUTION)
    np.testing.assert_array_equal(layer.forward(x), expected)


def test_convolution_starts_from_he_normal_by_default():
    w = Conv2D(3, 4, 5, np.random.default_rng(0)).params["w"]
    np.testing.assert_array_equal(w, he_normal((4, 3, 5, 5), np.random.default_rng(0)))
