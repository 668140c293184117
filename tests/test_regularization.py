"""Penalties, soft threshold, dropout: values, statistics, bad input.

That the gradients are right, and that float32 stays, is in test_gradients.py.
"""

import numpy as np
import pytest

from nnref import (
    Dropout,
    dropout,
    dropout_backward,
    elastic_net_penalty,
    elastic_net_penalty_backward,
    l1_penalty,
    l1_penalty_backward,
    l2_penalty,
    l2_penalty_backward,
    soft_threshold,
    soft_threshold_backward,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_penalties_are_their_sums():
    w = rng().normal(size=(4, 3))
    l1, l2 = sum(abs(v) for v in w.ravel()), sum(v * v for v in w.ravel())
    assert l1_penalty(w, 0.3) == pytest.approx(0.3 * l1, rel=1e-14)
    assert l2_penalty(w, 0.3) == pytest.approx(0.15 * l2, rel=1e-14)
    both = 0.3 * l1 + 0.2 * l2
    assert elastic_net_penalty(w, 0.3, 0.4) == pytest.approx(both, rel=1e-14)


def test_an_elastic_net_without_one_part_is_the_other():
    w = rng().normal(size=(4, 3))
    assert elastic_net_penalty(w, 0.3, 0.0) == l1_penalty(w, 0.3)
    assert elastic_net_penalty(w, 0.0, 0.3) == l2_penalty(w, 0.3)


def test_no_weights_cost_nothing():
    for f in l1_penalty, l2_penalty:
        assert f(np.zeros((3, 2)), 5.0) == f(np.zeros((0, 2)), 5.0) == 0


def test_the_subgradient_at_zero_is_zero():
    w = np.array([0.0, -0.0, 1e-300, -1e-300])
    np.testing.assert_array_equal(l1_penalty_backward(2.0, w, 1.5), [0, 0, 3, -3])
    elastic = elastic_net_penalty_backward(2.0, w, 1.5, 1.0)
    np.testing.assert_array_equal(elastic[:2], [0, 0])


def test_soft_threshold_is_the_proximal_point_of_the_l1_norm():
    """No v on a fine grid makes (v - w)**2 / 2 + t |v| less."""
    v = np.linspace(-4, 4, 80001)
    for w in -3.0, -0.7, 0.0, 0.3, 2.0:
        best = v[np.argmin((v - w) ** 2 / 2 + 0.7 * np.abs(v))]
        assert soft_threshold(w, 0.7) == pytest.approx(best, abs=1e-4)


def test_soft_threshold_gives_exact_zeros_of_positive_sign():
    w = np.array([-0.7, -0.69, -0.0, 0.0, 0.1, 0.7])
    zeros = soft_threshold(w, 0.7)
    np.testing.assert_array_equal(zeros, np.zeros(6))
    assert not np.signbit(zeros).any()


def test_soft_threshold_of_zero_changes_nothing():
    w = rng().normal(size=(4, 3))
    np.testing.assert_array_equal(soft_threshold(w, 0.0), w)
    np.testing.assert_array_equal(soft_threshold_backward(w, w, 0.0), w)


def test_soft_threshold_gradient_at_the_kinks_is_zero():
    dx = soft_threshold_backward([1.0, 2.0, 3.0], [-0.5, 0.5, 0.5 + 1e-15], 0.5)
    np.testing.assert_array_equal(dx, [0, 0, 3])


def test_proximal_steps_reach_zeros_and_subgradients_do_not():
    """The lasso with an orthogonal design has the soft threshold as its solution."""
    target, lam, lr = np.array([3.0, -2.0, 0.1, -0.05, 0.0]), 0.2, 0.3
    proximal = subgradient = np.full(5, 0.7)
    for _ in range(500):
        proximal = soft_threshold(proximal - lr * (proximal - target), lr * lam)
        g = subgradient - target + l1_penalty_backward(1.0, subgradient, lam)
        subgradient = subgradient - lr * g
    np.testing.assert_allclose(proximal, soft_threshold(target, lam), atol=1e-12)
    assert np.sum(proximal == 0) == 3
    assert np.sum(subgradient == 0) == 0


def test_dropout_drops_with_probability_p_and_keeps_the_mean():
    x, n = np.array([[1.0], [-2.0], [5.0]]), 100_000
    for p in 0.2, 0.7:
        y = dropout(np.repeat(x, n, axis=1), p, rng())
        dropped = (y == 0).mean(axis=1)
        np.testing.assert_allclose(dropped, p, atol=5 * np.sqrt(p * (1 - p) / n))
        error = 5 * np.abs(x[:, 0]) * np.sqrt(p / (1 - p) / n)
        assert (np.abs(y.mean(axis=1) - x[:, 0]) < error).all()
        for row, value in zip(y, x[:, 0], strict=True):
            assert np.unique(row[row != 0]) == pytest.approx([value / (1 - p)])


def test_dropout_draws_the_mask_that_its_text_names():
    x = rng(1).normal(size=(4, 3))
    mask = rng().random(x.shape) >= 0.4
    expected = dropout(x, 0.4, None, mask=mask)
    np.testing.assert_array_equal(dropout(x, 0.4, rng()), expected)
    assert 0 < mask.sum() < mask.size


def test_a_given_mask_leaves_the_generator_alone():
    r, x = rng(), np.ones((4, 3))
    mask = r.random(x.shape) >= 0.4
    before = r.bit_generator.state
    dropout(x, 0.4, r, mask=mask)
    dropout_backward(x, x, 0.4, r, mask=mask)
    assert r.bit_generator.state == before


def test_dropout_of_nothing_is_the_identity():
    x = rng(1).normal(size=(4, 3))
    np.testing.assert_array_equal(dropout(x, 0.0, rng()), x)


def test_what_is_dropped_may_be_infinite():
    mask = np.array([True, False, False])
    y = dropout([1.0, np.inf, np.nan], 0.5, None, mask=mask)
    np.testing.assert_array_equal(y, [2, 0, 0])
    dx = dropout_backward([1.0, np.inf, np.nan], np.ones(3), 0.5, None, mask=mask)
    np.testing.assert_array_equal(dx, [2, 0, 0])


def test_dropout_backward_refuses_to_draw():
    x = np.ones((4, 3))
    with pytest.raises(ValueError, match="mask is None, expected the mask of the"):
        dropout_backward(x, x, 0.4, rng())


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, np.nan])
def test_dropout_refuses_a_p_outside_its_range(p):
    x, mask = np.ones(3), np.ones(3, bool)
    with pytest.raises(ValueError, match=r"p is .*, expected a number in \[0, 1\)"):
        dropout(x, p, rng())
    with pytest.raises(ValueError, match=r"p is .*, expected a number in \[0, 1\)"):
        dropout_backward(x, x, p, None, mask=mask)


def test_dropout_refuses_masks_that_would_pass_for_one():
    x = np.ones((4, 3))
    message = "mask has shape .* and type .*, expected .4, 3. and bool"
    for mask in np.ones(3, bool), np.ones((4, 1), bool), np.ones((4, 3)), np.True_:
        with pytest.raises(ValueError, match=message):
            dropout(x, 0.4, None, mask=mask)
        with pytest.raises(ValueError, match=message):
            dropout_backward(x, x, 0.4, None, mask=mask)


def test_dropout_refuses_a_seed_for_a_generator():
    with pytest.raises(ValueError, match="rng is 0, expected"):
        dropout(np.ones(3), 0.4, 0)
    with pytest.raises(ValueError, match="rng and mask are None"):
        dropout(np.ones(3), 0.4, None)


@pytest.mark.parametrize("bad", [-0.1, np.inf, np.nan])
def test_strengths_are_refused_by_name(bad):
    w = np.ones(3)
    calls = {
        "lam is": [
            lambda: l1_penalty(w, bad),
            lambda: l2_penalty(w, bad),
            lambda: l1_penalty_backward(1.0, w, bad),
            lambda: l2_penalty_backward(1.0, w, bad),
        ],
        "lam1 is": [
            lambda: elastic_net_penalty(w, bad, 0.1),
            lambda: elastic_net_penalty_backward(1.0, w, bad, 0.1),
        ],
        "lam2 is": [
            lambda: elastic_net_penalty(w, 0.1, bad),
            lambda: elastic_net_penalty_backward(1.0, w, 0.1, bad),
        ],
        "t is": [
            lambda: soft_threshold(w, bad),
            lambda: soft_threshold_backward(w, w, bad),
        ],
    }
    for name, functions in calls.items():
        for f in functions:
            with pytest.raises(ValueError, match=f"^{name} .*, expected a number in"):
                f()


def test_an_upstream_that_would_be_broadcast_is_refused():
    w = np.ones((2, 3))
    with pytest.raises(ValueError, match="dy has shape"):
        l1_penalty_backward(np.ones(3), w, 0.1)
    with pytest.raises(ValueError, match="dy has shape"):
        l2_penalty_backward(np.ones((2, 3)), w, 0.1)
    with pytest.raises(ValueError, match="dy has shape"):
        elastic_net_penalty_backward(np.ones(1), w, 0.1, 0.1)
    with pytest.raises(ValueError, match="dy has shape"):
        soft_threshold_backward(1.0, w, 0.1)
    with pytest.raises(ValueError, match="dy has shape"):
        dropout_backward(np.ones(3), w, 0.1, None, mask=w > 0)


def test_dropout_drops_in_training_by_its_generator():
    layer, x, dy = (
        Dropout(0.4, np.random.default_rng(7)),
        np.ones((6, 5)),
        np.random.default_rng(0).normal(size=(6, 5)),
    )
    r = np.random.default_rng(7)
    for _ in range(2):  # a new mask every time
        y = layer.forward(x, training=True)
        np.testing.assert_array_equal(y, dropout(x, 0.4, r))
        np.testing.assert_allclose(layer.backward(dy), dy * y, rtol=1e-14)
    assert repr(layer) == "Dropout(p=0.4)"


def test_dropout_does_and_draws_nothing_in_evaluation():
    r = np.random.default_rng(7)
    layer, x, dy = (
        Dropout(0.4, r),
        np.random.default_rng(1).normal(size=(6, 5)),
        np.ones((6, 5)),
    )
    before = r.bit_generator.state
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(dy), dy)
    assert r.bit_generator.state == before
    layer.forward(x, training=True)
    layer.forward(x)
    np.testing.assert_array_equal(layer.backward(dy), dy)
