"""Losses: values by their definition, extremes, bad input.

That the gradients are right, and that float32 stays, is in test_gradients.py.
"""

import functools
import math

import numpy as np
import pytest

import nnref

ELEMENTWISE = [
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "sigmoid_cross_entropy",
]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def log_sigmoid(z: float) -> float:
    return -math.log1p(math.exp(-z))


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("mean_squared_error", lambda z, t: (z - t) ** 2),
        ("mean_absolute_error", lambda z, t: abs(z - t)),
        (
            "huber",
            lambda z, t: (z - t) ** 2 / 2 if abs(z - t) <= 1 else abs(z - t) - 1 / 2,
        ),
        (
            "sigmoid_cross_entropy",
            lambda z, t: -t * log_sigmoid(z) - (1 - t) * log_sigmoid(-z),
        ),
    ],
)
@pytest.mark.parametrize("shape", [(), (7,), (2, 5), (2, 3, 4)])
def test_mean_over_all_elements(rng, name, term, shape) -> None:
    pred, target = 2 * rng.normal(size=shape), rng.uniform(size=shape)
    terms = [term(z, t) for z, t in zip(pred.flat, target.flat, strict=True)]
    found = getattr(nnref, name)(pred, target)
    assert np.ndim(found) == 0
    assert found == pytest.approx(sum(terms) / len(terms), rel=1e-13)


def test_huber_between_squared_and_absolute(rng) -> None:
    pred, target = rng.normal(size=9), rng.normal(size=9)
    squared, absolute = (
        nnref.mean_squared_error(pred, target),
        nnref.mean_absolute_error(pred, target),
    )
    assert nnref.huber(pred, target, delta=1e3) == pytest.approx(squared / 2)
    assert nnref.huber(pred, target, delta=1e-9) == pytest.approx(1e-9 * absolute)


def test_gradient_where_there_is_no_derivative() -> None:
    dx = nnref.mean_absolute_error_backward(4.0, [1.0, 2.0], [1.0, 1.0])
    np.testing.assert_array_equal(dx, [0, 2])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_extreme_predictions(name: str) -> None:
    pred = np.array([[1e4, -1e4, 0.0]], np.float32)
    target = np.array([[0.0, 0.0, 0.0]], np.float32)
    loss = {
        "mean_squared_error": 2e8 / 3,
        "mean_absolute_error": 2e4 / 3,
        "huber": (2e4 - 1) / 3,
        "sigmoid_cross_entropy": (1e4 + math.log(2)) / 3,
    }[name]
    gradient = {
        "mean_squared_error": [2e4, -2e4, 0],
        "mean_absolute_error": [1, -1, 0],
        "huber": [1, -1, 0],
        "sigmoid_cross_entropy": [1, 0, 0.5],
    }[name]
    assert getattr(nnref, name)(pred, target) == pytest.approx(loss, rel=1e-6)
    found = getattr(nnref, f"{name}_backward")(np.float32(1), pred, target)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.divide([gradient], 3), rtol=1e-6)


def test_sigmoid_cross_entropy_loses_nothing_in_the_tail() -> None:
    found = nnref.sigmoid_cross_entropy([40.0, -40.0], [1.0, 0.0])
    assert found == pytest.approx(math.exp(-40), rel=1e-14)


def test_binary_is_softmax_with_a_second_logit_of_0(rng) -> None:
    z, t = rng.normal(size=9), rng.uniform(size=9)
    logits, target = np.stack([z, 0 * z], axis=1), np.stack([t, 1 - t], axis=1)
    expected = nnref.softmax_cross_entropy(logits, target)
    assert nnref.sigmoid_cross_entropy(z, t) == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0, 0.3, 1])
def test_softmax_cross_entropy_by_its_definition(rng, smoothing) -> None:
    z, y = rng.normal(size=(3, 5)), nnref.softmax(rng.normal(size=(3, 5)))
    labels = np.array([4, 0, 2])
    for target, rows in [(y, y), (labels, np.eye(5)[labels])]:
        total = 0.0
        for i in range(3):
            p = [math.exp(v) / sum(math.exp(w) for w in z[i]) for v in z[i]]
            for k in range(5):
                t = (1 - smoothing) * rows[i, k] + smoothing / 5
                total -= t * math.log(p[k]) / 3
        found = nnref.softmax_cross_entropy(z, target, label_smoothing=smoothing)
        assert found == pytest.approx(total, rel=1e-13)
        gradient = nnref.softmax_cross_entropy_backward(
            1.0, z, target, label_smoothing=smoothing
        )
        t = (1 - smoothing) * rows + smoothing / 5
        np.testing.assert_allclose(gradient, (nnref.softmax(z) - t) / 3, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_labels_of_any_integer_type(dtype: type) -> None:
    z = np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]])
    labels = np.array([2, 0], dtype)
    one_hot = np.eye(3, dtype=dtype)[labels]
    assert nnref.softmax_cross_entropy(z, labels) == pytest.approx(
        nnref.softmax_cross_entropy(z, one_hot)
    )
    np.testing.assert_array_equal(labels, [2, 0])


def test_softmax_cross_entropy_of_extreme_logits() -> None:
    z = np.array([[1e4, 0, -1e4], [-1e4, 0, 1e4]], np.float32)
    for target in ([0, 0], np.eye(3)[[0, 0]]):
        found = nnref.softmax_cross_entropy(z, target)
        assert found.dtype == np.float32
        assert found == 1e4
        gradient = nnref.softmax_cross_entropy_backward(2.0, z, target)
        np.testing.assert_array_equal(gradient, [[0, 0, 0], [-1, 0, 1]])
    assert nnref.softmax_cross_entropy(z, [0, 2], label_smoothing=0.3) == pytest.approx(
        0.3 * 1e4
    )


def test_masked_class() -> None:
    z = np.array([[1.0, 1.0, -np.inf]])
    assert nnref.softmax_cross_entropy(z, [0]) == pytest.approx(math.log(2))
    gradient = nnref.softmax_cross_entropy_backward(1.0, z, [0])
    np.testing.assert_allclose(gradient, [[-0.5, 0.5, 0]])


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
def test_a_masked_class_that_a_soft_target_rules_out(smoothing: float) -> None:
    """0 ln 0 is 0: the same as by label, and as with a logit of -1e4."""
    z, soft, labels = np.array([[-np.inf, 0.0, 1.0]]), np.array([[0.0, 0.0, 1.0]]), [2]
    loss = nnref.softmax_cross_entropy(z, soft, label_smoothing=smoothing)
    by_label = nnref.softmax_cross_entropy(z, labels, label_smoothing=smoothing)
    assert loss == by_label == (np.inf if smoothing else np.log1p(np.exp(-1.0)))
    if not smoothing:
        spread = np.array([[0.0, 0.25, 0.75]])
        far = np.array([[-1e4, 0.0, 1.0]])
        for t in soft, spread:
            assert nnref.softmax_cross_entropy(z, t) == pytest.approx(
                nnref.softmax_cross_entropy(far, t), rel=1e-14
            )
            np.testing.assert_array_equal(
                nnref.softmax_cross_entropy_backward(1.0, z, t),
                nnref.softmax_cross_entropy_backward(1.0, far, t),
            )
    ruled_in = nnref.softmax_cross_entropy(z, np.array([[0.1, 0.0, 0.9]]))
    assert ruled_in == np.inf
    # Smoothing rules every class in, also if the label itself is masked.
    assert nnref.softmax_cross_entropy(z, [0], label_smoothing=smoothing) == np.inf


def test_one_sample_and_one_class() -> None:
    assert nnref.softmax_cross_entropy([[1.0, 1.0]], [1]) == pytest.approx(math.log(2))
    for smoothing in (0.0, 0.5):
        loss = nnref.softmax_cross_entropy(
            [[1e4], [-1e4]], [0, 0], label_smoothing=smoothing
        )
        assert str(loss) == "0.0"  # and not -0.0
        gradient = nnref.softmax_cross_entropy_backward(
            1.0, [[1e4], [-1e4]], [0, 0], label_smoothing=smoothing
        )
        np.testing.assert_array_equal(gradient, [[0], [0]])


# ----------------------------------------------------------------------- bad input


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_bad_shapes(name: str) -> None:
    f, f_backward = getattr(nnref, name), getattr(nnref, f"{name}_backward")
    first = "logits" if name == "sigmoid_cross_entropy" else "pred"
    for call in [f, lambda *args: f_backward(1.0, *args)]:
        with pytest.raises(
            ValueError, match=r"^target has shape \(2,\), expected \(2, "
        ):
            call(np.ones((2, 1)), np.ones(2))
        with pytest.raises(
            ValueError, match=r"^target has shape \(\), expected \(2,\)$"
        ):
            call(np.ones(2), 1.0)
        with pytest.raises(ValueError, match=rf"^{first} has shape \(0, 2\), expected"):
            call(np.ones((0, 2)), np.ones((0, 2)))
    with pytest.raises(ValueError, match=r"^dy has shape \(2,\), expected \(\)$"):
        f_backward(np.ones(2), np.ones(2), np.ones(2))


@pytest.mark.parametrize("delta", [0, -1, math.inf, math.nan])
def test_bad_delta(delta: float) -> None:
    huber_backward = functools.partial(nnref.huber_backward, 1.0)
    for call in [nnref.huber, huber_backward]:
        with pytest.raises(
            ValueError, match=r"^delta is .*, expected a number in \(0, "
        ):
            call(np.ones(2), np.ones(2), delta=delta)


@pytest.mark.parametrize("target", [[0.5, -0.1], [0.5, 1.1], [0.5, math.nan]])
def test_bad_probability_of_yes(target: list[float]) -> None:
    z = [1.0, 2.0]
    with pytest.raises(ValueError, match=r"^target spans .*, expected 0 to 1$"):
        nnref.sigmoid_cross_entropy(z, target)
    with pytest.raises(ValueError, match=r"^target spans .*, expected 0 to 1$"):
        nnref.sigmoid_cross_entropy_backward(1.0, z, target)


def test_a_probability_of_yes_off_by_rounding() -> None:
    """Such as 0.1 + 0.2 + 0.7, or the sum of a row of float32."""
    z, over = [0.5, -2.0], np.float64(np.float32(1) + np.finfo(np.float32).eps)
    loss = nnref.sigmoid_cross_entropy(z, [over, -1e-9])
    assert loss == pytest.approx(nnref.sigmoid_cross_entropy(z, [1.0, 0.0]), abs=1e-6)
    dz = nnref.sigmoid_cross_entropy_backward(1.0, z, [1 + 1e-15, -1e-15])
    exact = nnref.sigmoid_cross_entropy_backward(1.0, z, [1.0, 0.0])
    np.testing.assert_allclose(dz, exact, rtol=1e-14)
    with pytest.raises(ValueError, match="target spans"):
        nnref.sigmoid_cross_entropy(z, [1.0001, 0.0])


@pytest.mark.parametrize(
    ("logits", "target", "message"),
    [
        (np.ones(3), [0, 1, 2], r"logits has shape \(3,\), expected \(n, q\)"),
        (np.ones((0, 3)), [], r"logits has shape \(0, 3\), expected at least one elem"),
        (np.ones((2, 3)), [0, 3], "target holds labels 0 to 3, expected 0 to 2"),
        (np.ones((2, 3)), [-1, 1], "target holds labels -1 to 1, expected 0 to 2"),
        (np.ones((2, 3)), [0], r"target is int64 \(1,\), expected integers \(2,\) or"),
        (np.ones((2, 3)), [[0], [1]], r"target is int64 \(2, 1\), expected integers"),
        (np.ones((2, 3)), 1, r"target is int64 \(\), expected integers"),
        (np.ones((2, 3)), [0.0, 1.0], r"target is float64 \(2,\), expected integers"),
        (np.ones((2, 3)), [True, False], r"target is bool \(2,\), expected integers"),
        (np.ones((2, 3)), np.ones((3, 2)), r"target is float64 \(3, 2\), expected int"),
        (np.ones((2, 3)), np.ones((2, 3)), "target has a row that adds up to 3, expec"),
        (np.ones((1, 2)), [[1.5, -0.5]], "target holds -0.5, expected probabilities"),
        (np.ones((1, 2)), [[math.nan, 1]], "target holds nan, expected probabilities"),
    ],
)
def test_bad_classification(logits, target, message) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        nnref.softmax_cross_entropy(logits, target)
    with pytest.raises(ValueError, match=f"^{message}"):
        nnref.softmax_cross_entropy_backward(1.0, logits, target)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, math.nan])
def test_bad_smoothing(smoothing: float) -> None:
    with pytest.raises(
        ValueError, match=r"^label_smoothing is .*a number in \[0, 1\]$"
    ):
        nnref.softmax_cross_entropy(np.ones((2, 3)), [0, 1], label_smoothing=smoothing)
    with pytest.raises(
        ValueError, match=r"^label_smoothing is .*a number in \[0, 1\]$"
    ):
        nnref.softmax_cross_entropy_backward(
            1.0, np.ones((2, 3)), [0, 1], label_smoothing=smoothing
        )


def test_classification_needs_one_upstream_number() -> None:
    with pytest.raises(ValueError, match=r"^dy has shape \(2,\), expected \(\)$"):
        nnref.softmax_cross_entropy_backward(np.ones(2), np.ones((2, 3)), [0, 1])


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["labels", "probabilities"])
def test_many_rows_are_worked_on_in_parts(kind, smoothing):
    """More numbers than a part holds, and a last part with fewer rows."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(150, 1000))
    labels = rng.integers(1000, size=150)
    t = labels if kind == "labels" else nnref.softmax(rng.normal(size=z.shape))
    each = [
        nnref.softmax_cross_entropy(
            z[i : i + 1], t[i : i + 1], label_smoothing=smoothing
        )
        for i in range(150)
    ]
    loss = nnref.softmax_cross_entropy(z, t, label_smoothing=smoothing)
    np.testing.assert_allclose(loss, np.mean(each), rtol=1e-12)
    rows = [
        nnref.softmax_cross_entropy_backward(
            1.0, z[i : i + 1], t[i : i + 1], label_smoothing=smoothing
        )
        for i in range(150)
    ]
    dz = nnref.softmax_cross_entropy_backward(1.0, z, t, label_smoothing=smoothing)
    np.testing.assert_allclose(dz, np.concatenate(rows) / 150, rtol=1e-12, atol=1e-18)
