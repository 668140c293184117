"""Gradient clipping: limits, directions, extremes, bad input."""

import numpy as np
import pytest

from nnref.clipping import clip_by_norm, clip_by_value, gradient_norm


def rng(seed=0):
    return np.random.default_rng(seed)


def gradients(scale=1.0):
    r = rng()
    return {"w": scale * r.normal(size=(4, 3)), "b": scale * r.normal(size=3)}


def norm(grads):
    return np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in grads.values()))


def flat(grads):
    return np.concatenate([g.ravel() for g in grads.values()])


def test_by_value_limits_each_element_and_no_other():
    grads = gradients()
    clipped = clip_by_value(grads, 0.5)
    for name, g in grads.items():
        expected = np.sign(g) * np.minimum(np.abs(g), 0.5)
        np.testing.assert_array_equal(clipped[name], expected)


@pytest.mark.parametrize("limit", [0.5, 50.0, 250.0])
def test_by_norm_scales_all_arrays_together(limit):
    grads = gradients(100)
    clipped = clip_by_norm(grads, limit)
    assert list(clipped) == ["w", "b"]
    assert norm(clipped) == pytest.approx(limit, rel=1e-14)
    ratio = flat(clipped) / flat(grads)
    assert norm(grads) > limit
    np.testing.assert_allclose(ratio, limit / norm(grads), rtol=1e-14)


def test_by_norm_keeps_the_direction_and_by_value_does_not():
    g = flat(gradients())
    for clip, keeps in (clip_by_norm, True), (clip_by_value, False):
        c = flat(clip(gradients(), 0.5))
        cosine = c @ g / np.linalg.norm(c) / np.linalg.norm(g)
        assert (cosine > 1 - 1e-12) == keeps


@pytest.mark.parametrize("factor", [1, 1 + 1e-9, 1e6])
def test_by_norm_leaves_a_norm_up_to_the_limit(factor):
    grads = {"w": np.array([[3.0, 4.0]]), "b": np.array([12.0])}
    clipped = clip_by_norm(grads, 13.0 * factor)
    np.testing.assert_array_equal(flat(clipped), flat(grads))


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
@pytest.mark.parametrize("limit", [0.1, 100.0])
def test_the_arrays_given_stay_as_they_were(clip, limit):
    grads = gradients()
    clipped = clip(grads, limit)
    for name, g in gradients().items():
        np.testing.assert_array_equal(grads[name], g)
        assert not np.shares_memory(clipped[name], grads[name])


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
def test_dtypes_stay(clip):
    for limit in 0.1, np.float64(0.1), 100:
        clipped = clip({"w": np.ones(3, np.float32), "b": np.ones(2)}, limit)
        assert [g.dtype for g in clipped.values()] == [np.float32, np.float64]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sign", [-1, 1])
def test_by_norm_neither_overflows_nor_underflows(dtype, sign):
    """Exploding gradients are what it is for."""
    size = float(np.finfo(dtype).max / 8 if sign > 0 else np.finfo(dtype).tiny * 8)
    grads = {"w": np.array([3, -4, 0], dtype) * dtype(size), "b": np.zeros(2, dtype)}
    limit = 1.0 if sign > 0 else size
    clipped = clip_by_norm(grads, limit)
    expected = np.array([0.6, -0.8, 0]) * limit
    np.testing.assert_allclose(clipped["w"], expected, rtol=1e-6)


def test_zero_gradients_and_none_at_all():
    zero = {"w": np.zeros((2, 3)), "b": np.zeros(0)}
    np.testing.assert_array_equal(clip_by_norm(zero, 1.0)["w"], zero["w"])
    assert clip_by_norm({}, 1.0) == clip_by_value({}, 1.0) == {}


def test_by_value_limits_infinity():
    clipped = clip_by_value({"w": np.array([np.inf, -np.inf, 1.0])}, 2.0)
    np.testing.assert_array_equal(clipped["w"], [2, -2, 1])


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_by_norm_refuses_what_has_no_direction(bad):
    grads = {"w": np.ones(3), "b": np.array([1.0, bad])}
    with pytest.raises(ValueError, match=r"grads\['b'\] holds NaN or infinity"):
        clip_by_norm(grads, 1.0)


@pytest.mark.parametrize("limit", [0.0, -1.0, np.inf, np.nan])
def test_limits_outside_their_range_are_refused(limit):
    with pytest.raises(ValueError, match=r"limit is .*, expected a number in \(0, inf"):
        clip_by_value(gradients(), limit)
    with pytest.raises(ValueError, match=r"max_norm is .*, expected a number in \(0,"):
        clip_by_norm(gradients(), limit)


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
def test_what_is_no_gradient_is_refused_by_name(clip):
    with pytest.raises(ValueError, match=r"grads\['w'\] has dtype complex128"):
        clip({"w": np.ones(2, complex)}, 1.0)


def test_the_norm_is_that_of_all_arrays_together():
    grads = gradients(100)
    assert gradient_norm(grads) == pytest.approx(np.linalg.norm(flat(grads)), rel=1e-14)
    assert type(gradient_norm(grads)) is float
    assert gradient_norm(clip_by_norm(grads, 2.5)) == pytest.approx(2.5, rel=1e-14)
    assert gradient_norm({}) == gradient_norm({"w": np.zeros(0)}) == 0.0
    assert gradient_norm({"w": np.zeros((2, 3))}) == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("end", ["max", "tiny"])
def test_the_norm_neither_overflows_nor_underflows(dtype, end):
    size = float(getattr(np.finfo(dtype), end)) / 8
    grads = {"w": np.array([3, -4, 0], dtype) * dtype(size), "b": np.zeros(2, dtype)}
    assert gradient_norm(grads) == pytest.approx(5 * size, rel=1e-3, abs=0)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_the_norm_of_what_is_not_finite_is_not_finite(bad):
    for grads in {"b": [1.0, bad], "w": [2.0]}, {"w": [2.0], "b": [1.0, bad]}:
        assert not np.isfinite(gradient_norm(grads))


@pytest.mark.parametrize(
    "f", [clip_by_norm, clip_by_value, lambda g, _: gradient_norm(g)]
)
def test_gradients_come_by_name(f):
    for grads in [np.ones(2)], np.ones(2), None:
        with pytest.raises(ValueError, match=r"^grads is .*, expected arrays by name"):
            f(grads, 1.0)
