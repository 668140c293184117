"""Pooling, by loops. That its gradients are right is in test_gradients.py too."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref import (
    AvgPool2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    MaxPool2D,
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from nnref._engines import pooling as engine


def windows(shape, size, stride, padding):
    """Yield each output's index and those of its pixels in the image, row by row."""
    n, c, *extent = shape
    starts = [
        range(-p, m + p - k + 1, s)
        for m, k, s, p in zip(extent, size, stride, padding, strict=True)
    ]
    for a, ch in itertools.product(range(n), range(c)):
        for (i, top), (j, left) in itertools.product(*map(enumerate, starts)):
            pixels = itertools.product(
                range(top, top + size[0]), range(left, left + size[1])
            )
            inside = [
                (a, ch, r, q)
                for r, q in pixels
                if 0 <= r < extent[0] and 0 <= q < extent[1]
            ]
            yield (a, ch, i, j), inside


def check_against_loops(x, size, stride, padding):
    found = list(windows(x.shape, size, stride, padding))
    shape = tuple(i + 1 for i in found[-1][0])
    dy = np.random.default_rng(5).normal(size=shape)
    largest, mean, inner = (np.zeros(shape) for _ in range(3))
    d_largest, d_mean, d_inner = (np.zeros(x.shape) for _ in range(3))
    for at, inside in found:
        largest[at] = max(x[k] for k in inside)
        d_largest[next(k for k in inside if x[k] == largest[at])] += dy[at]
        for k in inside:
            mean[at] += x[k] / (size[0] * size[1])
            d_mean[k] += dy[at] / (size[0] * size[1])
            inner[at] += x[k] / len(inside)
            d_inner[k] += dy[at] / len(inside)

    options = {"stride": stride, "padding": padding}
    close = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_array_equal(max_pool2d(x, size, **options), largest)
    dx = max_pool2d_backward(dy, x, size, **options)
    np.testing.assert_allclose(dx, d_largest, **close)
    np.testing.assert_allclose(avg_pool2d(x, size, **options), mean, **close)
    dx = avg_pool2d_backward(dy, x, size, **options)
    np.testing.assert_allclose(dx, d_mean, **close)
    options["count_include_pad"] = False
    np.testing.assert_allclose(avg_pool2d(x, size, **options), inner, **close)
    dx = avg_pool2d_backward(dy, x, size, **options)
    np.testing.assert_allclose(dx, d_inner, **close)


def pair_of(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    size=pair_of(1, 5),
    stride=pair_of(1, 6),
    halves=pair_of(0, 2),
    more=pair_of(0, 4),
    ties=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_loops(size, stride, halves, more, ties, seed):
    rng = np.random.default_rng(seed)
    padding = [min(p, k // 2) for p, k in zip(halves, size, strict=True)]
    extent = [
        max(1, k - 2 * p + m) for k, p, m in zip(size, padding, more, strict=True)
    ]
    x = rng.normal(size=(2, 3, *extent)) - 3  # zeros would be the largest
    check_against_loops(np.round(x) if ties else x, size, stride, tuple(padding))


@pytest.mark.parametrize(
    ("extent", "size", "stride", "padding"),
    [
        ((1, 1), (1, 1), (1, 1), (0, 0)),  # one pixel
        ((1, 1), (3, 2), (1, 1), (1, 1)),  # one pixel, window above it
        ((4, 6), (4, 6), (4, 6), (0, 0)),  # a window as large as the image
        ((4, 6), (2, 1), (5, 9), (0, 0)),  # a stride over the extent
        ((5, 7), (2, 3), (2, 3), (0, 0)),  # pixels that are not read
        ((1, 2), (5, 4), (1, 3), (2, 2)),  # rows of the window never met
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_extremes(extent, size, stride, padding, channels):
    x = np.random.default_rng(0).normal(size=(2, channels, *extent)) - 3
    check_against_loops(x, size, stride, padding)


def test_stride_is_the_size_unless_given():
    x = np.random.default_rng(1).normal(size=(1, 2, 7, 9))
    for pool in (max_pool2d, avg_pool2d):
        np.testing.assert_array_equal(pool(x, (2, 3)), pool(x, (2, 3), stride=(2, 3)))
        np.testing.assert_array_equal(pool(x, 3), pool(x, (3, 3), stride=3))
        assert pool(x, (2, 3)).shape == (1, 2, 3, 3)
        assert pool(x, 2, stride=1, padding=(1, 0)).shape == (1, 2, 8, 8)


def test_ties_go_to_the_first_row_by_row():
    x = np.array([[0.0, 5.0, 5.0], [5.0, 1.0, 5.0]])[None, None]
    dx = max_pool2d_backward(np.full((1, 1, 1, 1), 7.0), x, (2, 3))
    np.testing.assert_array_equal(dx[0, 0], [[0, 7, 0], [0, 0, 0]])
    dx = max_pool2d_backward([[[[1.0, 10.0]]]], x, 2, stride=1)
    np.testing.assert_array_equal(dx[0, 0], [[0, 11, 0], [0, 0, 0]])


def test_minus_infinity_is_not_taken_for_padding():
    x = np.full((1, 1, 2, 2), -np.inf)
    np.testing.assert_array_equal(max_pool2d(x, 2, padding=1), np.full_like(x, -np.inf))
    dx = max_pool2d_backward([[[[1.0, 2.0], [3.0, 4.0]]]], x, 2, padding=1)
    np.testing.assert_array_equal(dx[0, 0], [[1, 2], [3, 4]])


def test_nan_is_the_maximum():
    x = np.array([[1.0, np.nan, 3.0, 9.0], [np.nan, 2.0, 4.0, 5.0]])[None, None]
    np.testing.assert_array_equal(max_pool2d(x, 2)[0, 0], [[np.nan, 9]])
    dx = max_pool2d_backward([[[[5.0, 6.0]]]], x, 2)
    np.testing.assert_array_equal(dx[0, 0], [[5, 0, 0, 6], [0, 0, 0, 0]])
    np.testing.assert_array_equal(avg_pool2d(x, 2)[0, 0], [[np.nan, 5.25]])
    np.testing.assert_array_equal(global_avg_pool2d(x), [[np.nan]])
    np.testing.assert_array_equal(global_max_pool2d(x), [[np.nan]])


def test_global_max_is_max_pooling_with_a_window_as_large_as_the_image():
    x = np.round(np.random.default_rng(0).normal(size=(5, 4, 7, 8)))  # with ties
    dy = np.random.default_rng(1).normal(size=(5, 4))
    np.testing.assert_array_equal(
        global_max_pool2d(x), max_pool2d(x, (7, 8))[..., 0, 0]
    )
    np.testing.assert_array_equal(
        global_max_pool2d_backward(dy, x),
        max_pool2d_backward(dy[..., None, None], x, (7, 8)),
    )


def test_the_gradient_of_a_global_maximum_that_is_nan_goes_to_it():
    x = np.array([[[[1.0, np.nan], [9.0, np.nan]], [[-np.inf] * 2] * 2]])
    dx = global_max_pool2d_backward([[5.0, np.inf]], x)
    np.testing.assert_array_equal(dx[0], [[[0, 5], [0, 0]], [[np.inf, 0], [0, 0]]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_infinite_gradient_goes_to_the_maximum_alone(dtype):
    x = np.array([[[[1, 2, 3, 9]]]], dtype)
    dy = np.array([[[[np.inf, np.nan]]]], dtype)
    dx = max_pool2d_backward(dy, x, (1, 2))
    np.testing.assert_array_equal(dx[0, 0], [[0, np.inf, 0, np.nan]])
    dy = np.array([[[[np.inf, 6, 7]]]], dtype)
    dx = max_pool2d_backward(dy, x, (1, 2), stride=1)
    np.testing.assert_array_equal(dx[0, 0], [[0, np.inf, 6, 7]])


def test_long_doubles_are_pooled():
    x, dy = np.longdouble([[[[1, 2, 3, 9]]]]), np.longdouble([[[[5, 6]]]])
    dx = max_pool2d_backward(dy, x, (1, 2))
    assert dx.dtype == np.longdouble
    np.testing.assert_array_equal(dx[0, 0], [[0, 5, 0, 6]])


def test_results_are_new_arrays():
    x = np.ones((1, 1, 2, 3))
    for y in (max_pool2d(x, 1), avg_pool2d(x, 1), avg_pool2d_backward(x, x, 1)):
        assert not np.shares_memory(x, y)
    dx = global_avg_pool2d_backward(np.ones((1, 1)), x)
    dx[0, 0, 0, 0] = 9  # not a view of one number
    assert dx[0, 0, 1, 1] == pytest.approx(1 / 6)


@pytest.mark.parametrize("n", [0, 1])
def test_batch_of_none_or_one(n):
    x = np.ones((n, 2, 4, 6))
    assert max_pool2d(x, 2).shape == avg_pool2d(x, 2).shape == (n, 2, 2, 3)
    assert global_avg_pool2d(x).shape == global_max_pool2d(x).shape == (n, 2)
    dy = np.ones((n, 2, 2, 3))
    assert max_pool2d_backward(dy, x, 2).shape == x.shape
    assert avg_pool2d_backward(dy, x, 2).shape == x.shape
    assert global_avg_pool2d_backward(np.ones((n, 2)), x).shape == x.shape
    assert global_max_pool2d_backward(np.ones((n, 2)), x).shape == x.shape


@pytest.mark.parametrize("dtype", [np.float32, int])
def test_dtypes(dtype):
    x, dy = np.arange(24).reshape(1, 1, 4, 6).astype(dtype), np.ones((1, 1, 2, 3))
    expected = np.float64 if dtype is int else dtype
    for result in (
        max_pool2d(x, 2),
        max_pool2d_backward(dy, x, 2),
        avg_pool2d(x, 2),
        avg_pool2d(x, 2, count_include_pad=False),
        avg_pool2d_backward(dy, x, 2),
        avg_pool2d_backward(dy, x, 2, count_include_pad=False),
        global_avg_pool2d(x),
        global_avg_pool2d_backward([[1.0]], x),
        global_max_pool2d(x),
        global_max_pool2d_backward([[1.0]], x),
    ):
        assert result.dtype == expected


X = np.ones((2, 3, 5, 6))


@pytest.mark.parametrize(
    ("x", "size", "options", "message"),
    [
        (X[0], 2, {}, r"x has shape \(3, 5, 6\), expected \(n, channels, rows, col.*"),
        (X[..., :0], 2, {}, r"x has shape \(2, 3, 5, 0\), expected at least one pixel"),
        (1j * X, 2, {}, "x has dtype complex128, expected real numbers"),
        (X, 0, {}, "kernel_size is 0, expected an integer of at least 1 or a pair .*"),
        (X, (2, 2, 2), {}, r"kernel_size is \(2, 2, 2\), expected .*"),
        (X, 2.0, {}, r"kernel_size is 2\.0, expected .*"),
        (X, 2, {"stride": 0}, "stride is 0, expected an integer of at least 1 or .*"),
        (X, 2, {"stride": (1, 2.5)}, r"stride is \(1, 2\.5\), expected .*"),
        (X, 2, {"padding": -1}, "padding is -1, expected an integer of at least 0 .*"),
        (X, 2, {"padding": 2}, "padding is 2, expected at most 1: else a window is .*"),
        (X, (2, 3), {"padding": (0, 2)}, "padding is 2, expected at most 1: else .*"),
        (X, 1, {"padding": 1}, "padding is 1, expected at most 0: else a window is .*"),
        (X, (6, 2), {}, "kernel_size is 6, expected at most 5: 5 and the padding"),
        (
            X,
            (1, 10),
            {"padding": (0, 1)},
            "kernel_size is 10, expected at most 8: 6 and .*",
        ),
    ],
)
def test_bad_input(x, size, options, message):
    dy = np.ones((2, 3, 2, 3))
    for pool, backward in [
        (max_pool2d, max_pool2d_backward),
        (avg_pool2d, avg_pool2d_backward),
    ]:
        with pytest.raises(ValueError, match=f"^{message}$"):
            pool(x, size, **options)
        with pytest.raises(ValueError, match=f"^{message}$"):
            backward(dy, x, size, **options)


@pytest.mark.parametrize("layer", [MaxPool2D, AvgPool2D])
@pytest.mark.parametrize(("size", "padding"), [(2, 2), ((1, 2), 1), ((2, 3), (0, 2))])
def test_layers_refuse_too_much_padding_when_they_are_made(layer, size, padding):
    with pytest.raises(ValueError, match=r"^padding is .*, expected at most"):
        layer(size, padding=padding)


@pytest.mark.parametrize("x", [X[0], X[:, :, :0], 1j * X])
def test_bad_input_of_the_global_mean(x):
    with pytest.raises(ValueError, match=r"^x has "):
        global_avg_pool2d(x)
    with pytest.raises(ValueError, match=r"^x has "):
        global_avg_pool2d_backward(np.ones((2, 3)), x)


@pytest.mark.parametrize("shape", [(2, 3, 2, 2), (1, 3, 2, 3), (2, 3), ()])
def test_bad_upstream(shape):
    dy = np.ones(shape)
    for backward in (max_pool2d_backward, avg_pool2d_backward):
        with pytest.raises(ValueError, match=r"^dy has shape .*, expected \(2, 3, 2, "):
            backward(dy, X, 2)
    with pytest.raises(ValueError, match=r"^dy has shape .*, expected \(2, 3\)$"):
        global_avg_pool2d_backward(np.ones((*shape, 1)), X)


@pytest.mark.parametrize("options", [{}, {"stride": (1, 2), "padding": (1, 0)}])
@pytest.mark.parametrize("block", [1, 250])
def test_blocks_of_images_are_put_together(monkeypatch, options, block):
    """One at a time, several with fewer in the last, and all at once are the same."""
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(7, 3, 6, 5)))
    y = max_pool2d(x, (3, 2), **options)
    dy = rng.normal(size=y.shape)
    dx = max_pool2d_backward(dy, x, (3, 2), **options)
    monkeypatch.setattr(engine, "_BLOCK", block)
    np.testing.assert_array_equal(max_pool2d(x, (3, 2), **options), y)
    np.testing.assert_array_equal(max_pool2d_backward(dy, x, (3, 2), **options), dx)


def test_the_maximum_is_taken_from_y_where_it_is_given():
    """The first that is not below y, and the last place needs no look."""
    x, dy = np.array([[[[3.0, 1.0], [2.0, 0.0]]]]), np.array([[[[5.0]]]])
    for y, place in ((3.0, 0), (2.0, 0), (4.0, 3)):
        dx = max_pool2d_backward(dy, x, 2, y=[[[[y]]]])
        assert dx.ravel().tolist() == [5.0 if i == place else 0.0 for i in range(4)]
    x[0, 0, 0, 0] = 0.0
    dx = max_pool2d_backward(dy, x, 2, y=[[[[2.0]]]])
    assert dx.ravel().tolist() == [0.0, 0.0, 5.0, 0.0]


def test_memory_does_not_grow_with_all_windows():
    """What lies between two passes is a block, however many images there are."""
    x = np.ones((2000, 2, 12, 12), np.float32)
    y = max_pool2d(x, 2)
    for work in (max_pool2d, lambda x, size: max_pool2d_backward(y, x, size, y=y)):
        tracemalloc.start()
        try:
            result = work(x, 2)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < result.nbytes + x.nbytes / 4


@pytest.mark.parametrize("size", [(2,), (2, 2, 2)])
def test_a_size_is_one_number_or_two(size):
    with pytest.raises(ValueError, match=r"kernel_size is .*, expected an integer"):
        max_pool2d(np.ones((1, 1, 4, 4)), size)


POOLING = {"stride": (2, 1), "padding": (1, 0)}


@pytest.mark.parametrize(
    ("layer", "f", "arguments"),
    [
        (MaxPool2D((3, 2), **POOLING), max_pool2d, {"kernel_size": (3, 2), **POOLING}),
        (AvgPool2D((3, 2), **POOLING), avg_pool2d, {"kernel_size": (3, 2), **POOLING}),
        (MaxPool2D(2), max_pool2d, {"kernel_size": 2}),
        (AvgPool2D(2), avg_pool2d, {"kernel_size": 2}),
        (GlobalAvgPool2D(), global_avg_pool2d, {}),
        (GlobalMaxPool2D(), global_max_pool2d, {}),
    ],
)
def test_pooling_layers_are_their_functions(layer, f, arguments):
    x = np.random.default_rng(0).normal(size=(5, 4, 7, 8))
    np.testing.assert_array_equal(layer.forward(x), f(x, **arguments))
