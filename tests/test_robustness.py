"""What every operation does with input that is not a plain float64 array.

It computes the right result or refuses with a ValueError that names the argument; it
never returns something wrong, and never warns (pytest makes warnings errors).
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import RECIPES, Case, converted

import nnref as nn

at_random = settings(max_examples=25, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**32 - 1)
operations = pytest.mark.parametrize("name", sorted(RECIPES))

# Their result would be a mean of nothing, or is there for each of no samples.
REFUSES_NO_SAMPLES = {
    "batch_norm",
    "sigmoid_cross_entropy",
    "cross_entropy",
    "entropy",
    "huber",
    "kl_divergence",
    "mean_absolute_error",
    "mean_squared_error",
    "softmax_cross_entropy",
}


def gradients(name: str, dy: Any, case: Case) -> tuple[np.ndarray, ...]:
    found = getattr(nn, f"{name}_backward")(dy, *case.args, **case.kwargs)
    found = found if isinstance(found, tuple) else (found,)
    return tuple(g for g in found if g is not None)


def result(name: str, case: Case) -> np.ndarray:
    return getattr(nn, name)(*case.args, **case.kwargs)


def refused(name: str, case: Case) -> str:
    """Return the message with which the operation refuses its input, if it does."""
    try:
        result(name, case)
    except ValueError as error:
        return str(error)
    return ""


def upstream(y: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=y.shape)


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_integers_are_taken_as_float64(
    name: str, data: st.DataObject, seed: int
) -> None:
    whole = converted(data.draw(RECIPES[name]), lambda a: np.round(3 * a))
    ints = converted(whole, lambda a: a.astype(np.int32))
    if refused(name, whole):  # no probabilities any more
        assert refused(name, ints) == refused(name, whole)
        return
    y = result(name, whole)
    y_ints = result(name, ints)
    assert y_ints.dtype == np.float64
    np.testing.assert_array_equal(y_ints, y)
    dy = upstream(y, seed)
    for ours, expected in zip(
        gradients(name, dy, ints), gradients(name, dy, whole), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_half_precision_is_refused_by_name(
    name: str, data: st.DataObject, seed: int
) -> None:
    """Sums of squares of ordinary size are infinite there, and a mean is 0 then."""
    case = data.draw(RECIPES[name])
    message = r"^\w+ has dtype float16, expected float32 or float64$"
    half = converted(case, lambda a: a.astype(np.float16))
    with pytest.raises(ValueError, match=message):
        result(name, half)
    dy = upstream(result(name, case), seed)
    with pytest.raises(ValueError, match=message):
        gradients(name, dy, half)
    with pytest.raises(ValueError, match=r"^dy has dtype float16"):
        gradients(name, dy.astype(np.float16), case)


@operations
@at_random
@given(data=st.data())
def test_no_samples(name: str, data: st.DataObject) -> None:
    """An empty batch gives an empty result, or is refused."""
    case = data.draw(RECIPES[name])
    x = case.args[0]
    if x.ndim < 2:
        return
    others = [
        a[:0] if isinstance(a, np.ndarray) and a.shape[:1] == x.shape[:1] else a
        for a in case.args[1:]
    ]
    if name in ("conv2d", "dense") or name.endswith("_norm"):
        others = list(case.args[1:])  # weights, not samples
    options = dict(case.kwargs)
    if "mask" in options:
        options["mask"] = options["mask"][:0]
    empty = Case((x[:0], *others), case.wrt, options)
    if (name in REFUSES_NO_SAMPLES and "stats" not in options) or (
        name in ("softmax", "log_softmax") and case.kwargs["axis"] in (0, -x.ndim)
    ):
        with pytest.raises(ValueError, match="has shape"):
            result(name, empty)
        return
    y = result(name, empty)
    assert np.isfinite(y).all()  # of a penalty, which is 0
    full = result(name, case)
    assert y.shape == ((0, *full.shape[1:]) if full.ndim else ())
    for i, gradient in zip(case.wrt, gradients(name, y, empty), strict=True):
        assert gradient.shape == np.shape(empty.args[i])
        assert not gradient.any()


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_nan_in_nan_out(name: str, data: st.DataObject, seed: int) -> None:
    """NaN is passed on by the forward pass, by the backward pass, or refused."""
    case = data.draw(RECIPES[name])
    y = result(name, case)
    for i in case.wrt:
        broken = [np.array(a) if j == i else a for j, a in enumerate(case.args)]
        index = np.random.default_rng(seed).integers(broken[i].size)
        broken[i].flat[index] = np.nan
        other = Case(tuple(broken), case.wrt, case.kwargs)
        if name == "conv2d" and unread(other, i, index):
            continue
        if message := refused(name, other):
            assert "nan" in message or "probabilities" in message
            continue
        spoilt = result(name, other)
        if spoilt.size and not masked(name, other, index):
            assert np.isnan(spoilt).any()
    if y.size and y.any():
        dy = np.full(y.shape, np.nan)
        assert any(np.isnan(g).any() for g in gradients(name, dy, case))


def unread(case: Case, i: int, index: int) -> bool:
    """Whether no window reads this pixel, or this weight meets only padding."""
    ones = [np.ones_like(a) for a in case.args]
    ones[i] = np.zeros_like(ones[i])
    ones[i].flat[index] = 1.0
    return not nn.conv2d(ones[0], ones[1], **case.kwargs).any()


def masked(name: str, case: Case, index: int) -> bool:
    """Whether the spoilt value is dropped, steps over, or multiplied with nothing."""
    if name == "dropout":
        return not case.kwargs["mask"].flat[index]
    if name in ("max_pool2d", "avg_pool2d"):
        seen = np.zeros_like(case.args[0])
        seen.flat[index] = 1.0
        size, options = case.args[1], dict(case.kwargs)
        options.pop("count_include_pad", None)
        return not nn.avg_pool2d(seen, size, **options).any()
    return False


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_inputs_are_neither_kept_nor_returned(
    name: str, data: st.DataObject, seed: int
) -> None:
    """Nothing that a call leaves behind holds memory of its arguments."""
    case = data.draw(RECIPES[name])
    case = converted(case, np.array)  # arrays that nobody else holds
    dy = upstream(result(name, case), seed)
    kept = [result(name, case), *gradients(name, dy, case)]
    gc.disable()  # what only a cycle keeps alive counts as kept
    try:
        arrays = [a for a in case.args if isinstance(a, np.ndarray)]
        references = [weakref.ref(a) for a in [*arrays, dy]]
        for one in kept:
            assert not any(np.shares_memory(one, a) for a in [*arrays, dy])
        del case, arrays, dy
        assert [r() is None for r in references] == [True] * len(references)
    finally:
        gc.enable()


LAYERS: list[tuple[Callable[[], nn.Layer], tuple[int, ...]]] = [
    (lambda: nn.Dense(4, 3, np.random.default_rng(0)), (5, 4)),
    (lambda: nn.Conv2D(4, 3, 2, np.random.default_rng(0)), (5, 4, 6, 7)),
    (lambda: nn.MaxPool2D(2), (5, 4, 6, 7)),
    (lambda: nn.BatchNorm(4), (5, 4, 6, 7)),
    (lambda: nn.Dropout(0.5, np.random.default_rng(0)), (5, 4)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_a_layer_keeps_one_batch_and_no_more(
    make: Callable[[], nn.Layer], shape: tuple[int, ...]
) -> None:
    layer = make()
    first, second = np.random.default_rng(1).normal(size=(2, *shape))
    first, second = first.copy(), second.copy()
    layer.forward(first, training=True)
    reference = weakref.ref(first)
    del first
    layer.forward(second, training=True)
    assert reference() is None
