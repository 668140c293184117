"""Entropies: values by their definition, zeros, bad input."""

import math

import numpy as np
import pytest

import nnref


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_entropies_of_known_distributions() -> None:
    assert nnref.entropy([0.25] * 4, base=2) == 2
    assert nnref.entropy([0.25] * 4, base=4) == 1
    assert nnref.entropy([0.1] * 10) == pytest.approx(math.log(10))
    assert str(nnref.entropy([1.0, 0.0])) == "0.0"  # and not -0.0
    assert str(nnref.cross_entropy([1.0, 0.0], [1.0, 0.0])) == "0.0"
    assert nnref.kl_divergence([0.5, 0.5], [0.25, 0.75], base=2) == pytest.approx(
        1 - math.log2(3) / 2
    )


@pytest.mark.parametrize("base", [None, 2])
def test_entropies_belong_together(rng, base) -> None:
    p, q = (nnref.softmax(rng.normal(size=(2, 3, 4))) for _ in range(2))
    both, own = nnref.cross_entropy(p, q, base=base), nnref.entropy(p, base=base)
    kl = nnref.kl_divergence(p, q, base=base)
    assert kl.shape == own.shape == both.shape == (2, 3)
    np.testing.assert_allclose(kl, both - own)
    assert (kl > 0).all()
    np.testing.assert_array_equal(nnref.kl_divergence(p, p, base=base), 0)
    np.testing.assert_array_equal(nnref.cross_entropy(p, p, base=base), own)


def test_cross_entropy_is_the_loss_on_probabilities(rng) -> None:
    z, p = rng.normal(size=(3, 5)), nnref.softmax(rng.normal(size=(3, 5)))
    expected = nnref.cross_entropy(p, nnref.softmax(z)).mean()
    assert nnref.softmax_cross_entropy(z, p) == pytest.approx(expected)


def test_zeros_without_warnings() -> None:
    p = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    q = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    two = math.log(2)
    np.testing.assert_allclose(nnref.entropy(p), [0, two])
    np.testing.assert_allclose(nnref.cross_entropy(p, q), [two, np.inf])
    np.testing.assert_allclose(nnref.kl_divergence(p, q), [two, np.inf])
    np.testing.assert_allclose(
        nnref.entropy_backward([1.0, 2.0], p),
        [[-1, np.inf, np.inf], [2 * two - 2, 2 * two - 2, np.inf]],
    )
    dp, dq = nnref.cross_entropy_backward([1.0, 2.0], p, q)
    np.testing.assert_allclose(dp, [[two, two, np.inf], [np.inf, 2 * two, 2 * two]])
    np.testing.assert_allclose(dq, [[-2, 0, 0], [-np.inf, -2, 0]])
    dp, dq = nnref.kl_divergence_backward([1.0, 2.0], p, q)
    np.testing.assert_allclose(dp, [[1 + two, -np.inf, np.inf], [np.inf, 2, -np.inf]])
    np.testing.assert_allclose(dq, [[-2, 0, 0], [-np.inf, -2, 0]])


def test_float32_probabilities_need_not_add_up_exactly(rng) -> None:
    p = nnref.softmax(rng.normal(size=(3, 5000)).astype(np.float32))
    assert nnref.entropy(p).dtype == np.float32
    tiny = nnref.softmax(np.array([0, -95], np.float32))  # subnormal in float32
    found = nnref.kl_divergence(np.array([0.5, 0.5], np.float32), tiny)
    assert found == pytest.approx(95 / 2 - math.log(2), rel=1e-3)


@pytest.mark.parametrize("name", ["entropy", "cross_entropy", "kl_divergence"])
@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0.5, 0.6], "p has a row that adds up to 1.1, expected 1"),
        ([[0.5, 0.5], [1, 2]], "p has a row that adds up to 3, expected 1"),
        ([1.5, -0.5], "p holds -0.5, expected probabilities"),
        ([math.nan, 1], "p holds nan, expected probabilities"),
        ([[], []], r"p has shape \(2, 0\), expected at least one element"),
        (1.0, "p is one number, expected at least one row"),
    ],
)
def test_bad_distributions(name, p, message) -> None:
    f, f_backward = getattr(nnref, name), getattr(nnref, f"{name}_backward")
    others = [] if name == "entropy" else [p]
    with pytest.raises(ValueError, match=f"^{message}"):
        f(p, *others)
    with pytest.raises(ValueError, match=f"^{message}"):
        f_backward(1.0, p, *others)


@pytest.mark.parametrize("name", ["cross_entropy", "kl_divergence"])
def test_bad_second_distribution(name: str) -> None:
    f, f_backward = getattr(nnref, name), getattr(nnref, f"{name}_backward")
    for call in [f, lambda p, q: f_backward(np.ones(2), p, q)]:
        with pytest.raises(
            ValueError, match=r"^q has shape \(2,\), expected \(2, 2\)$"
        ):
            call([[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5])
        with pytest.raises(
            ValueError, match=r"^q has a row that adds up to 0.9, expec"
        ):
            call([[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.4]])


@pytest.mark.parametrize("base", [1, 0, -2, 0.5, math.inf])
def test_bad_base(base: float) -> None:
    p = [0.5, 0.5]
    for call in [
        lambda: nnref.entropy(p, base=base),
        lambda: nnref.cross_entropy(p, p, base=base),
        lambda: nnref.kl_divergence(p, p, base=base),
        lambda: nnref.entropy_backward(1.0, p, base=base),
        lambda: nnref.cross_entropy_backward(1.0, p, p, base=base),
        lambda: nnref.kl_divergence_backward(1.0, p, p, base=base),
    ]:
        with pytest.raises(
            ValueError, match=r"^base is .*, expected a number in \(1, "
        ):
            call()


@pytest.mark.parametrize("name", ["entropy", "cross_entropy", "kl_divergence"])
def test_upstream_is_one_number_for_each_row(name: str) -> None:
    p = np.full((2, 3), 1 / 3)
    others = [] if name == "entropy" else [p]
    for dy in [1.0, np.ones((2, 3)), np.ones((2, 1)), np.ones(3)]:
        with pytest.raises(ValueError, match=r"^dy has shape .*, expected \(2,\)$"):
            getattr(nnref, f"{name}_backward")(dy, p, *others)
