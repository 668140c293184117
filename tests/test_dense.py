"""The dense layer. That its gradients are right is in test_gradients.py."""

import numpy as np
import pytest

from nnref import Dense, dense, dense_backward, xavier_uniform

X, W, B = np.ones((4, 3)), np.ones((3, 2)), np.ones(2)


def test_values_by_loops() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    z = dense(x, w, b)
    assert z.shape == (4, 2)
    for i in range(4):
        for k in range(2):
            total = b[k] + sum(x[i, j] * w[j, k] for j in range(3))
            assert z[i, k] == pytest.approx(total)
    np.testing.assert_allclose(dense(x, w) + b, z)


def test_no_bias_no_gradient_for_it() -> None:
    dy = np.ones((4, 2))
    *_, db = dense_backward(dy, X, W)
    assert db is None
    *_, db = dense_backward(dy, X, W, B)
    assert db is not None


@pytest.mark.parametrize("n", [0, 1])
def test_batch_of_none_or_one(n: int) -> None:
    assert dense(X[:n], W, B).shape == (n, 2)
    dx, dw, db = dense_backward(np.ones((n, 2)), X[:n], W, B)
    np.testing.assert_array_equal(dx, np.full((n, 3), 2))
    np.testing.assert_array_equal(dw, np.full((3, 2), n))
    np.testing.assert_array_equal(db, np.full(2, n))


def test_dtypes() -> None:
    x, w, b = (a.astype(np.float32) for a in (X, W, B))
    assert dense(x.astype(int), W.astype(int)).dtype == np.float64
    gradients = dense_backward(np.ones((4, 2)), x, w, b)  # dy is float64
    assert [g.dtype for g in gradients] == [np.float32] * 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((X[0], W), r"x has shape \(3,\), expected \(n, 3\)"),
        ((X[None], W), r"x has shape \(1, 4, 3\), expected \(n, 3\)"),
        ((X[:, :2], W), r"x has shape \(4, 2\), expected \(n, 3\)"),
        ((X, W[:, 0]), r"w has shape \(3,\), expected \(d_in, d_out\)"),
        ((X, W[None]), r"w has shape \(1, 3, 2\), expected \(d_in, d_out\)"),
        ((X, W, B[:1]), r"b has shape \(1,\), expected \(2,\)"),
        ((X, W, np.ones((4, 2))), r"b has shape \(4, 2\), expected \(2,\)"),
        ((X, W, 1.0), r"b has shape \(\), expected \(2,\)"),
        ((1j * X, W), "x has dtype complex128, expected real numbers"),
        ((X, 1j * W), "w has dtype complex128, expected real numbers"),
        ((X, W, 1j * B), "b has dtype complex128, expected real numbers"),
    ],
)
def test_bad_input(args, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        dense(*args)
    with pytest.raises(ValueError, match=f"^{message}$"):
        dense_backward(np.ones((4, 2)), *args)


@pytest.mark.parametrize("shape", [(2,), (1, 2), (4, 1), (2, 4), ()])
def test_bad_upstream(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^dy has shape \(.*, expected \(4, 2\)$"):
        dense_backward(np.ones(shape), X, W, B)


def test_dense_is_its_function_and_starts_from_its_initializer():
    layer = Dense(3, 4, np.random.default_rng(7), init=xavier_uniform)
    np.testing.assert_array_equal(
        layer.params["w"], xavier_uniform((3, 4), np.random.default_rng(7))
    )
    np.testing.assert_array_equal(layer.params["b"], np.zeros(4))
    layer.params["b"][...] = [1, 2, 3, 4]
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(layer.forward(x), dense(x, **layer.params))


def test_dense_starts_from_he_normal_by_default():
    w = Dense(200, 100, np.random.default_rng(0)).params["w"]
    assert w.std() == pytest.approx((2 / 200) ** 0.5, rel=0.03)


def test_dense_without_bias_has_none():
    layer = Dense(3, 4, np.random.default_rng(0), bias=False)
    layer.forward(np.ones((5, 3)))
    layer.backward(np.ones((5, 4)))
    assert list(layer.params) == list(layer.grads) == ["w"]
    assert repr(layer) == "Dense(3, 4, bias=False)"


def test_dense_does_not_share_the_array_of_its_initializer():
    start = np.ones((3, 4))
    layer = Dense(3, 4, np.random.default_rng(0), init=lambda shape, rng: start)
    layer.params["w"][...] = 5
    assert (start == 1).all()


def test_dense_is_float64_by_default():
    assert {p.dtype for p in Dense(3, 4, np.random.default_rng(0)).params.values()} == {
        np.dtype(float)
    }


def test_dense_refuses_weights_of_another_shape():
    with pytest.raises(
        ValueError, match=r"init gave shape \(4, 3\), expected \(3, 4\)"
    ):
        Dense(
            3, 4, np.random.default_rng(0), init=lambda shape, rng: np.ones(shape[::-1])
        )


@pytest.mark.parametrize("dtype", [int, "complex128"])
def test_dense_refuses_a_dtype_that_is_not_floating(dtype):
    with pytest.raises(ValueError, match=f"dtype is {np.dtype(dtype)}, expected"):
        Dense(3, 4, np.random.default_rng(0), dtype=dtype)
