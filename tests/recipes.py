"""Random inputs for every operation of nnref, for all tests that draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from nnref import softmax


@dataclass(frozen=True)
class Case:
    """Arguments for an operation, and which of them are differentiable."""

    args: tuple[Any, ...]
    wrt: tuple[int, ...] = (0,)
    kwargs: dict[str, Any] = field(default_factory=dict)


Draw = Callable[[st.SearchStrategy[Any]], Any]
RECIPES: dict[str, st.SearchStrategy[Case]] = {}


def recipe(*names: str) -> Callable[[Callable[[Draw], Case]], None]:
    """Register a function that draws a Case for these operations."""

    def register(make: Callable[[Draw], Case]) -> None:
        for name in names:
            RECIPES[name] = st.composite(make)()

    return register


def sizes(draw: Draw, least: int, most: int | None = None) -> tuple[int, ...]:
    """Draw dimensions, no two equal."""
    most = least if most is None else most
    numbers = st.lists(st.integers(1, 7), min_size=least, max_size=most, unique=True)
    return tuple(draw(numbers))


def normal(draw: Draw, shape: tuple[int, ...], scale: float = 1.5) -> np.ndarray:
    """Draw an array of normal numbers, from another stream than that of dy."""
    rng = np.random.default_rng([1, draw(st.integers(0, 2**32 - 1))])
    return np.asarray(scale * rng.normal(size=shape))


def away(x: np.ndarray, *kinks: float) -> np.ndarray:
    """Move what is closer than 0.01 to a kink to 0.01 beside it."""
    for kink in kinks:
        x = np.where(np.abs(x - kink) < 0.01, kink + np.where(x < kink, -0.01, 0.01), x)
    return x


@recipe("sigmoid", "tanh", "softplus", "gelu", "silu")
def smooth_elementwise(draw: Draw) -> Case:
    return Case((normal(draw, sizes(draw, 0, 4)),))


@recipe("relu")
def kinked_elementwise(draw: Draw) -> Case:
    return Case((away(normal(draw, sizes(draw, 0, 4)), 0),))


slopes = st.sampled_from([0.0, 0.01, 0.7, 1.0, 1.5])


@recipe("leaky_relu")
def kinked_with_slope(draw: Draw) -> Case:
    x = away(normal(draw, sizes(draw, 0, 4)), 0)
    return Case((x,), kwargs={"negative_slope": draw(slopes)})


@recipe("elu")
def kinked_with_alpha(draw: Draw) -> Case:
    x = away(normal(draw, sizes(draw, 0, 4)), 0)
    return Case((x,), kwargs={"alpha": draw(slopes)})


@recipe("softmax", "log_softmax")
def along_an_axis(draw: Draw) -> Case:
    x = normal(draw, sizes(draw, 1, 4))
    return Case((x,), kwargs={"axis": draw(st.integers(-x.ndim, x.ndim - 1))})


@recipe("mean_squared_error")
def regression(draw: Draw) -> Case:
    shape = sizes(draw, 0, 3)
    return Case((normal(draw, shape), normal(draw, shape)))


@recipe("mean_absolute_error")
def regression_without_hits(draw: Draw) -> Case:
    shape = sizes(draw, 0, 3)
    target = normal(draw, shape)
    return Case((np.asarray(target + away(normal(draw, shape), 0)), target))


@recipe("huber")
def regression_beside_delta(draw: Draw) -> Case:
    shape, delta = sizes(draw, 0, 3), draw(st.sampled_from([0.5, 1.0, 2.0]))
    target = normal(draw, shape)
    residual = away(normal(draw, shape), -delta, delta)
    return Case((np.asarray(target + residual), target), kwargs={"delta": delta})


@recipe("sigmoid_cross_entropy")
def yes_or_no(draw: Draw) -> Case:
    shape = sizes(draw, 0, 3)
    target = np.asarray(np.abs(np.cos(normal(draw, shape))))
    return Case((normal(draw, shape), target))


@recipe("softmax_cross_entropy")
def classification(draw: Draw) -> Case:
    n, q = sizes(draw, 2)
    z, t = normal(draw, (n, q)), softmax(normal(draw, (n, q)))
    labels = draw(st.booleans())
    # With one class the gradient is zero, and what a smoothing of 1e-42 leaves of it in
    # floating point has no digit in common with that.
    smoothing = draw(st.just(0.0) | st.floats(0.01, 1))
    target = t.argmax(axis=1) if labels else t
    return Case((z, target), kwargs={"label_smoothing": smoothing})


bases = st.sampled_from([None, 2, 10.0])


@recipe("entropy")
def distributions(draw: Draw) -> Case:
    p = softmax(normal(draw, sizes(draw, 1, 3), 0.5))
    return Case((p,), kwargs={"base": draw(bases)})


@recipe("cross_entropy", "kl_divergence")
def pairs_of_distributions(draw: Draw) -> Case:
    shape = sizes(draw, 1, 3)
    p, q = (softmax(normal(draw, shape, 0.5)) for _ in range(2))
    return Case((p, q), wrt=(0, 1), kwargs={"base": draw(bases)})


@recipe("dense")
def dense_layer(draw: Draw) -> Case:
    n, d_in, d_out = sizes(draw, 3)
    x, w = normal(draw, (n, d_in)), normal(draw, (d_in, d_out))
    if draw(st.booleans()):
        return Case((x, w), wrt=(0, 1))
    return Case((x, w, normal(draw, (d_out,))), wrt=(0, 1, 2))


# Normalized, few numbers close together leave a gradient too small to be measured.


@recipe("batch_norm")
def normalized_channels(draw: Draw) -> Case:
    n, c, *pixels = sizes(draw, 2, 4)
    x, gamma, beta = (normal(draw, shape) for shape in [(n, c, *pixels), (c,), (c,)])
    options: dict[str, Any] = {"eps": draw(st.sampled_from([1e-5, 0.1, 1.0]))}
    if draw(st.booleans()):
        options["stats"] = normal(draw, (c,)), normal(draw, (c,)) ** 2 + 0.1
    else:
        axes = (0, *range(2, x.ndim))
        assume(x.size > 4 * c and x.std(axis=axes).min() > 0.3)
    return Case((x, gamma, beta), wrt=(0, 1, 2), kwargs=options)


@recipe("layer_norm")
def normalized_samples(draw: Draw) -> Case:
    shape = sizes(draw, 1, 4)
    x, gamma, beta = (normal(draw, s) for s in [shape, shape[-1:], shape[-1:]])
    assume(shape[-1] > 4 and x.std(axis=-1).min() > 0.3)
    eps = draw(st.sampled_from([1e-5, 0.1, 1.0]))
    return Case((x, gamma, beta), wrt=(0, 1, 2), kwargs={"eps": eps})


@recipe("group_norm")
def normalized_groups(draw: Draw) -> Case:
    n, each, *pixels = sizes(draw, 2, 4)
    groups = draw(st.integers(1, 3))
    x = normal(draw, (n, groups * each, *pixels))
    gamma, beta = normal(draw, x.shape[1:2]), normal(draw, x.shape[1:2])
    rows = x.reshape(n, groups, -1)
    assume(rows.shape[-1] > 4 and rows.std(axis=-1).min() > 0.3)
    eps = draw(st.sampled_from([1e-5, 0.1, 1.0]))
    return Case((x, gamma, beta), (0, 1, 2), {"groups": groups, "eps": eps})


@recipe("rms_norm")
def scaled_samples(draw: Draw) -> Case:
    shape = sizes(draw, 1, 4)
    x, gamma = normal(draw, shape), normal(draw, shape[-1:])
    assume(shape[-1] > 1 and (x**2).mean(axis=-1).min() > 0.1)
    eps = draw(st.sampled_from([1e-5, 0.1, 1.0]))
    return Case((x, gamma), wrt=(0, 1), kwargs={"eps": eps})


strengths = st.sampled_from([0.0, 0.01, 0.7, 1.5])


@recipe("l1_penalty", "l2_penalty")
def penalized_weights(draw: Draw) -> Case:
    return Case((away(normal(draw, sizes(draw, 0, 4)), 0), draw(strengths)))


@recipe("elastic_net_penalty")
def doubly_penalized_weights(draw: Draw) -> Case:
    w = away(normal(draw, sizes(draw, 0, 4)), 0)
    return Case((w, draw(strengths), draw(strengths)))


@recipe("soft_threshold")
def weights_beside_the_threshold(draw: Draw) -> Case:
    t = draw(strengths)
    return Case((away(normal(draw, sizes(draw, 0, 4)), -t, t), t))


@recipe("dropout")
def with_a_given_mask(draw: Draw) -> Case:
    x, p = normal(draw, sizes(draw, 0, 4)), draw(st.sampled_from([0.0, 0.2, 0.7]))
    return Case((x, p, None), kwargs={"mask": normal(draw, x.shape) > 0})


def window(draw: Draw, most_padding: int | None = None) -> tuple[int, ...]:
    """Draw a window that fits: size, kernel, stride, padding, dilation of one axis."""
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    if most_padding is None:  # pooling
        padding, dilation = draw(st.integers(0, kernel // 2)), 1
    else:
        padding, dilation = draw(st.integers(0, most_padding)), draw(st.integers(1, 3))
    least = max(1, dilation * (kernel - 1) + 1 - 2 * padding)
    return draw(st.integers(least, least + 4)), kernel, stride, padding, dilation


@recipe("conv2d")
def convolution_layer(draw: Draw) -> Case:
    size, kernel, *options = zip(window(draw, 5), window(draw, 5), strict=True)
    groups, n = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    c_in, c_out = sizes(draw, 2)
    x = normal(draw, (n, groups * c_in, *size))
    w = normal(draw, (groups * c_out, c_in, *kernel))
    kwargs = dict(zip(["stride", "padding", "dilation"], options, strict=True))
    kwargs["groups"] = groups
    if draw(st.booleans()):
        return Case((x, w), (0, 1), kwargs)
    return Case((x, w, normal(draw, w.shape[:1])), (0, 1, 2), kwargs)


def pooled(draw: Draw) -> tuple[np.ndarray, tuple[int, ...], dict[str, Any]]:
    """Draw images, size and options; no two pixels are close, and all are negative."""
    size, kernel, *options, _ = zip(window(draw), window(draw), strict=True)
    x = normal(draw, (*sizes(draw, 2), *size))
    ranks = x.ravel().argsort().argsort().reshape(x.shape)
    kwargs = dict(zip(["stride", "padding"], options, strict=True))
    if draw(st.booleans()):
        kwargs["stride"] = None
    return 0.1 * (ranks - x.size), kernel, kwargs


@recipe("max_pool2d")
def max_pooling(draw: Draw) -> Case:
    x, kernel, kwargs = pooled(draw)
    return Case((x, kernel), kwargs=kwargs)


@recipe("avg_pool2d")
def average_pooling(draw: Draw) -> Case:
    x, kernel, kwargs = pooled(draw)
    return Case((x, kernel), kwargs=kwargs | {"count_include_pad": draw(st.booleans())})


@recipe("global_avg_pool2d")
def global_pooling(draw: Draw) -> Case:
    return Case((normal(draw, sizes(draw, 4)),))


@recipe("global_max_pool2d")
def global_max_pooling(draw: Draw) -> Case:
    """No two pixels are close."""
    shape = sizes(draw, 4)
    ranks = normal(draw, shape).ravel().argsort().argsort()
    return Case((0.1 * (ranks.reshape(shape) - ranks.size),))


def converted(case: Case, convert: Callable[[np.ndarray], np.ndarray]) -> Case:
    """Return the case with every float array converted."""
    args = tuple(
        convert(a) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
        for a in case.args
    )
    return Case(args, case.wrt, case.kwargs)
